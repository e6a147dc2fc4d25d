// The page of a clip asks for itself anew when its clip has changed, and only then: a video that plays plays on.
"use strict";

document.addEventListener("htmx:beforeRequest", (event) => {
  const news = event.detail.requestConfig.triggeringEvent;
  if (news?.type !== "sse:card") return;
  const shown = document.getElementById("generation").dataset.version;
  if (news.detail.data.includes(`data-version="${shown}"`)) event.preventDefault();
});
