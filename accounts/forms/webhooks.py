from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from accounts.models import EventType, WebhookEndpoint
from accounts.webhooks.endpoint_settings import CHOICES, MAX_DESCRIPTION
from project.outbound import UrlRefused, check_url
from project.outbound.urls import MAX_CHARACTERS

from .choices import Choice
from .focus import FocusedForm
from .rotation import GRACE_LABELS
from .seen import in_order, opened, seal

URL_WORDS = {
    "url_malformed": _("This is not an http or https address."),
    "url_host": _("There is no such host on the internet."),
    "url_port": _("This port cannot be reached from here."),
    "url_private": _("This address is inside a private network, which we do not send to."),
}
EVENT_WORDS = {
    EventType.COMPLETED: _("A clip or a set of images is ready. Once for each, with the links to what was made."),
    EventType.FAILED: _("A generation failed, and its credits are back. Once for each, with the reason."),
    EventType.PROGRESS: _("A generation has come further. Several times for each while it runs, with the percent."),
    EventType.LOW_CREDITS: _("The credits fell below the threshold in the settings of the team. Once each time."),
}


def event_choices() -> list[tuple[str, Choice]]:
    return [(each.value, Choice(each.value, str(EVENT_WORDS[each]))) for each in CHOICES]


class EndpointForm(FocusedForm):
    """The settings of an endpoint. With `endpoint` it starts from those, and leaves alone what is not touched.

    `seen` are the settings that the endpoint had when the page was made.
    """

    url = forms.CharField(
        label=_("URL"),
        max_length=MAX_CHARACTERS,
        help_text=_("Where we POST to, an https address best. Answer with any 2xx status within 15 seconds."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "https://"}),
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=MAX_DESCRIPTION,
        help_text=_("What receives it, for you to know it by."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    events = forms.MultipleChoiceField(
        label=_("Events"),
        choices=event_choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Test events, endpoint.test, come whenever you send one: there is nothing to choose."),
        error_messages={"required": _("Choose at least one, or there is nothing to send.")},
    )

    def __init__(self, data: Any = None, *, endpoint: WebhookEndpoint | None = None) -> None:
        self.endpoint = endpoint
        self.seen = _seen(data, endpoint) if endpoint else None
        initial = self.seen or {"events": [EventType.COMPLETED, EventType.FAILED], "form_key": uuid7()}
        super().__init__(data, initial=initial, auto_id="endpoint-%s")

    @property
    def sealed(self) -> str:
        """What the page shows, to come back as the field `seen`."""
        return seal(self.seen, of=self.endpoint.pk) if self.endpoint and self.seen else ""

    def clean_url(self) -> str:
        """One that is kept as it is may be what could not be chosen any more."""
        url: str = self.cleaned_data["url"]
        if self.seen is None or url != self.seen["url"]:
            try:
                check_url(url)
            except UrlRefused as refusal:
                raise ValidationError(URL_WORDS.get(refusal.code, URL_WORDS["url_malformed"])) from refusal
        return url

    def settings(self) -> dict[str, Any]:
        """What was filled in, of a form without errors."""
        return {name: self.cleaned_data[name] for name in ("url", "description", "events")}

    def changes(self) -> dict[str, Any]:
        """The settings that are not as the page had shown them."""
        if self.seen is None:
            raise TypeError("the form of no endpoint")
        seen = self.seen
        return {name: value for name, value in self.settings().items() if in_order(value) != in_order(seen[name])}


class NewEndpointForm(EndpointForm):
    """`form_key` becomes the id of the endpoint: sent twice, even at once, the form makes one."""

    form_key = forms.UUIDField(widget=forms.HiddenInput)


class RotateSecretForm(forms.Form):
    """`current` says which secret is replaced: once it is, the same form replaces nothing more."""

    current = forms.CharField(required=False, widget=forms.HiddenInput)
    grace = forms.TypedChoiceField(
        label=_("How long the present secret signs along"),
        choices=[(str(int(grace.total_seconds())), label) for grace, label in GRACE_LABELS.items()],
        coerce=lambda seconds: timedelta(seconds=int(seconds)),
        widget=forms.RadioSelect,
        initial=str(24 * 3600),
    )


class EnableForm(forms.Form):
    send_failed = forms.BooleanField(required=False, initial=True)


def _seen(data: Any, endpoint: WebhookEndpoint) -> dict[str, Any]:
    now = {"url": endpoint.url, "description": endpoint.description, "events": list(endpoint.events)}
    return opened(str(data.get("seen", "")), of=endpoint.pk, now=now) if data is not None else now
