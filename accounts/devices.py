"""A device in words, from what its browser calls itself: "Firefox on Windows". Rough, and meant to be."""

import re

from django.utils.translation import gettext as _

# The first that matches: most browsers call themselves Safari and Chrome as well.
BROWSERS = {
    "Edge": r"\bEdg(e|A|iOS)?/",
    "Opera": r"\b(OPR|Opera)/",
    "Samsung Internet": r"\bSamsungBrowser/",
    "WeChat": r"\bMicroMessenger/",
    "Firefox": r"\b(Firefox|FxiOS)/",
    "Chrome": r"\b(HeadlessChrome|Chrome|CriOS|Chromium)/",
    "Safari": r"\bSafari/",
    "curl": r"^curl/",
}
SYSTEMS = {
    "iPad": r"\biPad\b",
    "iPhone": r"\biPhone\b",
    "Android": r"\bAndroid\b",
    "Windows": r"\bWindows\b",
    "ChromeOS": r"\bCrOS\b",
    "macOS": r"\bMac ?OS ?X\b|\bMacintosh\b",
    "Linux": r"\bLinux\b",
}


def recognised(user_agent: str) -> tuple[str, str]:
    """Browser and system by name, "" for one that is not known: the same in every language."""
    return _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)


def in_words(browser: str, system: str) -> str:
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")


def _first(known: dict[str, str], user_agent: str) -> str:
    return next((name for name, pattern in known.items() if re.search(pattern, user_agent)), "")
