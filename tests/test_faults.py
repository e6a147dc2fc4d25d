"""The catalogue of faults in docs/ explains every id that a test names."""

import re

from project.env import ROOT

NAMED = re.compile(r"#((?: ?,? ?[A-DFIKLMPSW]\d{1,2})+)(?=$|[:;, ])", re.M)


def test_every_fault_that_a_test_names_is_explained():
    catalogue = set(re.findall(r"^\| ([A-Z]\d+) \|", (ROOT / "docs" / "faults.md").read_text(), re.M))
    tests = [path.read_text() for path in (ROOT / "tests").rglob("*.py")]

    named = {id for text in tests for ids in NAMED.findall(text) for id in re.findall(r"[A-Z]\d+", ids)}

    assert len(named) > 100
    assert named <= catalogue


def test_every_fault_of_providers_and_on_the_way_through_is_shown_over_http():
    """By tests that work on the sandbox, not by an adapter's alone."""
    files = (ROOT / "tests" / "generations").rglob("*.py")
    texts = [
        text for text in (path.read_text() for path in files) if re.search(r"import .*\bsandbox\b|sandbox[,)]", text)
    ]

    named = {id for text in texts for ids in NAMED.findall(text) for id in re.findall(r"[A-Z]\d+", ids)}

    rows = {f"P{number}" for number in range(1, 20)} | {f"K{number}" for number in range(1, 13)}
    assert rows <= named


def test_every_fault_of_callbacks_webhooks_and_addresses_is_named_by_a_test():
    texts = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]

    named = {id for text in texts for ids in NAMED.findall(text) for id in re.findall(r"[A-Z]\d+", ids)}

    # There is no W14: no signature of ours is looked up elsewhere.
    callbacks = {f"W{number}" for number in range(1, 18)} - {"W14"}
    webhooks = {f"C{number}" for number in range(1, 15)}
    addresses = {f"S{number}" for number in range(1, 10)}
    assert callbacks | webhooks | addresses <= named
