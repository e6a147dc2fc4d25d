"""Reading a URL once and strictly: what is checked here is, part by part, what is connected to.

Two parsers that read one URL differently are how guards are walked around, so nothing later parses it again.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import quote, urlsplit

import idna
from django.conf import settings

from .addresses import Address, allows_address, allows_host, is_public
from .errors import UrlRefused

MAX_CHARACTERS = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}
PUBLIC_PORTS = frozenset(DEFAULT_PORTS.values())

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^/?#:@\[\]%]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?",
    re.IGNORECASE,
)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?!.{{254}})(?:{_LABEL}\.)*{_LABEL}")
# The URL standard reads a host whose last label is a number as an IPv4 address: 2130706433, 0x7f.1, 0177.1.
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_INNER_ZONES = (
    *(".localhost", ".local", ".localdomain", ".internal", ".intranet", ".lan"),
    *(".home", ".corp", ".private", ".svc", ".arpa", ".onion"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in the parts that a connection needs; `host` ASCII without brackets, `path` with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def literal(self) -> Address | None:
        """The host as an address, when it is one."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def netloc(self) -> str:
        """host:port, the port always there."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def host_header(self) -> str:
        """What goes in Host: the port only where it is not the scheme's own (RFC 9110, 7.2)."""
        is_default = self.port == DEFAULT_PORTS[self.scheme]
        return self.netloc.removesuffix(f":{self.port}") if is_default else self.netloc


def check_url(url: str) -> None:
    """Raise UrlRefused unless `url` is one that we may send to, as far as can be told without DNS.

    http and https, to a public name or address, on port 80 or 443. A host in ALLOW_PRIVATE_HOSTS may be
    private, have a name of one label and listen on any port. Our own public host counts as private.
    """
    target_of(url)


def target_of(url: str, *, trusted_hosts: Collection[str] = ()) -> Target:
    """The checked parts of `url`. A netloc in `trusted_hosts` ("127.0.0.1:8010") need only be well formed."""
    target = _parse(url)
    if target.netloc not in trusted_hosts and not allows_host(target.host):
        _check_host(target)
        if target.port not in PUBLIC_PORTS:
            raise UrlRefused("url_port")
    return target


def _parse(url: str) -> Target:
    match = _URL.fullmatch(url) if len(url) <= MAX_CHARACTERS and not _UNSAFE.search(url) else None
    if match is None:
        raise UrlRefused("url_malformed")
    scheme = match["scheme"].lower()
    port = int(match["port"] or DEFAULT_PORTS[scheme])
    if not 0 < port < 65536:
        raise UrlRefused("url_port")
    path = quote((match["path"] or "/") + (match["query"] or ""), safe="/?%:@!$&'()*+,;=-._~[]")
    return Target(scheme, _ascii_host(match["host"].lower()), port, path)


def _ascii_host(host: str) -> str:
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


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError as error:
        raise UrlRefused("url_host") from error


def _check_host(target: Target) -> None:
    address = target.literal
    if address is not None:
        if not is_public(address) and not allows_address(address):
            raise UrlRefused("url_private")
        return
    if _ENDS_IN_NUMBER.fullmatch(target.host):
        raise UrlRefused("url_host")
    if "." not in target.host or target.host.endswith(_INNER_ZONES) or target.host == _own_host():
        raise UrlRefused("url_private")


def _own_host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or ""
