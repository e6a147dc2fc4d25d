"""Whoever is called or asked for a file, nobody inside is reached: all of vectors/ssrf.json, past the check at saving.

The rows are written as that check would never have let them be, and nobody may come to any local address.
"""

import itertools
import socket
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import httpcore
import pytest
from django.test import Client
from django.utils import timezone

from accounts.actors import INSTALLATION
from accounts.models import WebhookDelivery, WebhookEvent
from accounts.webhooks import delivery as delivering
from accounts.webhooks import endpoints, events
from generations import lifecycle
from generations.archive import archive
from generations.archive.errors import ArchiveError
from generations.archive.fetch import download
from generations.models import Generation, ProviderAccount, State, Submission
from generations.submitting import ingest
from generations.submitting.submit import callback_url
from project import outbound
from project.outbound.network import Deadline, GuardedBackend
from tests.api import asked
from tests.factories import make_account, make_submission
from tests.generations.archive.conftest import done, files, media_folder, team
from tests.receiver import Receiver, answer

from .calling import fetch, send
from .deliveries import due, outcome_of
from .doors import Doors
from .everywhere import ALLOWED, REFUSED, ZONE, written
from .name_server import NameServer

__all__ = ["done", "files", "media_folder", "team"]

pytestmark = pytest.mark.xdist_group("doors")


@pytest.fixture(autouse=True)
def our_names(settings):
    settings.CALLBACK_BASE_URL = settings.PUBLIC_URL


@pytest.fixture
def doors(settings) -> Iterator[Doors]:
    with Doors() as doors:
        # So that no port keeps anybody away.
        settings.ALLOW_PORTS = frozenset(doors.ports)
        yield doors


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as names:
        names.zone |= {name: list(answers) for name, answers in ZONE.items()}
        names.aliases["cname.test"] = "redis"
        yield names


@pytest.fixture
def resolve(names) -> outbound.Resolve:
    """As a machine's resolver: every spelling of an address is one, and the rest is asked for. Nothing goes outside."""

    def ask(host: str, port: int) -> list[str]:
        name = host.rstrip(".")
        if name in names.zone or name in names.aliases:
            return names.lookup(name, port)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [str(address[0]) for *_, address in found]

    return ask


def test_no_webhook_reaches_anybody_inside(team, doors, resolve):  # S1 C11 W15
    urls = written(doors)

    for url in urls:
        delivery = due(team, url)
        delivering.attempt(delivery, resolve=resolve)
        assert outcome_of(delivery)["attempt error_code"] == "endpoint_unreachable", url

    assert doors.knocks == []
    assert WebhookDelivery.objects.filter(state="pending", attempt_count=1).count() == len(urls)


def test_no_callback_url_that_is_in_a_row_already_reaches_anybody_inside(team, doors, resolve):  # S1 C11
    """Through every hand it goes: from the row of a generation that ends to the one that sends."""
    for url in written(doors):
        generation = asked(team)
        Generation.objects.filter(id=generation.id).update(callback_url=url)
        generation.refresh_from_db()
        lifecycle.advance(generation, State.SUBMITTING)
        lifecycle.advance(generation, State.FAILED, failure_code="CONTENT_POLICY")
        delivery = WebhookDelivery.objects.get(event__subject_id=generation.id)
        delivery.lease_until = timezone.now() + timedelta(seconds=60)
        delivery.save()
        assert delivery.url == url
        delivering.attempt(delivery, resolve=resolve)
        assert outcome_of(delivery)["attempt error_code"] == "endpoint_unreachable", url

    assert doors.knocks == []


def test_no_endpoint_that_is_in_a_row_already_reaches_anybody_inside(team, doors, resolve):  # S1 C11
    for url in written(doors):
        endpoint, _secret = endpoints.create(team, url=ALLOWED[0], events=["task.failed"], by=INSTALLATION)
        endpoint.url = url
        endpoint.save()
        event = WebhookEvent.objects.create(team=team, type="task.failed", subject_id=uuid4(), body="{}")
        delivery = events.to_endpoint(event, endpoint)
        delivery.lease_until = timezone.now() + timedelta(seconds=60)
        delivery.save()
        delivering.attempt(delivery, resolve=resolve)
        assert outcome_of(delivery)["attempt error_code"] == "endpoint_unreachable", url
        endpoint.delete()

    assert doors.knocks == []


def test_no_result_link_reaches_anybody_inside(media_folder, doors, resolve):  # S1 P15
    account = ProviderAccount(base_url="https://provider.example/api/v1")

    for url in written(doors):
        if "localtest" not in url and "example.com" not in url and ".test" not in url:
            with pytest.raises(ArchiveError) as caught, download(url, account):
                raise AssertionError(url)
            assert caught.value.is_final, url
        with pytest.raises(outbound.OutboundError):
            fetch(url, resolve=resolve)

    assert doors.knocks == []


def test_no_generation_is_archived_from_inside(done, doors):  # S1 P15
    generations = [done(urls=(url,)) for url in REFUSED]

    while Submission.objects.filter(next_at__isnull=False).exists():
        archive.crew.run()

    assert doors.knocks == []
    for generation in generations:
        generation.refresh_from_db()
        assert (generation.state, generation.failure_code) == ("failed", "ARCHIVE_FAILED")


def test_no_link_in_a_callback_reaches_anybody_inside(team, doors):  # S1 W15
    with Receiver() as provider:
        generation = asked(team)
        lifecycle.advance(generation, State.SUBMITTING)
        account = make_account(base_url=provider.url("/api/v1"))
        submission = make_submission(generation=generation, account=account, provider_task_id="task-1")
        path = outbound_path(submission)
        for url in REFUSED:
            body = {"event": "task.completed", "task_id": "task-1", "status": "completed", "video_url": url}
            assert Client().post(path, body, content_type="application/json").status_code == 202
        ingest.crew.run()

        assert provider.requests == []
    assert doors.knocks == []
    submission.refresh_from_db()
    assert (submission.outputs, submission.callbacks.filter(verdict="woke").count()) == ([], len(REFUSED))
    lifecycle.advance(generation, State.FAILED, failure_code="CONTENT_POLICY")


def outbound_path(submission: Submission) -> str:
    """Where the provider calls back, without our name."""
    return "/" + callback_url(submission).partition("//")[2].partition("/")[2]


def test_no_location_reaches_anybody_inside(settings, doors):  # S1 S2
    """Of a public host, for which 127.0.0.3 stands."""
    settings.ALLOW_PRIVATE_HOSTS = ("films.example",)
    with Receiver(host="127.0.0.3") as public:
        at = public.url("/start", host="films.example")
        for url, status in itertools.product(written(doors), (302, 307)):
            public.answers.append(answer(status, Location=url.encode().decode("latin-1")))
            try:
                fetch(at, resolve=lambda host, port: ["127.0.0.3"])
            except outbound.OutboundError:
                continue
            # Some lead nowhere else: what names no host is a path.
            assert public.requests[-1].headers["host"] == f"films.example:{public.port}"

    assert doors.knocks == []


def test_no_spelling_of_a_host_is_connected_to_whatever_was_read_before(doors, resolve):  # S1 S6
    """The check of addresses alone, with each host as other parsers hand it on."""
    for url in written(doors):
        host = url.partition("//")[2].partition("/")[0].rpartition("@")[2].partition("#")[0].strip("[]")
        backend = GuardedBackend(deadline=Deadline.after(5), resolve=resolve, is_trusted=False)
        for each in {host, host.rpartition(":")[0].strip("[]")} - {""}:
            with pytest.raises(httpcore.ConnectError):
                backend.connect_tcp(each, doors.port)

    assert doors.knocks == []


def test_public_links_are_connected_to(settings, doors):
    """The listeners are reached where it is allowed, so that it means something where they are not."""
    settings.ALLOW_PRIVATE_HOSTS = ("127.0.0.1",)
    with pytest.raises(outbound.OutboundError):
        send(f"http://public.example:{doors.port}/", resolve=lambda host, port: ["127.0.0.1"])

    assert [port for port, _said in doors.knocks] == [doors.port]
