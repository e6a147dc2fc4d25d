import csv
import io

import pytest
from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIRequest
from django.test import AsyncRequestFactory, RequestFactory
from django.utils import translation
from django.utils.translation import gettext

from accounts import csv_export


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sent(batches, *, method: str = "GET") -> tuple[bytes, dict[str, str]]:
    response = csv_export.respond(RequestFactory().generic(method, "/"), batches, name="a.csv")
    return b"".join(response) if response.streaming else response.content, dict(response.headers)


# B10
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_text_that_could_be_a_formula_is_text(start):
    text = f"{start}cmd|' /C calc'!A0"

    content, _ = sent([[[text]]])

    assert rows_of(content) == [[f"'{text}"]]


# B10
@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a\t+1", "a\t'+1"),
        ("two\r\n@SUM(A1)", "two\r\n'@SUM(A1)"),
        ('a; "=1+1', "a;' \"=1+1"),
        ("a;;－1;b;=2", "a;;'－1;b;'=2"),
        ("=1;=2", "'=1;'=2"),
        ("\t=1", "'\t'=1"),
    ],
)
def test_where_another_sign_parts_the_cells_a_formula_is_text_too(text, harmless):
    content, _ = sent([[["x", text]]])

    assert rows_of(content) == [["x", harmless]]


def test_spaces_before_a_formula_hide_nothing():
    assert csv_export.guarded("  =1+1") == "'  =1+1"


@pytest.mark.parametrize(
    "harmless", ["", "lighthouse", "a=b", "1-2", "'quoted", "字", "a; b", "a;b=c", "one\ttwo", "a, =b", "1;2-3"]
)
def test_other_text_stays_as_it_is(harmless):
    assert csv_export.guarded(harmless) == harmless


def test_numbers_stay_numbers_below_zero_too():
    content, _ = sent([[[-43, 0, 1000, None]]])

    assert content == b"\xef\xbb\xbf-43,0,1000,\r\n"


def test_commas_quotes_and_line_ends_stay_in_their_cell():
    row = ['a, "b"', "two\r\nlines", "灯笼, 港湾"]

    content, _ = sent([[row]])

    assert rows_of(content) == [row]


def test_it_is_a_download_that_excel_reads_as_utf_8():
    content, headers = sent([[["灯笼"]]])

    assert content.startswith(b"\xef\xbb\xbf")
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["Content-Disposition"] == 'attachment; filename="a.csv"'


def test_head_reads_nothing():
    def never():
        raise AssertionError
        yield

    content, headers = sent(never(), method="HEAD")

    assert (content, headers["Content-Type"]) == (b"", "text/csv; charset=utf-8")


def numbered(read: list[int]):
    for number in range(3):
        read.append(number)
        yield [[number]]


def test_a_batch_is_read_when_the_one_before_was_sent():
    read: list[int] = []
    response = csv_export.respond(RequestFactory().get("/"), numbered(read), name="a.csv")
    chunks = iter(response)

    assert next(chunks) == b"\xef\xbb\xbf"
    assert read == []
    assert next(chunks) == b"0\r\n"
    assert read == [0]


async def _read_under_asgi(read: list[int]) -> bytes:
    request = AsyncRequestFactory().get("/")
    assert isinstance(request, ASGIRequest)
    response = csv_export.respond(request, numbered(read), name="a.csv")
    assert response.is_async
    chunks = aiter(response)
    first = await anext(chunks)
    assert read == []
    return first + b"".join([chunk async for chunk in chunks])


@pytest.mark.django_db(transaction=True)
def test_under_asgi_too():
    read: list[int] = []

    assert async_to_sync(_read_under_asgi)(read) == b"\xef\xbb\xbf0\r\n1\r\n2\r\n"


def test_the_words_are_of_the_language_that_asked():
    def table():
        yield [[gettext("Credits")]]

    with translation.override("zh-hans"):
        asked = csv_export.respond(RequestFactory().get("/"), table(), name="a.csv")
        expected = gettext("Credits")

    content = b"".join(asked)

    assert rows_of(content) == [[expected]]
    assert expected != "Credits"
