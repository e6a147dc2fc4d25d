"""The documents of the APIs that make vectors: the calls in their samples, as they stand there.

As provider_documents.py has it, they are kept beside the project. Seeknetic's is flattened: its samples have lost what
their lines were indented by, and what follows one may stand on its last line.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_ARGUMENT = re.compile(
    r"""-X (?P<method>[A-Z]+)|(?:-H|--header) "(?P<header>[^"]*)"|--header '(?P<plain_header>[^']*)'"""
    r"""|(?:-d|--data) '(?P<data>[^']*)'|["']?(?P<url>https://[^\s"'\\]+)["']?"""
)
_AFTER_CODE = re.compile(r"^(?P<code>.*\)) +[A-Z一-鿿]")


@dataclass(frozen=True)
class Call:
    """A call of a curl sample. Names of headers in small letters; `json` is None without a body."""

    method: str
    url: str
    headers: dict[str, str]
    json: dict[str, Any] | None

    @property
    def path(self) -> str:
        return "/" + self.url.split("/", 3)[3]


def curls(text: str) -> list[Call]:
    """Raises LookupError where a sample has no address."""
    return [_call(sample) for sample in _samples(text)]


def pythons(text: str) -> list[str]:
    """The samples that import requests."""
    found = []
    for start in re.finditer(r"import requests$", text, re.MULTILINE):
        lines = []
        for line in text[start.start() :].splitlines():
            ended = _AFTER_CODE.match(line)
            lines.append(ended["code"] if ended else line)
            if ended:
                break
        found.append("\n".join(_indented(lines)))
    return found


def _indented(lines: list[str]) -> Iterator[str]:
    """A block begins after a colon at the end of a statement, and in these samples it ends with a break."""
    level, depth = 0, 0
    for line in lines:
        yield "    " * level + line.strip()
        depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
        level += (line.endswith(":") and not depth) - (line.strip() == "break")


def _samples(text: str) -> Iterator[str]:
    """From each curl to what can't belong to it any more."""
    for part in text.split("curl ")[1:]:
        yield re.split(r"import requests|\n\n", part)[0]


def _call(sample: str) -> Call:
    arguments = [each.groupdict() for each in _ARGUMENT.finditer(sample)]
    told = [each["header"] or each["plain_header"] for each in arguments if each["header"] or each["plain_header"]]
    data = next((each["data"] for each in arguments if each["data"] is not None), None)
    url = next((each["url"] for each in arguments if each["url"]), None)
    if url is None:
        raise LookupError(f"a sample without an address: {sample[:80]!r}")
    method = next((each["method"] for each in arguments if each["method"]), None)
    headers = dict(header.split(": ", 1) for header in told)
    return Call(
        method=method or ("GET" if data is None else "POST"),
        url=url,
        headers={name.lower(): value for name, value in headers.items()},
        json=None if data is None else json.loads(data),
    )
