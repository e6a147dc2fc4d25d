"""Seedance video and Seedream images as seedance2api documents them.

Its own seedance-2.0 goes up to 4k and 60 frames a second, unlike the model of that name elsewhere: here it is
Seedance 2.0 HD. The document names three styles "and others", so any may be asked for. The bounds of a style's length
and of the seed are ours.
"""

from django.utils.translation import gettext_lazy as _

from .shapes import Field, Input, Kind, ModelSpec, Offer

PROMPT_CHARACTERS = 300
STYLES = ("oil_painting", "watercolor", "cyberpunk")
SEEDREAMS = ("3.0", "4.0", "4.5", "5.0")

_VIDEO_FIELDS = (
    Field(name="resolution", label=_("Resolution"), default="720p", choices=("720p", "1080p", "4k"), is_priced=True),
    Field(name="duration", label=_("Duration"), default=5, choices=tuple(range(5, 31)), is_priced=True),
    Field(name="fps", label=_("Frames per second"), default=24, choices=(24, 30, 60), is_priced=True),
)
_IMAGE_FIELDS = (
    Field(
        name="resolution",
        label=_("Resolution"),
        default="1024x1024",
        choices=("1024x1024", "2048x2048", "4k"),
        is_priced=True,
    ),
    Field(name="quality", label=_("Quality"), default="standard", choices=("standard", "high"), is_priced=True),
    Field(name="count", label=_("Images"), default=1, choices=(1, 2, 3, 4), is_priced=True),
    Field(name="style", label=_("Style"), max_characters=40, suggestions=STYLES, is_advanced=True),
    Field(name="seed", label=_("Seed"), minimum=0, maximum=2**31 - 1, is_advanced=True),
)


def _video(slug: str, name: str, label: str) -> ModelSpec:
    return ModelSpec(
        slug=slug,
        name=name,
        label=label,
        max_prompt_characters=PROMPT_CHARACTERS,
        inputs=(Input(name="image_urls", label=_("Image")),),
        fields=_VIDEO_FIELDS,
        typical_seconds=(45, 300),
    )


def _image(version: str) -> ModelSpec:
    return ModelSpec(
        slug=f"seedream-{version}",
        name=f"seedream {version}",
        label=f"Seedream {version}",
        kind=Kind.IMAGE,
        max_prompt_characters=PROMPT_CHARACTERS,
        fields=_IMAGE_FIELDS,
        typical_seconds=(3, 15),
    )


def _offer(model: str, provider_model: str) -> Offer:
    return Offer(model=model, provider="seedance2api", provider_model=provider_model)


MODELS = (
    _video("seedance-1.0", "seedance 1.0", "Seedance 1.0"),
    _video("seedance-1.5-pro", "seedance 1.5 pro", "Seedance 1.5 Pro"),
    _video("seedance-2.0-hd", "seedance 2.0 hd", "Seedance 2.0 HD"),
    *(_image(version) for version in SEEDREAMS),
)

OFFERS = (
    _offer("seedance-1.0", "seedance-1.0"),
    _offer("seedance-1.5-pro", "seedance-1.5-pro"),
    _offer("seedance-2.0-hd", "seedance-2.0"),
    *(_offer(f"seedream-{version}", f"seedream-{version}") for version in SEEDREAMS),
)
