// The search box of the gallery: what is still being composed is not looked for, and what was found is told.
"use strict";

(() => {
  const box = document.getElementById("find-q");
  const says = document.getElementById("wall-says");

  // Pinyin on its way to characters is no word yet. htmx listens at the box, so this comes before it.
  document.addEventListener("input", (event) => {
    if (event.target === box && event.isComposing) event.stopPropagation();
  }, true);
  box.addEventListener("compositionend", () => box.dispatchEvent(new Event("input", { bubbles: true })));

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "results") return;
    const found = document.getElementById("results");
    const empty = found.querySelector(".wall .frame") ? null : found.querySelector(".empty h2");
    says.textContent = empty ? empty.textContent : found.dataset.says;
  });
})();
