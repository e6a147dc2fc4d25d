// A collection's order: cards are dragged to another place, and those that were moved by their arrows go there.
"use strict";

(() => {
  const wall = document.getElementById("wall");
  const says = document.getElementById("wall-says");
  const items = () => [...wall.querySelectorAll("li.item")];
  const itemOf = (id) => document.getElementById(`item-${id}`);
  const idOf = (item) => item.id.replace("item-", "");
  let dragged = null;

  // What comes next to where it belongs now; nothing where that is beyond what is on the page.
  const neighbourOf = (item, to, beside) => {
    const others = items().filter((each) => each !== item);
    const isWhole = { first: "first" in wall.dataset, last: !wall.querySelector(".more") };
    const next = {
      earlier: () => item.previousElementSibling,
      later: () => item.nextElementSibling,
      first: () => isWhole.first && others[0],
      last: () => isWhole.last && others.at(-1),
    }[to] ?? (() => itemOf(beside));
    return next() || null;
  };

  const focusOn = (item) => item?.querySelector(".cover").focus();

  // One that goes to an end which is not shown leaves, so that whoever orders stays where they are.
  const leave = (item) => {
    const next = item.nextElementSibling ?? item.previousElementSibling;
    const hadFocus = item.contains(document.activeElement);
    item.remove();
    if (hadFocus) focusOn(next?.matches("li.item") ? next : items().at(-1));
  };

  const go = (url) => {
    const to = new URL(url, location.href);
    const isHere = to.pathname + to.search === location.pathname + location.search;
    location.assign(to);
    if (isHere) location.reload();
  };

  const place = ({ generation, to, beside, moved, url, says: words }) => {
    says.textContent = words;
    const item = itemOf(generation);
    if (!moved || !item) return;
    const next = neighbourOf(item, to, beside);
    if (!next?.matches("li.item")) return to === "first" || to === "last" ? leave(item) : go(url);
    const focused = item.contains(document.activeElement) ? document.activeElement : null;
    next[["earlier", "before", "first"].includes(to) ? "before" : "after"](item);
    focused?.focus();
  };

  // The next page begins after what was last when it was asked for: what has moved since may come with it again.
  const dropDoubles = () => {
    const seen = new Set();
    for (const item of items()) {
      if (seen.has(item.id)) item.remove();
      seen.add(item.id);
    }
  };

  document.addEventListener("item-moved", (event) => place(event.detail));
  // What was removed has taken the focus with it.
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target.id !== "undo") return;
    const undo = document.getElementById("undo");
    says.textContent = undo.querySelector("[data-removed]")?.textContent ?? undo.textContent.trim();
    // The card goes right after this.
    setTimeout(() => (undo.querySelector("button") ?? items()[0]?.querySelector(".cover"))?.focus());
  });
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (event.detail.type !== "gone") return;
    const gone = new DOMParser().parseFromString(event.detail.data, "text/html").querySelector("article");
    document.getElementById(gone.id)?.closest("li.item")?.remove();
  });

  new MutationObserver(dropDoubles).observe(wall, { childList: true });

  if (!wall.dataset.move) return;

  // Links and pictures are dragged by themselves otherwise.
  const prepare = () => {
    for (const item of items()) {
      item.draggable = true;
      for (const each of item.querySelectorAll("a, img, video")) each.draggable = false;
    }
  };

  const isAfter = (item, event) => {
    const box = item.getBoundingClientRect();
    const isBeyond = event.clientX > box.left + box.width / 2;
    return getComputedStyle(item).direction === "rtl" ? !isBeyond : isBeyond;
  };

  const unmark = () => {
    for (const each of wall.querySelectorAll(".drop-before, .drop-after")) {
      each.classList.remove("drop-before", "drop-after");
    }
  };

  wall.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li.item");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", idOf(dragged));
    dragged.classList.add("dragged");
  });
  wall.addEventListener("dragover", (event) => {
    const over = event.target.closest("li.item");
    if (!dragged || !over) return;
    event.preventDefault();
    unmark();
    if (over !== dragged) over.classList.add(isAfter(over, event) ? "drop-after" : "drop-before");
  });
  wall.addEventListener("drop", (event) => {
    const over = event.target.closest("li.item");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const values = { generation: idOf(dragged), beside: idOf(over), to: isAfter(over, event) ? "after" : "before" };
    htmx.ajax("POST", wall.dataset.move, { source: wall, values, swap: "none" });
  });
  wall.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    dragged = null;
    unmark();
  });

  new MutationObserver(prepare).observe(wall, { childList: true, subtree: true });
  prepare();
})();
