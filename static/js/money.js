// <data value="19.00" data-currency="USD"> as the page's language writes it: "$19.00", "US$19.00".
"use strict";

(() => {
  const language = document.documentElement.lang || "en";

  const show = () => {
    for (const element of document.querySelectorAll("data[data-currency]:not([data-told])")) {
      const digits = (element.value.split(".")[1] || "").length;
      try {
        element.textContent = new Intl.NumberFormat(language, {
          style: "currency", currency: element.dataset.currency, minimumFractionDigits: digits, maximumFractionDigits: digits,
        }).format(Number(element.value));
      } catch {
        // A currency that is no ISO code stays as it was written.
      }
      element.dataset.told = "yes";
    }
  };

  show();
  document.addEventListener("htmx:afterSwap", show);
})();
