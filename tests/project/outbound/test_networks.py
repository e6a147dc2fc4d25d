"""The table of networks, at each of its edges."""

import random
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from project.outbound.addresses import is_public
from project.outbound.networks import NOT_PUBLIC_4, NOT_PUBLIC_6, why_not_public

# Each with the neighbours of its edges that are public; none where another entry, or nobody's space, is next to it.
EDGES = [
    ("0.0.0.0", "0.255.255.255", "", "1.0.0.0"),  # noqa: S104 -- nothing is bound to it
    ("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"),
    ("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"),
    ("127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"),
    ("168.63.129.16", "168.63.129.16", "168.63.129.15", "168.63.129.17"),
    ("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"),
    ("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"),
    ("192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"),
    ("192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"),
    ("192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"),
    ("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"),
    ("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"),
    ("198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"),
    ("203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"),
    ("224.0.0.0", "239.255.255.255", "223.255.255.255", ""),
    ("240.0.0.0", "255.255.255.255", "", ""),
    ("::", "::", "", ""),
    ("::1", "::1", "", ""),
    ("::", "::ffff:ffff", "", ""),
    ("::ffff:0:0", "::ffff:ffff:ffff", "", ""),
    ("::ffff:0:0:0", "::ffff:0:ffff:ffff", "", ""),
    ("64:ff9b::", "64:ff9b::ffff:ffff", "", ""),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "", ""),
    ("100::", "100::ffff:ffff:ffff:ffff", "", ""),
    ("100:0:0:1::", "100::1:ffff:ffff:ffff:ffff", "", ""),
    ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""),
    ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", "", ""),
    ("2001:10::", "2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", "", ""),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"),
    ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", ""),
]


@pytest.mark.parametrize(("first", "last", "before", "after"), EDGES)
def test_a_range_is_refused_from_end_to_end_and_its_neighbours_are_not(first, last, before, after):  # S8 S1
    assert not is_public(ip_address(first))
    assert not is_public(ip_address(last))
    assert all(is_public(ip_address(text)) for text in (before, after) if text)


def test_every_entry_has_its_edges_tried_and_its_reason():
    tried = {(ip_address(first), ip_address(last)) for first, last, _before, _after in EDGES}
    table = {**NOT_PUBLIC_4, **NOT_PUBLIC_6}

    assert {(network[0], network[-1]) for network in table} == tried
    assert all(reason.strip() for reason in table.values())


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("64:ff9b::808:808", "64:ff9c::1"),
        ("64:ff9b:1::808:808", "2600::808:808"),
        ("2002:808:808::1", "2003:808:808::1"),
        ("2001:0:808:808::", "2001:200:808:808::"),
        ("::ffff:8.8.8.8", "2606:4700:4700::1111"),
        ("::ffff:0:8.8.8.8", "2606:4700:4700::1112"),
        ("::8.8.8.8", "2606:4700:4700::1113"),
        ("2606:4700::5efe:a00:1", "2606:4700::5eff:a00:1"),
        ("2606:4700::200:5efe:a00:1", "2606:4700::201:5efe:a00:1"),
        ("2606:4700::5efe:808:808", "2606:4700::5efd:808:808"),
    ],
)
def test_an_address_that_wraps_another_is_refused_whatever_it_wraps_and_its_neighbour_is_not(inner, outer):  # S8
    assert not is_public(ip_address(inner))
    assert is_public(ip_address(outer))


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.42.42", "169.254.0.23"),
        *("168.63.129.16", "100.100.100.200", "192.0.0.192", "192.0.0.170", "192.0.0.9"),
        *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42"),
    ],
)
def test_what_clouds_tell_their_own_machines_is_out_of_reach(address):  # S1
    assert why_not_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1::", "64:ff9b:2::", "64:ff9c:0:0:0:1::", "100:0:0:2::", "1fff::", "4000::", "fe00::"]
)
def test_what_is_handed_out_to_nobody_is_refused(address):
    assert why_not_public(ip_address(address)) == "not handed out to anyone: RFC 4291, 2.4"


def test_an_address_with_a_zone_is_refused():
    assert not is_public(ip_address("fe80::1%eth0"))


def test_nothing_is_public_that_this_python_calls_not_global():
    """Of addresses drawn from all there are, and as many from the table's neighbourhood."""
    chance = random.Random(20261121)
    drawn = [IPv4Address(chance.getrandbits(32)) for _ in range(25_000)]
    drawn += [IPv6Address(chance.getrandbits(128)) for _ in range(12_500)]
    drawn += [IPv6Address(0x2 << 124 | chance.getrandbits(125)) for _ in range(12_500)]
    edges = [int(ip_address(text)) for row in EDGES for text in row if text]
    near = (chance.choice(edges) + chance.randint(-(2 ** chance.randint(0, 96)), 2**16) for _ in range(50_000))
    drawn += [ip_address(min(max(number, 0), 2**128 - 1)) for number in near]

    wrong = [address for address in drawn if is_public(address) and not address.is_global]

    assert len(drawn) == 100_000
    assert wrong == []
