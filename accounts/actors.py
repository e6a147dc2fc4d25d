"""Who does something, and from where: what every change of a team's affairs is told, and the audit log keeps."""

from dataclasses import dataclass

from django.http import HttpRequest

from accounts.models import ApiKey, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A user in the browser or a program with a key; neither of them: the installation itself."""

    user: User | None = None
    api_key: ApiKey | None = None
    ip: str | None = None


INSTALLATION = Actor()


def client_ip(request: HttpRequest) -> str | None:
    """The address that the request came from; None where there is none, as over a unix socket."""
    return request.META.get("REMOTE_ADDR") or None


def actor_of(request: HttpRequest) -> Actor:
    """The key that a call was admitted with, else whoever is signed in, and the address they come from."""
    ip = client_ip(request)
    key = getattr(request, "auth", None)
    if isinstance(key, ApiKey):
        return Actor(api_key=key, ip=ip)
    user = getattr(request, "user", None)
    return Actor(user=user if getattr(user, "is_authenticated", False) else None, ip=ip)
