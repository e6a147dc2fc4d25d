from threading import Thread

import pytest
from django.db import connection, transaction

from accounts import roles, teams
from accounts.actors import Actor
from accounts.models import Team
from accounts.refusals import TeamClosing
from generations import presets
from generations.models import PromptPreset
from generations.presets import NameTaken, TooManyPresets
from generations.submitting import sweep
from tests.factories import make_team, make_user
from tests.races import race


@pytest.fixture
def team(db):
    return make_team()


def add(team, name="Lanterns", text="A lantern, close", **more) -> PromptPreset:
    return presets.add(team, name=name, text=text, by=more.get("by") or make_user())


def test_a_name_is_taken_once_in_a_team(team):
    add(team)
    add(make_team())

    with pytest.raises(NameTaken):
        add(team, text="Another")
    assert PromptPreset.objects.filter(team=team).count() == 1


def test_a_preset_keeps_its_own_name_and_gets_no_other_s(team):
    kept, other = add(team), add(team, name="Rain")

    assert presets.change(kept, name="Lanterns", text="Two lanterns") is True
    with pytest.raises(NameTaken):
        presets.change(other, name="Lanterns", text="Rain")

    kept.refresh_from_db()
    assert kept.text == "Two lanterns"


def test_what_was_deleted_meanwhile_is_not_made_again(team):
    kept = add(team)
    PromptPreset.objects.all().delete()

    assert presets.change(kept, name="Lanterns", text="Two lanterns") is False
    assert not PromptPreset.objects.exists()


def test_a_team_keeps_200_and_no_more(team):
    user = make_user()
    PromptPreset.objects.bulk_create(
        PromptPreset(team=team, name=f"{number}", text="a", created_by=user) for number in range(199)
    )

    add(team, by=user)
    with pytest.raises(TooManyPresets):
        add(team, name="One more", by=user)


def test_a_preset_is_deleted_once(team):
    kept = add(team)

    assert [presets.remove(kept) for _ in range(2)] == [True, False]


@pytest.mark.django_db(transaction=True)
def test_to_delete_waits_for_whoever_changes_one_of_the_team_s():
    kept = add(make_team())
    with transaction.atomic():
        roles.lock(kept.team_id)
        thread = Thread(target=remove_it, args=[kept])
        thread.start()
        thread.join(0.5)
        assert PromptPreset.objects.filter(pk=kept.pk).exists()

    thread.join()
    assert not PromptPreset.objects.filter(pk=kept.pk).exists()


def remove_it(preset: PromptPreset) -> None:
    presets.remove(preset)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_of_eight_of_one_name_at_once_one_is_kept():
    team, user = make_team(), make_user()

    def try_to(_number: int) -> bool:
        try:
            add(team, by=user)
        except NameTaken:
            return False
        return True

    assert sum(race(try_to, range(8), threads=8)) == 1


@pytest.mark.django_db(transaction=True)
def test_the_last_place_is_taken_once():
    team, user = make_team(), make_user()
    PromptPreset.objects.bulk_create(
        PromptPreset(team=team, name=f"{number}", text="a", created_by=user) for number in range(198)
    )

    def try_to(number: int) -> bool:
        try:
            add(team, name=f"late {number}", by=user)
        except TooManyPresets:
            return False
        return True

    assert sum(race(try_to, range(8), threads=8)) == 2
    assert PromptPreset.objects.count() == 200


def test_a_closing_team_keeps_none_and_they_go_with_it(team):
    add(team)
    teams.close(team, by=Actor())

    with pytest.raises(TeamClosing):
        add(team, name="Rain")
    sweep.sweep()

    assert not PromptPreset.objects.exists()
    assert Team.objects.get(pk=team.pk).closed_at is not None
