"""Clips by the dozen, for what gathers them: rows and files as the way through would leave them, made in no time."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import Team, User
from generations.collections import items, keeping
from generations.models import Asset, Collection, Generation


def clips(
    team: Team, count: int, *, prompt: str = "A gate, and light", size: int = 0, **given: Any
) -> list[Generation]:
    """Finished ones, the oldest first. With a `size` each has a file of so many bytes, no two alike, and a poster."""
    now = timezone.now()
    columns = {"model": "seedance-2.0", "task_type": "text_to_video", "state": "completed", "ended_at": now, **given}
    made = Generation.objects.bulk_create(
        Generation(
            team=team,
            prompt=f"{prompt} {number}",
            params={"resolution": "480p"},
            quote=[],
            price_version=1,
            held_credits=1,
            created_at=now,
            updated_at=now,
            **columns,
        )
        for number in range(1, count + 1)
    )
    if size:
        Asset.objects.bulk_create(asset for each in made for asset in _assets(each, size))
    return made


def _assets(generation: Generation, size: int) -> Sequence[Asset]:
    settings.MEDIA_FOLDER.mkdir(parents=True, exist_ok=True)
    of = {"team_id": generation.team_id, "generation": generation}
    made = []
    for kind, content_type in ((Asset.Kind.OUTPUT, "video/mp4"), (Asset.Kind.POSTER, "image/webp")):
        content = f"{kind} of {generation.id} ".encode()
        content = (content * (size // len(content) + 1))[:size] if kind == Asset.Kind.OUTPUT else content
        digest = hashlib.sha256(content).hexdigest()
        (settings.MEDIA_FOLDER / digest).write_bytes(content)
        file = {"path": digest, "sha256": digest, "size_bytes": len(content), "content_type": content_type}
        made.append(Asset(**of, **file, kind=kind))
    return made


def output_of(generation: Generation) -> Asset:
    return generation.assets.get(kind=Asset.Kind.OUTPUT)


def gathered(
    team: Team, by: User, generations: Sequence[Generation] = (), *, name: str = "Harbour", **settings: Any
) -> Collection:
    """A collection with these in it, in this order."""
    made = keeping.create(team, name=name, by=by, **settings)
    if generations:
        items.add(made, [each.id for each in generations], by=by)
    return made


def order_of(collection: Collection) -> list[str]:
    """The last words of the prompts of what it shows, in its order."""
    rows = items.shown(collection).values_list("generation__prompt", flat=True)
    return [prompt.rpartition(" ")[2] for prompt in rows]
