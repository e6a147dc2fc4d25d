// The create form: counts the prompt, keeps a draft of it, puts presets into it, and sends with ⌘ or Ctrl and Enter.
// What a clip starts from is in inputs.js.
"use strict";

(() => {
  const form = () => document.getElementById("create-form");
  const prompt = () => form()?.elements.prompt;
  const draftKey = () => `draft-${form().dataset.draft}`;

  const count = () => {
    const field = prompt();
    const counter = document.getElementById("prompt-count");
    const length = [...field.value].length;
    counter.querySelector("[data-count]").textContent = length;
    counter.classList.toggle("over", length > Number(counter.dataset.limit));
    field.required = !("optional" in counter.dataset);
  };

  const start = () => {
    document.documentElement.dataset.keys = /Mac|iPhone|iPad/.test(navigator.platform) ? "mac" : "other";
    if (!prompt()) return;
    prompt().value ||= sessionStorage.getItem(draftKey()) ?? "";
    count();
  };

  start();
  // Not sooner: until then htmx still puts back the classes that an answer came with.
  document.addEventListener("htmx:afterSettle", start);

  document.addEventListener("input", (event) => {
    if (event.target !== prompt()) return;
    sessionStorage.setItem(draftKey(), event.target.value);
    count();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey) || event.isComposing || event.repeat) return;
    // What is typed in a dialog is meant for it, and not for the form behind it.
    if (document.querySelector("dialog[open]")) return;
    const button = document.getElementById("generate");
    if (button && !button.disabled) form().requestSubmit(button);
  });

  // Where the cursor is, and never in the place of what is there.
  document.addEventListener("click", (event) => {
    const preset = event.target.closest("[data-preset]");
    const field = prompt();
    if (!preset || !field) return;
    event.preventDefault();
    const at = field.dataset.touched ? field.selectionEnd : field.value.length;
    const before = /\S$/.test(field.value.slice(0, at)) ? " " : "";
    const after = /^\S/.test(field.value.slice(at)) ? " " : "";
    preset.closest("dialog").close();
    field.focus();
    field.setRangeText(before + preset.dataset.preset + after, at, at, "end");
    for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
  });

  document.addEventListener("focusin", (event) => {
    if (event.target === prompt()) event.target.dataset.touched = "yes";
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    // Not detail.successful: that is true of a 422, because it is swapped.
    if (event.detail.elt === form() && event.detail.xhr.status < 400) sessionStorage.removeItem(draftKey());
  });
})();
