"""Every route of ours, from the URLconf and the API's document: what the matrix has to have an entry for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, UUIDConverter

OPERATORS = "admin:"
API = "api:"
ITS_OWN = ("api:api-root", "api:openapi-json", "api:openapi-view")  # the API's document, and the pages about it
_PARAMETERS = re.compile(r"<(?:\w+:)?(\w+)>")
_PARAMETER = re.compile(r"<[^>]+>|\(\?P<")


@dataclass(frozen=True, slots=True)
class Route:
    """A page or hook by its name, or a call of the API by "METHOD /path". `takes_id`: part of its path is given."""

    name: str
    takes_id: bool
    pattern: URLPattern | None = None

    @property
    def methods(self) -> list[str]:
        """What a page may be asked with, by what it says when asked otherwise.

        Those that only take a form lead whoever looks at their address to their page, which is no method of theirs.
        """
        address = self.name if self.name.startswith("/") else reverse(self.name, kwargs=self.placeholders)
        client = Client()
        allowed = set(client.generic("PURGE", address).headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"}
        looked_at = client.get(address)
        if looked_at.status_code == 302 and "POST" in allowed and "/sign/" not in looked_at.headers["Location"]:
            allowed.discard("GET")
        return sorted(allowed)

    @property
    def placeholders(self) -> dict[str, object]:
        """Ids of nothing for its path, where it wants any."""
        converters = self.pattern.pattern.converters if self.pattern else {}
        if self.name == f"{OPERATORS}app_list":  # a regular expression, which has none
            return {"app_label": "accounts"}
        return {name: _placeholder(converter) for name, converter in converters.items()}


def pages() -> list[Route]:
    """All named routes but the operators' and the API's."""
    return [route for route in _routes() if not route.name.startswith((OPERATORS, API))]


def operators() -> list[Route]:
    """All of Django's admin but its answer to what is no page, and its old addresses of what has others now."""
    old = re.compile(rf"{OPERATORS}/operator/(\w+/\w+/<path:object_id>/|\(\?P<url>\.\*\)\$)")
    return [route for route in _routes() if route.name.startswith(OPERATORS) and not old.fullmatch(route.name)]


def operations() -> list[Route]:
    """All calls of the API that its document names."""
    document = Client().get("/api/v1/openapi.json").json()
    found = [
        Route(f"{method.upper()} {path}", "{" in path)
        for path, methods in document["paths"].items()
        for method in methods
    ]
    return sorted(found, key=lambda route: route.name)


def api_calls() -> set[str]:
    """All calls of the API that the URLconf has, documented or not, by what each path says when asked otherwise."""
    paths = {
        f"/{path}"
        for name, path, _ in _walk(get_resolver())
        if name.startswith(API) and name not in ITS_OWN and not path.endswith(("openapi.json", "docs"))
    } - {"/api/v1/"}
    named = {_PARAMETERS.sub(r"{\1}", path): _methods_of_call(path) for path in paths}
    return {f"{method} {path}" for path, methods in named.items() for method in methods}


def _methods_of_call(path: str) -> set[str]:
    address = _PARAMETERS.sub(lambda found: "0" if found[1] == "position" else str(uuid4()), path)
    return set(Client().generic("PURGE", address).headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"}


def _placeholder(converter: object) -> object:
    match converter:
        case UUIDConverter():
            return uuid4()
        case IntConverter():
            return 1
    return "x"


def _routes() -> list[Route]:
    """A name that stands for two paths would hide one of them; the API's are told by their paths."""
    found: dict[str, tuple[str, Route]] = {}
    for name, path, pattern in _walk(get_resolver()):
        known, _ = found.setdefault(name, (path, Route(name, bool(_PARAMETER.search(path)), pattern)))
        assert known == path, f"{name} is the name of {known} and of {path}"
    return sorted((route for _, route in found.values()), key=lambda route: route.name)


def _walk(resolver: URLResolver, namespace: str = "", path: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for pattern in resolver.url_patterns:
        here = path + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name or '/' + here}", here, pattern
        else:
            deeper = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern, deeper, here)
