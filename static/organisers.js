// Passkeys for organisers: asks our server for a challenge and the browser for an answer, then sends the form.
"use strict";
(() => {
  const form = document.getElementById("passkey");
  if (!form || !window.PublicKeyCredential) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const keys = (list) => (list || []).map((key) => ({ ...key, id: bytes(key.id) }));

  const askBrowser = async () => {
    const answer = await fetch("/organisers/factor/challenge", { method: "POST", body: new URLSearchParams(form.dataset) });
    if (!answer.ok) throw new Error("no challenge");
    const options = await answer.json();
    options.challenge = bytes(options.challenge);
    if (!options.user) return navigator.credentials.get({ publicKey: { ...options, allowCredentials: keys(options.allowCredentials) } });
    options.user.id = bytes(options.user.id);
    return navigator.credentials.create({ publicKey: { ...options, excludeCredentials: keys(options.excludeCredentials) } });
  };

  const encode = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  };

  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const failed = document.getElementById("passkey-failed");
    failed.hidden = true;
    try {
      form.elements.passkey.value = encode(await askBrowser());
      form.submit();
    } catch {
      failed.hidden = false;
    }
  });
})();

// Fills in the SHA-256 of a chosen file, which never leaves the browser.
(() => {
  const box = document.querySelector("[data-digest]");
  if (!box || !globalThis.crypto || !crypto.subtle) return; // an address without https has no crypto.subtle
  box.hidden = false;
  box.querySelector("input").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    document.getElementById(box.dataset.digest).value = sha256;
  });
})();

// The overview: asks for its newest part now and then, while somebody sees the page. XMLHttpRequest parses the answer
// itself; a text that became HTML here would be against the policy of the page.
(() => {
  const live = document.querySelector("[data-live]");
  if (!live) return;
  let timer = 0;

  const replace = (next) => {
    const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const open = Array.from(live.querySelectorAll("details[open]"), (box) => box.id);
    live.replaceChildren(...document.importNode(next, true).childNodes);
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) Array.from(live.querySelectorAll("a")).find((link) => link.getAttribute("href") === focused)?.focus({ preventScroll: true });
  };

  const refresh = () => {
    if (document.hidden) return;
    const request = new XMLHttpRequest();
    request.open("GET", live.dataset.live);
    request.responseType = "document";
    request.timeout = 20000;
    request.addEventListener("load", () => {
      const next = request.response && request.response.getElementById(live.id);
      if (request.status === 200 && next) return replace(next);
      if (request.status !== 404) return; // the next time
      clearInterval(timer);
      document.getElementById("ended").hidden = false;
    });
    request.send();
  };

  timer = setInterval(refresh, live.dataset.seconds * 1000);
  document.addEventListener("visibilitychange", refresh);
})();
