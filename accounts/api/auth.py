"""Who is asking: an API key in `Authorization: Bearer` or `X-API-Key`, and nowhere else.

A key is judged in this order: its shape, itself, the address it comes from, its rate, its scope.
"""

from django.http import HttpRequest
from ninja.security import APIKeyHeader, HttpBearer

from accounts import keys
from accounts.actors import client_ip
from accounts.api import limits
from accounts.api.answers import ApiError
from accounts.limits import RateState
from accounts.models import ApiKey, RateWindow, Scope

_QUERY_NAMES = frozenset({"access_token", "api-key", "api_key", "apikey", "key", "token", "x-api-key"})


class KeyRequest(HttpRequest):
    """A request with a good key, counted. rate is None for a key without a limit."""

    auth: ApiKey
    rate: RateState | None


class BearerKey(HttpBearer):
    def __init__(self, scope: Scope | None, kind: RateWindow.Kind) -> None:
        super().__init__()
        self.scope = scope
        self.kind = kind

    def __call__(self, request: HttpRequest) -> ApiKey | None:
        _refuse_key_in_query(request)
        return super().__call__(request)

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:
        return _admit(request, token, self.scope, self.kind)


class HeaderKey(APIKeyHeader):
    param_name = "X-API-Key"

    def __init__(self, scope: Scope | None, kind: RateWindow.Kind) -> None:
        super().__init__()
        self.scope = scope
        self.kind = kind

    def authenticate(self, request: HttpRequest, key: str | None) -> ApiKey | None:
        return _admit(request, key, self.scope, self.kind) if key else None


def key_with(scope: Scope | None, *, counts_as: RateWindow.Kind = RateWindow.Kind.READ) -> tuple[BearerKey, HeaderKey]:
    """The `auth` of an operation: a key with this scope, or any key; the request counts as a create or as a read."""
    return BearerKey(scope, counts_as), HeaderKey(scope, counts_as)


ANY = key_with(None)
READ = key_with(Scope.READ)
CREATE = key_with(Scope.GENERATE, counts_as=RateWindow.Kind.CREATE)
CHANGE = key_with(Scope.GENERATE)
MANAGE = key_with(Scope.MANAGE)


def _admit(request: HttpRequest, secret: str, scope: Scope | None, kind: RateWindow.Kind) -> ApiKey:
    try:
        key = keys.authenticate(secret)
    except keys.UnknownApiKey:
        limits.count_guess(request)
        raise
    ip = client_ip(request)
    if not keys.accepts_from(key, ip):
        raise forbidden("This key may not be used from this address.", address=ip)
    limits.admit(request, key, kind)
    if scope is not None and scope not in key.scopes:
        raise forbidden(f"This key lacks the scope {scope.value}.", scope=scope.value)
    keys.touch(key.secret, ip)
    return key


def forbidden(message: str, **details: object) -> ApiError:
    return ApiError(403, "FORBIDDEN", message, details=details)


def _refuse_key_in_query(request: HttpRequest) -> None:
    """A key in an address is in the logs of every proxy on the way, so it is not a secret any more."""
    for name, value in request.GET.items():
        if name.lower() in _QUERY_NAMES or keys.PATTERN.search(str(value)):
            raise ApiError(
                400,
                "INVALID_PARAMETER",
                "An API key must not be sent in the address, where others can read it. Revoke this key, issue "
                "a new one, and send it in the Authorization header.",
                details={"field": name[:60], "constraint": "key_in_query", "limit": None, "value": None},
            )
