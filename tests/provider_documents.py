"""The upstream documents themselves: what their tables of request parameters name, and of what type.

They are kept beside the project, not in it: skipped where they are not, unless FILMGATE_REQUIRE_SAMPLES=1.
"""

import json
import os
import re

import pytest

from project.env import ROOT

FOLDER = ROOT.parent / "shared" / "provider-docs"
# vibegen's table is flattened: the cells of a row are joined without anything between them. The type ends where no
# small letter follows, so that one that is not listed is no row, and is told as such.
VIBEGEN_ROW = re.compile(r"([a-z0-9_]+?)(string\[\]|string|number|boolean)(?![a-z\[<])")
# A row of a Markdown table: the first cell is the name, in SEE2AI's document as code, the second is the type.
MARKDOWN_ROW = re.compile(r"\| *`?([A-Za-z0-9_]+)`? *\| *([^|]+?) *\|")
# seedance2api names one more in its list of how webhooks are set up, of a request whose result comes later.
IN_A_SENTENCE = re.compile(r"在请求中添加([A-Za-z0-9_]+)参数")


def document(name: str) -> str:
    """Its text; the test is skipped, or fails, where there is none."""
    path = FOLDER / f"{name}.txt"
    if not path.exists() and os.environ.get("FILMGATE_REQUIRE_SAMPLES") == "1":
        pytest.fail(f"FILMGATE_REQUIRE_SAMPLES=1, and there is no {path}")
    if not path.exists():
        pytest.skip(f"there is no {path}")
    return path.read_text()


def vibegen(text: str) -> dict[str, str]:
    """The table of POST /generations as {name: type}: what follows its headings, up to an empty line."""
    rows = _between(text, "\n请求参数\n\n参数名类型必填说明示例\n", "\n\n").splitlines()
    return _named(rows, VIBEGEN_ROW)


def see2ai(text: str) -> dict[str, str]:
    """The inputs as {name: type}: their schema has the types, their table (which calls all of these strings) must name
    the same.
    """
    schema = json.loads(_between(text, "(Input Schema)\n\n```json\n", "\n```\n"))
    typed = {name: _type(each) for name, each in schema["properties"].items()}
    listed = _markdown(_between(text, "\n### 参数说明\n\n", "\n\n"))
    return {name: typed.get(name, listed.get(name, "")) for name in {**typed, **listed}}


def seedance(text: str) -> dict[str, str]:
    """The table of video parameters as {name: type}, and what is named in a sentence: a link, so a string."""
    table = _markdown(_between(text, "\nSeedance 视频生成参数\n", "\n响应格式示例"))
    return table | dict.fromkeys(IN_A_SENTENCE.findall(text), "string")


def seedream(text: str) -> dict[str, str]:
    """The table of image parameters as {name: type}."""
    return _markdown(_between(text, "\nSeedream 图像生成参数\n", "\nSeedance 视频生成参数\n"))


def _markdown(table: str) -> dict[str, str]:
    """Its rows, without the headings and the rule below them; raises LookupError where these are others."""
    heading, rule, *rows = table.strip().splitlines()
    if not heading.startswith("| 参数名 | 类型 |") or set(rule) - set("|- "):
        raise LookupError(f"another table: {heading}")
    return _named(rows, MARKDOWN_ROW)


def _named(rows: list[str], row: re.Pattern[str]) -> dict[str, str]:
    """{name: type}; raises LookupError where there are no rows, and for one that can't be read: none is passed over."""
    found = [(line, row.match(line)) for line in rows]
    if unread := [line for line, match in found if match is None]:
        raise LookupError(f"rows that can't be read: {unread}")
    named = {match[1]: match[2] for _line, match in found if match}
    if not named:
        raise LookupError("no rows")
    return named


def _type(schema: dict[str, object]) -> str:
    """The type in a JSON schema, of several the one that is not null."""
    kinds = [each["type"] for each in schema.get("anyOf", [schema])]  # type: ignore[attr-defined]
    return next(str(kind) for kind in kinds if kind != "null")


def _between(text: str, start: str, end: str) -> str:
    """What stands between the only such start and the next such end; raises LookupError."""
    rest = text.partition(start)[2]
    if text.count(start) != 1 or end not in rest:
        raise LookupError(f"no such table: {start!r}")
    return rest.partition(end)[0]
