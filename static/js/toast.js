// Says what the page itself cannot: that a request failed or the server is out of reach. The words are in #toasts.
// An answer may bring its own: HX-Trigger: {"toast": "…"}.
"use strict";

(() => {
  const toasts = document.getElementById("toasts");

  const say = (text) => {
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.textContent = text;
    toasts.replaceChildren(toast);
    setTimeout(() => toast.remove(), 6000);
  };

  document.addEventListener("htmx:sendError", () => say(toasts.dataset.offline));
  document.addEventListener("htmx:responseError", () => say(toasts.dataset.failed));
  document.addEventListener("toast", (event) => say(event.detail.value));
})();
