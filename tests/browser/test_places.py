"""Every page of administration in both languages, light and dark, on a desk and on a phone."""

import re
from functools import partial

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils.translation import gettext

from tests.browser.places import PLACES, Company
from tests.browser.visits import LANGUAGES, Visit

LOOKS = {"en": ("light", 1360), "zh-hans": ("dark", 390)}
# Names of languages are in their own.
NOT_TRANSLATED = {"English"}
ODD = """
() => {
  const found = [];
  const say = (what, elements) => {
    for (const each of elements) found.push(`${what}: ${each.outerHTML.slice(0, 120)}`);
  };
  say("inline style", document.querySelectorAll("[style], style"));
  say("inline script", document.querySelectorAll("script:not([src]):not([type='application/json'])"));
  say("inline handler", [...document.querySelectorAll("*")].filter(
    (each) => [...each.attributes].some(({ name }) => name.startsWith("on"))));
  const headings = [...document.querySelectorAll("h1")].filter((each) => each.checkVisibility());
  if (headings.length !== 1) found.push(`${headings.length} headings`);
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  for (const id of ids.filter((each, at) => ids.indexOf(each) !== at)) found.push(`id twice: ${id}`);
  return found;
}
"""
TOO_WIDE = """
() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const isOver = (each) => each.getBoundingClientRect().right > width + 1;
  const over = [...document.body.querySelectorAll("*")].filter(isOver);
  return [`too wide: ${over[0]?.outerHTML.slice(0, 160)}`];
}
"""
WORDS = """
() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const words = new Set();
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!parent.closest("script, bdi, code, pre, .letter") && parent.checkVisibility()) {
      words.add(walker.currentNode.data.trim().replace(/\\s+/g, " "));
    }
  }
  for (const name of ["placeholder", "aria-label", "title", "alt"]) {
    for (const each of document.querySelectorAll(`[${name}]`)) words.add(each.getAttribute(name));
  }
  return [...words];
}
"""
# Numbers what can be reached by Tab in the order in which it stands; of radio buttons that is one of each group.
STOPS = """
() => {
  const radios = (each) => [...document.querySelectorAll(`main [type=radio][name="${each.name}"]`)];
  const first = (each) => radios(each).find((one) => one.checked) ?? radios(each)[0];
  const isStop = (each) => each.type !== "radio" || first(each) === each;
  const stops = [...document.querySelectorAll("main :is(a[href], button, input, select, textarea, summary)")]
    .filter((each) => !each.disabled && each.type !== "hidden" && each.checkVisibility() && isStop(each));
  stops.forEach((each, number) => { each.dataset.stop = number; });
  return stops.length;
}
"""
# The number of what has the focus, "" outside of the page's own part, "unseen" where nothing shows it.
FOCUSED = """
() => {
  const at = document.activeElement;
  if (!at.closest("main") || at.dataset.stop === undefined) return "";
  const isShown = (each) => each && getComputedStyle(each).outlineStyle !== "none";
  return [at, at.nextElementSibling, at.closest("label")].some(isShown) ? at.dataset.stop : "unseen";
}
"""
WALKED = (
    "team",
    "member",
    "settings",
    "invite",
    "new-key",
    "key",
    "webhooks",
    "deliveries",
    "delivery",
    "verify",
    "new-endpoint",
    "endpoint",
    "endpoint-disabled",
    "buy",
    "account",
    "sessions",
    "two-factor-off",
    "new-batch",
    "batch-draft",
)


@pytest.mark.parametrize("language", LANGUAGES, indirect=True)
def test_every_page_is_right(visit, language, furnished, person):
    company = Company(partial(visit, locale=LANGUAGES[language]), furnished, person)
    scheme, width = LOOKS[language]
    axe, faults = Axe(), []
    for name, place in PLACES.items():
        visitor = company.go(place)
        found = faults_of(visitor, language, place.heading)
        visitor.page.set_viewport_size({"width": width, "height": 860})
        visitor.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        violations = axe.run(visitor.page).response["violations"]
        found += [f"{each['id']}: {node['html'][:160]}" for each in violations for node in each["nodes"]]
        visitor.page.set_viewport_size({"width": 390, "height": 844})
        found += visitor.page.evaluate(TOO_WIDE)
        visitor.page.set_viewport_size({"width": 1360, "height": 860})
        faults += [f"{name}: {each}" for each in found]

    assert not faults, "\n".join(faults)


def test_every_page_is_walked_by_keyboard_alone(visit, furnished, person):
    """Each thing on it is reached by Tab, in the order in which it stands, and shows that it has the focus."""
    company = Company(visit, furnished, person)
    for name in WALKED:
        visitor = company.go(PLACES[name])
        visitor.page.locator(".skip").focus()
        visitor.press("Enter")
        visitor.until("document.activeElement.id === 'main'")
        wanted = [str(number) for number in range(visitor.page.evaluate(STOPS))]
        met = [""]
        while met[-1] != wanted[-1] and len(met) < 5 * len(wanted):
            visitor.press("Tab")
            met.append(visitor.page.evaluate(FOCUSED))
        assert list(dict.fromkeys(filter(None, met))) == wanted, name


def faults_of(visitor: Visit, language: str, heading: str) -> list[str]:
    page = visitor.page
    found = page.evaluate(ODD)
    if page.locator("html").get_attribute("lang") != language:
        found.append("lang is another")
    says = page.locator("h1").first.inner_text()
    if heading and says != gettext(heading):
        found.append(f"heading: {says}")
    if not re.search(r"\S · Filmgate$", page.title()):
        found.append(f"title: {page.title()}")
    left = [each for each in page.evaluate(WORDS) if each and gettext(each) != each and each not in NOT_TRANSLATED]
    return found + [f"not translated: {each}" for each in left]
