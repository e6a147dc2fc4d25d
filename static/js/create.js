// The create form: counts the prompt, keeps a draft of it, sends with ⌘ or Ctrl and Enter, and lets images go again.
"use strict";

(() => {
  const form = () => document.getElementById("create-form");
  const prompt = () => form()?.elements.prompt;
  const draftKey = () => `draft-${form().dataset.draft}`;

  const count = () => {
    const field = prompt();
    const counter = form().querySelector("[data-count]");
    counter.textContent = [...field.value].length;
    counter.parentElement.classList.toggle("over", [...field.value].length > Number(field.dataset.limit));
  };

  const start = () => {
    document.documentElement.dataset.keys = /Mac|iPhone|iPad/.test(navigator.platform) ? "mac" : "other";
    if (!prompt()) return;
    prompt().value ||= sessionStorage.getItem(draftKey()) ?? "";
    count();
  };

  start();
  document.addEventListener("htmx:afterSwap", start);

  document.addEventListener("input", (event) => {
    if (event.target !== prompt()) return;
    sessionStorage.setItem(draftKey(), event.target.value);
    count();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey) || event.isComposing || event.repeat) return;
    const button = document.getElementById("generate");
    if (button && !button.disabled) form().requestSubmit(button);
  });

  document.addEventListener("click", (event) => event.target.closest("[data-remove]")?.closest("li").remove());

  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    const sender = event.detail.elt;
    if (sender === form()) sessionStorage.removeItem(draftKey());
    if (!sender.closest("#image-field")) return;
    if (sender.type === "file") sender.value = "";
    else document.getElementById("image-link").value = "";
    document.getElementById("image-errors").replaceChildren();
  });

  for (const name of ["dragenter", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.target.closest?.(".drop")?.classList.toggle("over", name === "dragenter");
    });
  }
})();
