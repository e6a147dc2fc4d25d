"""Who is asking: an API key in `Authorization: Bearer` or `X-API-Key`, and nowhere else."""

from django.http import HttpRequest
from ninja.security import APIKeyHeader, HttpBearer

from accounts import keys
from accounts.api import limits
from accounts.api.answers import ApiError
from accounts.limits import RateState
from accounts.models import ApiKey, RateWindow

_QUERY_NAMES = frozenset({"access_token", "api-key", "api_key", "apikey", "key", "token", "x-api-key"})


class KeyRequest(HttpRequest):
    """A request with a good key, counted."""

    auth: ApiKey
    rate: RateState


class BearerKey(HttpBearer):
    def __init__(self, kind: RateWindow.Kind) -> None:
        super().__init__()
        self.kind = kind

    def __call__(self, request: HttpRequest) -> ApiKey | None:
        _refuse_key_in_query(request)
        return super().__call__(request)

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:
        return _admit(request, token, self.kind)


class HeaderKey(APIKeyHeader):
    param_name = "X-API-Key"

    def __init__(self, kind: RateWindow.Kind) -> None:
        super().__init__()
        self.kind = kind

    def authenticate(self, request: HttpRequest, key: str | None) -> ApiKey | None:
        return _admit(request, key, self.kind) if key else None


READ = (BearerKey(RateWindow.Kind.READ), HeaderKey(RateWindow.Kind.READ))
CREATE = (BearerKey(RateWindow.Kind.CREATE), HeaderKey(RateWindow.Kind.CREATE))


def _admit(request: HttpRequest, secret: str, kind: RateWindow.Kind) -> ApiKey:
    key = keys.authenticate(secret)
    limits.admit(request, key, kind)
    keys.touch(key)
    return key


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
