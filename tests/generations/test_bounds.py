"""Every bound of every model, just inside and just outside: the form and the API come to the same verdict."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.http import QueryDict

from generations.catalog import MODELS, Field, Input, ModelSpec, json_word
from generations.forms import CreateForm
from generations.forms.fields import takes_list
from generations.forms.tabs import IMAGE_TO_VIDEO
from generations.intake import MAX_URL_CHARACTERS
from tests.api import client_of, ensure_prices, post
from tests.factories import make_team

LINKS = {
    "image": "https://example.com/a.png",
    "video": "https://example.com/a.mp4",
    "audio": "https://example.com/a.mp3",
}
NO_TEXT = "half\0"


@dataclass(frozen=True)
class Case:
    """`given` as the API takes it; `field` is the one that is refused, empty where the request is sound."""

    spec: ModelSpec
    given: dict[str, Any]
    field: str = ""

    def __str__(self) -> str:
        told = ", ".join(f"{name}={str(value)[:20]}" for name, value in self.given.items())
        return f"{self.spec.slug} {told} {'refused' if self.field else 'taken'}"


def cases() -> Iterator[Case]:
    for spec in MODELS.values():
        start = start_of(spec)
        yield Case(spec, {"prompt": "A gate", **start})
        yield from prompts(spec, start)
        for field in spec.fields:
            for value in inside(field):
                yield Case(spec, {"prompt": "A gate", field.name: value})
            for value in outside(field):
                yield Case(spec, {"prompt": "A gate", field.name: value}, field.name)
        for each in spec.inputs:
            yield from links(spec, each, start)


def start_of(spec: ModelSpec) -> dict[str, Any]:
    """An image to start from, where the model takes one."""
    return {"image_urls": [LINKS["image"]]} if spec.inputs else {}


def prompts(spec: ModelSpec, start: dict[str, Any]) -> Iterator[Case]:
    limit = spec.max_prompt_characters
    yield Case(spec, {"prompt": "x"})
    yield Case(spec, {"prompt": "字" * limit})
    yield Case(spec, {"prompt": "😀" * limit, **start})
    yield Case(spec, {"prompt": "字" * (limit + 1)}, "prompt")
    yield Case(spec, {"prompt": "😀" * (limit + 1), **start}, "prompt")
    yield Case(spec, {"prompt": NO_TEXT}, "prompt")
    yield Case(spec, {"prompt": ""}, "prompt")
    if start:
        yield Case(spec, {"prompt": "", **start}, "" if spec.is_prompt_optional else "prompt")


def inside(field: Field) -> list[Any]:
    if field.choices:
        return list(field.choices)
    if field.max_characters:
        return ["x", "字" * field.max_characters, *field.suggestions]
    return [field.minimum, field.maximum]


def outside(field: Field) -> list[Any]:
    """Beside each end of the numbers, and in the gaps between them; words of nobody's; what is no text."""
    if field.minimum is not None and field.maximum is not None:
        return [field.minimum - 1, field.maximum + 1, 2**63, "many"]
    if field.max_characters:
        return ["字" * (field.max_characters + 1), NO_TEXT]
    beside = {value + step for value in field.choices if type(value) is int for step in (-1, 1)}
    return [*sorted(beside - set(field.choices)), "", "nobody's", NO_TEXT]


def links(spec: ModelSpec, each: Input, start: dict[str, Any]) -> Iterator[Case]:
    link = LINKS[each.media]
    longest = link + "?" + "a" * (MAX_URL_CHARACTERS - len(link) - 1)
    base = {"prompt": "A gate", **({} if each.media == "image" else start)}

    def given(*links: str) -> dict[str, Any]:
        return {**base, each.name: list(links) if takes_list(each) or len(links) > 1 else links[0]}

    yield Case(spec, given(*[link] * each.maximum))
    yield Case(spec, given(longest))
    yield Case(spec, given(*[link] * (each.maximum + 1)), each.name)
    yield Case(spec, given(longest + "a"), each.name)
    for wrong in ("http://127.0.0.1/a", "ftp://example.com/a", "upload:nothing", NO_TEXT):
        yield Case(spec, given(wrong), each.name)


def as_form(case: Case) -> QueryDict:
    """The same as a browser sends it: every control that was shown, and those that were touched as they are now."""
    inputs = {each.name for each in case.spec.inputs}
    video = IMAGE_TO_VIDEO if inputs & set(case.given) else "text_to_video"
    task_type = video if video in case.spec.task_types else case.spec.task_types[0]
    form = QueryDict(mutable=True)
    form.update({"form_key": uuid4().hex, "task_type": task_type})
    form.update({"model": case.spec.slug, "shown_model": case.spec.slug})
    untouched = CreateForm(initial=form.dict())
    for field in case.spec.fields:
        form[field.name] = untouched[field.name].value()
    for name, value in case.given.items():
        form.setlist(name, value if isinstance(value, list) else [value if name in inputs else json_word(value)])
    return form


@pytest.fixture
def team(db):
    ensure_prices()
    return make_team(granted=1_000_000)


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_form_and_api_come_to_the_same_verdict_at_every_bound(team, spec):
    program = client_of(team)
    wrong = []

    for case in (each for each in cases() if each.spec is spec):
        answer = post(program, "/estimates", {"model": case.spec.name, **case.given})
        by_api = "" if answer.status_code == 200 else answer.json()["error"]["details"]["field"]
        form = CreateForm(as_form(case))
        by_form = "" if form.is_valid() else " ".join(form.errors)
        if not case.field == by_api == by_form:
            wrong.append(f"{case}: {by_api or 'taken'} by API, {by_form or 'taken'} by form")

    assert wrong == []
