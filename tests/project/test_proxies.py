import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from project.proxies import TrustedProxies


def seen_by_view(**headers: str) -> HttpRequest:
    seen = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    TrustedProxies(view)(RequestFactory().get("/", **headers))
    return seen[0]


@pytest.fixture
def one_proxy(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/24"]


def test_without_trusted_proxies_there_is_nothing_to_do(settings):
    settings.TRUSTED_PROXIES = []

    with pytest.raises(MiddlewareNotUsed):
        TrustedProxies(lambda request: HttpResponse())


def test_nobody_else_can_claim_another_address(one_proxy):  # A11
    request = seen_by_view(REMOTE_ADDR="198.51.100.7", HTTP_X_FORWARDED_FOR="1.2.3.4", HTTP_X_FORWARDED_PROTO="https")

    assert request.META["REMOTE_ADDR"] == "198.51.100.7"
    assert "HTTP_X_FORWARDED_PROTO" not in request.META


def test_a_trusted_proxy_says_who_the_client_is(one_proxy):
    request = seen_by_view(REMOTE_ADDR="10.0.0.2", HTTP_X_FORWARDED_FOR="203.0.113.9, 10.0.0.3")

    assert request.META["REMOTE_ADDR"] == "203.0.113.9"


def test_what_the_client_wrote_before_the_proxy_is_not_believed(one_proxy):  # A11
    request = seen_by_view(REMOTE_ADDR="10.0.0.2", HTTP_X_FORWARDED_FOR="1.2.3.4, 203.0.113.9")

    assert request.META["REMOTE_ADDR"] == "203.0.113.9"


@pytest.mark.parametrize("way", ["unknown, <script>", "1.2.3.4, 203.0.113.9:4711"])
def test_garbage_leaves_the_proxys_own_address(one_proxy, way):
    request = seen_by_view(REMOTE_ADDR="10.0.0.2", HTTP_X_FORWARDED_FOR=way)

    assert request.META["REMOTE_ADDR"] == "10.0.0.2"
