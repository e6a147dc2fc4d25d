// What went wrong with a passkey, in the words of #passkey-failed, where allauth would tell the console alone.
// [data-passkey] starts it; a browser that has no passkeys says so before it is tried.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const notice = document.getElementById("passkey-failed");
  if (!notice) return;
  if (!globalThis.PublicKeyCredential) {
    notice.querySelector("div").textContent = notice.dataset.unsupported;
    for (const button of document.querySelectorAll("[data-passkey]")) button.disabled = true;
    // Where a passkey is one way of several, the others need no such word.
    notice.hidden = !document.querySelector("[data-passkey].primary");
    return;
  }
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-passkey]")) notice.hidden = true;
  });
  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    notice.hidden = false;
  });
});
