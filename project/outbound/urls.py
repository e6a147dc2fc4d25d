"""Reading a URL once and strictly: what is checked here is, part by part, what is connected to.

Two parsers that read one URL differently are how guards are walked around, so nothing later parses it again.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote

from django.conf import settings

from .addresses import allows_address, allows_host, is_public
from .errors import UrlRefused
from .hosts import ascii_host, is_own
from .networks import Address

MAX_CHARACTERS = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}
PUBLIC_PORTS = frozenset(DEFAULT_PORTS.values())

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^/?#:@\[\]%]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#.*)?",
    re.IGNORECASE,
)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")
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

    http and https, to a public name or address, on port 80, 443 or one in ALLOW_PORTS. A host in
    ALLOW_PRIVATE_HOSTS may be private, have a name of one label and listen on any port. Our own names are private.
    """
    target_of(url)


def netloc_of(url: str) -> str | None:
    """The host:port that `url` leads to, the port always there, wherever it is; None for what is no URL."""
    try:
        return _parse(url).netloc
    except UrlRefused:
        return None


def host_of(url: str) -> str | None:
    """The host that `url` leads to, in its one spelling, as it stands in Host; None for what is no URL."""
    try:
        return _parse(url).host_header
    except UrlRefused:
        return None


def target_of(url: str, *, trusted_hosts: Collection[str] = ()) -> Target:
    """The checked parts of `url`. A netloc in `trusted_hosts` ("127.0.0.1:8010") need only be well formed."""
    target = _parse(url)
    if target.netloc not in trusted_hosts and not allows_host(target.host):
        _check_host(target)
        if target.port not in PUBLIC_PORTS and target.port not in settings.ALLOW_PORTS:
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
    return Target(scheme, ascii_host(match["host"].lower()), port, path)


def _check_host(target: Target) -> None:
    if is_own(target.host):
        raise UrlRefused("url_private")
    address = target.literal
    if address is not None:
        if not is_public(address) and not allows_address(address):
            raise UrlRefused("url_private")
        return
    if _ENDS_IN_NUMBER.fullmatch(target.host):
        raise UrlRefused("url_host")
    if "." not in target.host or target.host.endswith(_INNER_ZONES):
        raise UrlRefused("url_private")
