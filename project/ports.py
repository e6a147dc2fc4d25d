"""Which ports an operator may open for outgoing requests, besides 80 and 443."""

from collections.abc import Iterable

from django.core.exceptions import ImproperlyConfigured

# What browsers connect to for no page: ports of mail, shells, file servers and their kin, some of which take the lines
# of an HTTP request for commands. https://fetch.spec.whatwg.org/#port-blocking, to which 445 is added.
NEVER = frozenset(
    (
        *(0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95),
        *(101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179),
        *(389, 427, 445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587),
        *(601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061),
        *(6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    )
)


def open_ports(words: Iterable[str]) -> frozenset[int]:
    """The ports in FILMGATE_ALLOW_PORTS; raises ImproperlyConfigured for what is no port, or one of NEVER."""
    return frozenset(_port(word.strip()) for word in words)


def _port(word: str) -> int:
    is_number = word.isascii() and word.isdecimal() and len(word) <= 5
    if not is_number or not 0 < int(word) < 65536:
        raise ImproperlyConfigured(f"FILMGATE_ALLOW_PORTS holds {word!r}. Name ports such as 8080,8443.")
    if int(word) in NEVER:
        raise ImproperlyConfigured(f"FILMGATE_ALLOW_PORTS holds {word}, a port that is never open to requests.")
    return int(word)
