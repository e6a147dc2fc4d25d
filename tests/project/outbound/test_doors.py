"""The listeners of test_everywhere_at_connecting.py do notice whoever comes."""

import socket

import pytest

from tests.sandbox_process import wait_until

from .doors import LOCAL, Doors


@pytest.mark.xdist_group("doors")
def test_whoever_comes_to_any_local_address_is_noticed():
    with Doors() as doors:
        for address in LOCAL:
            with socket.create_connection((address, doors.port), timeout=5) as caller:
                caller.send(address.encode())

        wait_until(lambda: len(doors.knocks) == len(LOCAL))

    assert sorted(doors.knocks) == sorted((doors.port, address.encode()) for address in LOCAL)
