"""The thread's connection to the database, of which there are few: it goes back before what takes long."""

from django.db import connection


def give_back_connection() -> None:
    """Hold none while a slow reader or another's API is waited for. Within a transaction it stays."""
    if not connection.in_atomic_block:
        connection.close()
