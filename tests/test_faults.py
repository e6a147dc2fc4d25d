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

    rows = {f"P{number}" for number in range(1, 19)} | {f"K{number}" for number in range(1, 13)}
    assert rows <= named
