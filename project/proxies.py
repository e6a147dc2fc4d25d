"""Whose word about the client is believed: X-Forwarded-* count only where the connection comes from a trusted proxy."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")


class TrustedProxies:
    """REMOTE_ADDR becomes the last address on the way that is not a trusted proxy's; others' headers are dropped."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.TRUSTED_PROXIES:
            raise MiddlewareNotUsed  # nothing here reads these headers then
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_trusted(request.META.get("REMOTE_ADDR", "")):
            way = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
            client = next((hop for hop in reversed(way) if not _is_trusted(hop)), "")
            if _is_address(client):
                request.META["REMOTE_ADDR"] = client
            request.META.pop("HTTP_X_FORWARDED_FOR", None)
        else:
            for name in FORWARDED:
                request.META.pop(name, None)
        return self.get_response(request)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(text: str) -> bool:
    return _is_address(text) and any(
        ip_address(text) in ip_network(each, strict=False) for each in settings.TRUSTED_PROXIES
    )
