import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection, Queue

from project.broker import Transport


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "broker"


@pytest.fixture
def connect(folder: Path) -> Iterator[Any]:
    """A new connection to the folder, such as another process has."""
    connections: list[Connection] = []

    def make() -> Connection:
        options = {"folder": str(folder), "polling_interval": 0.01}
        connections.append(Connection(transport=Transport, transport_options=options))
        return connections[-1]

    yield make
    for each in connections:
        each.release()


def queue(connection: Connection) -> Any:
    return connection.SimpleQueue(Queue("jobs", routing_key="jobs"))


def test_messages_come_in_the_order_they_were_sent(connect):
    sender, receiver = queue(connect()), queue(connect())

    for name in ("submit", "poll", "archive"):
        sender.put(name)

    assert [receiver.get(timeout=1).payload for _ in range(3)] == ["submit", "poll", "archive"]


# K5
def test_the_folder_may_be_removed_between_any_two_messages(connect, folder):
    sender, receiver = queue(connect()), queue(connect())
    sender.put("lost")

    shutil.rmtree(folder)

    with pytest.raises(receiver.Empty):
        receiver.get(timeout=0.05)
    sender.put("found")
    assert receiver.get(timeout=1).payload == "found"


def test_a_message_that_cannot_be_read_is_passed_over(connect, folder):
    sender, receiver = queue(connect()), queue(connect())
    sender.put("after it")
    for name, content in {"0-empty": b"", "0-half": b'{"body": "b', "0-bytes": b"\xff"}.items():
        (folder / f"{name}.jobs.msg").write_bytes(content)

    assert receiver.get(timeout=1).payload == "after it"
    assert list(folder.iterdir()) == []


def test_each_message_goes_to_one_of_several_receivers(connect):
    sender = queue(connect())
    received: list[str] = []
    for number in range(200):
        sender.put(str(number))

    def receive() -> None:
        receiver = queue(connect())
        while True:
            try:
                received.append(receiver.get(timeout=0.05).payload)
            except receiver.Empty:
                return

    threads = [threading.Thread(target=receive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(received, key=int) == [str(number) for number in range(200)]
