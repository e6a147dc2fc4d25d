"""Names of hosts, as DNS and certificates have them, and which of them are our own."""

import re
from ipaddress import IPv6Address
from urllib.parse import urlsplit

import idna
from django.conf import settings

from .errors import UrlRefused

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?!.{{254}})(?:{_LABEL}\.)*{_LABEL}")


def ascii_host(host: str) -> str:
    """A host in lower case as it is connected to: ASCII, without brackets. Raises UrlRefused for what is none."""
    if host.startswith("["):
        return _ipv6(host[1:-1])
    if not host.isascii() or "xn--" in host:
        try:
            host = idna.encode(host).decode()
        except (idna.IDNAError, UnicodeError) as error:
            raise UrlRefused("url_host") from error
    if not _NAME.fullmatch(host):
        raise UrlRefused("url_host")
    return host


def is_own(host: str) -> bool:
    """Whether a host, as ascii_host() gives it, is one we answer to. An entry ".example.com" holds all below it."""
    return any(host == name or (name[0] == "." and f".{host}".endswith(name)) for name in _own_names())


def _own_names() -> set[str]:
    given = {urlsplit(settings.PUBLIC_URL).hostname or "", *settings.ALLOWED_HOSTS}
    return {_as_it_is_asked_for(name) for each in given if (name := each.lower().rstrip(".")) not in ("", "*")}


def _as_it_is_asked_for(name: str) -> str:
    try:
        return ascii_host(f"[{name}]" if ":" in name and not name.startswith("[") else name)
    except UrlRefused:
        return name


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError as error:
        raise UrlRefused("url_host") from error
