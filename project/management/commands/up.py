from typing import Any

from django.core.management.base import BaseCommand

from project.stack import processes


class Command(BaseCommand):
    help = "Runs Filmgate: PostgreSQL unless DATABASE_URL is set, the sandbox, the web server and the worker."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        raise SystemExit(processes.up())
