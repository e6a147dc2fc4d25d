"""Which names and addresses are of this very machine, and nobody else's."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_local(host: str) -> bool:
    """Whether a host, with a port or without, is localhost or a loopback address."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
