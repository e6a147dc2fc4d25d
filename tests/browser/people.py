"""People with teams of their own, made in the database of a running stack: each test takes a fresh one.

    people = make(stack, 20)

This module runs as a program of the stack's environment: python -m tests.browser.people 20
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

from project.env import ROOT
from tests.stack import RunningStack

PASSWORD = "a long pass phrase"
CREDITS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Owner of a team that has CREDITS and one key, called First, with this secret; signed in with `session`."""

    email: str
    name: str
    team: str
    team_id: str
    api_key: str
    session: str
    password: str = PASSWORD


def make(stack: RunningStack, count: int) -> list[Person]:
    return [Person(**row) for row in in_stack(stack, "tests.browser.people", str(count))]


def in_stack(stack: RunningStack, module: str, *arguments: str) -> Any:
    """What a module prints that works on the stack's database."""
    env = stack.env | {"DJANGO_SETTINGS_MODULE": "project.settings"}
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def _make(count: int, word: str = "person") -> list[Person]:
    from django.contrib.auth.hashers import make_password

    password = make_password(PASSWORD)  # Argon2 takes its time on purpose: once is enough
    return [_person(f"{word} {number}".title(), password) for number in range(1, count + 1)]


def _person(name: str, password: str) -> Person:
    from allauth.account.models import EmailAddress

    from accounts import credits, keys, teams
    from accounts.actors import Actor
    from accounts.key_settings import KeySettings
    from accounts.models import User

    email = f"{name.replace(' ', '').lower()}@example.com"
    user = User.objects.create(email=email, name=name, password=password)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    team = teams.create_team(name=f"Studio of {name}", owner=user)
    credits.grant(team, CREDITS, note="To begin with")
    _key, secret = keys.issue(team, KeySettings(name="First"), by=Actor(user=user))
    return Person(
        email=email, name=name, team=team.name, team_id=str(team.pk), api_key=secret, session=_session_of(user)
    )


def _session_of(user: Any) -> str:
    """As if they had signed in: through the page only so many can within a minute."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from accounts.session_store import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.begin()
    session.create()
    return str(session.session_key)


if __name__ == "__main__":
    import django

    assert os.environ["FILMGATE_DATA"]
    django.setup()
    print(json.dumps([asdict(person) for person in _make(int(sys.argv[1]), *sys.argv[2:])]))
