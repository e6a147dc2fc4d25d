"""Two teams that must know nothing of each other, and everyone who may come by."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from uuid import UUID

from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from accounts import keys, members
from accounts.access import TEAM_SESSION_KEY
from accounts.actors import INSTALLATION, Actor
from accounts.models import Role, Team, User
from tests.api import ensure_prices
from tests.factories import make_key, make_member, make_team, make_user
from tests.pages import browser_of

# What passing by may write: how often a key has asked, and when somebody was last here.
COUNTED = "accounts.RateWindow"
PASSING = {
    "accounts.Membership": ("last_active_at",),
    "accounts.ApiSecret": ("last_used_at", "last_used_ip"),
    "usersessions.UserSession": ("last_seen_at",),
}
APPS = ("account", "accounts", "generations", "mfa", "usersessions")
# To a page, a key is nothing: those with one are nobody there. To the API, a session is nothing.
WHO = ("owner", "admin", "member", "viewer", "other_team", "anonymous", "revoked_key", "wrong_scope")
STRANGERS = ("other_team", "removed", "elsewhere")
NAME, HOST = "Lantern Pictures", "lantern.example"


class World:
    """`team` with someone of every role, and `others`, whose owner is nobody here."""

    def __init__(self) -> None:
        ensure_prices()
        self.owner = make_user(email=f"owner@{HOST}")
        self.team = make_team(name=NAME, owner=self.owner, granted=1000)
        self.admin = self._member(Role.ADMIN)
        self.member = self._member(Role.MEMBER)
        self.viewer = self._member(Role.VIEWER)
        self.other = make_user()
        self.others = make_team(name="Pathé", owner=self.other, granted=1000)

    def page_client(self, who: str) -> Client:
        """Who comes with a browser; keys are of no use on pages."""
        if who in Role.values:
            return browser_of(getattr(self, who))
        if who == "other_team":
            return browser_of(self.other)
        if who == "removed":
            return self._removed()
        if who == "elsewhere":
            return self._elsewhere()
        return self.key_client(who)

    def key_client(self, who: str) -> Client:
        """Who calls the API. A session is of no use there: people of the team come with the cookie they have."""
        clients: dict[str, Callable[[], Client]] = {
            "owner": lambda: self._program(self.team, "generate", "read", "embed", "manage"),
            "other_team": lambda: self._program(self.others, "generate", "read", "embed", "manage"),
            "revoked_key": self._revoked,
            "wrong_scope": lambda: self._program(self.team, "embed"),
            "anonymous": Client,
        }
        return clients.get(who, lambda: browser_of(getattr(self, who)))()

    def program_without(self, scope: str) -> Client:
        """A key that may do everything but this."""
        return self._program(self.team, *({"generate", "read", "embed", "manage"} - {scope}))

    def about_the_team(self, content: dict[str, list[str]]) -> dict[str, list[str]]:
        """What of it is of the team and the people in it."""
        ids = [str(self.team.pk), *(str(user.pk) for user in (self.owner, self.admin, self.member, self.viewer))]
        about = {name: [row for row in rows if any(id in row for id in ids)] for name, rows in content.items()}
        return {name: rows for name, rows in about.items() if rows}

    def _member(self, role: Role) -> User:
        return make_member(team=self.team, role=role, user=make_user(email=f"{role}@{HOST}"))

    def _removed(self) -> Client:
        """Somebody who was an admin here until a moment ago, with the page still open."""
        user = make_member(team=self.team, role=Role.ADMIN)
        make_team(name="Gaumont", owner=user, granted=1000)
        client = self._with_session_of(user)
        user_id = client.session["_auth_user_id"]
        members.remove(self.team, UUID(user_id), by=Actor(user=self.owner))
        return client

    def _elsewhere(self) -> Client:
        """An owner of this team who has another one open."""
        user = make_member(team=self.team, role=Role.OWNER)
        client = browser_of(user)
        session = client.session
        session[TEAM_SESSION_KEY] = str(make_team(name="Gaumont", owner=user, granted=1000).pk)
        session.save()
        return client

    def _with_session_of(self, user: User) -> Client:
        client = browser_of(user)
        session = client.session
        session[TEAM_SESSION_KEY] = str(self.team.pk)
        session.save()
        return client

    def _program(self, team: Team, *scopes: str) -> Client:
        _, secret = make_key(team=team, scopes=tuple(sorted(scopes)))
        return Client(headers={"Authorization": f"Bearer {secret}"})

    def _revoked(self) -> Client:
        key, secret = make_key(team=self.team, scopes=("embed", "generate", "manage", "read"))
        keys.revoke(key, by=INSTALLATION)
        return Client(headers={"Authorization": f"Bearer {secret}"})


def content() -> dict[str, list[str]]:
    """Everything in our tables that a refused request must leave as it is: the rows of each as JSON."""
    kept = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_all_rows())
        for name, row in cursor:
            kept[name].append(row)
    return {name: sorted(rows) for name, rows in kept.items()}


@contextmanager
def rolled_back() -> Iterator[None]:
    """What is done within leaves nothing in the database, and is checked as if it were to stay."""
    with transaction.atomic():
        yield
        connection.check_constraints()
        transaction.set_rollback(True)


@cache
def _all_rows() -> str:
    """One statement for all tables: the matrices read them thousands of times."""
    models = [model._meta for label in APPS for model in apps.get_app_config(label).get_models()]
    return " UNION ALL ".join(
        f"SELECT '{model.label}', (to_jsonb(kept) - ARRAY{list(PASSING.get(model.label, ()))}::text[])::text"
        f" FROM {model.db_table} AS kept"
        for model in models
        if model.label != COUNTED
    )
