"""The form itself."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from generations.catalog import Input, Resolved, resolve
from generations.catalog.advice import Advice, advice
from generations.idempotency import Idempotency
from generations.intake import GenerationRequest, InvalidParameter

from .describing import makes
from .fields import VARIATIONS, Control, Links, fields_of, links_value, takes_list, value_of
from .refusals import refusal
from .tabs import IMAGE_TO_VIDEO, models_of, tab_and_model


class CreateForm(forms.Form):
    """`resolved` is what was asked for, once the form is valid, and `retry_of` the id of what it is another try of.

    An untouched field is sent as its default, so the same request always looks the same, and `form_key` tells one
    rendering of the form from another: sent twice, it creates once.
    """

    form_key = forms.Field(widget=forms.HiddenInput)
    retry_of = forms.Field(widget=forms.HiddenInput, required=False)
    prompt = forms.Field(label=_("Prompt"), required=False)
    model = forms.Field(label=_("Model"), required=False)

    resolved: Resolved

    def __init__(self, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={"form_key": uuid.uuid4().hex, **(initial or {})}, auto_id="create-%s")
        self.task_type, self.spec = tab_and_model(data or initial or {})
        self.initial["model"] = self.spec.slug
        self.fields["prompt"].widget = forms.Textarea(
            attrs={"class": "input", "rows": 5, "dir": "auto", "required": not self.is_prompt_optional}
        )
        models = [(spec.slug, spec.label) for spec in models_of(self.task_type)]
        self.fields["model"].widget = forms.Select(choices=models, attrs={"class": "input", "data-quoted": True})
        self.fields |= {each.name: Links(each) for each in self.inputs}
        self.fields |= {field.name: Control(field) for field in fields_of(self.spec)}

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What can be given to start from."""
        return self.spec.inputs if self.task_type == IMAGE_TO_VIDEO else ()

    @property
    def is_prompt_optional(self) -> bool:
        return self.spec.is_prompt_optional and bool(self.inputs)

    @property
    def makes(self) -> str:
        return makes(self.spec)

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        return [self[field.name] for field in self.spec.fields if not field.is_advanced]

    @property
    def advanced_fields(self) -> list[forms.BoundField]:
        return [self[field.name] for field in self.spec.fields if field.is_advanced]

    @property
    def variations_field(self) -> forms.BoundField | None:
        return self[VARIATIONS.name] if VARIATIONS.name in self.fields else None

    def variations(self) -> int:
        """How many are asked for; raises InvalidParameter."""
        word = self[VARIATIONS.name].value() if VARIATIONS.name in self.fields else None
        count = VARIATIONS.default if word is None else value_of(VARIATIONS, word)
        VARIATIONS.check(count)
        return int(count)

    @property
    def is_advanced_used(self) -> bool:
        """Something in the advanced part was chosen, or is wrong."""
        names = [each.name for each in self.inputs if each.is_advanced]
        names += [field.name for field in self.spec.fields if field.is_advanced]
        return any(self[name].errors or not self._is_untouched(name) for name in names)

    def priced(self) -> Resolved:
        """What the choices alone come to, whatever else is still missing; raises InvalidParameter."""
        return resolve(GenerationRequest.from_mapping({"prompt": "-", "model": self.spec.name, **self._choices()}))

    def advice(self) -> tuple[Advice, ...]:
        """On what was chosen, typed and given so far; none while any of it is wrong."""
        try:
            given = GenerationRequest.from_mapping(self._given())
            priced = self.priced()
            links = {each.name: getattr(given, each.name) for each in self.inputs}
            asked = replace(priced.request, prompt=given.prompt, **links)
            return advice(replace(priced, request=asked), variations=self.variations())
        except InvalidParameter:
            return ()

    def idempotency(self) -> Idempotency:
        """The same rendering sent again with the same content is the same request."""
        digest = sha256(repr(self.resolved.request).encode("utf-8", "replace")).hexdigest()
        form_key = str(self.cleaned_data["form_key"])[:64]
        return Idempotency(key=f"form:{form_key}:{digest}", request_digest=digest)

    def clean(self) -> dict[str, Any]:
        """Everything that is wrong is said at once: what is refused is left out, and the rest looked at again."""
        given = self._given()
        for refused in self._refused_inputs():
            self.refuse(refused)
            given[refused.field] = None
        left_out: set[str] = set()
        while (error := self._resolve(given)) and error.field not in left_out:
            self.refuse(error)
            left_out.add(error.field)
            given |= {"prompt": "-"} if error.field == "prompt" else {error.field: None}
        try:
            self.variations()
        except InvalidParameter as error:
            self.refuse(error)
        return self.cleaned_data

    def refuse(self, error: InvalidParameter) -> None:
        """Show what intake, catalog or gate refused beside the field it is about."""
        self.add_error(error.field if error.field in self.fields else None, refusal(error, self.spec))

    def _is_untouched(self, name: str) -> bool:
        return self[name].value() in (self.fields[name].initial, None, [])

    def _resolve(self, given: dict[str, Any]) -> InvalidParameter | None:
        """Keeps what was resolved, or returns why nothing was."""
        # Where a prompt may be left out, it is not asked for in place of an image that is missing or wrong.
        stand_in = "-" if self.errors and self.is_prompt_optional else ""
        try:
            self.resolved = resolve(GenerationRequest.from_mapping({**given, "prompt": given["prompt"] or stand_in}))
        except InvalidParameter as error:
            return error
        return None

    def _refused_inputs(self) -> Iterator[InvalidParameter]:
        """What only a form can get wrong: several links where a request has room for one, and nothing to start from."""
        links = {each: self[each.name].value() or [] for each in self.inputs}
        for each, given in links.items():
            if not takes_list(each) and len(given) > 1:
                message = f"{each.name} takes one link."
                yield InvalidParameter(each.name, "max_items", message, limit=1, value=len(given))
        images = [each for each in self.inputs if each.media == "image"]
        if images and not any(links.values()):
            yield InvalidParameter(images[0].name, "required", "There is no image to start from.")

    def _given(self) -> dict[str, Any]:
        # Browsers send every line end of a text area as CRLF.
        prompt = str(self["prompt"].value() or "").replace("\r\n", "\n")
        return {"prompt": prompt, "model": self["model"].value() or self.spec.name, **self._choices(), **self._links()}

    def _links(self) -> dict[str, Any]:
        return {each.name: links_value(each, self[each.name].value() or []) for each in self.inputs}

    def _choices(self) -> dict[str, Any]:
        return {field.name: value_of(field, self[field.name].value()) for field in self.spec.fields}
