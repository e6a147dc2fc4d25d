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
