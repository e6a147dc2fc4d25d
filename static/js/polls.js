// Fragments that ask for themselves again and again, [data-polls]: the page is read and worked with meanwhile. None asks in
// a tab that nobody looks at, nor after it was told that there is nothing more for it: that is said once, in the words of
// data-ended. And none is put under somebody's hands: while text is marked in what would be replaced, or a link or a box has
// the focus that the new one lacks, it stays as it is until the next time. What is focused and stays, htmx finds by id.
// Nor is one put there while filters are on their way: htmx drops an answer whose target is not in the page any more.
"use strict";

(() => {
  const GONE = [401, 403, 404];

  const polled = (detail) => {
    const { elt } = detail.requestConfig;
    return "polls" in elt.dataset ? elt : null;
  };

  const isFiltering = () => document.querySelector(".filters.htmx-request") !== null;

  // What an answer takes the place of: the fragment, and what else it brings along by id.
  const replaced = (target, fresh) => {
    const others = [...fresh.querySelectorAll("[hx-swap-oob]:not([hx-swap-oob=afterbegin])")];
    return [target, ...others.map((other) => document.getElementById(other.id)).filter(Boolean)];
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    const elt = polled(event.detail);
    if (elt && (document.hidden || isFiltering() || elt.dataset.polls === "ended")) event.preventDefault();
  });

  // Before others who would say that it did not work.
  document.addEventListener("htmx:responseError", (event) => {
    const elt = polled(event.detail);
    if (!elt || !GONE.includes(event.detail.xhr.status)) return;
    event.stopPropagation();
    elt.dataset.polls = "ended";
    htmx.trigger(document.body, "toast", { value: elt.dataset.ended });
  }, true);

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, serverResponse } = event.detail;
    if (!polled(event.detail) || !event.detail.shouldSwap) return;
    const fresh = new DOMParser().parseFromString(serverResponse, "text/html");
    const focused = document.activeElement;
    const selection = getSelection();
    const isHeld = (region) => {
      const isMarked = !selection.isCollapsed && selection.containsNode(region, true);
      const isLeft = region.contains(focused) && focused.matches("a, input, summary") && !fresh.getElementById(focused.id);
      return isMarked || isLeft;
    };
    if (isFiltering() || replaced(target, fresh).some(isHeld)) event.detail.shouldSwap = false;
  });
})();
