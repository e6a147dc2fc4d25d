"""/holds/<hold id>/: from an entry of the statement, which knows no generations, to the one it was for."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from accounts.access import Action, TeamHttpRequest, team_required
from generations.models import Generation


@require_safe
@team_required(Action.VIEW)
def generation(request: TeamHttpRequest, hold_id: UUID) -> HttpResponse:
    return redirect(get_object_or_404(Generation.objects.for_team(request.team.id), hold_id=hold_id))
