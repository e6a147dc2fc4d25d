import asyncio

import pytest

from project.body_limit import BodyLimit


async def reading_application(scope, receive, send):
    """Answers with the length of the body it could read; nothing when the client went away."""
    length, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message["body"])
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


def answer(
    chunks,
    *,
    headers=(),
    path="/api/v1/generations",
    silence_seconds=5.0,
    drip_seconds=0,
    hook_bytes=100,
    hook_seconds=5,
):
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    sent = []

    async def receive():
        if waiting:
            await asyncio.sleep(drip_seconds)
            return waiting.pop(0)
        return await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    limited = BodyLimit(
        reading_application,
        most_bytes=100,
        silence_seconds=silence_seconds,
        hook_bytes=hook_bytes,
        hook_seconds=hook_seconds,
    )
    scope = {"type": "http", "path": path, "headers": list(headers)}
    if chunks:
        waiting[-1]["more_body"] = False
    asyncio.run(limited(scope, receive, send))
    return sent


def test_a_body_within_the_limit_is_passed_on():
    sent = answer([b"x" * 60, b"x" * 40])

    assert [sent[0]["status"], sent[1]["body"]] == [200, b"100"]


def test_a_declared_length_above_the_limit_is_refused_unread():  # M5
    sent = answer([b"x"], headers=[(b"content-length", b"101")])

    assert sent[0]["status"] == 413
    assert b"PAYLOAD_TOO_LARGE" in sent[1]["body"]


@pytest.mark.parametrize("chunk", [50, 101])
def test_an_undeclared_length_is_refused_at_the_limit(chunk):  # M5 W12
    sent = answer([b"x" * chunk] * 3, path="/uploads/")

    assert [sent[0]["status"], sent[1]["body"]] == [413, b"The request is too large.\n"]


@pytest.mark.parametrize("path", ["/uploads/", "/hooks/vibegen/0"])
def test_a_client_that_stops_in_the_middle_is_left(path):  # W12
    sent = answer([], path=path, silence_seconds=0.01)

    assert [sent[0]["status"], sent[1]["body"]] == [408, b"The request took too long.\n"]


def test_a_hook_has_a_bound_of_its_own():  # W12
    sent = [answer([b"x" * size], path="/hooks/vibegen/0", hook_bytes=10)[0]["status"] for size in (10, 11)]
    declared = answer([b"x"], path="/hooks/vibegen/0", headers=[(b"content-length", b"11")], hook_bytes=10)

    assert sent == [200, 413]
    assert declared[0]["status"] == 413


def test_a_body_of_a_hook_that_drips_is_cut_off_in_the_end():  # W12
    sent = answer([b"x"] * 50, path="/hooks/vibegen/0", drip_seconds=0.02, hook_seconds=0.2)

    assert sent[0]["status"] == 408


def test_a_body_of_another_page_may_drip():
    sent = answer([b"x"] * 20, path="/uploads/", drip_seconds=0.02, hook_seconds=0.2)

    assert [sent[0]["status"], sent[1]["body"]] == [200, b"20"]
