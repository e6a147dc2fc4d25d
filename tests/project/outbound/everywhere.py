"""Every field of any kind that takes a link, and all of vectors/ssrf.json as it is tried in them."""

import itertools
from dataclasses import fields

from generations.intake import GenerationRequest, InvalidParameter

from .calling import VECTORS
from .doors import Doors

REFUSED = [row["url"] for row in VECTORS["refuse"]]
ALLOWED = VECTORS["allow"]
A_SCRIPT = "javascript:alert(1)"
# The names in the vectors, with what their notes say that DNS answers.
ZONE = {
    "localhost": [["127.0.0.1", "::1"]],
    "localtest.me": [["127.0.0.1"]],
    "redis": [["127.0.0.1"]],
    "kubernetes.default.svc": [["10.96.0.1"]],
    "rebind.test": [["127.0.0.1"]],
}


def fields_of_links() -> list[str]:
    """Of a request, those that refuse a script as being no public link: what is new is found by itself."""
    found = []
    for name, value in itertools.product((each.name for each in fields(GenerationRequest)), (A_SCRIPT, [A_SCRIPT])):
        try:
            GenerationRequest.from_mapping({name: value})
        except InvalidParameter as error:
            if error.constraint == "public_url":
                found.append(name)
    return found


FIELDS = fields_of_links()


def written(doors: Doors) -> list[str]:
    """Each as it stands, what its note says without the note, and each at the port where somebody listens for sure."""
    bare = [url.partition(" ")[0] for url in REFUSED]
    at_port = []
    for url in bare:
        scheme, slashes, rest = url.partition("//")
        host, slash, path = rest.partition("/")
        if slashes and scheme in ("http:", "https:") and not host.rpartition("]")[2].rpartition(":")[1]:
            at_port.append(f"{scheme}//{host}:{doors.port}{slash}{path}")
    assert len(at_port) > 30
    return list(dict.fromkeys((*REFUSED, *bare, *at_port)))
