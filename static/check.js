// Compares a file with the fingerprint on the page: here in the browser, nothing is sent.
"use strict";
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
