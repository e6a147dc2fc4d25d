"""W1–W5, W11, W13, W16 without a database: what is signed, what is not, and that nothing raises."""

import ast
import base64
import hmac
import json
import secrets as random
from datetime import datetime, timedelta

import pytest

from generations.providers import signatures
from generations.providers.signatures import HMAC_SHA256, STANDARD_WEBHOOKS, Proof, key_of, verify
from project.env import ROOT
from tests.signed_webhooks import AT, BODY, MALFORMED, OTHER, SECRET, TEXT, Vector, flipped, hex_of, signed, vectors

HEADER = "X-Signature"


def proof_of(vector: Vector, *, at: datetime | None = None, secrets=()) -> Proof:
    held = secrets or [vector.secret]
    return verify(STANDARD_WEBHOOKS, held, vector.headers, vector.body, at or vector.at)


def standard(headers: dict[str, str], *, secrets=(SECRET,), body: bytes = BODY, at: datetime = AT) -> Proof:
    return verify(STANDARD_WEBHOOKS, secrets, headers, body, at)


def by_hmac(value: str, *, secrets=(TEXT,), body: bytes = BODY) -> Proof:
    return verify(HMAC_SHA256, secrets, {"x-signature": value}, body, AT, header=HEADER)


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)
def test_what_others_signed_is_signed(vector):  # W1
    assert proof_of(vector) == "good"


def test_what_the_library_signs_is_signed_whatever_the_body_says():  # W1
    for body in ("", "{}", "未来城市 🚗 \u2028 é", "x" * 100_000):
        assert standard(signed(body=body.encode()), body=body.encode()) == "good"


def test_one_bit_turned_anywhere_and_it_is_not():  # W2
    changed = list(flipped(vectors()[3]))

    assert len(changed) == 1528
    assert {proof_of(each, at=vectors()[3].at) for each in changed} == {"bad"}


@pytest.mark.parametrize(
    ("seconds", "proof"),
    [(0, "good"), (299, "good"), (300, "good"), (301, "stale"), (-299, "good"), (-300, "good"), (-301, "stale")],
)
def test_it_is_good_for_five_minutes_before_and_after(seconds, proof):  # W5
    assert standard(signed(), at=AT + timedelta(seconds=seconds)) == proof


def test_another_s_secret_has_not_signed_it():  # W9
    assert standard(signed(secret=OTHER)) == "bad"
    assert by_hmac(hex_of(secret="another-secret-of-24-char")) == "bad"


def test_any_of_two_secrets_will_do_and_any_of_several_signatures():  # W13
    old, new = signed(secret=OTHER), signed()
    both = {**new, "webhook-signature": f"v1a,{'A' * 86}== {old['webhook-signature']} {new['webhook-signature']}"}

    assert standard(old, secrets=[SECRET, OTHER]) == "good"
    assert standard(new, secrets=[OTHER, SECRET]) == "good"
    assert standard(both) == "good"
    assert standard(old) == "bad"


def test_a_signature_of_another_version_is_none():
    right = signed()["webhook-signature"]

    for version in ("v0", "v2", "v1a", "v11", "V1"):
        assert standard({**signed(), "webhook-signature": right.replace("v1", version, 1)}) == "bad"


@pytest.mark.parametrize("change", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_header_is_no_signature_and_no_error(change):  # W11
    assert standard({**signed(), **change}) == "bad"


def test_there_are_sixty_malformed_ones_and_no_header_at_all_is_one_more():  # W11
    assert len(MALFORMED) >= 60
    assert standard({}) == "bad"
    for name in signed():
        assert standard({key: value for key, value in signed().items() if key != name}) == "bad"


def test_an_id_can_not_be_moved_into_the_timestamp():
    """id "a.1", and id "a" before "1.", would be signed alike."""
    tricky = signed(id="a", body=b"1763.{}")

    assert standard({**tricky, "webhook-id": f"a.{tricky['webhook-timestamp']}", "webhook-timestamp": "1763"}) == "bad"


def test_an_hmac_is_hex_in_lower_case_with_its_prefix_or_without():
    assert by_hmac(hex_of()) == "good"
    assert by_hmac(f"sha256={hex_of()}") == "good"
    assert by_hmac(hex_of(), body=BODY + b" ") == "bad"


ODD = [
    "", " ", "garbage", hex_of().upper(), f"SHA256={hex_of()}", f"sha256 {hex_of()}", f"sha1={hex_of()}", hex_of()[:-1],
    f"{hex_of()}0", f"0x{hex_of()}", f" {hex_of()}", f"{hex_of()} ", f"{hex_of()}\n", f"{hex_of()},{hex_of()}",
    "é" * 64, "\ud800" * 64, "０" * 64, "\x00", base64.b64encode(bytes.fromhex(hex_of())).decode(),
    "0" * 100_000, f"v1,{hex_of()}",
]  # fmt: skip


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_nothing_else_is(value):  # W11
    assert by_hmac(value) == "bad"


def test_one_bit_of_an_hmac_or_its_body_turned_and_it_is_not():  # W2
    right = hex_of().encode()
    turned = [bytes(byte ^ (1 << bit) if at == place else byte for at, byte in enumerate(right))
              for place in range(len(right)) for bit in range(8)]  # fmt: skip
    bodies = [bytes(byte ^ (1 << bit) if at == place else byte for at, byte in enumerate(BODY))
              for place in range(len(BODY)) for bit in range(8)]  # fmt: skip

    assert {by_hmac(each.decode("latin-1")) for each in turned} == {"bad"}
    assert {by_hmac(hex_of(), body=each) for each in bodies} == {"bad"}


@pytest.mark.parametrize(
    "secret",
    [
        "", "x", "changeme", "whsec_", "whsec_x", "whsec_changeme", "whsec_" + "A" * 32, "whsec_" + "A" * 31,
        "whsec_" + base64.b64encode(bytes(range(23))).decode(), SECRET.removeprefix("whsec_"), SECRET + " ",
        SECRET.rstrip("="), SECRET.replace("=", "=\n"), SECRET[:-2] + "9=", f"WHSEC_{SECRET[6:]}", "whsec_" + "é" * 32,
        "whsec_" + "A" * 100_000, "sk-video-" + "a" * 24, "whsec_" + "-_" * 16,
    ],
    ids=range(19),
)  # fmt: skip
def test_a_secret_that_is_none_is_nobody_s(secret):  # W3
    assert key_of(STANDARD_WEBHOOKS, secret) is None
    assert standard(signed(), secrets=[secret]) == "bad"


@pytest.mark.parametrize(
    "secret", ["", "x", "changeme", TEXT[:-1], "a" * 24, "changeme" * 0, "é" * 24, f"{TEXT} ", "0" * 600, "ab" * 20]
)
def test_a_secret_for_an_hmac_that_is_none_is_nobody_s(secret):  # W3
    assert key_of(HMAC_SHA256, secret) is None
    assert by_hmac(hex_of(secret=secret), secrets=[secret]) == "bad"


def test_what_is_drawn_at_random_is_a_secret():
    for _ in range(200):
        drawn = random.token_bytes(24)
        assert key_of(STANDARD_WEBHOOKS, "whsec_" + base64.b64encode(drawn).decode()) == drawn
        assert key_of(HMAC_SHA256, drawn.hex()) == drawn.hex().encode()


def test_without_a_secret_or_with_an_unknown_scheme_nothing_is_signed():  # W3
    assert standard(signed(), secrets=[]) == "bad"
    assert by_hmac(hex_of(), secrets=[]) == "bad"
    assert verify("", [SECRET], signed(), BODY, AT) == "bad"
    assert verify("md5", [SECRET], signed(), BODY, AT) == "bad"


def test_a_signature_is_read_from_these_headers():
    assert set(signatures.headers_of(STANDARD_WEBHOOKS, "")) == set(signed())
    assert signatures.headers_of(HMAC_SHA256, HEADER) == ("x-signature",)
    assert signatures.headers_of("", HEADER) == ()


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("X-Signature", True),
        ("x-hub-signature-256", True),
        ("", False),
        ("X Signature", False),
        ("X-Signature:", False),
        ("X_Signature", False),
        ("Authorization", False),
        ("cookie", False),
        ("X-Sîgnature", False),
        ("X" * 61, False),
        ("X-Signature\n", False),
    ],
)
def test_a_header_has_a_name_that_a_signature_can_be_found_under(name, is_one):
    assert signatures.is_header_name(name) == is_one


@pytest.mark.parametrize("file", ["generations/providers/signatures.py", "accounts/webhooks/signing.py"])
def test_no_signature_is_compared_otherwise_than_in_constant_time(file):  # W16
    """No ==, != or `in` has one on either side."""
    equalities = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
    nodes = [node for node in ast.walk(ast.parse((ROOT / file).read_text())) if isinstance(node, ast.Compare)]
    compared = {ast.unparse(node) for node in nodes if isinstance(node.ops[0], equalities)}
    words = ("sign", "digest", "expected", "given", "hmac", "secret")
    # Names of schemes and headers are no secrets.
    allowed = {"scheme == HMAC_SHA256", "scheme == STANDARD_WEBHOOKS", "name.lower() not in NOT_FOR_SIGNATURES"}

    assert {each for each in compared - allowed if any(word in each.lower() for word in words)} == set()


def test_a_body_that_is_no_text_can_be_signed_too():
    body = bytes(range(256))
    key = key_of(STANDARD_WEBHOOKS, SECRET)
    content = b"msg_1." + str(int(AT.timestamp())).encode() + b"." + body
    signature = "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()

    assert standard({**signed(), "webhook-signature": signature}, body=body) == "good"
    assert by_hmac(hex_of(json.dumps({}).encode()), body=b"{}") == "good"
