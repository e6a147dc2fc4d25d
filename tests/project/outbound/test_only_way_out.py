"""Which modules may open connections at all, and to whom; what a customer or a provider names goes through outbound."""

import ast
from collections.abc import Iterator
from pathlib import Path

from project.env import ROOT

ROOMS = ("project", "accounts", "generations", "sandbox")
# Whatever can open a connection, by how its name begins.
WAYS_OUT = (
    *("httpx", "httpcore", "h11", "urllib.request", "urllib3", "http.client", "requests", "aiohttp", "websockets"),
    *("socket", "socketserver", "ssl", "smtplib", "imaplib", "poplib", "ftplib", "telnetlib", "xmlrpc", "dns"),
    *("stripe", "subprocess", "asyncio.open_connection", "pycurl", "paramiko", "redis"),
)
# Who has one, and why it leads nowhere that a customer or a provider's answer names.
ALLOWED = {
    "project/outbound/": "the guard",
    "generations/providers/": "the base URL of a provider account, which an operator typed",
    "accounts/billing/checkout.py": "Stripe's API, at STRIPE_API_BASE",
    "accounts/billing/stripe_events.py": "only reads what Stripe signed",
    "accounts/admin_mails.py": "only names the errors of the mail server",
    "generations/archive/prober.py": "a pair of sockets to the program that looks into files",
    "generations/archive/probe.py": "the other end of it",
    "project/stack/": "our own processes on this machine",
    "project/management/commands/catalogues.py": "the programs of gettext",
    "sandbox/looks.py": "fetches the clip it is told to look at, as a stand-in for providers, on one's own machine",
    "sandbox/callbacks.py": "calls back where it was told to, as a stand-in for providers, on one's own machine",
}


def imports(file: Path) -> Iterator[str]:
    """Dotted names, those of `from a import b` as a.b."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_way_out(name: str) -> bool:
    return any(name == way or name.startswith(f"{way}.") for way in WAYS_OUT)


def users() -> set[str]:
    """Files that import a way out, from the root."""
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    return {str(file.relative_to(ROOT)) for file in files if any(map(is_way_out, imports(file)))}


def test_nobody_else_can_open_a_connection():  # S1
    others = {file for file in users() if not file.startswith(tuple(ALLOWED))}

    assert others == set()


def test_nobody_is_allowed_who_does_not_need_it():
    found = users()

    assert [place for place in ALLOWED if not any(file.startswith(place) for file in found)] == []


def test_only_archiving_and_webhooks_use_the_guard_to_send():  # S1
    """And only what checks URLs before they are kept reads them with it."""
    senders = {
        str(file.relative_to(ROOT))
        for room in ("accounts", "generations")
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in ("post", "stream")
        if isinstance(node.value, ast.Name) and node.value.id == "outbound"
    }

    assert senders == {"accounts/webhooks/delivery.py", "generations/archive/fetch.py"}


def test_django_fetches_nothing_by_itself():
    """No sign-in by other sites, whose library would ask them by links of theirs."""
    from django.conf import settings

    assert not [app for app in settings.INSTALLED_APPS if "socialaccount" in app or "openid" in app]
