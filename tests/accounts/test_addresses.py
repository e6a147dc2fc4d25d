import pytest
from django.core.exceptions import ValidationError

from accounts import addresses


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" Ann.Lee+x@Example.COM ", "ann.lee+x@example.com"),
        ("ann@exämple.com", "ann@xn--exmple-cua.com"),
        ("ann@EXÄMPLE.com", "ann@xn--exmple-cua.com"),
        ("ann@xn--exmple-cua.com", "ann@xn--exmple-cua.com"),
    ],
)
def test_an_address_is_kept_in_ascii_and_lower_case(given, kept):
    assert addresses.plain(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        *("", "ann", "@example.com", "ann@", "änn@example.com", "a@b c.com", "a@b.com\n@c", "a@b\ua7da.com"),
        f"a@{'é' * 63}.com",
        "a" * 65 + "@" + "b" * 190 + ".com",
    ],
)
def test_what_is_no_address_is_refused_with_words(given):
    with pytest.raises(ValidationError) as refusal:
        addresses.plain(given)

    assert refusal.value.messages[0].endswith(".")


def test_two_ways_to_write_an_address_are_the_same():
    assert addresses.is_same("Ann@exämple.com", "ann@xn--exmple-cua.com")
    assert not addresses.is_same("ann@example.com", "bob@example.com")
    assert not addresses.is_same("ann", "ann")
    assert addresses.spellings("ann@xn--exmple-cua.com") == {"ann@xn--exmple-cua.com", "ann@exämple.com"}
