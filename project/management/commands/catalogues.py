"""manage.py catalogues: collect the strings of both languages and compile them; --check says whether that is needed.

Needs GNU gettext. Paths are those of the folder it runs in, as they are for makemessages.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext_noop, ngettext_lazy

TOOLS = ("xgettext", "msgmerge", "msgfmt", "msgunfmt", "msgcomm", "msgattrib")
LOCALE = "zh_Hans"
IGNORED = [".venv", "var", "tests", "bench", "docs", "sandbox"]
POT = Path("locale/django.pot")
PO = Path("locale") / LOCALE / "LC_MESSAGES/django.po"
MO = PO.with_suffix(".mo")
# Words of Django and allauth on our pages whose own Chinese is missing or wrong. Named here, they are collected.
BORROWED = (
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
    gettext_noop("Email"),
    gettext_noop("Email address"),
    gettext_noop("The email address and/or password you specified are not correct."),
    gettext_noop("You cannot remove your primary email address."),
    gettext_noop("Incorrect password."),
    gettext_noop("Incorrect code."),
    gettext_noop("Code"),
    gettext_noop("Authenticator code"),
    gettext_noop("Hello from %(site_name)s!"),
    gettext_noop("Please Confirm Your Email Address"),
)


class Command(BaseCommand):
    help = "Collect and compile the message catalogues, or check that they are in step."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail where something is out of step")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
            raise CommandError(f"{', '.join(missing)} not found. Install the package gettext of your system.")
        if not check:
            _collect(locale=[LOCALE], no_obsolete=True)
            _compile(MO)
            return
        _check_strings()
        _check_translations()
        _check_compiled()


def _check_strings() -> None:
    """The catalogue holds the strings of the source, all of them and no others."""
    try:
        _collect(exclude=[LOCALE], keep_pot=True)
        strays = _gettext("msgcomm", "--unique", PO, POT)
    finally:
        POT.unlink(missing_ok=True)
    if strays:
        raise CommandError(f"Strings came or went. Run: make catalogues, translate, and commit.\n\n{strays}")


def _check_translations() -> None:
    for kind in ("--untranslated", "--only-fuzzy"):
        if undone := _gettext("msgattrib", kind, PO):
            raise CommandError(f"Not everything is translated.\n\n{undone}")


def _check_compiled() -> None:
    """Messages are compared, for the bytes around them differ between versions of msgfmt."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / MO.name
        _compile(fresh)
        if not MO.exists() or _gettext("msgunfmt", MO) != _gettext("msgunfmt", fresh):
            raise CommandError("The compiled catalogue is stale. Run: make catalogues, and commit.")


def _collect(**options: Any) -> None:
    call_command("makemessages", ignore_patterns=IGNORED, no_location=True, no_wrap=True, verbosity=0, **options)


def _compile(mo: Path) -> None:
    _gettext("msgfmt", "--check-format", "-o", mo, PO)


def _gettext(*command: str | Path) -> str:
    """What the tool prints; CommandError with what it complains of."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)  # noqa: S603 -- our own words
    if done.returncode:
        raise CommandError(done.stderr.strip())
    return done.stdout
