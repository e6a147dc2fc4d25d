"""A form of a page as a browser has it: what can be chosen and typed in it, and what is sent of it."""

from collections.abc import Iterable
from html.parser import HTMLParser

# What a browser sends only when it is pressed, or that is no text.
NOT_SENT = {"submit", "button", "image", "reset", "file"}


class PageForm:
    """`offered` are the controls for people: {name: its choices, or None where anything may be typed}.

    Whoever fills it in has no more than that; `hidden` are those that the page itself fills in, as (name, value).
    """

    def __init__(self, html: str, form_id: str = "") -> None:
        reader = _Reader(form_id)
        reader.feed(html)
        self.hidden = reader.hidden
        self.offered = reader.offered
        self.chosen = reader.chosen

    def fill_in(self, name: str, word: str) -> None:
        """Type or choose it; raises AssertionError where there is no such control, or not that choice."""
        assert name in self.offered, f"the form has no control {name}"
        choices = self.offered[name]
        assert choices is None or word in choices, f"{name} offers {choices}, not {word}"
        self.chosen[name] = word

    def put(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Hidden inputs that a part of the page brought."""
        self.hidden += pairs

    def sent(self) -> dict[str, list[str]]:
        """As a browser sends it, by name."""
        data: dict[str, list[str]] = {}
        for name, value in (*self.hidden, *self.chosen.items()):
            data.setdefault(name, []).append(value)
        return data


class _Reader(HTMLParser):
    """Reads the controls of one form, or without a `form_id` of all there is."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.hidden: list[tuple[str, str]] = []
        self.offered: dict[str, list[str] | None] = {}
        self.chosen: dict[str, str] = {}
        self._form_id = form_id
        self._is_inside = not form_id
        self._select = ""
        self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self._form_id:
            self._is_inside = given.get("id") == self._form_id
        if not self._is_inside or "disabled" in given:
            return
        if tag == "input":
            self._input(given.get("name", ""), given.get("type", "text"), given.get("value", ""), "checked" in given)
        elif tag == "textarea":
            self._textarea = given["name"]
            self.offered[given["name"]], self.chosen[given["name"]] = None, ""
        elif tag == "select":
            self._select = given["name"]
            self.offered[given["name"]] = []
        elif tag == "option" and self._select:
            self._option(self._select, given["value"], "selected" in given)

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.chosen[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form_id:
            self._is_inside = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            # The first line end of a text area is not part of its text.
            self.chosen[self._textarea] = self.chosen[self._textarea].removeprefix("\r").removeprefix("\n")
            self._textarea = ""

    def _input(self, name: str, kind: str, value: str, is_checked: bool) -> None:
        if kind in NOT_SENT or not name:
            return
        if kind == "hidden":
            self.hidden.append((name, value))
        elif kind == "radio":
            choices = self.offered.get(name) or []
            self.offered[name] = [*choices, value]
            if is_checked:
                self.chosen[name] = value
        else:
            self.offered[name], self.chosen[name] = None, value

    def _option(self, name: str, value: str, is_selected: bool) -> None:
        """A select that has nothing selected sends the first."""
        self.offered[name] = [*(self.offered[name] or []), value]
        if is_selected or name not in self.chosen:
            self.chosen[name] = value
