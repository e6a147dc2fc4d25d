// A collection's order: cards are dragged to another place, and those that were moved by their arrows go there.
"use strict";

(() => {
  const wall = document.getElementById("wall");
  const says = document.getElementById("wall-says");
  const items = () => [...wall.querySelectorAll("li.item")];
  const itemOf = (id) => document.getElementById(`item-${id}`);
  const idOf = (item) => item.id.replace("item-", "");
  let dragged = null;

  const tell = (item) => {
    says.textContent = wall.dataset.moved.replace("{place}", items().indexOf(item) + 1);
  };

  // What was said to have been moved, and is beyond what is on the page, is shown by the page anew.
  const place = ({ generation, to, beside }) => {
    const item = itemOf(generation);
    const next = { earlier: item?.previousElementSibling, later: item?.nextElementSibling }[to] ?? itemOf(beside);
    if (!item || !next) return;
    if (!next.matches("li.item")) return location.reload();
    const focused = item.contains(document.activeElement) ? document.activeElement : null;
    next[to === "earlier" || to === "before" ? "before" : "after"](item);
    focused?.focus();
    tell(item);
  };

  document.addEventListener("item-moved", (event) => place(event.detail));
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    if (event.detail.type !== "gone") return;
    const gone = new DOMParser().parseFromString(event.detail.data, "text/html").querySelector("article");
    document.getElementById(gone.id)?.closest("li.item")?.remove();
  });

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
