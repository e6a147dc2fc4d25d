// <time datetime> in the reader's own zone and language: "2 min. ago", with data-short "2m", with data-exact the date and
// hour, and with data-exact="seconds" those too.
"use strict";

(() => {
  const language = document.documentElement.lang || "en";
  const relative = new Intl.RelativeTimeFormat(language, { style: "short", numeric: "auto" });
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const seconds = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
  const day = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
  // "2分钟" alone is a length of time: Chinese has nothing shorter than "2分钟前".
  const hasShort = !language.startsWith("zh");
  const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const WEEK = 7 * 86400;

  const short = (count, unit) =>
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "narrow" }).format(Math.abs(count));

  const words = (moment, isShort) => {
    const away = Math.round((moment - Date.now()) / 1000);
    if (Math.abs(away) > WEEK) return day.format(moment);
    const [unit, size] = UNITS.find(([, size]) => Math.abs(away) >= size) || ["second", 1];
    if (unit === "second" && Math.abs(away) < 10) return relative.format(0, unit);
    const count = Math.trunc(away / size);
    return isShort && hasShort ? short(count, unit) : relative.format(count, unit);
  };

  const told = (moment, { exact: how, short: isShort }) => {
    if (how === undefined) return words(moment, isShort !== undefined);
    return (how === "seconds" ? seconds : exact).format(moment);
  };

  const show = () => {
    for (const element of document.querySelectorAll("time[datetime]")) {
      const moment = new Date(element.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      const text = told(moment, element.dataset);
      if (element.textContent !== text) element.textContent = text;
      element.title ||= seconds.format(moment);
    }
  };

  show();
  setInterval(show, 20_000);
  for (const event of ["htmx:afterSwap", "htmx:oobAfterSwap", "htmx:sseMessage"]) document.addEventListener(event, show);
})();
