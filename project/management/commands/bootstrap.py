"""manage.py bootstrap: someone who can sign in, their team, its credits and an API key."""

import json
from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from accounts import keys
from accounts.actors import INSTALLATION, Actor
from accounts.billing import by_operator
from accounts.key_settings import KeySettings
from accounts.models import Role, Team, User
from accounts.teams import create_team


class Command(BaseCommand):
    help = (
        "Make a user with a confirmed address, a team of theirs, its credits and an API key. Safe to repeat: what is "
        "there stays as it is, the credits are granted once, and the key is shown once and null from then on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--team", required=True, help="name of the team")
        parser.add_argument("--credits", required=True, type=int, help="granted when the team is made")
        parser.add_argument("--password", help="for a new user; without one they use the reset link")
        parser.add_argument("--json", action="store_true")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        try:
            validate_email(email)
        except ValidationError as refusal:
            raise CommandError("--email is not an e-mail address") from refusal
        if options["credits"] < 0:
            raise CommandError("--credits is 0 or above")
        user = self._user(email, options["password"])
        owned = Team.objects.open().filter(memberships__user=user, memberships__role=Role.OWNER)
        team = owned.filter(name=options["team"]).first()
        secret = None
        if team is None:
            team = create_team(name=options["team"], owner=user)
            if options["credits"]:
                try:
                    by_operator.grant(team, options["credits"], note="bootstrap", by=INSTALLATION)
                except ValueError as refusal:
                    raise CommandError(str(refusal)) from refusal
            _, secret = keys.issue(team, KeySettings(name="bootstrap"), by=Actor(user=user))
        answer = {"email": user.email, "team": str(team.pk), "team_name": team.name, "api_key": secret}
        self.stdout.write(json.dumps(answer) if options["json"] else _lines(answer))

    def _user(self, email: str, password: str | None) -> User:
        user = User.objects.filter(email=email).first() or User.objects.create_user(email, password)
        EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
        # Two at once would otherwise make two teams.
        return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _lines(answer: dict[str, str | None]) -> str:
    return "\n".join(f"{name}: {value or 'shown once, when it was made'}" for name, value in answer.items())
