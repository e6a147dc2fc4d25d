"""A real name server on 127.0.0.1, and a resolver that asks it as any resolver would: A, then AAAA, with TTL 0.

    with NameServer() as names:
        names.zone["rebind.test"] = [["203.0.113.9"], ["127.0.0.1"]]
        outbound.post("http://rebind.test/", …, resolve=names.lookup)

Of a list of answers each look-up gets the next, and the last again and again. An answer is a list of addresses of both
kinds. `aliases` are CNAMEs.
"""

import socket
import struct
import threading
from collections.abc import Iterator
from ipaddress import ip_address

from tests.closing import Closing

A, CNAME, AAAA = 1, 5, 28
INTERNET = 1
NO_SUCH_NAME = 3


class NameServer(Closing):
    """Answers from construction to close(). `asked` are the names of the questions, in their order."""

    def __init__(self) -> None:
        self.zone: dict[str, list[list[str]]] = {}
        self.aliases: dict[str, str] = {}
        self.asked: list[tuple[str, int]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._current: dict[str, list[str]] = {}
        threading.Thread(target=self._serve, daemon=True).start()

    def lookup(self, host: str, port: int) -> list[str]:
        """All addresses of a name; raises OSError when it has none."""
        found = [*self._ask(host, A), *self._ask(host, AAAA)]
        if not found:
            raise OSError(f"no address for {host}")
        return found

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(512)
                self._socket.sendto(self._answer(query), client)
            except OSError:
                return

    def _answer(self, query: bytes) -> bytes:
        """RFC 1035, 4.1."""
        name, end = read_name(query, 12)
        (kind,) = struct.unpack_from("!H", query, end)
        self.asked.append((name, kind))
        records = list(self._records(name, kind))
        code = 0 if records or self._is_known(name) else NO_SUCH_NAME
        head = struct.pack("!2sHHHHH", query[:2], 0x8180 | code, 1, len(records), 0, 0)
        return head + query[12 : end + 4] + b"".join(records)

    def _records(self, name: str, kind: int) -> Iterator[bytes]:
        if target := self.aliases.get(name):
            yield record(name, CNAME, write_name(target))
            yield from self._records(target, kind)
        for text in self._addresses(name, kind):
            address = ip_address(text)
            if (address.version == 4) == (kind == A):
                yield record(name, kind, address.packed)

    def _addresses(self, name: str, kind: int) -> list[str]:
        """A look-up begins with the question for A, and its other one gets the same answer."""
        turns = self.zone.get(name, [])
        if turns and (kind == A or name not in self._current):
            self._current[name] = turns.pop(0) if len(turns) > 1 else turns[0]
        return self._current.get(name, [])

    def _is_known(self, name: str) -> bool:
        return name in self.zone or name in self.aliases

    def _ask(self, host: str, kind: int) -> list[str]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.connect(self._socket.getsockname())
            client.send(struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + write_name(host) + struct.pack("!HH", kind, 1))
            return list(addresses_in(client.recv(65535)))


def record(name: str, kind: int, data: bytes) -> bytes:
    return write_name(name) + struct.pack("!HHIH", kind, INTERNET, 0, len(data)) + data


def write_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def read_name(message: bytes, at: int) -> tuple[str, int]:
    """The name that stands at `at`, and where it ends; none is compressed here."""
    labels = []
    while length := message[at]:
        labels.append(message[at + 1 : at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels), at + 1


def addresses_in(message: bytes) -> Iterator[str]:
    """Of every A and AAAA record, whatever name it is for."""
    (count,) = struct.unpack_from("!H", message, 6)
    at = read_name(message, 12)[1] + 4
    for _record in range(count):
        _name, at = read_name(message, at)
        kind, _class, _ttl, size = struct.unpack_from("!HHIH", message, at)
        data = message[at + 10 : at + 10 + size]
        at += 10 + size
        if kind in (A, AAAA):
            yield str(ip_address(data))
