// Light, dark or as the system has it. Loaded in <head> without defer, so that the first paint is already right.
"use strict";

(() => {
  const root = document.documentElement;
  const chosen = () => localStorage.getItem("theme") || "system";

  const show = () => {
    if (chosen() === "system") delete root.dataset.theme;
    else root.dataset.theme = chosen();
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen()));
    }
  };

  show();
  document.addEventListener("DOMContentLoaded", show);
  addEventListener("storage", show);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    localStorage.setItem("theme", button.dataset.themeChoice);
    show();
  });
})();
