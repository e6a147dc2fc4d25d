"""Tables that are downloaded as CSV: sent as they are read, with cells that no spreadsheet takes for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponseBase

from project.streaming import Chunks, download

Cell = str | int | None
Row = Sequence[Cell]
# What a spreadsheet takes for the beginning of a formula, see OWASP's "CSV Injection"; the wide ones are Chinese input.
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
_AFTER_ANOTHER_SEPARATOR = re.compile(r'(?<=[;\t\r\n])(?=[ "]*[=+\-@＝＋－＠])')
# Without it Excel reads UTF-8 as the Windows code page of wherever it stands.
BYTE_ORDER_MARK = "\ufeff"
CONTENT_TYPE = "text/csv; charset=utf-8"


def respond(request: HttpRequest, batches: Iterable[Iterable[Row]], *, name: str) -> HttpResponseBase:
    """The rows as a file called `name`. Each batch is read when the one before has been sent."""
    return download(request, _chunks(batches), name=name, content_type=CONTENT_TYPE)


def guarded(cell: Cell) -> Cell:
    """Text that could be a formula with an apostrophe before it. Numbers stay numbers.

    Spreadsheets of many countries part cells at semicolons, and an import may at tabs. They begin a cell, or after a
    line's end a row, in the middle of what is one cell here: a formula there gets its apostrophe too.
    """
    if not isinstance(cell, str):
        return cell
    if cell.lstrip(" ").startswith(FORMULA_STARTS):
        cell = f"'{cell}"
    return _AFTER_ANOTHER_SEPARATOR.sub("'", cell)


def _chunks(batches: Iterable[Iterable[Row]]) -> Chunks:
    yield BYTE_ORDER_MARK.encode()
    for batch in batches:
        lines = io.StringIO()
        csv.writer(lines).writerows([guarded(cell) for cell in row] for row in batch)
        yield lines.getvalue().encode()
