"""One generation of the team, looked up and gone back to."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404

from accounts.access import TeamHttpRequest
from generations.cards import ASSETS
from generations.models import Generation


def found(request: TeamHttpRequest, generation_id: UUID) -> Generation:
    """With its files and who asked for it; 404 where the team has no such one."""
    generations = Generation.objects.for_team(request.team.id).select_related("created_by", "api_key")
    return get_object_or_404(generations.prefetch_related(ASSETS), id=generation_id)


def back(request: TeamHttpRequest, generation: Generation, reason: str) -> HttpResponseRedirect:
    """To its page, which says why nothing was done."""
    messages.error(request, reason)
    return HttpResponseRedirect(generation.get_absolute_url())
