"""What people give a batch as: a prompt on each line, or a CSV file whose header names what can be asked for.

A row is {name: word}, by the names of a request. What a word stands for, and whether it is right, is checking's.
"""

import csv
import io
import re
from collections.abc import Iterator

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from generations.forms.fields import FIELDS, INPUTS
from generations.forms.refusals import names as listed

MAX_ROWS = 1000
MAX_BYTES = 1 << 20
# What a program alone can use has no column: where to call back, and notes of its own.
COLUMNS = ("prompt", "model", *INPUTS, *FIELDS)
SURPLUS = ""  # the name of what stands in cells beyond the header's
# RFC 4180 has the comma; spreadsheets of many countries write one of the others.
_SEPARATORS = ",;\t"
_NAMES_SHOWN = 5
# Not all that Unicode calls one: what a word processor leaves within a prompt parts no prompts.
_LINE_ENDS = re.compile("\r\n|\r|\n")
# A text is bounded as a whole. With the 131,072 characters that csv allows, a longer cell would make it unreadable, and
# not its row alone.
csv.field_size_limit(MAX_BYTES)

Given = dict[str, str]


class Unreadable(Exception):
    """No row can be taken from it, for the reason that `message` tells people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def text_of(content: bytes) -> str:
    """UTF-8, with a byte order mark or without, else what takes_gb18030() says.

    Raises Unreadable where it is neither, or more than MAX_BYTES.
    """
    if len(content) > MAX_BYTES:
        raise Unreadable(_("This is more than %(most)s MB. Make several batches of it.") % {"most": MAX_BYTES >> 20})
    for encoding in ("utf-8-sig", "gb18030") if takes_gb18030() else ("utf-8-sig",):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable(_("This is not a text in UTF-8 or GB18030. Save the table as “CSV UTF-8”."))


def takes_gb18030() -> bool:
    """Whether whoever reads the page may have it from a Chinese Excel.

    Other spreadsheets write Windows-1252, most of which is valid GB18030 too, and would be Chinese without a word.
    """
    return (get_language() or "").startswith("zh")


def is_table(text: str) -> bool:
    """Whether its first line, blank ones left out, names columns and holds nothing else."""
    header = _first_line(text)
    names = next(csv.reader([header], delimiter=_separator(header)), [])
    return bool(names) and all(name.strip().lower() in COLUMNS for name in names)


def prompts(text: str) -> list[Given]:
    """A row for each line that is not blank; raises Unreadable."""
    return _bounded({"prompt": line.strip()} for line in _LINE_ENDS.split(text) if line.strip())


def table(text: str) -> list[Given]:
    """The rows of a CSV (RFC 4180), those of empty cells left out; raises Unreadable."""
    # Without newline="" the line breaks within cells would be changed.
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    try:
        filled = (cells for cells in lines if any(cell.strip() for cell in cells))
        names = _names(next(filled, []))
        return _bounded(_row(names, cells) for cells in filled)
    except csv.Error as error:
        words = _("The table cannot be read from line %(line)s on: a quotation mark is missing or out of place.")
        raise Unreadable(words % {"line": lines.line_num}) from error


def _separator(text: str) -> str:
    return max(_SEPARATORS, key=_first_line(text).count)


def _first_line(text: str) -> str:
    """The first that is not blank."""
    return _LINE_ENDS.split(text.lstrip(), maxsplit=1)[0]


def _names(header: list[str]) -> list[str]:
    """The columns' names as requests have them; raises Unreadable for unknown ones, twice the same, and no prompt."""
    names = [name.strip().lower() for name in header]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise Unreadable(_("The table is empty. Its first line names the columns, such as prompt."))
    if unknown := [name or _("(no name)") for name in names if name not in COLUMNS]:
        shown = listed([name[:60] for name in unknown[:_NAMES_SHOWN]])
        raise Unreadable(_("There is no such column: %(names)s. The template has all there are.") % {"names": shown})
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Unreadable(_("This column is there twice: %(names)s.") % {"names": listed(twice)})
    return names


def _row(names: list[str], cells: list[str]) -> Given:
    """What is not empty; cells that no name is for are kept together, for the row to be refused."""
    given = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
    surplus = " ".join(cell.strip() for cell in cells[len(names) :] if cell.strip())
    return given | ({SURPLUS: surplus[:200]} if surplus else {})


def _bounded(rows: Iterator[Given]) -> list[Given]:
    found: list[Given] = []
    for row in rows:
        if len(found) == MAX_ROWS:
            raise Unreadable(_("There are more than %(most)s rows. Make several batches of them.") % {"most": MAX_ROWS})
        found.append(row)
    if not found:
        raise Unreadable(_("There is no row in it."))
    return found
