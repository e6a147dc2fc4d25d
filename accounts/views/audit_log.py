"""Who did what to what, from where and when: the audit log of the team, and its CSV."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts import csv_export
from accounts.access import Action, TeamHttpRequest, team_required
from accounts.audit_words import AuditLine, told
from accounts.forms.audit_log import AuditFilter
from accounts.models import AuditEntry, Membership, Team
from accounts.statement import start_of
from project.http import render_fragment

PAGE_SIZE = 50
BATCH = 1000


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.SEE_AUDIT_LOG)
def audit_log(request: TeamHttpRequest) -> HttpResponse:
    """The entries, newest first; ?before= is the id of the last one already seen."""
    form = AuditFilter(request.GET, team=request.team)
    if not form.is_valid():
        return _page(request, form, status=422)
    entries = _entries(request.team, form)
    if "before" in request.GET:
        entries = entries.filter(id__lt=_id(request.GET["before"]))
    page = list(entries[: PAGE_SIZE + 1])
    next_before = page[PAGE_SIZE - 1].pk if len(page) > PAGE_SIZE else None
    return _page(request, form, lines=[told(entry) for entry in page[:PAGE_SIZE]], next_before=next_before)


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.SEE_AUDIT_LOG)
def audit_log_csv(request: TeamHttpRequest) -> HttpResponseBase:
    """The same entries in the same order; the page with what is wrong with a filter."""
    form = AuditFilter(request.GET, team=request.team)
    if not form.is_valid():
        return _page(request, form, status=422)
    table = _table(_entries(request.team, form), request.team.time_zone)
    return csv_export.respond(request, table, name="filmgate-audit-log.csv")


def _page(request: TeamHttpRequest, form: AuditFilter, *, status: int = 200, **context: Any) -> HttpResponse:
    fragment = "entries" if "before" in request.GET else "log"
    context["form"] = form
    return render_fragment(request, "accounts/audit_log.html", context, fragment=fragment, status=status)


def _entries(team: Team, form: AuditFilter) -> QuerySet[AuditEntry]:
    given = form.cleaned_data
    membership = Membership.objects.filter(team=team, user=OuterRef("user"))
    entries = team.audit_entries.select_related("user", "api_key").annotate(by_member=Exists(membership))
    if form.actions:
        entries = entries.filter(action__in=form.actions)
    # What someone did, and what was done to them.
    if given["person"]:
        entries = entries.filter(Q(user=given["person"]) | Q(subject_id=given["person"].pk))
    if given["key"]:
        entries = entries.filter(Q(api_key=given["key"]) | Q(subject_id=given["key"].pk))
    if given["since"]:
        entries = entries.filter(created_at__gte=start_of(team, given["since"]))
    if given["until"]:
        entries = entries.filter(created_at__lt=start_of(team, given["until"] + timedelta(days=1)))
    return entries.order_by("-id")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error


def _batches(entries: QuerySet[AuditEntry]) -> Iterator[list[AuditEntry]]:
    """All of them, never more than BATCH at once."""
    batch = list(entries[:BATCH])
    while batch:
        yield batch
        batch = list(entries.filter(id__lt=batch[-1].pk)[:BATCH])


def _table(entries: QuerySet[AuditEntry], time_zone: str) -> Iterator[list[list[csv_export.Cell]]]:
    time = _("Time (%(zone)s)") % {"zone": time_zone}
    yield [[time, _("Who"), _("E-mail"), _("What"), _("Action"), _("Subject"), _("Details"), _("Address")]]
    zone = ZoneInfo(time_zone)
    for batch in _batches(entries):
        yield [_row(told(entry), zone) for entry in batch]


def _row(line: AuditLine, zone: ZoneInfo) -> list[csv_export.Cell]:
    entry = line.entry
    return [
        f"{timezone.localtime(entry.created_at, zone):%Y-%m-%d %H:%M:%S}",
        line.who,
        line.email,
        entry.get_action_display(),
        entry.action,
        entry.subject,
        "; ".join(str(detail) for detail in line.details),
        line.ip,
    ]
