"""IP addresses and ranges (CIDR, RFC 4632 and 4291) in the one form in which they are stored and compared.

IPv4 written as IPv6 (::ffff:192.0.2.7) is IPv4: a socket that listens on both shows its clients so.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_interface, ip_network

_MAPPED_BITS = 96


def normalised(text: str) -> str:
    """A range, or a single address without its /32 or /128; raises ValueError for anything else.

    >>> normalised(" 10.1.2.3/8 "), normalised("2001:DB8::0/128"), normalised("::ffff:192.0.2.0/120")
    ('10.0.0.0/8', '2001:db8::', '192.0.2.0/24')
    """
    network = _network(text.strip())
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)


def address_of(text: str | None) -> IPv4Address | IPv6Address | None:
    """The address a request came from; None where there is none, as over a unix socket."""
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def includes(networks: Iterable[str], address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and any(address in ip_network(network) for network in networks)


def _network(text: str) -> IPv4Network | IPv6Network:
    if "%" in text:
        raise ValueError("a range has no zone")
    interface = ip_interface(text)
    network = interface.network
    mapped = interface.ip.ipv4_mapped if isinstance(interface.ip, IPv6Address) else None
    if mapped is None:
        return network
    if network.prefixlen < _MAPPED_BITS:
        raise ValueError("a range of IPv6 around all of IPv4 holds no address of it")
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS), strict=False)
