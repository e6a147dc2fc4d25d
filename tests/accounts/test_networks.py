import pytest

from accounts import networks


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7/32 ", "203.0.113.7"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("2001:db8::1/128", "2001:db8::1"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
    ],
)
def test_a_range_has_one_form(given, kept):
    assert networks.normalised(given) == kept
    assert networks.normalised(kept) == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        "localhost",
        "10.0.0",
        "10.0.0.0/33",
        "10.0.0.256",
        "010.0.0.1",
        "::/129",
        "fe80::1%eth0",
        "1",
        "a\0",
        "::ffff:0.0.0.0/95",
        "::ffff:203.0.113.7/24",
        "::ffff:0:0/64",
        "٣.1.1.1",
    ],
)
def test_what_is_no_range_is_refused(given):
    with pytest.raises(ValueError):
        networks.normalised(given)


@pytest.mark.parametrize(
    ("ip", "is_in"),
    [
        ("10.255.0.1", True),
        ("11.0.0.1", False),
        ("::ffff:10.0.0.1", True),
        ("2001:db8:1::9", True),
        ("2001:db9::9", False),
        ("fe80::1%eth0", True),
        ("", False),
        (None, False),
        ("unix", False),
    ],
)
def test_an_address_is_in_the_ranges_or_not(ip, is_in):
    ranges = ["10.0.0.0/8", "2001:db8::/32", "fe80::1"]

    assert networks.includes(ranges, networks.address_of(ip)) is is_in
