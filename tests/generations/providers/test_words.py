import pytest

from generations.failures import FAILURES
from generations.providers import words
from generations.providers.base import Progress
from generations.providers.words import failure_code, read_outcome, read_status


@pytest.mark.parametrize(
    ("spellings", "progress"),
    [
        ("queued pending waiting submitted IN_QUEUE NOT_START scheduled processing IN_PROGRESS rendering", "running"),
        ("completed succeeded success SUCCESS done finished ok OK COMPLETED", "succeeded"),
        ("failed FAILURE error rejected moderated content_policy cancelled canceled aborted expired EXPIRED", "failed"),
    ],
)
def test_known_words_are_read_in_any_spelling(spellings, progress):
    assert {read_status(word) for word in spellings.split()} == {(Progress(progress), "")}


def test_words_are_trimmed():
    assert read_status("Completed ") == (Progress.SUCCEEDED, "")


@pytest.mark.parametrize(
    ("word", "links", "outcome"),
    [
        ("Done", ("https://a.example",), (Progress.SUCCEEDED, "")),
        ("Done", (), (Progress.RUNNING, "Done without a link")),
        ("failed", (), (Progress.FAILED, "")),
        ("simmering", (), (Progress.RUNNING, "'simmering'")),
    ],
)
def test_a_success_needs_its_links(word, links, outcome):
    assert read_outcome(word, links) == outcome


def test_every_reason_has_an_entry_in_the_failure_dictionary():
    codes = {failure_code(sign) for _, signs in words._REASONS for sign in signs}

    assert codes | {failure_code("?"), failure_code(None)} <= set(FAILURES)


def test_a_surface_is_no_face():
    assert failure_code("The surface could not be rendered") == "PROVIDER_ERROR"
