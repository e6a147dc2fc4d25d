"""What providers sent us, to be looked at and looked into once more. Whatever is shown of it may be hostile."""

from os.path import commonprefix
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.admin import ReadOnly
from generations.models import Callback, ProviderAccount
from generations.providers.registry import ADAPTERS
from generations.submitting import ingest
from project.redaction import LONGEST_LINE, redact

# What is shown of one text, and what is looked at beyond it, for a secret at its end: no more than is redacted whole.
EDGE_CHARACTERS = 200
SHOWN_CHARACTERS = LONGEST_LINE - EDGE_CHARACTERS
MOST_AT_ONCE = 500
Verdict = Callback.Verdict

TAKEN_FOR = {
    "": _("Nobody has looked into it yet."),
    Verdict.WOKE: _("It names the task of its generation, so the provider was asked about that."),
    Verdict.BOUND: _(
        "Its generation's task was not known. The provider was asked about the one it names, and it fits."
    ),
    Verdict.FOREIGN: _("The task that it names is another's, or does not fit, or is unknown to the provider."),
    Verdict.MALFORMED: _("It names no task: it is not what the provider's document describes."),
    Verdict.SETTLED: _("The attempt that it came to had ended already."),
    Verdict.FORGED: _("The account's callbacks are signed, and this has no signature or a wrong one. It did nothing."),
    Verdict.STALE: _("It is signed rightly, but more than five minutes before or after it came. It did nothing."),
    Verdict.UNADDRESSED: _("Nobody was given the address that it came to. It did nothing."),
    Verdict.UNCHECKED: _(
        "For ten minutes its signature could not be checked: the account's secret can't be read, or is too weak. "
        "It did nothing."
    ),
}
PROVEN = {
    Callback.Proof.NONE: _("When it came: unsigned, as the account had no signature scheme."),
    Callback.Proof.GOOD: _("When it came: signed rightly."),
    Callback.Proof.STALE: _("When it came: signed rightly, but for another time."),
    Callback.Proof.BAD: _("When it came: not signed, or signed wrongly."),
    Callback.Proof.UNCHECKED: _("When it came: not known, as the account's secret could not be read or was too weak."),
}


class OfProvider(admin.SimpleListFilter):
    """Those that there are, not whatever somebody wrote into an address."""

    title = _("provider")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted(ADAPTERS)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Callback]) -> QuerySet[Callback]:
        return queryset.filter(provider=self.value()) if self.value() else queryset


class OfAccount(admin.SimpleListFilter):
    title = _("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(each.pk), each.label) for each in ProviderAccount.objects.order_by("label")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Callback]) -> QuerySet[Callback]:
        account = _uuid(self.value() or "")
        return queryset.filter(submission__account=account) if account else queryset


class Repeated(admin.SimpleListFilter):
    title = _("repeats")
    parameter_name = "repeated"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Came again")), ("no", _("Came once"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Callback]) -> QuerySet[Callback]:
        if self.value() == "yes":
            return queryset.filter(repeat_count__gt=0)
        return queryset.filter(repeat_count=0) if self.value() == "no" else queryset


@admin.register(Callback)
class CallbackAdmin(ReadOnly):
    list_display = ("received_at", "provider", "account", "verdict", "proof", "repeat_count", "provider_task_id")
    list_filter = ("verdict", "proof", Repeated, OfProvider, OfAccount, "received_at")
    search_fields = ("=provider_task_id",)
    search_help_text = _("A whole task id of the provider's, or the id of a generation or of a callback.")
    ordering = ("-id",)
    actions = ("ingest_again",)
    show_full_result_count = False
    fields = (
        *("taken_for", "proven", "provider", "account", "generation", "provider_task_id"),
        *("received_at", "repeat_count", "last_received_at", "attempt_count", "shown_headers", "shown_body"),
    )
    readonly_fields = ("taken_for", "proven", "account", "generation", "shown_headers", "shown_body")

    class Media:
        css = {"all": ["css/operator.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Callback]:
        """Without what may be large: a page lists a hundred."""
        listed = super().get_queryset(request).defer("headers", "body", "digest")
        return listed.select_related("submission__account")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Callback], search_term: str
    ) -> tuple[QuerySet[Callback], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        matches = Q(provider_task_id=term)
        if id := _uuid(term):
            matches |= Q(id=id) | Q(submission__generation=id)
        return queryset.filter(matches), False

    def has_ingest_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("generations.change_callback")

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(require_POST(self.again))
        return [path("<uuid:object_id>/again/", again, name="generations_callback_again"), *super().get_urls()]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        callback = self.get_object(request, object_id) if object_id else None
        may_ingest = bool(callback and callback.submission_id and self.has_ingest_permission(request))
        about = {**(extra_context or {}), "may_ingest": may_ingest}
        return super().changeform_view(request, object_id, form_url, about)

    def again(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        if not self.has_ingest_permission(request):
            raise PermissionDenied
        callback = get_object_or_404(Callback.objects.only("pk"), pk=object_id)
        self._again(request, [callback.pk])
        return redirect("admin:generations_callback_change", callback.pk)

    @admin.action(description=_("Ingest again"), permissions=["ingest"])
    def ingest_again(self, request: HttpRequest, queryset: QuerySet[Callback]) -> None:
        """The newest of those chosen, so many as one request is for; what came to nobody is nobody's to look into."""
        addressed = queryset.filter(submission__isnull=False).order_by("-id").values_list("pk", flat=True)
        ids = list(addressed[: MOST_AT_ONCE + 1])
        if len(ids) > MOST_AT_ONCE:
            told = gettext("Only %(count)s are taken at once, the newest first: choose the others then.")
            messages.warning(request, told % {"count": MOST_AT_ONCE})
        self._again(request, ids[:MOST_AT_ONCE])

    def _again(self, request: HttpRequest, ids: list[UUID]) -> None:
        """What each was taken for until now stays in the log."""
        with transaction.atomic():
            before = ingest.again(ids)
            for id, verdict in before.items():
                words = gettext("Ingested again; it was: %(verdict)s") % {"verdict": verdict or "new"}
                self.log_change(request, Callback(id=id, verdict=verdict), words)
        if not before:
            messages.warning(
                request, gettext("None is looked into again: they came to nobody, or are looked into just now.")
            )
            return
        count = len(before)
        told = ngettext("%(count)s callback is looked into again.", "%(count)s callbacks are looked into again.", count)
        messages.success(request, told % {"count": count})

    @admin.display(description=_("account"))
    def account(self, callback: Callback) -> str:
        return callback.submission.account.label if callback.submission else ""

    @admin.display(description=_("generation"))
    def generation(self, callback: Callback) -> str:
        if callback.submission is None:
            return ""
        generation_id = callback.submission.generation_id
        address = reverse("admin:generations_generation_change", args=[generation_id])
        return format_html('<a href="{}">{}</a>', address, generation_id)

    @admin.display(description=_("what it was taken for"))
    def taken_for(self, callback: Callback) -> str:
        words = str(TAKEN_FOR[callback.verdict])
        return f"{callback.get_verdict_display()}. {words}" if callback.verdict else words

    @admin.display(description=_("its signature"))
    def proven(self, callback: Callback) -> str:
        return str(PROVEN[Callback.Proof(callback.proof)])

    @admin.display(description=_("headers"))
    def shown_headers(self, callback: Callback) -> SafeString:
        return _as_written("\n".join(f"{name}: {value}" for name, value in callback.headers.items()))

    @admin.display(description=_("body"))
    def shown_body(self, callback: Callback) -> SafeString:
        """As text, whatever it is; bytes that are none of UTF-8 are shown by their numbers."""
        return _as_written(bytes(callback.body).decode(errors="backslashreplace"))


def _as_written(text: str) -> SafeString:
    """Escaped, cut off where it is long, without what turns direction or moves the cursor, and without secrets.

    A secret that the cut goes through is known by what is after it: where that changes what is shown, it ends before.
    """
    shown = commonprefix([redact(text[:end]) for end in (SHOWN_CHARACTERS, LONGEST_LINE)])  # noqa: RUF071 -- no paths
    plain = "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in shown)
    left = len(text) - SHOWN_CHARACTERS
    cut = [(gettext("%(count)s more characters") % {"count": left},)] if left > 0 else []
    return format_html('<pre class="as-written" dir="ltr">{}</pre>{}', plain, format_html_join("", "<p>… {}</p>", cut))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
