// The search box of the gallery: what is still being composed is not looked for, what was found is told, and each search
// is one step of the history, however long it was typed at.
"use strict";

(() => {
  const isBox = (element) => element.id === "find-q";
  let isNewStep = true;

  // Pinyin on its way to characters is no word yet. htmx listens at the box, so this comes before it.
  document.addEventListener("input", (event) => {
    if (isBox(event.target) && event.isComposing) event.stopPropagation();
  }, true);
  document.addEventListener("compositionend", (event) => {
    if (isBox(event.target)) event.target.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // The first text typed is a new step, and those that it grows into take its place, until it is sent.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.target.id !== "find") return;
    event.target.setAttribute("hx-push-url", String(isNewStep));
    event.target.setAttribute("hx-replace-url", String(!isNewStep));
    isNewStep = event.detail.requestConfig.triggeringEvent?.type === "submit";
  });
  document.addEventListener("htmx:historyRestore", () => { isNewStep = true; });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "results") return;
    const found = document.getElementById("results");
    const empty = found.querySelector(".wall .frame") ? null : found.querySelector(".empty h2");
    const says = [empty && empty.textContent.trim(), found.dataset.says].filter(Boolean);
    document.getElementById("wall-says").textContent = says.join(" ");
  });
})();
