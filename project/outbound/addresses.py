"""Which addresses are of the public internet, and which others this installation allows."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What ipaddress of the oldest Python we run on calls global although it is not: IANA's special-purpose
# registries, ranges that carry an IPv4 address, and the host that serves Azure's virtual machines.
_NOT_PUBLIC = [
    ip_network(text)
    for text in (
        "100.64.0.0/10",
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "::/96",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/32",
        "2001::/23",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
]
# RFC 5214: the last 64 bits of an ISATAP address are one of these, then an IPv4 address.
_ISATAP = (0x00005EFE, 0x02005EFE)


def is_public(address: Address) -> bool:
    """Whether a packet to `address` leaves for the public internet, whatever is wrapped in the address."""
    if address.version == 6 and (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _NOT_PUBLIC)


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
    return [network for entry in settings.ALLOW_PRIVATE_HOSTS if (network := _network(entry))]


def _network(entry: str) -> Network | None:
    try:
        return ip_network(entry, strict=False)
    except ValueError:
        return None
