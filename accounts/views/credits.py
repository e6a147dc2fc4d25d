from django.http import Http404, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from accounts.models import CreditEntry
from project.http import render_fragment

PAGE_SIZE = 30


@require_safe
@cache_control(private=True, no_store=True)
@team_required(Action.SEE_CREDITS)
def statement(request: TeamHttpRequest) -> HttpResponse:
    """The balance and its entries, newest first; ?before= is the sequence of the last entry already seen."""
    entries = CreditEntry.objects.statement(request.team)
    if "before" in request.GET:
        entries = entries.filter(sequence__lt=_sequence(request.GET["before"]))
    page = list(entries[: PAGE_SIZE + 1])
    has_more = len(page) > PAGE_SIZE
    context = {"entries": page[:PAGE_SIZE], "next_before": page[PAGE_SIZE - 1].sequence if has_more else None}
    return render_fragment(request, "accounts/credits.html", context, fragment="entries")


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Http404
    return int(text)
