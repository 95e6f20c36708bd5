// For comfort only: every page works without this file.
"use strict";

// Proof of work for the form, by ALTCHA's protocol, version 2: asked for when very much comes from one network, or during
// a flood. The form works without it too, but then its email leaves later.
(() => {
  const form = document.querySelector("form[data-proof-of-work]");
  if (!form || !globalThis.crypto || !crypto.subtle) return; // an address without https has no crypto.subtle
  const field = form.elements.altcha, note = form.querySelector("[data-working]");
  const bytes = hex => Uint8Array.from(hex.match(/../g), pair => parseInt(pair, 16));
  const hex = buffer => Array.from(buffer, byte => byte.toString(16).padStart(2, "0")).join("");
  const pressed = Object.assign(document.createElement("input"), { type: "hidden" }); // form.submit() sends no button
  let proof = null, sending = false;

  // The key of one try: PBKDF2 of the nonce followed by the number of the try.
  async function deriveKey(parameters, counter) {
    const nonce = bytes(parameters.nonce), password = new Uint8Array(nonce.length + 4);
    password.set(nonce);
    new DataView(password.buffer).setUint32(nonce.length, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: bytes(parameters.salt), iterations: parameters.cost };
    return hex(new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, parameters.keyLength * 8)));
  }

  // One try after the other; each is short and does not block the page.
  async function solve(challenge) {
    for (let counter = 0; ; counter++) {
      const derivedKey = await deriveKey(challenge.parameters, counter);
      if (derivedKey.startsWith(challenge.parameters.keyPrefix)) return { counter, derivedKey };
      if (counter % 20 === 0) await new Promise(resolve => setTimeout(resolve));
    }
  }

  async function fetchAndSolve() {
    const answer = await fetch(form.dataset.proofOfWork, { credentials: "omit", cache: "no-store" });
    const { needed, parameters, signature } = await answer.json();
    if (!needed) return;
    const challenge = { parameters, signature };
    field.value = btoa(JSON.stringify({ challenge, solution: await solve(challenge) }));
    setTimeout(forget, (parameters.expiresAt * 1000 - Date.now()) * 0.9);
  }

  function forget() {
    field.value = "";
    proof = null;
  }

  // Once: on the first touch of the form, and when it is sent. If anything fails, the form is sent all the same.
  const proveOnce = () => (proof ??= fetchAndSolve().catch(() => {}));
  form.addEventListener("focusin", proveOnce, { once: true });
  form.addEventListener("submit", async event => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    if (event.submitter?.name) {
      Object.assign(pressed, { name: event.submitter.name, value: event.submitter.value });
      form.append(pressed);
    }
    const noteTimer = setTimeout(() => { note.textContent = note.dataset.working; }, 300);
    await (field.value ? proof : Promise.race([proveAgain(), timeout()]));
    clearTimeout(noteTimer);
    form.submit();
  });

  // The answer from the first touch may be old: a flood may have begun since.
  async function proveAgain() {
    await proveOnce();
    if (!field.value) await (proof = fetchAndSolve().catch(() => {}));
  }

  const timeout = () => new Promise(resolve => setTimeout(resolve, 60000));
  // A browser that goes back may bring back a proof that was used.
  addEventListener("pageshow", event => {
    if (!event.persisted && proof) return;
    forget();
    pressed.remove();
    sending = false;
    note.textContent = "";
  });
})();

// "Change the address" goes back to the form as it was typed: only the browser has that, until its window is closed.
// The answer to a form with errors has no page to go back to, so when it is sent it takes the address of the empty form.
for (const form of document.querySelectorAll("form[data-page]")) {
  form.addEventListener("submit", () => history.replaceState(null, "", form.dataset.page));
}
for (const link of document.querySelectorAll("a[data-back]")) {
  link.addEventListener("click", event => {
    if (!document.referrer.startsWith(`${location.origin}/`) || document.referrer.includes("/check-inbox")) return;
    event.preventDefault();
    history.back();
  });
}

// Compares a file with the fingerprints on the page: here in the browser, nothing is sent.
(() => {
  const box = document.querySelector("[data-check]");
  if (!box || !globalThis.crypto || !crypto.subtle) return; // an address without https has no crypto.subtle
  const status = box.querySelector("[role=status]"), chosen = box.querySelector("input");
  box.hidden = false;

  async function compare(file) {
    if (!file) return;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const sha256 = Array.from(digest, byte => byte.toString(16).padStart(2, "0")).join("");
    const found = new CustomEvent("hashed", { cancelable: true, detail: { file, sha256, show } }); // log.js looks further
    const same = box.dataset.check.split(" ").includes(sha256);
    if (box.dispatchEvent(found)) show(file, same, same ? box.dataset.same : box.dataset.other);
  }

  function show(file, same, sentence) {
    status.textContent = `${file.name}: ${sentence}`;
    status.className = same ? "same" : "other";
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
  let wait = 60000;

  // Not while the page loads: what a browser needs for the numbers of a language takes a slow phone a while.
  function formatNumber(number) {
    const lang = document.documentElement.lang;
    return new Intl.NumberFormat(lang === "pt" ? "pt-PT" : lang).format(number); // "pt" alone is Brazilian
  }

  async function update() {
    setTimeout(update, wait);
    if (document.hidden) return;
    try {
      const answer = await fetch("/tally.json", { credentials: "omit", cache: "no-cache" });
      const { confirmed } = await answer.json();
      if (String(confirmed) !== shown.dataset.count) {
        shown.dataset.count = confirmed;
        shown.textContent = formatNumber(confirmed);
        if (bar) bar.value = confirmed;
      }
      wait = 60000;
    } catch {
      wait = Math.min(wait * 2, 3600000); // the site is busy or down: ask less often
    }
  }

  setTimeout(update, wait);
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

// The device's own sheet to share, where it has one.
for (const button of document.querySelectorAll("button[data-share]")) {
  if (!navigator.share) continue;
  button.parentElement.hidden = false;
  button.addEventListener("click", () => {
    navigator.share({ text: button.dataset.text, url: button.dataset.share }).catch(() => {}); // closed again
  });
}
