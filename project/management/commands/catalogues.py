"""manage.py catalogues: collect the strings of both languages and compile them; --check says whether that is needed.

Needs GNU gettext (xgettext, msgmerge, msgfmt).
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

LOCALE = "zh_Hans"
IGNORED = [".venv", "var", "tests", "bench", "docs", "sandbox"]
PO = Path("locale") / LOCALE / "LC_MESSAGES" / "django.po"


class Command(BaseCommand):
    help = "Collect and compile the message catalogues, or check that they are in step."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail where something is out of step")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        if not shutil.which("msgfmt") or not shutil.which("xgettext"):
            raise CommandError("GNU gettext is not installed. Install the package gettext of your system.")
        if check:
            self._check()
        else:
            self._collect()
            _compile(PO, PO.with_suffix(".mo"))

    def _collect(self) -> None:
        call_command(
            "makemessages", locale=[LOCALE], ignore_patterns=IGNORED, no_location=True, no_wrap=True, verbosity=0
        )

    def _check(self) -> None:
        committed = PO.read_bytes()
        try:
            self._collect()
            if _without_dates(PO.read_text()) != _without_dates(committed.decode()):
                raise CommandError("Strings have changed. Run: make catalogues, translate, and commit.")
        finally:
            PO.write_bytes(committed)
        with tempfile.TemporaryDirectory() as folder:
            compiled = Path(folder) / "django.mo"
            _compile(PO, compiled)
            if compiled.read_bytes() != PO.with_suffix(".mo").read_bytes():
                raise CommandError("The compiled catalogue is stale. Run: make catalogues, and commit.")
        statistics = subprocess.run(  # noqa: S603 -- fixed arguments
            ["msgfmt", "--statistics", "-o", "/dev/null", str(PO)],  # noqa: S607 -- found by which() above
            capture_output=True, text=True, check=True,
        ).stderr  # fmt: skip
        if "untranslated" in statistics or "fuzzy" in statistics:
            raise CommandError(f"Not everything is translated: {statistics.strip()}")


def _compile(po: Path, mo: Path) -> None:
    subprocess.run(["msgfmt", "--check-format", "-o", str(mo), str(po)], check=True)  # noqa: S603, S607 -- as above


def _without_dates(text: str) -> str:
    return re.sub(r'^"(POT-Creation|PO-Revision)-Date:.*$', "", text, flags=re.MULTILINE)
