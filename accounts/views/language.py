from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views import i18n

from accounts.models import User
from project.http import post_to


@post_to("generations:home")
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language of this browser, and remember it for the user where there is one."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return i18n.set_language(request)
