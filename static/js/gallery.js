// The wall: puts new cards in their place, plays a clip under the pointer, counts down what is on its way.
"use strict";

(() => {
  // A search puts another wall in place of the one there was.
  const wall = () => document.getElementById("wall");
  const says = document.getElementById("wall-says");
  const unseen = new Set();

  const parse = (html) => new DOMParser().parseFromString(html, "text/html").querySelector("article");

  // Ids are made in the order of time, so their order is the order of the wall.
  const place = (card) => {
    const takesNew = wall().dataset.takesNew;
    if (takesNew === "no") return;
    const cards = [...wall().querySelectorAll("article.frame")];
    const next = cards.find((other) => other.id < card.id);
    const more = wall().querySelector(".more");
    if (!next && more) return;
    if (takesNew === "yes") {
      card.removeAttribute("hx-swap-oob");
      wall().insertBefore(card, next ?? more);
      htmx.process(card);
      says.textContent = card.dataset.says;
    } else {
      unseen.add(card.id);
      countUnseen();
    }
  };

  const countUnseen = () => {
    const pill = document.getElementById("new-clips");
    pill.hidden = unseen.size === 0;
    pill.textContent = pill.dataset.words.replace("{count}", unseen.size);
  };

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "results") unseen.clear();
  });

  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    const { type, data } = event.detail;
    if (type !== "card" && type !== "gone") return;
    const card = parse(data);
    const shown = document.getElementById(card.id);
    if (type === "card" && shown && shown.dataset.status !== card.dataset.status) says.textContent = card.dataset.says;
    if (type === "gone" && unseen.delete(card.id)) countUnseen();
    if (shown) return;
    event.preventDefault();
    if (type === "card") place(card);
  });

  const play = (frame) => frame?.querySelector("video")?.play().catch(() => {});
  const rest = (video) => { video.pause(); video.load(); };

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse" || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const frame = event.target.closest?.("#wall article.frame");
    if (frame && !frame.contains(event.relatedTarget)) play(frame);
  });
  document.addEventListener("pointerout", (event) => {
    const frame = event.target.closest?.("#wall article.frame");
    if (frame && !frame.contains(event.relatedTarget)) frame.querySelectorAll("video").forEach(rest);
  });

  setInterval(() => {
    for (const bar of wall().querySelectorAll("progress[data-started]:not([data-told])")) {
      const typical = Number(bar.dataset.typical);
      const elapsed = (Date.now() - Number(bar.dataset.started)) / 1000;
      const left = Math.round(typical - elapsed);
      const percent = Math.max(3, Math.min(95, Math.round(100 * elapsed / typical)));
      const gate = bar.closest(".gate");
      bar.value = percent;
      gate.querySelector("[data-percent]").textContent = `${percent}%`;
      gate.querySelector("[data-left]").textContent = left > 0 ? wall().dataset.left.replace("{seconds}", left) : wall().dataset.late;
    }
  }, 1000);
})();
