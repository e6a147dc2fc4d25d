"""What we use of Stripe, over real HTTP: sessions are made, paid for on a small page, and told of in signed events.

    with StripeStandIn(hook=call_the_hook) as stripe:
        url = checkout.start(…)
        stripe.tell("checkout.session.completed", stripe.session_object())

Sessions are kept by their idempotency key, so a repeated call makes none. `stripe.answers` breaks the next calls, see
tests.receiver. For a browser, Pay on the session's page tells the hook and leads back, as Stripe's page does.
"""

import html
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import stripe
from django.test import Client

from tests.closing import Closing
from tests.receiver import AnswerFunction, answer

SECRET_KEY = "sk_test_of_the_stand_in"
WEBHOOK_SECRET = "whsec_of_the_stand_in_and_long_enough"
# What it is told, as bytes, and the Stripe-Signature header; the status of the answer.
Hook = Callable[[bytes, str], int]


@dataclass
class Session:
    """One that was made: its id, the form that asked for it, flat, and the headers beside it."""

    id: str
    form: dict[str, str]
    headers: dict[str, str]
    url: str = ""

    @property
    def purchase_id(self) -> str:
        return self.form["metadata[purchase_id]"]

    @property
    def amount(self) -> int:
        return int(self.form["line_items[0][price_data][unit_amount]"])

    @property
    def currency(self) -> str:
        return self.form["line_items[0][price_data][currency]"]


@dataclass
class StripeStandIn(Closing):
    """A server from construction to close(), on a free port."""

    hook: Hook | None = None
    webhook_secret: str = WEBHOOK_SECRET
    sessions: dict[str, Session] = field(default_factory=dict)  # by idempotency key, in the order they were made
    answers: deque[AnswerFunction] = field(default_factory=deque)
    calls: int = 0

    def __post_init__(self) -> None:
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def session(self) -> Session:
        """The last one."""
        return list(self.sessions.values())[-1]

    def settings(self) -> dict[str, str]:
        """The settings, or variables, that lead here."""
        return {
            "STRIPE_SECRET_KEY": SECRET_KEY,
            "STRIPE_WEBHOOK_SECRET": self.webhook_secret,
            "STRIPE_API_BASE": self.base,
            "STRIPE_CHECKOUT_ORIGIN": self.base,
        }

    def session_object(self, session: Session | None = None, **changed: Any) -> dict[str, Any]:
        """A session as events have it: paid in full, unless told otherwise."""
        session = session or self.session
        return {
            "id": session.id,
            "object": "checkout.session",
            "client_reference_id": session.form["client_reference_id"],
            "metadata": {"purchase_id": session.purchase_id},
            "amount_total": session.amount,
            "currency": session.currency,
            "payment_status": "paid",
            "status": "complete",
            **changed,
        }

    def charge_object(self, refunded: int, *, session: Session | None = None, **changed: Any) -> dict[str, Any]:
        """The charge of a session, of which so much has been refunded in all."""
        session = session or self.session
        return {
            "id": f"ch_{session.id}",
            "object": "charge",
            "metadata": {"purchase_id": session.form["payment_intent_data[metadata][purchase_id]"]},
            "amount": session.amount,
            "currency": session.currency,
            "amount_refunded": refunded,
            "refunded": refunded == session.amount,
            **changed,
        }

    def tell(self, type: str, thing: dict[str, Any], *, id: str = "") -> int:
        """Tell the hook of it; an id makes it the same event as before."""
        assert self.hook
        body, signature = self.signed(type, thing, id=id)
        return self.hook(body, signature)

    def signed(self, type: str, thing: dict[str, Any], *, id: str = "", at: float | None = None) -> tuple[bytes, str]:
        event = {
            "id": id or f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "type": type,
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": thing},
        }
        return self.sign(json.dumps(event), at=at)

    def sign(self, text: str, *, at: float | None = None) -> tuple[bytes, str]:
        """Any text at all, as Stripe signs what it sends."""
        header = stripe.WebhookSignature.generate_signature_header(text, self.webhook_secret, int(at or time.time()))
        return text.encode(), header

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def hook_at(url: str) -> Hook:
    """The hook of a running server."""

    def call(body: bytes, signature: str) -> int:
        return httpx.post(url, content=body, headers={"Stripe-Signature": signature}).status_code

    return call


def hook_of_this_process(body: bytes, signature: str) -> int:
    """The hook as a view, without a server; CSRF is checked as it is for browsers."""
    client = Client(enforce_csrf_checks=True)
    headers = {"Stripe-Signature": signature}
    return client.post("/hooks/stripe", body, content_type="application/json", headers=headers).status_code


@pytest.fixture
def stand_in(settings: Any) -> Iterator[StripeStandIn]:
    """A Stripe that this installation is configured for, and that tells it what happens."""
    with StripeStandIn(hook=hook_of_this_process) as stripe:
        for name, value in stripe.settings().items():
            setattr(settings, name, value)
        yield stripe


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, stand_in: StripeStandIn) -> None:
        self.stand_in = stand_in
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that does not wait for an answer is what a test is about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()))
        stand_in = self.server.stand_in
        if self.path.startswith("/pay/"):
            return self._end(form)
        stand_in.calls += 1
        if stand_in.answers:
            return stand_in.answers.popleft()(self)
        if self.path != "/v1/checkout/sessions":
            return _json(self, 404, {"error": {"type": "invalid_request_error", "message": "Unrecognized request URL"}})
        if self.headers.get("Authorization") != f"Bearer {SECRET_KEY}":
            return _json(self, 401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key"}})
        session = self._make(form)
        return _json(self, 200, {"id": session.id, "object": "checkout.session", "url": session.url, "status": "open"})

    def do_GET(self) -> None:
        if self.path.startswith("/pay/"):
            self._show(self._session())
        else:
            answer(404)(self)  # a browser wants an icon

    def _show(self, session: Session) -> None:
        amount, currency = session.amount, session.currency
        buttons = "".join(
            f'<button name="do" value="{do}">{label}</button> ' for do, label in (("pay", "Pay"), ("cancel", "Back"))
        )
        name = html.escape(session.form["line_items[0][price_data][product_data][name]"])
        page = (
            f'<!doctype html><link rel="icon" href="data:,"><title>Pay</title><h1>{name}</h1><p>{amount} {currency}</p>'
        )
        answer(200, f'{page}<form method="post">{buttons}</form>'.encode(), Content_Type="text/html")(self)

    def _make(self, form: dict[str, str]) -> Session:
        """The session of this idempotency key, made where there is none."""
        stand_in = self.server.stand_in
        with self.server.lock:
            session = Session(f"cs_test_{secrets.token_hex(12)}", form, dict(self.headers.items()))
            session.url = f"{stand_in.base}/pay/{session.id}"
            return stand_in.sessions.setdefault(self.headers["Idempotency-Key"], session)

    def _end(self, form: dict[str, str]) -> None:
        stand_in, session = self.server.stand_in, self._session()
        is_paid = form.get("do") == "pay"
        if is_paid:
            stand_in.tell("checkout.session.completed", stand_in.session_object(session))
        answer(303, Location=session.form["success_url" if is_paid else "cancel_url"])(self)

    def _session(self) -> Session:
        return next(each for each in self.server.stand_in.sessions.values() if self.path.endswith(each.id))

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _json(handler: BaseHTTPRequestHandler, status: int, value: dict[str, Any]) -> None:
    answer(status, json.dumps(value).encode(), Content_Type="application/json")(handler)
