// <form data-confirm="id">: the <dialog> of that id must be answered with "confirm" before the form goes, plain or by htmx.
// <button data-dialog="id"> opens a dialog. Without JavaScript the form simply goes.
"use strict";

(() => {
  let waiting = null;

  document.addEventListener("submit", (event) => {
    const dialog = document.getElementById(event.target.dataset.confirm ?? "");
    if (!dialog || event.target === waiting?.form && waiting.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting = { form: event.target, submitter: event.submitter, confirmed: false };
    dialog.returnValue = "";
    dialog.showModal();
  }, true);

  document.addEventListener("close", (event) => {
    if (!waiting || event.target.id !== waiting.form.dataset.confirm) return;
    waiting.confirmed = event.target.returnValue === "confirm";
    if (waiting.confirmed) waiting.form.requestSubmit(waiting.submitter);
    waiting = null;
  }, true);

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    else if (event.target instanceof HTMLDialogElement) event.target.close();
  });
})();
