// The live stream of a page, by htmx's sse extension: where it goes on from, and when it rests.
"use strict";

(() => {
  // Browsers open six connections to a host over HTTP/1.1, for all tabs together: one that nobody looks at lets go of its own.
  const REST_AFTER = 30_000;
  const LEAVING = 10_000;
  let source = null;
  let cursor = "";
  let resting = false;
  let timer = 0;
  let leftAt = -LEAVING;

  // By address, since a reload of what a form answered would send that form again. And not in the way of somebody who is
  // leaving by themselves, as who signs out is, and is told here that they have: only if they are still here after a while.
  const startAgain = () => {
    source.close();
    if (document.querySelector("[data-draft]")) return;
    const isLeaving = performance.now() - leftAt < LEAVING;
    setTimeout(() => location.replace(location.pathname + location.search), isLeaving ? LEAVING : 0);
  };

  addEventListener("beforeunload", () => { leftAt = performance.now(); });

  htmx.createEventSource = (url) => {
    const address = new URL(url, location.href);
    if (cursor) address.searchParams.set("after", cursor);
    source = new EventSource(address);
    for (const name of ["card", "gone", "rail"]) {
      source.addEventListener(name, (event) => { cursor = event.lastEventId || cursor; });
    }
    for (const name of ["reload", "end"]) source.addEventListener(name, startAgain);
    return source;
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    const live = document.getElementById("live");
    if (!live) return;
    if (document.hidden) {
      timer = setTimeout(() => { source?.close(); resting = true; }, REST_AFTER);
    } else if (resting) {
      resting = false;
      const fresh = live.cloneNode(true);
      live.replaceWith(fresh);
      htmx.process(fresh);
    }
  });

  // A card is swapped when it is news: not the same again, and never a finished one for an older state of it.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const incoming = fragment.querySelector?.("article.frame");
    if (!incoming || !target.matches("article.frame")) return;
    const isSame = incoming.dataset.version === target.dataset.version;
    const isOlder = "final" in target.dataset && !("final" in incoming.dataset);
    if (isSame || isOlder) event.detail.shouldSwap = false;
  });
})();
