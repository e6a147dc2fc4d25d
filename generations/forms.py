"""The form to create with: its fields are the model's, its rules are those of the API."""

import uuid
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from . import wording
from .catalog import MODELS, Field, ModelSpec, Resolved, find_model, json_word, resolve
from .intake import GenerationRequest, InvalidParameter
from .lifecycle import Idempotency

IMAGE_TO_VIDEO = "image_to_video"


class LinksInput(forms.Widget):
    """A list of links under one name, as hidden inputs that the page writes."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        values = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return [value.strip() for value in values if value.strip()]


class CreateForm(forms.Form):
    """`resolved` is what was asked for, once the form is valid.

    An untouched field is sent as its default, so the same request always looks the same, and `form_key` tells one
    rendering of the form from another: sent twice, it creates once.
    """

    form_key = forms.Field(widget=forms.HiddenInput)
    task_type = forms.Field(widget=forms.HiddenInput, required=False)
    prompt = forms.Field(label=gettext_lazy("Prompt"), required=False)
    model = forms.Field(label=gettext_lazy("Model"), required=False)
    image_urls = forms.Field(label=gettext_lazy("Images"), required=False, widget=LinksInput)

    resolved: Resolved

    def __init__(self, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={"form_key": uuid.uuid4().hex, **(initial or {})}, auto_id="create-%s")
        self.spec = _spec(str((data or initial or {}).get("model", "")))
        limit = self.spec.max_prompt_characters
        self.fields["prompt"].widget = forms.Textarea(
            attrs={"class": "input", "rows": 5, "dir": "auto", "data-limit": limit, "required": True}
        )
        models = [(spec.slug, spec.label) for spec in MODELS.values()]
        self.fields["model"].widget = forms.Select(choices=models, attrs={"class": "input"})
        self.initial.setdefault("model", self.spec.slug)
        for field in self.spec.fields:
            self.fields[field.name] = _choice_field(field)

    @property
    def takes_images(self) -> bool:
        return self["task_type"].value() == IMAGE_TO_VIDEO and IMAGE_TO_VIDEO in self.spec.task_types

    @property
    def choice_fields(self) -> list[forms.BoundField]:
        return [self[field.name] for field in self.spec.fields]

    def priced(self) -> Resolved:
        """What the choices alone come to, whatever else is still missing; raises InvalidParameter."""
        return resolve(GenerationRequest(prompt="-", model=self.spec.name, **self._choices()))

    def idempotency(self) -> Idempotency:
        """The same rendering sent again with the same content is the same request."""
        digest = sha256(repr(self.resolved.request).encode("utf-8", "replace")).hexdigest()
        form_key = str(self.cleaned_data["form_key"])[:64]
        return Idempotency(key=f"form:{form_key}:{digest}", request_digest=digest)

    def clean(self) -> dict[str, Any]:
        images = self.cleaned_data.get("image_urls") or []
        if self.takes_images and not images:
            self.add_error("image_urls", _("Add at least one image, by link or by upload."))
        try:
            # Browsers send every line end of a text area as CRLF.
            prompt = str(self.cleaned_data.get("prompt") or "").replace("\r\n", "\n")
            given = {"prompt": prompt, "model": self.spec.name, **self._choices()}
            request = GenerationRequest.from_mapping({**given, "image_urls": images if self.takes_images else []})
            self.resolved = resolve(request)
        except InvalidParameter as error:
            self.refuse(error)
        return self.cleaned_data

    def refuse(self, error: InvalidParameter) -> None:
        """Show what intake, catalog or gate refused beside the field it is about."""
        self.add_error(error.field if error.field in self.fields else None, refusal(error))

    def _choices(self) -> dict[str, Any]:
        return {field.name: _value(field, self[field.name].value()) for field in self.spec.fields}


def refusal(error: InvalidParameter) -> str:
    """What is wrong, in the reader's language; where there are no words for it, in the API's."""
    if error.constraint == "max_length" and error.field == "prompt":
        over = error.value - error.limit
        return ngettext(
            "The prompt is %(over)s character too long: %(limit)s at most.",
            "The prompt is %(over)s characters too long: %(limit)s at most.",
            over,
        ) % {"over": over, "limit": error.limit}
    if error.constraint == "max_items":
        return _("At most %(limit)s images.") % {"limit": error.limit}
    words = {
        ("prompt", "required"): _("Describe what the clip should show."),
        ("prompt", "text"): _("The prompt holds a character that is not text. Remove it."),
        ("image_urls", "public_url"): _("An image link must be a public http or https address."),
        ("image_urls", "upload"): _("An uploaded image is no longer there. Upload it again."),
        ("image_urls", "max_length"): _("An image link is too long."),
    }
    return words.get((error.field, error.constraint), error.message)


def _spec(name: str) -> ModelSpec:
    try:
        return find_model(name)
    except InvalidParameter:
        return find_model("")


def _choice_field(field: Field) -> forms.Field:
    choices = [(json_word(value), wording.choice(field.name, value)) for value in field.choices]
    return forms.Field(
        label=str(field.label),
        required=False,
        initial=json_word(field.default),
        widget=forms.RadioSelect(choices=choices, attrs={"data-priced": True} if field.priced else {}),
    )


def _value(field: Field, word: Any) -> Any:
    """The value that a radio's word stands for; a word of nobody's is passed on, to be refused by name."""
    return next((value for value in field.choices if json_word(value) == str(word)), word)
