import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import EventType, Team, WebhookDelivery, WebhookEndpoint
from accounts.statement import start_of
from accounts.webhooks import desk

from .credits import DaysForm

CALLBACKS = "callbacks"
_MESSAGE_ID = re.compile(r"msg_([0-9a-f]{32})")
_HEX = re.compile(r"[0-9a-f]{32}")


class DeliveryFilter(DaysForm):
    """`id` is that of a task, or the webhook-id that a receiver was sent."""

    id = forms.CharField(
        label=_("Id"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "spellcheck": "false", "placeholder": _("Task, msg_…")}
        ),
    )
    state = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("Any status")), *WebhookDelivery.State.choices]
    )
    event = forms.ChoiceField(
        label=_("Event"), required=False, choices=[("", _("All events")), *((each, each) for each in EventType.values)]
    )
    endpoint = forms.ChoiceField(label=_("Sent to"), required=False)

    field_order = ("id", "state", "event", "endpoint", "since", "until")

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        self.fields["endpoint"].choices = list(self._endpoint_choices())  # type: ignore[attr-defined]

    @cached_property
    def endpoints(self) -> dict[str, WebhookEndpoint]:
        return {str(each.pk): each for each in desk.endpoints_of(self.team)}

    def clean_id(self) -> str:
        given: str = self.cleaned_data["id"].strip().lower()
        if not given or _MESSAGE_ID.fullmatch(given) or _HEX.fullmatch(given.replace("-", "")):
            return given
        raise forms.ValidationError(_("Enter the id of a task, or a webhook-id such as msg_0198…."))

    @property
    def filters(self) -> desk.Filters:
        """What a valid form asks for."""
        given = self.cleaned_data
        message_id = _MESSAGE_ID.fullmatch(given["id"])
        until = given["until"]
        return desk.Filters(
            state=given["state"],
            type=given["event"],
            endpoint=self.endpoints.get(given["endpoint"]),
            to_callbacks=given["endpoint"] == CALLBACKS,
            since=start_of(self.team, given["since"]) if given["since"] else None,
            until=start_of(self.team, until + timedelta(days=1)) if until else None,
            event_id=UUID(message_id[1]) if message_id else None,
            subject_id=UUID(given["id"]) if given["id"] and not message_id else None,
        )

    def _endpoint_choices(self) -> Iterator[tuple[str, Any]]:
        yield "", _("Everywhere")
        yield CALLBACKS, _("Callback URLs of requests")
        for id, endpoint in self.endpoints.items():
            yield id, f"{endpoint} ({_('deleted')})" if endpoint.deleted_at else str(endpoint)
