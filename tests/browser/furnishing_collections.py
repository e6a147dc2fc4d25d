"""Finished clips in somebody's team, without a provider: what collections are made of.

    add_clips(stack, person, 3)

This module runs as a program of the stack's environment: python -m tests.browser.furnishing_collections clips EMAIL 3
"""

import hashlib
import io
import json
import sys
from typing import Any

from tests.browser.people import Person, in_stack
from tests.stack import RunningStack

COLOURS = ("#7a4b2a", "#2a5f7a", "#4b7a2a", "#7a2a5f", "#2a7a6b")


def add_clips(stack: RunningStack, person: Person, count: int) -> None:
    """They are called Scene 1, Scene 2…, the last the newest."""
    in_stack(stack, "tests.browser.furnishing_collections", "clips", person.email, str(count))


def expire_links(stack: RunningStack, person: Person) -> None:
    """All that the person has made."""
    in_stack(stack, "tests.browser.furnishing_collections", "expire", person.email)


def _clips(email: str, count: str) -> None:
    from accounts.models import User
    from generations import words
    from generations.models import Asset
    from tests.collecting import clips

    team = User.objects.get(email=email).memberships.get().team
    for number, generation in enumerate(clips(team, int(count), prompt="Scene")):
        words.keep(generation)
        for kind, content, content_type in (
            (Asset.Kind.OUTPUT, _film(COLOURS[number % len(COLOURS)]), "video/mp4"),
            (Asset.Kind.POSTER, _picture(COLOURS[number % len(COLOURS)]), "image/webp"),
        ):
            _keep(generation, kind, content, content_type)


def _keep(generation: Any, kind: str, content: bytes, content_type: str) -> None:
    from django.conf import settings

    from generations.models import Asset

    digest = hashlib.sha256(content).hexdigest()
    settings.MEDIA_FOLDER.mkdir(parents=True, exist_ok=True)
    (settings.MEDIA_FOLDER / digest).write_bytes(content)
    Asset.objects.create(
        team_id=generation.team_id,
        generation=generation,
        kind=kind,
        path=digest,
        sha256=digest,
        size_bytes=len(content),
        content_type=content_type,
        width=320,
        height=180,
        duration_seconds=1.0 if kind == Asset.Kind.OUTPUT else None,
    )


def _picture(colour: str) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (320, 180), colour).save(file, "WEBP")
    return file.getvalue()


def _film(colour: str) -> bytes:
    import av
    from PIL import Image

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(5):
            frame = av.VideoFrame.from_image(Image.new("RGB", (320, 180), colour))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def _expire(email: str) -> None:
    from django.utils import timezone

    from generations.models import ShareLink

    ShareLink.objects.filter(created_by__email=email).update(expires_at=timezone.now())


if __name__ == "__main__":
    import django

    django.setup()
    {"clips": _clips, "expire": _expire}[sys.argv[1]](*sys.argv[2:])
    print(json.dumps(None))
