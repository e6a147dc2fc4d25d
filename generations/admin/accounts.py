"""Provider accounts: their settings, how they stand, and who is to get no work for now."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from generations import provider_accounts
from generations.catalog import OFFERS
from generations.models import ProviderAccount
from generations.providers.registry import EMBEDDERS, build, options_of, signatures_of

from .callback_signature import SCHEMES, SignatureForm
from .health import show_health
from .options import OptionsField


class AccountForm(forms.ModelForm):
    options = OptionsField(label=_("options"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = ", ".join(options_of(self.instance.provider))
        if "options" in self.fields:
            self.fields["options"].help_text = (
                gettext("One on each line, as name=value. Its adapter takes: %(names)s") % {"names": taken}
                if taken
                else gettext("Its adapter takes none.")
            )

    def clean_base_url(self) -> str:
        """As `manage.py provider add` has it."""
        url: str = self.cleaned_data["base_url"]
        if not provider_accounts.is_base_url(url):
            raise forms.ValidationError(gettext("This is not a base URL, such as https://provider.example/api/v1."))
        return url.rstrip("/")

    def clean(self) -> dict[str, Any]:
        """Address and options together, as the adapter takes them."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "base_url" in cleaned and "options" in cleaned:
            try:
                build(self.instance.provider, cleaned["base_url"], "key", cleaned["options"])
            except (KeyError, ValueError) as error:
                words = gettext("Its adapter can't use this address or its options.")
                self.add_error("options", f"{words} {error}")
        return cleaned


class PauseForm(forms.Form):
    reason = forms.CharField(
        label=_("reason"), max_length=200, required=False, help_text=_("For operators. Nobody else sees it.")
    )


@admin.register(ProviderAccount)
class ProviderAccountAdmin(admin.ModelAdmin):
    """Accounts and their keys are added by `manage.py provider add`."""

    form = AccountForm
    list_display = ("label", "provider", "base_url", "priority", "weight", "paused_at", "paused_reason", "busy_until")
    fieldsets = (
        (None, {"fields": ("label", "provider", "base_url", "options")}),
        (_("Which work it gets"), {"fields": ("priority", "weight", "max_running", "max_unanswered")}),
        (_("How often it may be asked"), {"fields": ("reads_a_minute", "reads_a_second")}),
        (_("Callbacks"), {"fields": ("signature",)}),
        (_("State"), {"fields": (("paused_at", "paused_reason"), "busy_until", ("circuit_opened_at", "probe_at"))}),
    )
    # What makes no generations has neither share of them nor callbacks.
    embedder_fieldsets = (
        (None, {"fields": ("label", "provider", "base_url", "options")}),
        (_("How often it may be asked"), {"fields": ("priority", "reads_a_minute", "reads_a_second")}),
        (_("State"), {"fields": (("paused_at", "paused_reason"), "busy_until")}),
    )
    readonly_fields = (
        *("provider", "signature", "paused_at", "paused_reason", "busy_until", "circuit_opened_at", "probe_at"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ProviderAccount | None = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: ProviderAccount | None = None) -> Any:
        is_embedder = obj is not None and obj.provider in EMBEDDERS
        return self.embedder_fieldsets if is_embedder else super().get_fieldsets(request, obj)

    def save_model(self, request: HttpRequest, obj: ProviderAccount, form: Any, change: bool) -> None:
        """Only what was changed here: workers write on the same row all the time."""
        if form.changed_data:
            obj.save(update_fields=form.changed_data)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("health/", self._health, name="generations_provideraccount_health"),
            path(
                "<uuid:object_id>/signature/", view(self.change_signature), name="generations_provideraccount_signature"
            ),
            path("<uuid:object_id>/pause/", view(self.pause), name="generations_provideraccount_pause"),
            path(
                "<uuid:object_id>/resume/", view(require_POST(self.resume)), name="generations_provideraccount_resume"
            ),
        ]
        return own + super().get_urls()

    def _health(self, request: HttpRequest) -> HttpResponse:
        """Whoever was signed out meanwhile is led to the sign-in page, which must not come in place of the table."""
        if request.htmx and not self.admin_site.has_permission(request):  # type: ignore[attr-defined]
            return HttpResponseClientRefresh()
        response: HttpResponse = self.admin_site.admin_view(require_safe(self.health))(request)
        return response

    def health(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        frame = {**self.admin_site.each_context(request), "opts": self.opts}
        return show_health(request, frame | {"may_change": self.has_change_permission(request)})

    def pause(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """Ask, saying which models nobody else could make then, and do it."""
        account = self._account(request, object_id)
        form = PauseForm(request.POST or None)
        if request.method == "POST" and "confirmed" in request.POST and form.is_valid():
            if provider_accounts.pause(account, reason=form.cleaned_data["reason"]):
                self.log_change(request, account, gettext("Paused: %(reason)s") % {"reason": account.paused_reason})
                messages.success(request, gettext("Paused. What runs there is still followed to its end."))
            else:
                messages.info(request, gettext("It was paused already."))
            return redirect("admin:generations_provideraccount_health")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Pause an account"),
            "account": account,
            "form": form,
            "models": _made_by_nobody_else(account),
        }
        return render(request, "admin/generations/provideraccount/pause.html", context)

    def resume(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        account = self._account(request, object_id)
        provider_accounts.resume(account)
        self.log_change(request, account, gettext("Resumed"))
        messages.success(request, gettext("In service: %(label)s.") % {"label": account.label})
        return redirect("admin:generations_provideraccount_health")

    @admin.display(description=_("signature"))
    def signature(self, account: ProviderAccount) -> str:
        if not signatures_of(account.provider):
            return gettext("It sends no callbacks.")
        if not account.signature_scheme:
            return gettext("None: callbacks are hints, whoever sent them.")
        told = [str(SCHEMES[account.signature_scheme]), account.signature_header]
        if account.old_callback_secret_until and account.old_callback_secret_until > timezone.now():
            until = date_format(account.old_callback_secret_until, "DATETIME_FORMAT")
            told.append(gettext("the secret before is good until %(until)s UTC") % {"until": until})
        return ", ".join(filter(None, told))

    @method_decorator(sensitive_post_parameters("secret"))
    def change_signature(self, request: HttpRequest, object_id: UUID) -> HttpResponse:
        """Set it, change its secret, or do without. Whoever may change accounts may."""
        account = self._account(request, object_id)
        if not signatures_of(account.provider):
            raise Http404
        form = SignatureForm(request.POST if "set" in request.POST else None, account=account)
        if request.method == "POST" and "remove" in request.POST:
            if "confirmed" not in request.POST:
                return self._signature_page(request, account, "unsign", _("Do without a signature"))
            provider_accounts.believe_unsigned_callbacks(account)
            self.log_change(request, account, gettext("Callbacks are not signed any more"))
            messages.success(request, gettext("Callbacks of this account are hints from now on, whoever sent them."))
            return redirect("admin:generations_provideraccount_change", account.pk)
        if form.is_bound and form.is_valid() and form.save():
            self.log_change(request, account, _signature_log(form))
            messages.success(request, gettext("Callbacks of this account without that signature do nothing now."))
            return redirect("admin:generations_provideraccount_change", account.pk)
        return self._signature_page(request, account, "signature", _("Signature of callbacks"), form=form)

    def _signature_page(
        self, request: HttpRequest, account: ProviderAccount, name: str, title: Any, **about: Any
    ) -> HttpResponse:
        now = {"title": title, "account": account, "now_signed": self.signature(account)}
        context = {**self.admin_site.each_context(request), "opts": self.opts, **now, **about}
        return render(request, f"admin/generations/provideraccount/{name}.html", context)

    def _account(self, request: HttpRequest, object_id: UUID) -> ProviderAccount:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(ProviderAccount, pk=object_id)


def _signature_log(form: SignatureForm) -> str:
    words = gettext("Signature of callbacks: %(scheme)s")
    if form.cleaned_data["secret"]:
        words = gettext("Signature of callbacks: %(scheme)s, with a new secret")
    elif form.cleaned_data["overlap_hours"] == 0:
        words = gettext("Signature of callbacks: %(scheme)s, the secret before ended")
    return words % {"scheme": form.cleaned_data["scheme"]}


def _made_by_nobody_else(account: ProviderAccount) -> list[str]:
    others = ProviderAccount.objects.active().exclude(pk=account.pk).values_list("provider", flat=True)
    made_elsewhere = {each.model for each in OFFERS if each.provider in set(others)}
    return sorted({each.model for each in OFFERS if each.provider == account.provider} - made_elsewhere)
