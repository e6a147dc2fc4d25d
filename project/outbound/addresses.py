"""Which addresses we connect to: those of the public internet, and which others this installation allows."""

from ipaddress import ip_address

from django.conf import settings

from .hosts import is_own
from .networks import Address, Network, network_of, why_not_public


def is_public(address: Address) -> bool:
    """Whether a packet to `address` leaves for the public internet, whatever is wrapped in the address."""
    return not why_not_public(address)


def may_connect(address: Address) -> bool:
    """Whether what a name led to is public and not our own, or allowed nevertheless."""
    return allows_address(address) or (is_public(address) and not is_own(str(address)))


def allows_host(host: str) -> bool:
    """Whether ALLOW_PRIVATE_HOSTS names `host`: as a name, as an address, or by a range that holds it."""
    return host in _allowed_names() or _allows_literal(host)


def allows_address(address: Address) -> bool:
    """Whether ALLOW_PRIVATE_HOSTS holds `address`."""
    return any(address in network for network in _allowed_networks())


def _allows_literal(host: str) -> bool:
    try:
        return allows_address(ip_address(host))
    except ValueError:
        return False


def _allowed_names() -> set[str]:
    return {entry.lower() for entry in settings.ALLOW_PRIVATE_HOSTS}


def _allowed_networks() -> list[Network]:
    return [network for entry in settings.ALLOW_PRIVATE_HOSTS if (network := network_of(entry))]
