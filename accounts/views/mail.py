from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import mailbox as kept

LETTERS = 20


@require_safe
@never_cache
def mailbox(request: HttpRequest) -> HttpResponse:
    """The mails that were kept instead of sent; not found unless this installation has no mail server."""
    if not kept.is_open_to(request):
        raise Http404
    return render(request, "accounts/mail.html", {"letters": kept.latest(LETTERS)})
