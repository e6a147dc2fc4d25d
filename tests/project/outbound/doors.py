"""Listeners on every local address, which nothing that is refused may reach.

    with Doors() as doors:
        …
        assert doors.knocks == []

They are on 0.0.0.0 and [::], so on 127.0.0.1, 127.0.0.2, [::1] and whatever else the machine has; on 80 and 443 and on
the ports that vectors/ssrf.json names, where they may be bound, and in any case on a free one, `port`.
"""

import contextlib
import socket
import threading

from tests.closing import Closing

NAMED_PORTS = (80, 443, 6379, 11211)
LOCAL = ("127.0.0.1", "127.0.0.2", "::1", "0.0.0.0", "::")  # noqa: S104 -- here they are connected to


class Doors(Closing):
    """Listens from construction to close(). `knocks` are (port, what was sent first)."""

    def __init__(self) -> None:
        self.knocks: list[tuple[int, bytes]] = []
        self.ports: set[int] = set()
        self._listening: list[socket.socket] = []
        first = self._listen(socket.AF_INET, 0)
        self.port = first
        self._listen(socket.AF_INET6, first)
        for port in NAMED_PORTS:
            # Below 1024 only root may, and another test run or a real server may be there.
            for family in (socket.AF_INET, socket.AF_INET6):
                with contextlib.suppress(OSError):
                    self._listen(family, port)

    def close(self) -> None:
        for each in self._listening:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _listen(self, family: socket.AddressFamily, port: int) -> int:
        address = "0.0.0.0" if family == socket.AF_INET else "::"  # noqa: S104 -- all of them is what is meant
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listening.bind((address, port))
            listening.listen(64)
        except OSError:
            listening.close()
            raise
        self._listening.append(listening)
        bound = int(listening.getsockname()[1])
        self.ports.add(bound)
        threading.Thread(target=self._watch, args=(listening, bound), daemon=True).start()
        return bound

    def _watch(self, listening: socket.socket, port: int) -> None:
        while True:
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(0.2)
                try:
                    said = connection.recv(100)
                except OSError:
                    said = b""
                self.knocks.append((port, said))
