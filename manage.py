#!/usr/bin/env python
"""Django's command line. Commands use the embedded database that runs, or run it for as long as they take."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext

from project.env import DATA_FOLDER, env
from project.stack.location import PostgresError
from project.stack.postgres import Postgres

# `up` runs the database itself.
WITHOUT_DATABASE = {
    "up", "help", "version", "check", "catalogues", "collectstatic", "compilemessages", "diffsettings", "findstatic",
    "makemessages", "startapp", "startproject",
}  # fmt: skip


def database_for(arguments: list[str]) -> AbstractContextManager[object]:
    """The embedded database, for the commands that need it."""
    command = next(iter(arguments), "help")
    is_help = command.startswith("-") or not {"-h", "--help"}.isdisjoint(arguments)
    if is_help or command in WITHOUT_DATABASE or env.str("DATABASE_URL", default=""):
        return nullcontext()
    return Postgres(DATA_FOLDER)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    from django.core.management import execute_from_command_line

    try:
        with database_for(sys.argv[1:]):
            execute_from_command_line(sys.argv)
    except PostgresError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
