"""What can be asked for, and who can make it: models, their fields, and each provider's offer of them.

Forms, the price preview, the API and its document are all built from here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .intake import GenerationRequest, InvalidParameter


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to choose. With `choices` it is one of them, else a whole number in [minimum, maximum] or free."""

    name: str
    label: str | Promise
    default: Any
    choices: tuple[Any, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    priced: bool = False

    def check(self, value: Any) -> None:
        if self.choices and value not in self.choices:
            offered = ", ".join(json_word(choice) for choice in self.choices)
            message = f"{self.name} must be one of: {offered}."
            shown = value[:60] if isinstance(value, str) else value
            raise InvalidParameter(self.name, "one_of", message, limit=list(self.choices), value=shown)
        if (self.minimum is not None and value < self.minimum) or (self.maximum is not None and value > self.maximum):
            limit = [self.minimum, self.maximum]
            message = f"{self.name} must be from {self.minimum} to {self.maximum}."
            raise InvalidParameter(self.name, "range", message, limit=limit, value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model by the name people ask for it. Limits are in code points, images and seconds."""

    slug: str
    name: str
    label: str
    task_types: tuple[str, ...]
    max_prompt_characters: int
    max_images: int
    fields: tuple[Field, ...]
    typical_seconds: tuple[int, int]

    def field(self, name: str) -> Field:
        return next(each for each in self.fields if each.name == name)

    @property
    def priced_fields(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if each.priced)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One provider's way to make a model. `limits` narrows the fields that this provider can't make in full."""

    model: str
    provider: str
    provider_model: str
    limits: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def can_make(self, request: GenerationRequest) -> bool:
        return all(getattr(request, name) in allowed for name, allowed in self.limits.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A request with every choice made: what will be priced, stored and sent are the same object."""

    request: GenerationRequest
    spec: ModelSpec
    offers: tuple[Offer, ...]

    @property
    def params(self) -> dict[str, Any]:
        """The chosen values by field name, ready for JSON, links included."""
        chosen = {each.name: getattr(self.request, each.name) for each in self.spec.fields}
        links = {"image_urls": list(self.request.image_urls)} if self.request.image_urls else {}
        return {**chosen, **links}


MODELS = {
    spec.slug: spec
    for spec in (
        ModelSpec(
            slug="seedance-2.0",
            name="seedance 2.0",
            label="Seedance 2.0",
            task_types=("text_to_video", "image_to_video"),
            max_prompt_characters=2000,
            max_images=9,
            fields=(
                Field(
                    name="resolution",
                    label=_("Resolution"),
                    default="480p",
                    choices=("480p", "720p", "1080p"),
                    priced=True,
                ),
                Field(name="duration", label=_("Duration"), default=5, choices=(5, 10), priced=True),
                Field(
                    name="aspect_ratio",
                    label=_("Aspect ratio"),
                    default="16:9",
                    choices=("16:9", "9:16", "1:1", "21:9", "4:3", "3:4", "9:21", "adaptive", "keep_ratio"),
                ),
                Field(
                    name="generate_audio",
                    label=_("Sound"),
                    default=False,
                    choices=(True, False),
                    priced=True,
                ),
            ),
            typical_seconds=(30, 120),
        ),
    )
}

OFFERS = (Offer(model="seedance-2.0", provider="vibegen", provider_model="seedance 2.0"),)

_LINK_FIELDS = ("first_frame_url", "last_frame_url", "face_image_url", "video_urls", "audio_urls")
_CHOICE_FIELDS = (
    "duration", "aspect_ratio", "resolution", "generate_audio", "seed", "fps", "style", "quality", "count",
    "watermark", "enable_web_search", "force_asset_upload",
)  # fmt: skip


def resolve(request: GenerationRequest) -> Resolved:
    """The model asked for, every default filled in, and the offers that can make it; raises InvalidParameter."""
    spec = find_model(request.model)
    _check_prompt(spec, request)
    _check_links(spec, request)
    known = {each.name for each in spec.fields}
    for name in _CHOICE_FIELDS:
        if getattr(request, name) is not None and name not in known:
            raise InvalidParameter(name, "not_offered", f"{spec.name} does not take {name}.")
    chosen = {each.name: _chosen(each, getattr(request, each.name)) for each in spec.fields}
    resolved = replace(request, model=spec.name, **chosen)
    offers = tuple(offer for offer in OFFERS if offer.model == spec.slug and offer.can_make(resolved))
    if not offers:
        raise InvalidParameter("model", "not_offered", "No provider makes this combination of choices.")
    return Resolved(request=resolved, spec=spec, offers=offers)


def find_model(name: str) -> ModelSpec:
    """The model of that name, regardless of case, spaces, dots and dashes; the installation's when there is no name."""
    wanted = _folded(name or settings.DEFAULT_MODEL)
    for spec in MODELS.values():
        if wanted in (_folded(spec.slug), _folded(spec.name)):
            return spec
    offered = [spec.name for spec in MODELS.values()]
    message = f"Unknown model. Offered: {', '.join(offered)}."
    raise InvalidParameter("model", "one_of", message, limit=offered, value=name[:60])


def model_choices() -> list[tuple[str, str]]:
    """[(slug, label)], for who only has to name them."""
    return [(spec.slug, spec.label) for spec in MODELS.values()]


def json_word(value: Any) -> str:
    """A value as a program would write it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _folded(name: str) -> str:
    return re.sub(r"[\s._-]+", "", name).lower()


def _chosen(each: Field, value: Any) -> Any:
    if value is None:
        return each.default
    each.check(value)
    return value


def _check_prompt(spec: ModelSpec, request: GenerationRequest) -> None:
    if (length := len(request.prompt)) > spec.max_prompt_characters:
        limit = spec.max_prompt_characters
        message = f"The prompt is {length} characters long; {spec.name} takes {limit}. Shorten it."
        raise InvalidParameter("prompt", "max_length", message, limit=limit, value=length)


def _check_links(spec: ModelSpec, request: GenerationRequest) -> None:
    for name in _LINK_FIELDS:
        if getattr(request, name):
            raise InvalidParameter(name, "not_offered", f"{spec.name} does not take {name}.")
    if (count := len(request.image_urls)) > spec.max_images:
        message = f"{spec.name} takes {spec.max_images} images; {count} came."
        raise InvalidParameter("image_urls", "max_items", message, limit=spec.max_images, value=count)
