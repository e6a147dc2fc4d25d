"""The shapes of the catalog: what a model takes, and who can make it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

from generations.intake import GenerationRequest, InvalidParameter

AUTOMATIC = -1  # as a duration: the model decides


class Kind(StrEnum):
    """What comes out."""

    VIDEO = "video"
    IMAGE = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to choose. With `choices` it is one of them, else a whole number or a text within its bounds.

    A default of None leaves it to the provider. `suggestions` are texts known to work, among others.
    """

    name: str
    label: str | Promise
    default: Any = None
    choices: tuple[Any, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    max_characters: int | None = None
    suggestions: tuple[str, ...] = ()
    is_priced: bool = False
    is_advanced: bool = False

    def check(self, value: Any) -> None:
        """Raises InvalidParameter."""
        if self.choices and value not in self.choices:
            offered = ", ".join(json_word(choice) for choice in self.choices)
            message = f"{self.name} must be one of: {offered}."
            shown = value[:60] if isinstance(value, str) else value
            raise InvalidParameter(self.name, "one_of", message, limit=list(self.choices), value=shown)
        if self.minimum is not None and self.maximum is not None and not self.minimum <= value <= self.maximum:
            limit = [self.minimum, self.maximum]
            message = f"{self.name} must be from {self.minimum} to {self.maximum}."
            raise InvalidParameter(self.name, "range", message, limit=limit, value=value)
        if self.max_characters is not None and not 0 < len(value) <= self.max_characters:
            message = f"{self.name} must have from 1 to {self.max_characters} characters."
            raise InvalidParameter(self.name, "max_length", message, limit=self.max_characters, value=len(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Links that a model takes under one name, at most so many. `media` is what they lead to: image, video or audio."""

    name: str
    label: str | Promise
    media: str = "image"
    maximum: int = 1
    is_advanced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model by the name people ask for it. Prompts are counted in code points, `typical_seconds` is a span."""

    slug: str
    name: str
    label: str
    kind: Kind = Kind.VIDEO
    max_prompt_characters: int
    is_prompt_optional: bool = False  # where there is an image to start from
    inputs: tuple[Input, ...] = ()
    fields: tuple[Field, ...]
    typical_seconds: tuple[int, int]

    def field(self, name: str) -> Field:
        return next(each for each in self.fields if each.name == name)

    @property
    def priced_fields(self) -> tuple[Field, ...]:
        return tuple(each for each in self.fields if each.is_priced)

    @property
    def task_types(self) -> tuple[str, ...]:
        if self.kind == Kind.IMAGE:
            return ("text_to_image",)
        return ("text_to_video", "image_to_video") if self.inputs else ("text_to_video",)

    @property
    def max_images(self) -> int:
        """How many reference images it takes, under image_urls."""
        return next((each.maximum for each in self.inputs if each.name == "image_urls"), 0)


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
    def task_type(self) -> str:
        return "text_to_image" if self.spec.kind == Kind.IMAGE else self.request.task_type

    @property
    def params(self) -> dict[str, Any]:
        """What was chosen and which links were given, by name, ready for JSON; without what was left open."""
        chosen = {each.name: getattr(self.request, each.name) for each in self.spec.fields}
        links = {each.name: getattr(self.request, each.name) for each in self.spec.inputs}
        given = {name: list(value) if isinstance(value, tuple) else value for name, value in links.items() if value}
        return {name: value for name, value in chosen.items() if value is not None} | given


def json_word(value: Any) -> str:
    """A value as a program would write it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)
