"""What the team has, and how it came to it: the balance, its budgets, and the statement with its CSV."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts import budgets, csv_export, members
from accounts import statement as statements
from accounts.access import Action, TeamHttpRequest, team_required
from accounts.forms.credits import StatementFilter
from accounts.models import CreditEntry
from accounts.roles import can
from accounts.statement import Standing, Statement
from project.http import render_fragment

PAGE_SIZE = 30


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.SEE_CREDITS)
def statement(request: TeamHttpRequest) -> HttpResponse:
    """The balance and its entries, newest first; ?before= is the sequence of the last entry already seen."""
    form = StatementFilter(request.GET, team=request.team)
    if not form.is_valid():
        return _page(request, form, status=422)
    found = statements.of(request.team, form.filters)
    entries = found.newest_first()
    if "before" in request.GET:
        entries = entries.filter(sequence__lt=_sequence(request.GET["before"]))
    page = list(entries[: PAGE_SIZE + 1])
    has_more = len(page) > PAGE_SIZE
    next_before = page[PAGE_SIZE - 1].sequence if has_more else None
    return _page(request, form, statement=found, entries=page[:PAGE_SIZE], next_before=next_before)


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.SEE_CREDITS)
def statement_csv(request: TeamHttpRequest) -> HttpResponseBase:
    """The same, oldest first, between opening and closing balance; or the page with what is wrong with a filter."""
    form = StatementFilter(request.GET, team=request.team)
    if not form.is_valid():
        return _page(request, form, status=422)
    found = statements.of(request.team, form.filters)
    return csv_export.respond(request, _table(found), name=_file_name(found))


def _page(request: TeamHttpRequest, form: StatementFilter, *, status: int = 200, **context: Any) -> HttpResponse:
    is_next_page = "before" in request.GET
    context["form"] = form
    if not is_next_page:
        context["months"] = list(_months(request))
        if budgets.is_limited(request.team):
            context["budgets"] = budgets.of_team(request.team)
        if not can(request.membership.role, Action.MANAGE_CREDITS):
            context["whom_to_ask"] = members.who_may(request.team, Action.MANAGE_CREDITS)
    fragment = "entries" if is_next_page else "statement"
    return render_fragment(request, "accounts/credits.html", context, fragment=fragment, status=status)


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Http404
    return int(text)


def _months(request: TeamHttpRequest) -> Iterator[dict[str, Any]]:
    """Stretches that are one click away, by the team's calendar."""
    asked = (request.GET.get("since", ""), request.GET.get("until", ""))
    this_month = timezone.localdate(timezone=ZoneInfo(request.team.time_zone)).replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    yield {"label": _("All time"), "since": None, "until": None, "is_current": asked == ("", "")}
    for label, first in ((_("This month"), this_month), (_("Last month"), last_month)):
        last = _last_day(first)
        is_current = asked == (str(first), str(last))
        yield {"label": label, "since": str(first), "until": str(last), "is_current": is_current}


def _last_day(first: date) -> date:
    return first.replace(day=monthrange(first.year, first.month)[1])


def _file_name(found: Statement) -> str:
    """filmgate-statement-northlight-2026-11-01-to-2026-11-30.csv"""
    since, until = found.filters.since, found.filters.until
    ends = (since and ("" if until else "from"), since, until and "to", until)
    period = "-".join(str(each) for each in ends if each) or "all"
    team = slugify(found.team.name, allow_unicode=True)[:60]
    return "-".join(filter(None, ("filmgate-statement", team, period))) + ".csv"


def _table(found: Statement) -> Iterator[list[list[csv_export.Cell]]]:
    zone = ZoneInfo(found.team.time_zone)
    yield [
        [
            _("Number"),
            _("Time (%(zone)s)") % {"zone": found.team.time_zone},
            _("Kind"),
            _("API key"),
            _("Member"),
            _("Note"),
            _("Available: change"),
            _("On hold: change"),
            _("Spent: change"),
            _("Available"),
            _("On hold"),
            _("Spent"),
            _("Hold id"),
        ],
        _balance_row(_("Opening balance"), found.opening),
    ]
    for batch in found.batches():
        yield [_entry_row(entry, zone) for entry in batch]
    yield [_balance_row(_("Closing balance"), found.closing)]


def _balance_row(label: str, at: Standing) -> list[csv_export.Cell]:
    return [None, None, label, None, None, None, None, None, None, at.available, at.held, at.spent, None]


def _entry_row(entry: CreditEntry, zone: ZoneInfo) -> list[csv_export.Cell]:
    return [
        entry.sequence,
        f"{timezone.localtime(entry.created_at, zone):%Y-%m-%d %H:%M:%S}",
        entry.get_kind_display(),
        entry.api_key.name if entry.api_key else "",
        entry.member.email if entry.member else "",
        entry.reason,
        entry.available_delta,
        entry.held_delta,
        entry.spent_delta,
        entry.available_after,
        entry.held_after,
        entry.spent_after,
        str(entry.hold_id or ""),
    ]
