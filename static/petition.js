// For comfort only: every page works without this file.
"use strict";

// Proof of work for the form, by ALTCHA's protocol, version 2: asked for when very much comes from one network, or during
// a flood. The form works without it too, but then its email leaves later.
(() => {
  const form = document.querySelector("form[data-work]");
  if (!form || !globalThis.crypto || !crypto.subtle) return; // an address without https has no crypto.subtle
  const field = form.elements.altcha, note = form.querySelector("[data-working]");
  const bytes = hex => Uint8Array.from(hex.match(/../g), pair => parseInt(pair, 16));
  const hex = found => Array.from(found, byte => byte.toString(16).padStart(2, "0")).join("");
  let begun = null, sending = false;

  // The key of one try: PBKDF2 of the nonce followed by the number of the try.
  async function derived(given, counter) {
    const nonce = bytes(given.nonce), password = new Uint8Array(nonce.length + 4);
    password.set(nonce);
    new DataView(password.buffer).setUint32(nonce.length, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(given.salt), iterations: given.cost };
    return hex(new Uint8Array(await crypto.subtle.deriveBits(how, key, given.keyLength * 8)));
  }

  // One try after the other; each is short and does not block the page.
  async function solved(challenge) {
    for (let counter = 0; ; counter++) {
      const derivedKey = await derived(challenge.parameters, counter);
      if (derivedKey.startsWith(challenge.parameters.keyPrefix)) return { counter, derivedKey };
      if (counter % 20 === 0) await new Promise(resolve => setTimeout(resolve));
    }
  }

  async function prove() {
    const answer = await fetch(form.dataset.work, { credentials: "omit", cache: "no-store" });
    const { needed, parameters, signature } = await answer.json();
    if (!needed) return;
    const challenge = { parameters, signature };
    field.value = btoa(JSON.stringify({ challenge, solution: await solved(challenge) }));
    setTimeout(forget, (parameters.expiresAt * 1000 - Date.now()) * 0.9);
  }

  function forget() {
    field.value = "";
    begun = null;
  }

  // Once: on the first touch of the form, and when it is sent. If anything fails, the form is sent all the same.
  const proven = () => (begun ??= prove().catch(() => {}));
  form.addEventListener("focusin", proven, { once: true });
  form.addEventListener("submit", async event => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    const slow = setTimeout(() => { note.textContent = note.dataset.working; }, 300);
    await (field.value ? begun : Promise.race([again(), patience()]));
    clearTimeout(slow);
    form.submit();
  });

  // The answer from the first touch may be old: a flood may have begun since.
  async function again() {
    await proven();
    if (!field.value) await (begun = prove().catch(() => {}));
  }

  const patience = () => new Promise(resolve => setTimeout(resolve, 60000));
  addEventListener("pageshow", event => { if (event.persisted) { forget(); sending = false; note.textContent = ""; } });
})();

// Compares a file with the fingerprint on the page: here in the browser, nothing is sent.
(() => {
  const box = document.querySelector("[data-check]");
  if (!box || !globalThis.crypto || !crypto.subtle) return; // an address without https has no crypto.subtle
  const said = box.querySelector("[role=status]"), chosen = box.querySelector("input");
  box.hidden = false;

  async function compare(file) {
    if (!file) return;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const found = Array.from(digest, byte => byte.toString(16).padStart(2, "0")).join("");
    const same = found === box.dataset.check;
    said.textContent = `${file.name}: ${same ? box.dataset.same : box.dataset.other}`;
    said.className = same ? "same" : "other";
  }

  chosen.addEventListener("change", () => compare(chosen.files[0]));
  box.addEventListener("dragover", event => event.preventDefault());
  box.addEventListener("drop", event => {
    event.preventDefault();
    compare(event.dataTransfer.files[0]);
  });
})();

// The number moves while somebody looks: it is fetched once a minute, and any cache in between may answer.
(() => {
  const shown = document.querySelector("[data-count]"), bar = document.querySelector("progress");
  if (!shown) return;
  const written = new Intl.NumberFormat(document.documentElement.lang);
  let wait = 60000;

  async function look() {
    setTimeout(look, wait);
    if (document.hidden) return;
    try {
      const answer = await fetch("/tally.json", { credentials: "omit", cache: "no-cache" });
      const { confirmed } = await answer.json();
      if (String(confirmed) !== shown.dataset.count) {
        shown.dataset.count = confirmed;
        shown.textContent = written.format(confirmed);
        if (bar) bar.value = confirmed;
      }
      wait = 60000;
    } catch {
      wait = Math.min(wait * 2, 3600000); // the site is busy or down: ask less often
    }
  }

  setTimeout(look, wait);
})();

// A button beside text to copy.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue; // an address without https has none
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.done;
  });
}
