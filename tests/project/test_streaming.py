from asgiref.sync import async_to_sync
from django.db import connection

from project.streaming import as_read


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
