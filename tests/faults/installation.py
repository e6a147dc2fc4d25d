"""An installation to hurt: real workers on the test database, with the sandbox behind a relay as their provider."""

import os
import signal
import subprocess
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Count, Q, Sum
from django.db.models.functions import Now

from accounts.models import Team
from generations.models import Callback, Generation, ProviderAccount, State, Submission
from project.celery import nudge
from project.env import ROOT
from project.stack import children, processes
from tests.api import asked
from tests.faults.relay import Relay
from tests.pipeline import assert_books_are_right, figures
from tests.sandbox_process import SandboxProcess, wait_until


class Worker:
    """A worker as `make run` starts it, from construction to kill(). Keywords are its environment."""

    def __init__(self, log: Path, **environment: str) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                processes.worker_command(),
                cwd=ROOT,
                env=os.environ | {"DATABASE_URL": _database_url()} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=children.die_with_parent(signal.SIGKILL),
            )

    def kill(self) -> None:
        """With -9, and all that it started."""
        children.kill_group(self._process)


class Installation:
    """`account` is reached through `relay`; providers call back at `url`."""

    def __init__(
        self, *, team: Team, account: ProviderAccount, relay: Relay, sandbox: SandboxProcess, url: str
    ) -> None:
        self.team, self.account, self.relay, self.sandbox = team, account, relay, sandbox
        self.granted, _, _ = figures(team)
        self.workers: list[Worker] = []
        self._url = url
        self._log = Path(os.environ["FILMGATE_DATA"]) / "worker.log"
        self._log.unlink(missing_ok=True)

    def states(self) -> Counter[str]:
        """How many generations stand where."""
        return Counter(Generation.objects.values_list("state", flat=True))

    def ask_for(self, *prompts: str) -> list[Generation]:
        return [asked(self.team, prompt=prompt) for prompt in prompts]

    def start_worker(self, **environment: str) -> Worker:
        worker = Worker(self._log, CALLBACK_BASE_URL=self._url, **environment)
        self.workers.append(worker)
        return worker

    def kill(self, worker: Worker) -> None:
        worker.kill()
        self.workers.remove(worker)

    def stop(self) -> None:
        while self.workers:
            self.kill(self.workers[0])

    def settle(self, *, seconds: float = 90) -> None:
        """What comes to pass when no worker is killed any more: dead workers' leases run out, one works on until all
        has ended, and what no provider knows of meets its deadline."""
        self.stop()
        for model in (Generation, Submission, Callback):
            model.objects.exclude(lease_until=None).update(lease_until=Now())
        nudge("sweep")
        self.start_worker()
        self.wait_until_ended(seconds=seconds)

    def wait_until_ended(self, *, seconds: float) -> None:
        wait_until(self.only_lost_ones_are_left, seconds=seconds)
        Generation.objects.filter(state=State.UNCONFIRMED).update(deadline_at=Now())
        nudge("sweep")
        wait_until(self.all_have_ended, seconds=30)

    def all_have_ended(self) -> bool:
        return not Generation.objects.in_progress().exists()

    def ended_within(self, seconds: float) -> bool:
        try:
            return wait_until(self.all_have_ended, seconds=seconds)
        except TimeoutError:
            return False

    def only_lost_ones_are_left(self) -> bool:
        """What is in progress yet has been looked for at its provider, in vain."""
        looked_for = Q(state=State.UNCONFIRMED, submissions__polled_at__isnull=False, submissions__lease_until=None)
        read = not Callback.objects.filter(verdict="").exists()
        return read and not Generation.objects.in_progress().exclude(looked_for).exists()

    def assert_every_one_ended_once(self) -> None:
        """One final event each, nothing made twice or for nobody or in vain, and all credits accounted for."""
        final = Count("events", filter=Q(events__state__in=State.FINAL))
        assert set(Generation.objects.annotate(final=final).values_list("final", flat=True)) == {1}
        state = self.sandbox.state()
        bound = Submission.objects.exclude(provider_task_id="")
        assert state["accepted"] == bound.count() == bound.values("generation").distinct().count()
        assert not bound.filter(ended_at=None).exists()
        assert not Submission.objects.filter(loss_credits__gt=0).exists()
        completed = Generation.objects.filter(state=State.COMPLETED)
        spent = completed.aggregate(total=Sum("held_credits"))["total"] or 0
        assert figures(self.team) == (self.granted - spent, 0, spent)
        assert_books_are_right()

    def log(self) -> str:
        return self._log.read_text(errors="replace")


def blocked_count() -> int:
    """How many sessions wait for a lock that this test holds."""
    with connection.cursor() as cursor:
        # Unlike pg_stat_activity, pg_locks is read anew within a transaction.
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
        return int(cursor.fetchone()[0])


def lock_table(name: str, mode: str) -> None:
    """Until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {name} IN {mode} MODE")


def _database_url() -> str:
    place = connection.settings_dict
    return f"postgres://{place['USER']}@/{place['NAME']}?{urlencode({'host': place['HOST'], 'port': place['PORT']})}"
