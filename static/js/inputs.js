// What a clip starts from: images dropped, pasted, picked and uploaded with their progress, links, and letting them go.
// Whatever changes says "inputs-changed", so that the price panel can say what it thinks of it.
"use strict";

(() => {
  const form = () => document.getElementById("create-form");
  const picker = () => document.getElementById("picker");
  const changed = (block) => block?.dispatchEvent(new CustomEvent("inputs-changed", { bubbles: true }));

  document.addEventListener("click", (event) => {
    const image = event.target.closest("[data-remove]")?.closest("li");
    const block = image?.closest("[data-input]");
    image?.remove();
    changed(block);
  });

  // Files go to the input that is meant, else to the first one that takes images. Returns whether any of them did.
  const give = (files, meant) => {
    const images = [...files].filter((file) => file.type.startsWith("image/"));
    const chooser = (meant?.closest?.("[data-input='image']") ?? form())?.querySelector("input[type=file]");
    if (!images.length || !chooser || chooser.disabled) return false;
    const chosen = new DataTransfer();
    for (const image of chooser.multiple ? images : images.slice(0, 1)) chosen.items.add(image);
    chooser.files = chosen.files;
    chooser.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  };

  document.addEventListener("paste", (event) => {
    // Cells of a table come as text and as a picture of it: in a text field they are text.
    const isText = event.clipboardData.types.includes("text/plain") && event.target.matches?.("textarea, input");
    if (!isText && give(event.clipboardData.files, document.activeElement)) event.preventDefault();
  });

  // A file that misses its input would be opened in the place of the page, and what was typed be gone.
  // On an input itself the browser knows what to do.
  const brings = (event) => event.dataTransfer?.types.includes("Files") && !event.target.matches?.("input[type=file]");
  document.addEventListener("dragover", (event) => { if (brings(event)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    give(event.dataTransfer.files, event.target);
  });

  for (const name of ["dragenter", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.target.closest?.(".drop")?.classList.toggle("over", name === "dragenter");
    });
  }

  const barOf = (sender) => sender.type === "file" ? sender.closest(".drop")?.querySelector("progress") : null;
  document.addEventListener("htmx:xhr:loadstart", (event) => {
    const bar = barOf(event.detail.elt);
    if (bar) Object.assign(bar, { hidden: false, value: 0 });
  });
  document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = barOf(event.detail.elt);
    if (bar && event.detail.lengthComputable) bar.value = 100 * event.detail.loaded / event.detail.total;
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const sender = event.detail.elt;
    const bar = barOf(sender);
    if (bar) bar.hidden = true;
    if (sender.type === "file") sender.value = "";
    if (picker()?.contains(sender) && sender.name === "picked") picker().close();
    if (!(event.detail.xhr.status < 400)) return;
    const block = sender.name === "picked" ? event.detail.target.closest("[data-input]") : sender.closest("[data-input]");
    if (!block || sender.name === "pick") return;
    if (sender.type === "url" || "add" in sender.dataset) block.querySelector("input[type=url]").value = "";
    block.querySelector("[role=alert]").replaceChildren();
    changed(block);
  });
})();
