from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.billing import checkout, stripe_events

BODY_BYTES = 256 * 1024


@csrf_exempt
@require_POST
def hook(request: HttpRequest) -> HttpResponse:
    """Where Stripe tells what became of a purchase. 503 without its secrets: then no one's word would be believed."""
    if not checkout.is_configured():
        return HttpResponse(status=503)
    body = request.read(BODY_BYTES + 1)
    if len(body) > BODY_BYTES:
        return HttpResponse(status=413)
    try:
        stripe_events.apply(stripe_events.read(body, signature=request.headers.get("Stripe-Signature", "")))
    except stripe_events.NotFromStripe:
        return HttpResponse(status=400)
    return HttpResponse()
