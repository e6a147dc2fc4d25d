"""Search indexes: what they are made with, how far they are, and what has failed, which may be tried again."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.admin import ReadOnly
from generations.failures import FAILURES
from generations.models import SearchIndex
from generations.search import entries, operating, spaces

KINDS = {
    SearchIndex.Kind.CLIP: _("Clips, by what is seen"),
    SearchIndex.Kind.PROMPT: _("Prompts, by what they mean"),
    SearchIndex.Kind.TAGS: _("Tags read off clips"),
}
STATES = {
    operating.CURRENT: _("Current"),
    operating.FILLING: _("Being filled; the one before it is searched, by words alone where its model is gone"),
    operating.KEPT: _("Filled; its turn comes at once"),
    operating.RETIRED: _("Retired; it is being emptied"),
}
OF_ENTRIES = {
    entries.GIVEN_UP: _("The provider failed at it again and again, while it answered for others."),
    entries.DIMS_CHANGED: _("The provider's vectors have another size now: raise the version, and all are made anew."),
}


@admin.register(SearchIndex)
class SearchIndexAdmin(ReadOnly):
    list_display = ("of_what", "provider", "model", "dims", "version", "state", "progress", "failed", "created_at")
    ordering = ("retired_at", "kind", "-is_current", "id")
    fields = (
        *("of_what", "state", "progress", "failed", "provider", "model", "dims", "version"),
        *("created_at", "filled_at", "built_at", "retired_at"),
    )
    readonly_fields = ("of_what", "state", "progress", "failed")
    show_full_result_count = False

    def get_urls(self) -> list[URLPattern]:
        retry = self.admin_site.admin_view(require_POST(self.retry))
        return [path("<int:object_id>/retry/", retry, name="generations_searchindex_retry"), *super().get_urls()]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("generations.change_searchindex")

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        index = self.get_object(request, object_id) if object_id else None
        failed = operating.failures(index) if index else {}
        about = {
            "failures": [(code, count, _why(code)) for code, count in failed.items()],
            "may_retry": bool(failed and index and not index.retired_at and self.has_retry_permission(request)),
        }
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **about})

    def retry(self, request: HttpRequest, object_id: int) -> HttpResponse:
        if not self.has_retry_permission(request):
            raise PermissionDenied
        index = get_object_or_404(SearchIndex, pk=object_id)
        count = operating.retry(index)
        if count:
            told = ngettext("%(count)s entry is tried again.", "%(count)s entries are tried again.", count)
            self.log_change(request, index, told % {"count": count})
            messages.success(request, told % {"count": count})
        else:
            messages.info(request, gettext("There is nothing to be tried again."))
        return redirect("admin:generations_searchindex_change", index.pk)

    @admin.display(description=_("what is found by it"), ordering="kind")
    def of_what(self, index: SearchIndex) -> str:
        return str(KINDS[SearchIndex.Kind(index.kind)])

    @admin.display(description=_("state"))
    def state(self, index: SearchIndex) -> str:
        return str(STATES[operating.state(index)])

    @admin.display(description=_("progress"))
    def progress(self, index: SearchIndex) -> SafeString | str:
        if index.retired_at:
            return ""
        progress = spaces.progress(index)
        ended = progress.done + progress.failed
        told = gettext("%(done)s of %(total)s") % {"done": number_format(ended), "total": number_format(progress.total)}
        return format_html(
            '<progress max="{}" value="{}" aria-label="{}"></progress> {}', max(progress.total, 1), ended, told, told
        )

    @admin.display(description=_("failed"))
    def failed(self, index: SearchIndex) -> int:
        return sum(operating.failures(index).values())


def _why(code: str) -> str:
    """Beside the codes of search itself there are those that generations fail with too."""
    if code in OF_ENTRIES:
        return str(OF_ENTRIES[code])
    return str(FAILURES[code].message) if code in FAILURES else ""
