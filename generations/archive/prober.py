"""Keeps probe.py running, and asks it about one file after another: its libraries take longer to load than to use."""

import atexit
import os
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO

PROGRAM = Path(__file__).with_name("probe.py")
TOTAL_SECONDS = 60  # a child has half of it; the program may have to start first


class Prober:
    """Started when it is first asked, and again where it has died. It ends with this process, however that ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: socket.socket | None = None
        self._program: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)

    def ask(self, file: BinaryIO) -> bytes:
        """All that a child reports of the file; nothing where it died, or took too long."""
        reader, writer = os.pipe()
        try:
            try:
                self._send(file.fileno(), writer)
            finally:
                os.close(writer)
            return _read_all(reader, time.monotonic() + TOTAL_SECONDS)
        finally:
            os.close(reader)

    def stop(self) -> None:
        """It ends by itself when nobody can call any more."""
        if self._calls and self._program:
            self._calls.close()
            self._program.wait()

    def _send(self, *descriptors: int) -> None:
        with self._lock:
            try:
                socket.send_fds(self._calls or self._start(), [b"."], descriptors)
            except OSError:  # it died since it was last asked
                self.stop()
                socket.send_fds(self._start(), [b"."], descriptors)

    def _start(self) -> socket.socket:
        self._calls, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-I", str(PROGRAM)]
            self._program = subprocess.Popen(command, stdin=theirs.fileno(), env={})  # noqa: S603 -- our own
        return self._calls


def _read_all(descriptor: int, until: float) -> bytes:
    answer, readable = b"", select.poll()
    readable.register(descriptor)
    while readable.poll(max(0, until - time.monotonic()) * 1000):
        chunk = os.read(descriptor, 1 << 16)
        if not chunk:
            return answer
        answer += chunk
    return b""
