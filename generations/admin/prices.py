"""Price lists, and the page on which an operator makes the next version of one."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import ReadOnly
from generations import price_changes
from generations.catalog import MODELS, ModelSpec
from generations.models import Price, PriceList

from .price_form import PricesForm
from .price_preview import preview


class PriceInline(admin.TabularInline):
    model = Price
    can_delete = False
    extra = 0

    def has_change_permission(self, request: HttpRequest, obj: PriceList | None = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: PriceList | None = None) -> bool:
        return False


@admin.register(PriceList)
class PriceListAdmin(ReadOnly):
    """A price in use is never edited: a change is a new version."""

    list_display = ("model", "version", "standing", "effective_at", "note", "change_link")
    list_filter = ("model",)
    ordering = ("model", "-version")
    readonly_fields = ("standing",)
    inlines = (PriceInline,)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("of/<str:model>/", view(self.change_prices), name="generations_pricelist_prices"),
            path("<int:object_id>/withdraw/", view(self.withdraw), name="generations_pricelist_withdraw"),
        ]
        return own + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceList]:
        """Each with which of its model's lists is in force."""
        of_model = PriceList.objects.filter(model=OuterRef("model"), effective_at__lte=Now())
        in_force = of_model.order_by("-effective_at", "-version").values("id")[:1]
        return super().get_queryset(request).annotate(in_force_id=Subquery(in_force))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """With a way to give prices to the models that have none, and so can't be made."""
        priced = set(PriceList.objects.values_list("model", flat=True))
        unpriced = [spec for spec in MODELS.values() if spec.slug not in priced]
        return super().changelist_view(request, {**(extra_context or {}), "unpriced": unpriced})

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        price_list = self.get_object(request, object_id) if object_id else None
        about = {
            "may_change": bool(price_list and price_list.model in MODELS and self._may_change(request)),
            "may_withdraw": bool(price_list and price_changes.is_coming(price_list) and self._may_withdraw(request)),
        }
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **about})

    @admin.display(description=_("standing"))
    def standing(self, price_list: PriceList) -> str:
        if price_changes.is_coming(price_list):
            return gettext("Coming")
        is_in_force = price_list.in_force_id == price_list.pk  # type: ignore[attr-defined]
        return gettext("In force") if is_in_force else gettext("Past")

    @admin.display(description="")
    def change_link(self, price_list: PriceList) -> str:
        if price_list.model not in MODELS:
            return ""
        address = reverse("admin:generations_pricelist_prices", args=[price_list.model])
        return format_html('<a href="{}">{}</a>', address, gettext("Change prices"))

    def change_prices(self, request: HttpRequest, model: str) -> HttpResponse:
        """Ask for the new prices, show what they change, and make the version. Until then nothing is written."""
        if not self._may_change(request):
            raise PermissionDenied
        if model not in MODELS:
            raise Http404
        spec = MODELS[model]
        form = self._form(request, spec)
        shown = None
        if request.method == "POST" and form.is_valid() and "again" not in request.POST:
            try:
                price_changes.check_latest(spec, form.cleaned_data["latest_version"])
                shown = preview(spec, form)
                if shown.changes and "confirmed" in request.POST:
                    return self._make(request, spec, form)
            except price_changes.Outdated as refusal:
                messages.error(request, _outdated(refusal))
                return redirect("admin:generations_pricelist_prices", model)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Prices of %(model)s") % {"model": spec.label},
            "spec": spec,
            "form": form,
            "coming": PriceList.objects.filter(model=model, effective_at__gt=timezone.now()).order_by("effective_at"),
            "preview": shown,
        }
        return render(request, "admin/generations/pricelist/change_prices.html", context)

    def _form(self, request: HttpRequest, spec: ModelSpec) -> PricesForm:
        """Of the rows that it had when it was first shown."""
        lists = PriceList.objects.filter(model=spec.slug)
        if request.method == "POST":
            version = request.POST.get("from_version", "")
            is_version = version.isascii() and version.isdecimal() and len(version) < 10
            base = lists.filter(version=int(version)).first() if is_version else None
            return PricesForm(request.POST, spec=spec, rows=price_changes.starting_rows(spec, base))
        base = lists.effective(spec.slug, timezone.now()).first()
        given = {
            "from_version": base.version if base else 0,
            "latest_version": price_changes.latest_version(spec.slug),
        }
        return PricesForm(initial=given, spec=spec, rows=price_changes.starting_rows(spec, base))

    @transaction.atomic
    def _make(self, request: HttpRequest, spec: ModelSpec, form: PricesForm) -> HttpResponse:
        """Raises Outdated."""
        given = form.cleaned_data
        price_list = price_changes.make_version(
            spec,
            form.new_rows,
            based_on=given["latest_version"],
            effective_at=given["effective_at"] or timezone.now(),
            note=given["note"],
        )
        self.log_addition(request, price_list, gettext("Prices changed: %(note)s") % {"note": price_list.note})
        told = {"version": price_list.version, "at": date_format(price_list.effective_at, "DATETIME_FORMAT")}
        messages.success(request, gettext("Version %(version)s is made. It is in force from %(at)s UTC.") % told)
        return redirect("admin:generations_pricelist_change", price_list.pk)

    def withdraw(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask, and take back a version that is not in force yet."""
        if not self._may_withdraw(request):
            raise PermissionDenied
        price_list = get_object_or_404(PriceList, pk=object_id)
        if request.method == "POST" and "confirmed" in request.POST:
            self._withdraw(request, price_list)
            return redirect("admin:generations_pricelist_changelist")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Withdraw coming prices"),
            "price_list": price_list,
            "is_coming": price_changes.is_coming(price_list),
        }
        return render(request, "admin/generations/pricelist/withdraw.html", context)

    def _withdraw(self, request: HttpRequest, price_list: PriceList) -> None:
        try:
            with transaction.atomic():
                self.log_deletions(request, PriceList.objects.filter(pk=price_list.pk))
                price_changes.withdraw(price_list)
        except price_changes.InForce:
            messages.error(request, gettext("It is in force, or about to be. Make a new version in its place."))
        else:
            messages.success(request, gettext("Withdrawn: %(version)s.") % {"version": price_list})

    def _may_change(self, request: HttpRequest) -> bool:
        return request.user.has_perm("generations.add_pricelist")

    def _may_withdraw(self, request: HttpRequest) -> bool:
        return request.user.has_perm("generations.delete_pricelist")


def _outdated(refusal: price_changes.Outdated) -> str:
    if not refusal.based_on:
        return gettext("Version %(latest)s was made meanwhile. Nothing was changed.") % {"latest": refusal.latest}
    words = gettext(
        "This was based on version %(based_on)s, but the latest is version %(latest)s now. Nothing was changed."
    )
    return words % {"based_on": refusal.based_on, "latest": refusal.latest}
