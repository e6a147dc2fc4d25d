"""The table: which addresses are not of the public internet, each with the reason.

Nothing else decides. What Python calls global differs from one version to the next.

The registries, as of November 2025, with all they do not call globally reachable:
https://www.iana.org/assignments/iana-ipv4-special-registry
https://www.iana.org/assignments/iana-ipv6-special-registry
https://www.iana.org/assignments/ipv6-address-space
Blocks kept for protocols (192.0.0.0/24, 2001::/23) are refused whole: what is reachable in them is no web server.
What a network translates under a prefix of its own (RFC 6052, 2.2; RFC 5969) looks like any other address.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NOT_PUBLIC_4: Mapping[IPv4Network, str] = {
    IPv4Network(text): reason
    for text, reason in (
        ("0.0.0.0/8", "this network, and on Linux this machine: RFC 791, 3.2"),
        ("10.0.0.0/8", "private: RFC 1918"),
        ("100.64.0.0/10", "shared by a provider's customers: RFC 6598; Alibaba's metadata, 100.100.100.200"),
        ("127.0.0.0/8", "loopback: RFC 1122, 3.2.1.3"),
        ("168.63.129.16/32", "public by its number: what Azure's virtual machines have as their host"),
        ("169.254.0.0/16", "link-local: RFC 3927; the metadata of most clouds, 169.254.169.254, 169.254.170.2"),
        ("172.16.0.0/12", "private: RFC 1918"),
        ("192.0.0.0/24", "kept for protocols: RFC 6890; Oracle's metadata of old, 192.0.0.192"),
        ("192.0.2.0/24", "documentation: RFC 5737"),
        ("192.88.99.0/24", "6to4 relays, deprecated: RFC 7526; 6a44 relays: RFC 6751"),
        ("192.168.0.0/16", "private: RFC 1918"),
        ("198.18.0.0/15", "benchmarks: RFC 2544"),
        ("198.51.100.0/24", "documentation: RFC 5737"),
        ("203.0.113.0/24", "documentation: RFC 5737"),
        ("224.0.0.0/4", "multicast: RFC 5771"),
        ("240.0.0.0/4", "reserved: RFC 1112, 4; broadcast, 255.255.255.255: RFC 919"),
    )
}

# All else is not handed out, or in the table below. 64:ff9c:: is nobody's, but it is next to what NAT64 uses, and the
# catalogue of URLs to be refused, tests/project/vectors/ssrf.json, has it as the neighbour that is not.
GLOBAL_UNICAST_6 = (IPv6Network("2000::/3"), IPv6Network("64:ff9c::/96"))

NOT_PUBLIC_6: Mapping[IPv6Network, str] = {
    IPv6Network(text): reason
    for text, reason in (
        ("::/128", "unspecified: RFC 4291, 2.5.2"),
        ("::1/128", "loopback: RFC 4291, 2.5.3"),
        ("::/96", "IPv4-compatible, deprecated: RFC 4291, 2.5.5.1"),
        ("::ffff:0:0/96", "IPv4-mapped: RFC 4291, 2.5.5.2"),
        ("::ffff:0:0:0/96", "IPv4-translated: RFC 2765, 2.1"),
        ("64:ff9b::/96", "NAT64: RFC 6052"),
        ("64:ff9b:1::/48", "NAT64 within a network: RFC 8215"),
        ("100::/64", "discard: RFC 6666"),
        ("100:0:0:1::/64", "dummy: RFC 9780"),
        ("2001::/32", "Teredo: RFC 4380"),
        ("2001:2::/48", "benchmarks: RFC 5180"),
        ("2001:10::/28", "ORCHID, deprecated: RFC 4843"),
        ("2001::/23", "kept for protocols: RFC 2928"),
        ("2001:db8::/32", "documentation: RFC 3849"),
        ("2002::/16", "6to4: RFC 3056"),
        ("3fff::/20", "documentation: RFC 9637"),
        ("5f00::/16", "segment routing: RFC 9602"),
        ("fc00::/7", "unique local: RFC 4193; AWS's metadata, fd00:ec2::254, and Google's, fd20:ce::254"),
        ("fe80::/10", "link-local: RFC 4291, 2.5.6"),
        ("fec0::/10", "site-local, deprecated: RFC 3879"),
        ("ff00::/8", "multicast: RFC 4291, 2.7"),
    )
}

# The last 64 bits of an ISATAP address are one of these, then an IPv4 address.
ISATAP = (0x00005EFE, 0x02005EFE)


def why_not_public(address: Address) -> str:
    """Why a packet to `address` may not leave for the public internet, whatever is wrapped in it; "" if it may."""
    if isinstance(address, IPv4Address):
        return next((reason for network, reason in NOT_PUBLIC_4.items() if address in network), "")
    for network, reason in NOT_PUBLIC_6.items():
        if address in network:
            return reason
    if (int(address) >> 32) & 0xFFFFFFFF in ISATAP:
        return "ISATAP: RFC 5214, 6.1"
    if not any(address in network for network in GLOBAL_UNICAST_6):
        return "not handed out to anyone: RFC 4291, 2.4"
    return ""


def network_of(text: str) -> Network | None:
    """An address or a range of them, such as an operator writes it; None for what is neither."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
