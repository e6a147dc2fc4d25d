"""The command of a delivery, run by a shell as somebody would paste it."""

import json
import subprocess
from pathlib import Path

from standardwebhooks import Webhook

from accounts.models import WebhookAttempt
from accounts.webhooks import curl, signing
from tests.factories import make_delivery, make_endpoint
from tests.webhooks import deliver

HOSTILE = json.loads((Path(__file__).parents[2] / "vectors" / "hostile.json").read_text())["prompts"]
ODD = ["'; touch owned; echo '", "$(touch owned)", "`touch owned`", "@/etc/passwd", "\\", '"$HOME"', "a\nb", "!!"]


def run(command, folder):
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, timeout=30, check=True)


def test_it_sends_this_very_delivery(team, receiver, tmp_path):
    endpoint = make_endpoint(team=team, url=receiver.url())
    body = {"event": "task.failed", "error_message": "it's “雏菊” $(date) `date` \\ \U0001f600"}
    delivery = make_delivery(team=team, endpoint=endpoint, body=body)
    deliver()

    run(curl.command(delivery.attempts.get(), delivery.event.body, to=receiver.url("/mine")), tmp_path)

    sent, again = receiver.requests
    ours = {"content-type", "webhook-id", "webhook-timestamp", "webhook-signature"}
    assert (again.method, again.path, again.body) == ("POST", "/mine", sent.body)
    assert {name: again.headers[name] for name in ours} == {name: sent.headers[name] for name in ours}
    assert Webhook(signing.current(endpoint)).verify(again.body, dict(again.headers)) == body


def test_hostile_text_is_text_to_the_shell(receiver, tmp_path):  # B1
    attempt = WebhookAttempt(request_headers={"content-type": "application/json"})
    for text in [*ODD, *(text for text in HOSTILE if "\0" not in text)]:
        run(curl.command(attempt, text, to=receiver.url()), tmp_path)

        assert receiver.requests.pop().body == text.encode()
        assert list(tmp_path.iterdir()) == []


def test_without_being_told_it_goes_to_ones_own_machine():
    assert curl.command(WebhookAttempt(), "{}").startswith("curl -X POST http://localhost:3000/ \\\n")
