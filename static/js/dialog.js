// <form data-confirm="id">: the <dialog> of that id must be answered with "confirm" before the form goes, plain or by htmx.
// With data-confirm-if="name=value" only where that is chosen.
// It then says so in its field "confirmed". Without JavaScript it does not, and the same is asked by a page.
// <button data-dialog="id"> opens a dialog, and what has data-close closes the one that it is in.
"use strict";

(() => {
  let waiting = null;

  document.addEventListener("submit", (event) => {
    const dialog = document.getElementById(event.target.dataset.confirm ?? "");
    if (!dialog || !isAsked(event.target) || event.target === waiting?.form && waiting.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting = { form: event.target, submitter: event.submitter, confirmed: false };
    dialog.returnValue = "";
    dialog.showModal();
  }, true);

  document.addEventListener("close", (event) => {
    if (!waiting || event.target.id !== waiting.form.dataset.confirm) return;
    waiting.confirmed = event.target.returnValue === "confirm";
    if (waiting.confirmed) {
      confirmedField(waiting.form).value = "1";
      waiting.form.requestSubmit(waiting.submitter);
    }
    waiting = null;
  }, true);

  function isAsked(form) {
    const [name, value] = (form.dataset.confirmIf ?? "").split("=");
    return !name || form.elements[name].value === value;
  }

  function confirmedField(form) {
    if (form.elements.confirmed) return form.elements.confirmed;
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "confirmed" });
    form.append(field);
    return field;
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const closer = event.target.closest("dialog [data-close]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    else if (closer) {
      event.preventDefault();
      closer.closest("dialog").close();
    }
    else if (event.target instanceof HTMLDialogElement) event.target.close();
  });
})();
