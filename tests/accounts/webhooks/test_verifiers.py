"""The verifiers that are offered to be copied, run as they are on what we really send."""

import base64
import hashlib
import hmac
import os
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from accounts import credits
from accounts.actors import INSTALLATION
from accounts.billing import low_balance
from accounts.models import EventType, Team, WebhookHost
from accounts.views.webhook_verify import FOLDER
from accounts.webhooks import endpoints, signing
from accounts.webhooks.endpoint_settings import CHOICES
from generations import lifecycle
from tests.api import completed, completed_images, ensure_prices, failed, running
from tests.factories import make_delivery, make_endpoint
from tests.missing import missing
from tests.receiver import Receiver
from tests.webhooks import deliver

COMMANDS = {
    "python": (sys.executable, "verify.py"),
    "node": ("node", "verify.js"),
    "bash": ("bash", "verify.sh"),
    "sh": ("sh", "verify.sh"),
}
NEEDS = {"bash": ("openssl", "curl"), "sh": ("openssl", "curl")}
MALFORMED = (
    {"webhook-signature": ""},
    {"webhook-signature": "garbage"},
    {"webhook-signature": "v1,"},
    {"webhook-signature": "v1,a,b"},
    {"webhook-signature": "  v1,YWJj\t v2,YWJj * /* "},
    {"webhook-signature": "v1,\N{SNOWMAN}"},
    {"webhook-timestamp": ""},
    {"webhook-timestamp": "now"},
    {"webhook-timestamp": "-1"},
    {"webhook-timestamp": "0x6566"},
    {"webhook-timestamp": "9" * 40},
    {"webhook-timestamp": "\N{ARABIC-INDIC DIGIT ONE}"},
    {"webhook-id": ""},
    {"webhook-id": "$(touch owned) ' %s"},
)
# With what it takes for a key, if somebody lets it. None: the variable is not set.
NO_SECRETS = {
    None: b"",
    "": b"",
    "whsec_": b"",
    "whsec_!!!": b"",
    "whsec_=": b"",
    "\N{SNOWMAN}" * 40: b"",
    "whsec_" + base64.b64encode(b"k" * 23).decode(): b"k" * 23,
    "whsec_" + base64.b64encode(b"k" * 32).decode() + "!": b"k" * 32,
    "whsec_" + base64.b64encode(b"k" * 32).decode()[:-2]: b"k" * 30,
}
BODY = {"event": "task.completed", "task_id": "1", "error_message": "雏菊 \\ ' \" \U0001f600"}


@pytest.fixture(params=COMMANDS)
def verify(request):
    """verify(secret, headers, body) -> whether the program takes it; `about` are more variables."""
    program, file = COMMANDS[request.param]
    for needed in (program, *NEEDS.get(request.param, ())):
        if shutil.which(needed) is None:
            missing(needed)

    def run(secret: str, headers: dict[str, str], body: bytes, **about: str) -> bool:
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        command = [program, str(FOLDER / file), *(headers.get(name, "") for name in names)]
        env = os.environ | {"FILMGATE_WEBHOOK_SECRET": secret} | about
        done = subprocess.run(command, input=body, env=env, capture_output=True, timeout=30)
        told = (done.stdout + done.stderr).decode()
        assert told.startswith(("verified", "not verified: ")), told
        assert told.startswith("verified") == (done.returncode == 0)
        assert secret not in told
        return done.returncode == 0

    return run


@pytest.fixture(params=COMMANDS)
def exit_code(request):
    """exit_code(secret, headers, body) -> that of the program; None where it is to have no secret at all."""
    program, file = COMMANDS[request.param]
    for needed in (program, *NEEDS.get(request.param, ())):
        if shutil.which(needed) is None:
            missing(needed)

    def run(secret: str | None, headers: dict[str, str], body: bytes, **about: str) -> int:
        env = {name: value for name, value in os.environ.items() if name != "FILMGATE_WEBHOOK_SECRET"} | about
        if secret is not None:
            env["FILMGATE_WEBHOOK_SECRET"] = secret
        done = subprocess.run(
            [program, str(FOLDER / file), *headers.values()], input=body, env=env, capture_output=True, timeout=30
        )
        assert (b"verified" in done.stdout) == (done.returncode == 0)
        assert done.stderr or done.returncode == 0
        return done.returncode

    return run


@pytest.fixture
def endpoint(team, receiver):
    return make_endpoint(team=team, url=receiver.url())


@pytest.fixture
def received(team, endpoint, receiver):
    """received() -> the headers and the body of a delivery, as its receiver has them."""

    def send():
        make_delivery(team=team, endpoint=endpoint, body=BODY)
        deliver()
        return dict(receiver.requests[-1].headers), receiver.requests[-1].body

    return send


def test_what_we_send_is_verified_and_nothing_else(verify, endpoint, received):
    headers, body = received()
    secret = signing.current(endpoint)

    assert verify(secret, headers, body)
    assert not verify(signing.new_secret(), headers, body)
    for changed in (body + b" ", body + b"\n", body + b"\0", body.replace(b"completed", b"Completed"), b""):
        assert not verify(secret, headers, changed)
    for malformed in MALFORMED:
        assert not verify(secret, headers | malformed, body), malformed


def test_only_what_was_signed_within_five_minutes_is(verify):
    secret, body = signing.new_secret(), b'{"event":"task.completed"}'

    def is_taken(seconds):
        timestamp = int(time.time()) + seconds
        return verify(secret, signing.headers([secret], message_id="msg_1", timestamp=timestamp, body=body), body)

    assert [is_taken(seconds) for seconds in (-320, -270, 270, 320)] == [False, True, True, False]


def test_while_a_secret_is_replaced_old_and_new_receivers_both_take_it(verify, endpoint, received):  # C10
    old = signing.current(endpoint)
    new = endpoints.rotate(endpoint, grace=timedelta(hours=24), by=INSTALLATION)

    headers, body = received()

    assert len(headers["webhook-signature"].split(" ")) == 2
    assert verify(old, headers, body)
    assert verify(new, headers, body)
    assert not verify(signing.new_secret(), headers, body)
    endpoints.rotate(endpoint, grace=timedelta(0), by=INSTALLATION)
    assert not verify(new, *received())


@pytest.mark.parametrize("secret", NO_SECRETS)
def test_without_a_secret_nothing_is_verified(exit_code, secret):  # C9
    body, timestamp = b'{"event":"task.completed"}', str(int(time.time()))
    digest = hmac.digest(NO_SECRETS[secret], b"msg_1." + timestamp.encode() + b"." + body, hashlib.sha256)
    signatures = ["v1,", "v1," + base64.b64encode(digest).decode()]
    for signature in [*signatures, " ".join(signatures), ""]:
        headers = {"webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": signature}

        assert exit_code(secret, headers, body) != 0, signature


@pytest.mark.parametrize("exit_code", ["bash", "sh"], indirect=True)
@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("pattern", ["*", "base64 -d*", "base64 -A*", "dgst*HMAC*", "dgst*-r*", "rand*"])
def test_an_openssl_that_does_not_work_lets_nothing_in(exit_code, tmp_path, pattern, status):
    fake = tmp_path / "openssl"
    fake.write_text(f'#!/bin/sh\ncase "$*" in {pattern}) exit {status} ;; esac\nexec {shutil.which("openssl")} "$@"\n')
    fake.chmod(0o755)
    body, timestamp = b'{"event":"task.completed"}', str(int(time.time()))
    headers = {"webhook-id": "msg_1", "webhook-timestamp": timestamp, "webhook-signature": "v1, x v1,x"}

    assert exit_code(signing.new_secret(), headers, body, PATH=f"{tmp_path}:{os.environ['PATH']}") != 0


@pytest.mark.parametrize("verify", ["bash", "sh"], indirect=True)
def test_the_shell_passes_on_what_it_has_verified_and_nothing_else(verify, endpoint, received):
    headers, body = received()
    with Receiver() as mine:
        refused = verify(signing.new_secret(), headers, body, FORWARD_TO=mine.url())
        taken = verify(signing.current(endpoint), headers, body, FORWARD_TO=mine.url("/in"))

        assert (refused, taken) == (False, True)
        (request,) = mine.requests
    assert (request.path, request.body) == ("/in", body)
    assert request.headers["webhook-id"] == headers["webhook-id"]


def test_the_library_of_the_standard_verifies_every_event(team, receiver):
    ensure_prices()
    credits.grant(team, 1000, note="for a test")
    endpoint = make_endpoint(team=team, url=receiver.url(), events=CHOICES)
    WebhookHost.objects.create(name=f"127.0.0.1:{receiver.port}", accepts=True)
    lifecycle.report_progress(running(team), 40)
    completed(team)
    completed_images(team, 2)
    failed(team)
    Team.objects.filter(pk=team.pk).update(low_balance_credits=1_000_000)
    low_balance.tell_due()
    endpoints.send_test(endpoint, by=INSTALLATION)

    deliver()

    library = Webhook(signing.current(endpoint))
    told = [library.verify(request.body, dict(request.headers))["event"] for request in receiver.requests]
    assert sorted(told) == sorted([*EventType.values, EventType.COMPLETED])


def test_the_files_are_what_the_page_shows():
    assert sorted(path.name for path in Path(FOLDER).iterdir()) == ["verify.js", "verify.py", "verify.sh"]
