"""A program with a key, and tasks at every stage, made through the gate."""

import hashlib
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.test import Client

from accounts.models import Team
from generations import catalog, lifecycle, pricing
from generations.intake import GenerationRequest
from generations.lifecycle import Asker
from generations.models import Asset, Generation, Price, PriceList, State
from tests.factories import make_key

DOCUMENTED_PRICES = {
    ("480p", 5): (15, 20),
    ("720p", 5): (30, 43),
    ("1080p", 5): (50, 90),
    ("480p", 10): (25, 40),
    ("720p", 10): (45, 86),
    ("1080p", 10): (100, 180),
}
CLIP = b"0123456789" * 100


def ensure_prices() -> None:
    """The documented prices and the installation's own, where a flushed database has lost them."""
    if PriceList.objects.exists():
        return
    version = PriceList.objects.create(model="seedance-2.0", version=1, effective_at="2025-03-10T00:00:00Z")
    for (resolution, duration), by_sound in DOCUMENTED_PRICES.items():
        for generate_audio, credits in zip((False, True), by_sound, strict=True):
            conditions = {"resolution": resolution, "duration": duration, "generate_audio": generate_audio}
            Price.objects.create(price_list=version, conditions=conditions, credits=credits)
    import_module("generations.migrations.0004_default_prices").add_prices(apps, None)


def client_of(team: Team) -> Client:
    """A program of the team's, with a key of its own."""
    _, secret = make_key(team=team)
    return Client(headers={"Authorization": f"Bearer {secret}"})


def post(client: Client, path: str, body: Any = None, **headers: str) -> Any:
    """POST as JSON to /api/v1; header names with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"/api/v1{path}", body or {}, content_type="application/json", headers=named)


def asked(team: Team, **given: Any) -> Generation:
    """A queued generation."""
    resolved = catalog.resolve(GenerationRequest.from_mapping({"prompt": "A gate, and light", **given}))
    return lifecycle.create(resolved, pricing.quote(resolved), asker=Asker(team_id=team.pk))[0]


def running(team: Team, **given: Any) -> Generation:
    generation = asked(team, **given)
    lifecycle.advance(generation, State.SUBMITTING)
    lifecycle.advance(generation, State.RUNNING)
    return generation


def failed(team: Team, *, code: str = "CONTENT_POLICY", **given: Any) -> Generation:
    generation = running(team, **given)
    lifecycle.advance(generation, State.FAILED, failure_code=code)
    return generation


def completed(team: Team, *, content: bytes = CLIP, **given: Any) -> Generation:
    """A finished clip, with its file and a poster."""
    generation = running(team, **given)
    lifecycle.advance(generation, State.ARCHIVING)
    keep(generation, content, kind=Asset.Kind.OUTPUT, content_type="video/mp4")
    keep(generation, b"still" + content, kind=Asset.Kind.POSTER, content_type="image/webp")
    lifecycle.advance(generation, State.COMPLETED)
    return generation


def completed_images(team: Team, count: int, **given: Any) -> Generation:
    """A finished set of images, each with a poster. What is in their files tells which is which: b"0", b"1"…"""
    generation = running(team, model="seedream-4.0", count=count, **given)
    lifecycle.advance(generation, State.ARCHIVING)
    for position in range(count):
        for kind, content_type, before in (
            (Asset.Kind.OUTPUT, "image/png", b""),
            (Asset.Kind.POSTER, "image/webp", b"still"),
        ):
            asset = keep(generation, before + b"%d" % position, kind=kind, content_type=content_type, position=position)
            Asset.objects.filter(id=asset.id, kind=Asset.Kind.OUTPUT).update(width=1024, height=1024)
    lifecycle.advance(generation, State.COMPLETED)
    return generation


def keep(generation: Generation, content: bytes, *, kind: str, content_type: str, position: int = 0) -> Asset:
    digest = hashlib.sha256(content).hexdigest()
    settings.MEDIA_FOLDER.mkdir(parents=True, exist_ok=True)
    (settings.MEDIA_FOLDER / digest).write_bytes(content)
    return Asset.objects.create(
        team_id=generation.team_id,
        generation=generation,
        kind=kind,
        position=position,
        path=digest,
        content_type=content_type,
        size_bytes=len(content),
        sha256=digest,
    )
