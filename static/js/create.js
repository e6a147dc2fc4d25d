// The create form: counts the prompt, keeps a draft of it, sends with ⌘ or Ctrl and Enter, takes pasted images and lets
// them go again.
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
    const button = document.getElementById("generate");
    if (button && !button.disabled) form().requestSubmit(button);
  });

  document.addEventListener("click", (event) => event.target.closest("[data-remove]")?.closest("li").remove());

  // Pasted images go where the focus is, else to the first input that takes images.
  document.addEventListener("paste", (event) => {
    const images = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
    const focused = document.activeElement?.closest("[data-input='image']");
    const chooser = (focused ?? form())?.querySelector("input[type=file]");
    if (!images.length || !chooser || chooser.disabled) return;
    event.preventDefault();
    const chosen = new DataTransfer();
    for (const image of chooser.multiple ? images : images.slice(0, 1)) chosen.items.add(image);
    chooser.files = chosen.files;
    chooser.dispatchEvent(new Event("change", { bubbles: true }));
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const sender = event.detail.elt;
    if (sender.type === "file") sender.value = "";
    // Not detail.successful: that is true of a 422, because it is swapped.
    if (!(event.detail.xhr.status < 400)) return;
    if (sender === form()) sessionStorage.removeItem(draftKey());
    const block = sender.closest("[data-input]");
    if (!block) return;
    if (sender.type !== "file") block.querySelector("input[type=url]").value = "";
    block.querySelector("[role=alert]").replaceChildren();
  });

  for (const name of ["dragenter", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.target.closest?.(".drop")?.classList.toggle("over", name === "dragenter");
    });
  }
})();
