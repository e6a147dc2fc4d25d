from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncRequestFactory, RequestFactory
from django.utils import translation

from project.streaming import as_read, download


def read(chunks, *, most=None):
    """What comes, and no more than `most` of it is asked for."""

    async def collect():
        found = []
        async for chunk in as_read(chunks):
            found.append(chunk)
            if len(found) == most:
                break
        return found

    return async_to_sync(collect)()


def test_all_come_in_order_but_empty_ones():
    assert read(iter([b"a", b"", b"b"])) == [b"a", b"b"]


def test_nothing_is_made_before_it_is_asked_for():
    made = []

    def chunks():
        for number in range(5):
            made.append(number)
            yield b"%d" % number

    assert read(chunks(), most=2) == [b"0", b"1"]
    assert made == [0, 1]


def test_no_connection_is_held_between_two(transactional_db):
    held = []

    def chunks():
        for _ in range(3):
            held.append(connection.connection is not None)
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            yield b"row"

    read(chunks())

    assert held[1:] == [False, False]  # before the first it is the test's own


def languages(closed: list[bool]):
    """The language that each chunk is made in."""
    try:
        for _ in range(3):
            yield f"{translation.get_language()};".encode()
    finally:
        closed.append(True)


def asked(request, closed):
    return download(request, languages(closed), name="灯笼.txt", content_type="text/plain")


def test_a_download_has_its_name_and_says_what_it_is():  # RFC 6266
    response = asked(RequestFactory().get("/"), [])

    assert response.headers["Content-Type"] == "text/plain"
    assert response.headers["Content-Disposition"] == "attachment; filename*=utf-8''%E7%81%AF%E7%AC%BC.txt"


def test_of_a_download_head_makes_nothing():
    closed = []

    assert asked(RequestFactory().head("/"), closed).content == b""
    assert closed == []


def test_a_download_is_in_the_language_of_whoever_asked():
    with translation.override("zh-hans"):
        response = asked(RequestFactory().get("/"), [])

    assert b"".join(response) == b"zh-hans;" * 3


def test_a_download_that_is_left_in_the_middle_is_closed_under_asgi_too(transactional_db):
    async def leave(response):
        async for _chunk in response:
            break

    closed, others = [], []
    response, other = asked(AsyncRequestFactory().get("/"), closed), asked(RequestFactory().get("/"), others)

    async_to_sync(leave)(response)
    next(iter(other))
    for each in (response, other):
        each.close()

    assert (response.is_async, closed, others) == (True, [True], [True])
