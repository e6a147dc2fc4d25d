"""Where providers call back. What they send is kept as it came, and wakes the job that looks into it; nothing else."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from generations.models import Callback, Submission
from generations.submitting import reception

# None of them tells anything; a sender that keeps to its protocol sends it again after all but the first.
STATUSES = {
    Callback.Proof.NONE: 202,
    Callback.Proof.GOOD: 202,
    Callback.Proof.STALE: 401,
    Callback.Proof.BAD: 401,
    Callback.Proof.UNCHECKED: 503,
}


@csrf_exempt
@require_POST
def receive(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    """202 once what came to an address of ours is kept. The same bytes again are the same callback.

    401 where the account's callbacks are signed, and this one is not, or was at another time; 503 where we can't tell,
    as the account's secret can't be read, or there is no room for it now.
    """
    at = timezone.now()
    body = request.read(reception.BODY_BYTES + 1)
    if len(body) > reception.BODY_BYTES:
        return HttpResponse(status=413)
    addressed = Submission.objects.select_related("account").filter(token=token, account__provider=provider)
    submission = addressed.only("id", "account").first()
    if submission is None:
        reception.receive_unaddressed(provider, request.headers, body, at)
        return HttpResponse(status=404)
    proof = reception.receive(submission, request.headers, body, at)
    return HttpResponse(status=STATUSES[proof] if proof else 503)
