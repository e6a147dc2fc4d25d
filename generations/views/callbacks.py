"""Where providers call back. What they send is kept as it came, and wakes the job that looks into it; nothing else."""

from functools import partial

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from generations.models import Callback, Submission
from project.celery import nudge

BODY_BYTES = 256 * 1024
KEPT_HEADERS = 50
KEPT_HEADER_CHARACTERS = 500
KEPT_PER_SUBMISSION = 100
_SECRET_HEADERS = {"authorization", "cookie", "x-api-key"}


@csrf_exempt
@require_POST
def receive(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    """202 for whatever comes to a token of ours. The same bytes again are the same callback."""
    body = request.read(BODY_BYTES + 1)
    if len(body) > BODY_BYTES:
        return HttpResponse(status=413)
    with transaction.atomic():
        addressed = Submission.objects.select_for_update(of=("self",)).filter(account__provider=provider)
        submission = get_object_or_404(addressed.only("id"), token=token)
        kept = submission.callbacks.all()
        if kept.count() < KEPT_PER_SUBMISSION and not kept.filter(body=body).exists():
            now = timezone.now()
            Callback.objects.create(
                submission=submission, headers=_headers(request), body=body, received_at=now, next_at=now
            )
            transaction.on_commit(partial(nudge, "ingest"))
    return HttpResponse(status=202)


def _headers(request: HttpRequest) -> dict[str, str]:
    shown = [(name, value) for name, value in request.headers.items() if name.lower() not in _SECRET_HEADERS]
    return {
        name.lower()[:100]: value[:KEPT_HEADER_CHARACTERS].replace("\0", "") for name, value in shown[:KEPT_HEADERS]
    }
