from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from django.utils.translation import override

from accounts import members, teams
from accounts.actors import Actor
from accounts.models import AuditEntry, Role, User
from accounts.roles import NotAllowed
from generations import links
from generations.collections import items, jobs, keeping, sharing
from generations.collections.sharing import NoSuchLink, TooManyLinks
from generations.models import Asset, Collection, Generation, ShareLink
from project.celery import app
from tests.collecting import clips, gathered, output_of
from tests.factories import make_member


def opens(link) -> bool:
    try:
        return sharing.opened(sharing.token_of(link)) == link
    except NoSuchLink:
        return False


def test_a_link_opens_until_it_expires(team, maker, board):
    link = sharing.share(board, days=7, by=Actor(user=maker))
    left = link.expires_at - timezone.now()
    before = opens(link)

    ShareLink.objects.update(expires_at=timezone.now())

    assert timedelta(days=7) - left < timedelta(minutes=1)
    assert (before, opens(link)) == (True, False)


def test_a_revoked_one_opens_nothing_from_then_on(team, maker, board):  # A19
    link, other = (sharing.share(board, days=1, by=Actor(user=maker)) for _ in range(2))

    done = [sharing.revoke(link, by=Actor(user=maker)) for _ in range(2)]

    assert done == [True, False]
    assert (opens(link), opens(other)) == (False, True)


def test_a_token_is_good_as_it_is_and_in_no_other_way(team, maker, board, django_assert_num_queries):  # A19
    good = sharing.token_of(sharing.share(board, days=1, by=Actor(user=maker)))
    flipped = good[:-1] + ("0" if good[-1] != "0" else "1")
    other_id = f"{good[:31]}{'0' if good[31] != '0' else '1'}{good[32:]}"

    with django_assert_num_queries(0):
        for bad in ("", "x", good[:-1], f"{good}0", good.upper(), flipped, other_id, f" {good}", "é" * 72, "0" * 72):
            with pytest.raises(NoSuchLink):
                sharing.opened(bad)

    assert sharing.opened(good).collection == board


def test_nothing_that_is_kept_makes_a_token(team, maker, board):  # A19
    link = sharing.share(board, days=1, by=Actor(user=maker))
    kept = " ".join(map(str, ShareLink.objects.values().get().values()))

    assert sharing.token_of(link)[32:] not in kept
    assert settings.SECRET_KEY not in sharing.token_of(link)


def test_it_dies_with_its_collection(team, maker, board):
    link = sharing.share(board, days=1, by=Actor(user=maker))

    keeping.delete(board, by=Actor(user=maker))

    assert not opens(link)


def test_it_dies_as_soon_as_its_team_begins_to_close(team, maker, board):  # A19, K10
    link = sharing.share(board, days=1, by=Actor(user=maker))

    teams.close(team, by=Actor(user=team.memberships.get(role="owner").user))

    assert not opens(link)


def test_it_dies_when_whoever_made_it_leaves_or_may_only_look(team, maker, board):  # A19
    admin = make_member(team=team, role=Role.ADMIN)
    by_maker, by_admin = (sharing.share(board, days=1, by=Actor(user=user)) for user in (maker, admin))

    members.change_role(team, maker.pk, Role.VIEWER, by=Actor(user=team.memberships.get(role="owner").user))
    members.remove(team, admin.pk, by=Actor(user=team.memberships.get(role="owner").user))

    assert (opens(by_maker), opens(by_admin)) == (False, False)
    assert board.share_links.count() == 2


@pytest.mark.parametrize("how", ["leaves", "may only look"])
def test_one_that_died_of_its_maker_does_not_open_again_when_they_come_back(team, maker, board, how):  # A19
    link = sharing.share(board, days=1, by=Actor(user=maker))
    owner = Actor(user=team.memberships.get(role="owner").user)
    if how == "leaves":
        members.remove(team, maker.pk, by=owner)
    else:
        members.change_role(team, maker.pk, Role.VIEWER, by=owner)

    for _ in range(2):
        jobs.links()

    if how == "leaves":
        make_member(team=team, user=maker)
    else:
        members.change_role(team, maker.pk, Role.MEMBER, by=owner)
    assert not opens(link)
    ended = AuditEntry.objects.get(action="collection.link_revoked")
    assert (ended.subject_id, ended.user) == (link.pk, None)


def test_the_job_lets_those_live_that_open(team, maker, board):
    link = sharing.share(board, days=1, by=Actor(user=maker))

    jobs.links()

    assert opens(link)
    assert "links" in app.tasks
    assert "links" in settings.CELERY_BEAT_SCHEDULE


def test_an_operator_s_power_opens_no_link(team, board):  # A19
    operator = make_member(team=team, role=Role.ADMIN)
    link = sharing.share(board, days=1, by=Actor(user=operator))
    before = opens(link)

    User.objects.filter(pk=operator.pk).update(is_staff=True, is_superuser=True)
    members.remove(team, operator.pk, by=Actor(user=team.memberships.get(role="owner").user))

    assert (before, opens(link)) == (True, False)


def test_an_admin_s_link_dies_when_the_collection_becomes_private(team, maker, board):
    admin = make_member(team=team, role=Role.ADMIN)
    by_maker, by_admin = (sharing.share(board, days=1, by=Actor(user=user)) for user in (maker, admin))

    keeping.change(board, name="Mine", description="", visibility="private", by=maker)

    assert (opens(by_maker), opens(by_admin)) == (True, False)


def test_a_member_shares_no_other_s_and_nobody_a_private_one_of_another(team, maker, board):
    own = gathered(team, maker, visibility="private")
    owner = team.memberships.get(role="owner").user

    for collection, by in ((board, make_member(team=team)), (own, owner)):
        with pytest.raises(NotAllowed):
            sharing.share(collection, days=1, by=Actor(user=by))

    assert not ShareLink.objects.exists()


def test_nobody_else_revokes_it_either(team, maker, board):
    link = sharing.share(board, days=1, by=Actor(user=maker))

    with pytest.raises(NotAllowed):
        sharing.revoke(link, by=Actor(user=make_member(team=team)))

    assert opens(link)


def test_an_admin_revokes_one_of_a_collection_that_they_do_not_see(team, maker):  # A8
    link = sharing.share(gathered(team, maker, visibility="private"), days=1, by=Actor(user=maker))

    done = sharing.revoke(link, by=Actor(user=make_member(team=team, role=Role.ADMIN)))

    assert (done, opens(link)) == (True, False)
    assert {entry.subject for entry in AuditEntry.objects.filter(subject_id=link.pk)} == {""}


@pytest.mark.parametrize("days", [0, 2, -1, 3650])
def test_it_lasts_as_long_as_is_offered_and_no_longer(team, maker, board, days):
    with pytest.raises(ValueError, match=str(days)):
        sharing.share(board, days=days, by=Actor(user=maker))


def test_there_are_so_many_links_at_a_time(team, maker, board, monkeypatch):
    monkeypatch.setattr(sharing, "MOST", 2)
    first, _second = (sharing.share(board, days=1, by=Actor(user=maker)) for _ in range(2))
    with pytest.raises(TooManyLinks):
        sharing.share(board, days=1, by=Actor(user=maker))

    sharing.revoke(first, by=Actor(user=maker))

    assert opens(sharing.share(board, days=1, by=Actor(user=maker)))


def test_those_that_open_nothing_take_no_place(team, maker, board, monkeypatch):
    monkeypatch.setattr(sharing, "MOST", 1)
    admin = make_member(team=team, role=Role.ADMIN)
    sharing.share(board, days=1, by=Actor(user=admin))
    members.remove(team, admin.pk, by=Actor(user=team.memberships.get(role="owner").user))

    assert opens(sharing.share(board, days=1, by=Actor(user=maker)))


def test_when_it_was_opened_is_noted_once_a_minute(team, maker, board):
    link = sharing.share(board, days=1, by=Actor(user=maker))

    seen = []
    for moment in (None, timedelta(seconds=30), timedelta(seconds=61)):
        if moment:
            ShareLink.objects.update(last_opened_at=timezone.now() - moment)
            link.refresh_from_db()
        before = link.last_opened_at
        sharing.note_opened(link)
        link.refresh_from_db()
        seen.append(link.last_opened_at != before)

    assert seen == [True, False, True]


def shared_file(link, asset, until="", signature="") -> Asset | None:
    return sharing.shared_asset(link, asset.id, until=until, signature=signature)


@pytest.mark.usefixtures("media_folder")
def test_the_files_of_finished_items_are_shared_and_no_others(team, maker):  # A2
    inside, outside, waits, hidden = clips(team, 4, size=10)
    board = gathered(team, maker, [inside, waits, hidden])
    Generation.objects.filter(pk=waits.pk).update(state="running", ended_at=None)
    Generation.objects.filter(pk=hidden.pk).update(hidden_at=timezone.now())
    link = sharing.share(board, days=1, by=Actor(user=maker))

    shared = [shared_file(link, output_of(each)) is not None for each in (inside, outside, waits, hidden)]
    poster = shared_file(link, inside.assets.get(kind="poster"))
    items.remove(board, [inside.id], by=maker)

    assert shared == [True, False, False, False]
    assert poster is not None
    assert shared_file(link, output_of(inside)) is None


@pytest.mark.usefixtures("media_folder")
def test_of_a_smart_one_what_its_page_showed_is_shared_for_a_while(team, maker):
    clip, other = clips(team, 2, size=10)
    board = gathered(team, maker, search={"show": "completed"})
    link, another = (sharing.share(board, days=1, by=Actor(user=maker)) for _ in range(2))
    path = sharing.media_path(sharing.token_of(link), link, output_of(clip))
    query = dict(each.split("=") for each in path.partition("?")[2].split("&"))
    given = {"until": query["until"], "signature": query["shown"]}

    assert shared_file(link, output_of(clip), **given) == output_of(clip)
    assert shared_file(link, output_of(clip)) is None
    assert shared_file(link, output_of(other), **given) is None
    assert shared_file(another, output_of(clip), **given) is None
    assert shared_file(link, output_of(clip), **(given | {"until": str(int(given["until"]) + 1)})) is None
    ended = links.sign_until("shared.media", f"{link.pk.hex}:{output_of(clip).id}", 1)
    assert shared_file(link, output_of(clip), until="1", signature=ended) is None


def test_what_is_opened_to_the_world_is_in_the_audit_log_once(team, maker, board):
    link = sharing.share(board, days=1, by=Actor(user=maker))
    for _ in range(2):
        sharing.revoke(link, by=Actor(user=maker))

    entries = AuditEntry.objects.filter(subject_id=link.pk).order_by("id")
    with override("en"):
        told = [(entry.get_action_display(), entry.subject, sorted(entry.detail)) for entry in entries]

    assert told == [("Collection shared by link", board.name, ["expires_at"]), ("Shared link revoked", board.name, [])]


def test_the_end_of_a_shared_collection_is_the_end_of_its_links_in_the_audit_log(team, maker, board):
    live, ended, old = (sharing.share(board, days=1, by=Actor(user=maker)) for _ in range(3))
    sharing.revoke(ended, by=Actor(user=maker))
    ShareLink.objects.filter(pk=old.pk).update(expires_at=timezone.now())

    keeping.delete(board, by=Actor(user=maker))

    entries = AuditEntry.objects.filter(action="collection.link_revoked").order_by("id")
    assert [entry.subject_id for entry in entries] == [ended.pk, live.pk]
    assert [entry.subject for entry in entries] == [board.name] * 2


def test_a_private_collections_name_stays_with_its_maker(team, maker, board):
    Collection.objects.filter(pk=board.pk).update(visibility="private")

    sharing.share(board, days=1, by=Actor(user=maker))

    assert [entry.subject for entry in AuditEntry.objects.filter(action="collection.shared")] == [""]
