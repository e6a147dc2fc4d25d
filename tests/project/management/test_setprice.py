import io
import json

import pytest
from django.core.management import CommandError, call_command

from generations import catalog, price_changes, pricing
from generations.intake import GenerationRequest
from generations.models import Price, PriceList
from tests.api import ensure_prices

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def prices(db):
    ensure_prices()


def setprice(*words: str) -> str:
    out = io.StringIO()
    call_command("setprice", *words, stdout=out)
    return out.getvalue()


def price(**chosen) -> int:
    return pricing.quote(catalog.resolve(GenerationRequest(prompt="A gate", **chosen))).total_credits


def test_without_changes_the_prices_in_force_are_shown():
    shown = json.loads(setprice("seedance 2.0", "--json"))

    assert (shown["version"], len(shown["prices"])) == (1, 12)
    assert "43 a clip: resolution=720p, duration=5, generate_audio=true" in setprice("seedance-2.0")


def test_a_change_is_a_new_complete_version():
    made = json.loads(
        setprice(
            "seedance-2.0", "--set", "resolution=720p,duration=5,generate_audio=true=44", "--note", "Dearer", "--json"
        )
    )

    assert (made["version"], made["note"], len(made["prices"])) == (2, "Dearer", 12)
    assert price(resolution="720p", generate_audio=True) == 44
    assert price(resolution="720p") == 30
    assert Price.objects.filter(price_list__version=1, credits=43).exists()


def test_a_change_may_name_only_some_conditions():
    setprice("seedance-2.0", "--set", "resolution=1080p=500", "--set", "generate_audio=false=1")

    assert price(resolution="1080p", generate_audio=True) == 500
    assert price(resolution="1080p", duration=10) == 1
    assert price(generate_audio=True) == 20


def test_a_change_can_wait_for_its_day():
    setprice("seedance-2.0", "--set", "resolution=480p=99", "--effective", "2099-01-01T00:00:00Z")

    assert price() == 15
    assert json.loads(setprice("seedance-2.0", "--effective", "2099-01-02T00:00:00Z", "--json"))["version"] == 2


def test_a_model_without_prices_needs_them_all():
    PriceList.objects.all().delete()

    with pytest.raises(CommandError, match="Set that too"):
        setprice("seedance-2.0", "--set", "resolution=480p=9")
    setprice("seedance-2.0", "--set", "generate_audio=true=9", "--set", "generate_audio=false=8")

    assert (price(), PriceList.objects.get().version) == (8, 1)


def test_a_version_that_somebody_made_meanwhile_is_not_passed_over(monkeypatch):
    asked = price_changes.starting_rows

    def slowly(*given):
        rows = asked(*given)
        monkeypatch.undo()
        setprice("seedance-2.0", "--set", "resolution=480p=70")
        return rows

    monkeypatch.setattr(price_changes, "starting_rows", slowly)

    with pytest.raises(CommandError, match="Version 2 was made meanwhile; this was based on version 1"):
        setprice("seedance-2.0", "--set", "resolution=720p=80")

    assert (price(), price(resolution="720p")) == (70, 30)


@pytest.mark.parametrize(
    "change",
    [
        "",
        "43",
        "=43",
        "resolution=720p",
        "resolution=720p=0",
        "resolution=720p=-1",
        "resolution=720p=1.5",
        "resolution=720p=٣",
        "resolution=4k=43",
        "aspect_ratio=16:9=43",
        "colour=red=43",
        "resolution=720p,,duration=5=43",
    ],
)
def test_what_can_not_be_understood_is_said_and_changes_nothing(change):
    with pytest.raises(CommandError):
        setprice("seedance-2.0", "--set", change)

    assert not PriceList.objects.filter(version=2).exists()


@pytest.mark.parametrize("words", [("sora",), ("seedance-2.0", "--effective", "tomorrow")])
def test_an_unknown_model_or_moment_is_said(words):
    with pytest.raises(CommandError):
        setprice(*words)
