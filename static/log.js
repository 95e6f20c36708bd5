// Is this file in the public log? Its SHA-256, the tree (RFC 6962) and the signatures (Ed25519) are checked here, in the
// browser. The file is sent nowhere; only the log is read, from the site that the page names.
"use strict";

(() => {
  const box = document.querySelector("[data-log]");
  if (!box) return;
  const said = box.dataset, keys = said.keys.split(" "), lang = document.documentElement.lang;
  const locale = { en: "en-GB", pt: "pt-PT" }[lang] ?? lang; // alone they are American and Brazilian
  const link = document.querySelector("a[data-checkpoint]"); // a browser that saves a page makes its links whole
  const log = new URL(".", link.protocol === "file:" ? said.log : link.href);
  const text = bytes => new TextDecoder().decode(bytes), encode = string => new TextEncoder().encode(string);
  const decode64 = base64 => Uint8Array.from(atob(base64), character => character.charCodeAt(0));
  const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
  const hash = async (...parts) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer()));
  const fail = sentence => { throw { sentence }; };

  async function read(path) {
    const answer = await fetch(new URL(path, log), { credentials: "omit" });
    if (!answer.ok) fail(said.unreachable);
    return new Uint8Array(await answer.arrayBuffer());
  }

  function tilePath(level, n, size) {
    const width = Math.min(256, Math.floor(size / 256 ** level) - n * 256);
    let name = String(n % 1000).padStart(3, "0");
    while ((n = Math.floor(n / 1000))) name = `x${String(n % 1000).padStart(3, "0")}/${name}`;
    return name + (width < 256 ? `.p/${width}` : "");
  }

  // The newest head, if the log has signed it; `witnesses`: who has signed it too. A browser may know no Ed25519.
  async function readHead() {
    const note = text(await read("checkpoint")), cut = note.lastIndexOf("\n\n") + 1;
    const signed = note.slice(0, cut), [, size, root] = signed.split("\n"), witnesses = new Set();
    let known = true, ours = 0;
    for (const line of note.slice(cut + 1).split("\n")) {
      const [, name, base64] = line.split(" "), bytes = decode64(base64 || "");
      const start = `${name}+${hex(bytes.slice(0, 4))}+`, key = keys.find(one => one.startsWith(start));
      if (!key) continue;
      const [kind, ...raw] = decode64(key.slice(start.length)), isWitness = kind === 4;
      const time = isWitness && new DataView(bytes.buffer).getBigUint64(4);
      const message = encode(isWitness ? `cosignature/v1\ntime ${time}\n${signed}` : signed);
      try {
        const imported = await crypto.subtle.importKey("raw", new Uint8Array(raw), "Ed25519", false, ["verify"]);
        if (!await crypto.subtle.verify("Ed25519", imported, bytes.slice(isWitness ? 12 : 4), message)) continue;
        if (isWitness) witnesses.add(name);
      } catch {
        known = false;
      }
      if (!isWitness) ours++;
    }
    if (!ours) fail(said.unsigned);
    return { size: Number(size), root, known, witnesses: witnesses.size };
  }

  // The entry at a place, if it is in the signed tree. What does not lie above it comes from the tiles.
  async function readEntry(place, head) {
    const bundle = await read(`tile/entries/${tilePath(0, Math.floor(place / 256), head.size)}`);
    let at = 0;
    for (let n = place % 256; n; n--) at += 2 + bundle[at] * 256 + bundle[at + 1];
    const entry = bundle.slice(at + 2, at + 2 + bundle[at] * 256 + bundle[at + 1]);
    const leaf = await hash(new Uint8Array([0]), entry), tiles = {};
    const node = async (left, right) => hash(new Uint8Array([1]), await left, await right);
    async function subtree(height, i) {
      const level = height >> 3, n = Math.floor(i / 256), start = 32 * (i % 256);
      if (height & 7) return node(subtree(height - 1, 2 * i), subtree(height - 1, 2 * i + 1));
      const path = `tile/${level}/${tilePath(level, n, head.size)}`;
      return (await (tiles[path] ??= read(path))).slice(start, start + 32);
    }
    async function root(first, n) {
      const height = Math.log2(n), half = 2 ** Math.ceil(height - 1);
      if (n === 1 && first === place) return leaf;
      if (Number.isInteger(height) && (place < first || place >= first + n)) return subtree(height, first / n);
      return node(root(first, half), root(first + half, n - half));
    }
    if (hex(await root(0, head.size)) !== hex(decode64(head.root))) fail(said.broken);
    return JSON.parse(text(entry));
  }

  const numbers = new Intl.NumberFormat(locale);
  const countries = new Intl.DisplayNames(locale, { type: "region" });
  function show(value) {
    if (typeof value === "number") return numbers.format(value);
    if (/^[A-Z]{2}$/.test(value)) return countries.of(value);
    if (!/^\d{4}-\d\d-\d\d(T|$)/.test(value)) return value;
    const time = value.includes("T") ? { timeStyle: "short" } : {};
    return new Date(value).toLocaleString(locale, { dateStyle: "long", timeZone: "UTC", ...time });
  }
  const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => show(values[name])).replace(/\.\.$/, ".");
  function describe(entry, extra) {
    const template = document.querySelector(`template[data-kind=${entry.kind}]`);
    return fill(template.content.textContent.trim(), { ...entry, ...extra });
  }

  // The fingerprints of a list, which has one in each line but the first. Any other file may name one of ours, too.
  function listOf(words) {
    const found = words.split(/[\r\n]+/).filter(Boolean).map(line => line.match(/\b[0-9a-f]{64}\b/g) ?? []);
    if (/^(%PDF|PK)|\0/.test(words) || !found.every((hashes, n) => hashes.length === 1 || (n === 0 && !hashes.length))) return [];
    return [...new Set(found.flat())];
  }

  // What is found of a file: sentences, and whether it is ours.
  async function check(file, sha256) {
    const index = JSON.parse(text(await read("index.json"))), head = await readHead();
    const words = file.size < 1e6 ? await file.text() : "";
    const listed = listOf(words);
    const hashes = sha256 in index ? [sha256] : listed.every(one => one in index) ? listed : [];
    const places = [...new Set(hashes.map(one => index[one]))].filter(place => place < head.size);
    if (!places.length) return await checkTally(words, head) ?? [false, said.unlogged];
    const entries = await Promise.all(places.map(place => readEntry(place, head)));
    for (const one of hashes) if (!entries.some(entry => JSON.stringify(entry).includes(`"${one}"`))) fail(said.broken);
    const [entry] = entries, names = { ...entry.letters, ...entry.texts };
    const name = Object.keys(names).find(one => names[one] === sha256) ?? entry.reference;
    const sentences = sha256 in index ? [describe(entry, { name })] : [fill(said.list, { n: listed.length })];
    return [true, ...sentences, fill(said.place, { place: places[0] + 1, size: head.size }), ...signatures(head)];
  }

  const signatures = head => [
    head.known ? said.signed : said.unknown,
    ...(head.witnesses ? [fill(said.cosigned, { n: head.witnesses })] : []),
  ];

  // A copy of tally.json says which release it is of. Only the newest entries are looked through.
  async function checkTally(words, head) {
    let tally;
    try { tally = JSON.parse(words); } catch { return; }
    const at = /^[\d-]+T[\d:]{5}/.exec(tally?.as_of)?.[0], total = tally?.confirmed;
    for (let place = head.size - 1; at && place >= Math.max(0, head.size - 200); place--) {
      const entry = await readEntry(place, head);
      if (entry.kind !== "release" || !entry.at.startsWith(at)) continue;
      return [entry.total === total, describe(entry), entry.total === total ? said.tally : said.otherTally];
    }
  }

  box.addEventListener("hashed", async event => {
    event.preventDefault();
    const { file, sha256, show: tell } = event.detail;
    try {
      const [ours, ...sentences] = await check(file, sha256);
      tell(file, ours, sentences.join(" "));
    } catch (error) {
      tell(file, false, error.sentence ?? said.unreachable);
    }
  });
})();
