// Proof of work for the form, by ALTCHA's protocol, version 2: asked for where very much comes from one network, or during
// a flood. Without this file the form works as well; its mail then leaves later.
"use strict";
(() => {
  const form = document.querySelector("form[data-work]");
  if (!form || !globalThis.crypto || !crypto.subtle) return; // an address without https has no crypto.subtle
  const field = form.elements.altcha, note = form.querySelector("[data-working]");
  const bytes = hex => Uint8Array.from(hex.match(/../g), pair => parseInt(pair, 16));
  const hex = found => Array.from(found, byte => byte.toString(16).padStart(2, "0")).join("");
  let begun = null, sending = false;

  // The key that one try derives: PBKDF2 of the nonce with the number of the try behind it.
  async function derived(given, counter) {
    const nonce = bytes(given.nonce), password = new Uint8Array(nonce.length + 4);
    password.set(nonce);
    new DataView(password.buffer).setUint32(nonce.length, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(given.salt), iterations: given.cost };
    return hex(new Uint8Array(await crypto.subtle.deriveBits(how, key, given.keyLength * 8)));
  }

  // Tries in turn; each is short and runs beside the page, which stays responsive.
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

  // Once for all: on the first touch of the form, and when it is sent. Whatever fails, the form is sent all the same.
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

  // What was asked at the first touch may be an old answer: a flood may have begun since.
  async function again() {
    await proven();
    if (!field.value) await (begun = prove().catch(() => {}));
  }

  const patience = () => new Promise(resolve => setTimeout(resolve, 60000));
  addEventListener("pageshow", event => { if (event.persisted) { forget(); sending = false; note.textContent = ""; } });
})();
