// Selecting on the wall: checkboxes on the cards, ranges with Shift, and what is selected as the value of #collect-bar.
// Cards come and go while one selects, so what is selected is kept here, and shown again on whatever is there.
"use strict";

(() => {
  const selected = new Set();
  let isSelecting = false;
  let last = null;

  const wall = () => document.getElementById("wall");
  const bar = () => document.getElementById("collect-bar");
  const cards = () => [...wall().querySelectorAll("article.frame")];
  const idOf = (card) => card.id.replace("generation-", "");

  // Only what differs is written: what is written is observed.
  const show = () => {
    const button = document.getElementById("select");
    if (!button || !bar() || !wall()) return;
    button.hidden = false;
    if (button.getAttribute("aria-pressed") !== String(isSelecting)) button.setAttribute("aria-pressed", isSelecting);
    wall().classList.toggle("selecting", isSelecting);
    bar().hidden = !isSelecting;
    for (const card of cards()) showOn(card);
    bar().elements.generations.value = [...selected].join(",");
    const words = bar().dataset.words.replace("{count}", () => selected.size);
    const count = bar().querySelector("[data-count]");
    if (count.textContent !== words) count.textContent = words;
    for (const each of bar().querySelectorAll("[type=submit]")) each.disabled = selected.size === 0;
  };

  const showOn = (card) => {
    let box = card.querySelector("input.pick");
    if (!isSelecting) return box?.remove();
    if (!box) {
      box = Object.assign(document.createElement("input"), { type: "checkbox", className: "pick" });
      const title = card.querySelector(".cover")?.textContent.trim().slice(0, 60) ?? "";
      box.setAttribute("aria-label", bar().dataset.pick.replace("{title}", () => title));
      card.prepend(box);
    }
    box.checked = selected.has(idOf(card));
  };

  const toggle = (card, isRange) => {
    const all = cards();
    const isOn = !selected.has(idOf(card));
    const from = isRange && last ? all.findIndex((each) => idOf(each) === last) : -1;
    const to = all.indexOf(card);
    const range = from < 0 ? [card] : all.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const each of range) selected[isOn ? "add" : "delete"](idOf(each));
    last = idOf(card);
    show();
  };

  const stop = () => {
    isSelecting = false;
    selected.clear();
    last = null;
    show();
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("#select")) {
      if (isSelecting) return stop();
      isSelecting = true;
      return show();
    }
    // What is asked for is on its way: what was there before is of another time.
    const dialog = event.target.closest("[data-dialog]")?.dataset.dialog;
    document.getElementById(`${dialog}-body`)?.replaceChildren();
    if (event.target.closest("#select-all")) {
      for (const card of cards()) selected.add(idOf(card));
      return show();
    }
    if (event.target.closest("#deselect")) {
      stop();
      return document.getElementById("select").focus();
    }
    const card = isSelecting && event.target.closest("#wall article.frame");
    if (!card) return;
    // The card leads nowhere while one selects; the box itself is changed by the browser, which comes to the same.
    if (event.target.matches("input.pick")) return toggle(card, event.shiftKey);
    event.preventDefault();
    event.stopPropagation();
    toggle(card, event.shiftKey);
  }, true);

  // A card that is dragged onto the bar is selected with the rest, and where they go is asked.
  const dragged = (event) => isSelecting && bar().contains(event.target) && document.querySelector("#wall .carried");
  document.addEventListener("dragstart", (event) => {
    if (!isSelecting) return;
    const card = event.target.closest?.("#wall :is(article.frame, li.item)");
    (card?.querySelector("article.frame") ?? card)?.classList.add("carried");
  });
  document.addEventListener("dragover", (event) => {
    bar()?.classList.toggle("drop-here", Boolean(dragged(event)));
    if (dragged(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const card = dragged(event);
    if (!card) return;
    event.preventDefault();
    selected.add(idOf(card));
    show();
    bar().querySelector("[data-dialog=collect]").click();
  });
  document.addEventListener("dragend", () => {
    document.querySelector("#wall .carried")?.classList.remove("carried");
    bar()?.classList.remove("drop-here");
  });

  // What opened the dialog is hidden by now, or gone.
  document.addEventListener("close", (event) => {
    const focused = document.activeElement;
    if (event.target.id !== "collect" || focused !== document.body && focused.checkVisibility()) return;
    (document.getElementById("select") ?? document.querySelector("[data-dialog=collect]"))?.focus();
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isSelecting || document.querySelector("dialog[open]")) return;
    stop();
    document.getElementById("select").focus();
  });

  // They are in a collection now.
  document.addEventListener("collected", stop);
  // What a new one is asked is for a new one only: <select data-new="id"> shows what has the id where "new" is chosen.
  const showNew = () => {
    for (const to of document.querySelectorAll("select[data-new]")) {
      document.getElementById(to.dataset.new).hidden = to.value !== "new";
    }
  };
  document.addEventListener("change", showNew);
  document.addEventListener("htmx:afterSettle", showNew);

  if (wall()) {
    new MutationObserver(() => show()).observe(document.getElementById("main"), { childList: true, subtree: true });
    show();
  }
  showNew();
})();
