import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client

URL = "/mail/"


def read(**meta):
    return Client().get(URL, **{"HTTP_HOST": "localhost:8000", **meta})


@pytest.fixture
def mail_folder(db, settings, tmp_path):
    settings.EMBEDDED_DATABASE = True
    settings.TRUSTED_PROXIES = []
    settings.PUBLIC_URL = "http://localhost:8000"
    settings.ALLOWED_HOSTS = ["*"]
    settings.MAIL_FOLDER = settings.EMAIL_FILE_PATH = tmp_path
    return tmp_path


def send(*messages):
    with get_connection("django.core.mail.backends.filebased.EmailBackend") as connection:
        for subject, text in messages:
            EmailMultiAlternatives(subject, text, "us@example.com", ["ada@example.com"], connection=connection).send()


def test_the_newest_mail_is_first_and_its_links_can_be_followed(mail_folder):
    send(("First", "one"), ("确认地址", "Go to http://testserver/sign/confirm-email/abc/ now"))

    response = read()

    assert [letter.subject for letter in response.context["letters"]] == ["确认地址", "First"]
    assert response.context["letters"][0].recipients == "ada@example.com"
    assert '<a href="http://testserver/sign/confirm-email/abc/"' in response.content.decode()


def test_an_empty_mailbox_says_so(mail_folder):
    page = read().content.decode()

    assert "Nothing has been sent yet." in page


def test_a_mail_is_text_and_nothing_else(mail_folder):  # B1
    send(("<script>alert(1)</script>", "<img src=x onerror=alert(1)>"))

    page = read().content.decode()

    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    "request_meta",
    [
        {"REMOTE_ADDR": "10.0.0.7"},
        {"REMOTE_ADDR": "203.0.113.9"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
    ],
)
def test_from_elsewhere_it_does_not_exist(mail_folder, request_meta):
    send(("Secret link", "http://testserver/sign/password/reset/key/x/"))

    response = read(**request_meta)

    assert response.status_code == 404
    assert "Secret link" not in response.content.decode()


@pytest.mark.parametrize(
    ("public_url", "host"),
    [
        ("https://films.example", "films.example"),
        ("https://films.example", "localhost:8000"),  # a proxy that asks under a name of its own
        ("http://localhost:8000", "films.example"),
        ("http://localhost:8000", "localhost.films.example"),
        ("http://192.168.0.7:8000", "192.168.0.7:8000"),
        ("http://localhost:8000", "127.0.0.1.films.example"),
    ],
)
def test_under_a_name_that_others_may_know_it_does_not_exist(mail_folder, settings, public_url, host):
    settings.PUBLIC_URL = public_url
    send(("Secret link", "http://testserver/sign/password/reset/key/x/"))

    response = read(HTTP_HOST=host)

    assert response.status_code == 404
    assert "Secret link" not in response.content.decode()


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000"])
@pytest.mark.parametrize("public_url", ["http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000"])
def test_under_every_name_of_this_machine_it_does(mail_folder, settings, public_url, host):
    settings.PUBLIC_URL = public_url

    assert read(HTTP_HOST=host).status_code == 200


def test_a_host_that_is_not_ours_is_told_so(mail_folder, settings):  # A13
    settings.ALLOWED_HOSTS = ["localhost"]

    assert read(HTTP_HOST="evil.example").status_code == 400


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_on_this_machine_it_does(mail_folder, address):
    response = read(REMOTE_ADDR=address)

    assert response.status_code == 200
    assert response.context["letters"] == []


@pytest.mark.parametrize(
    ("name", "value"), [("EMBEDDED_DATABASE", False), ("EMAIL_FILE_PATH", None), ("TRUSTED_PROXIES", ["10.0.0.1"])]
)
def test_an_installation_that_sends_mail_or_stands_behind_a_proxy_has_none(mail_folder, settings, name, value):
    setattr(settings, name, value)

    response = read()

    assert response.status_code == 404


def test_posting_is_refused(mail_folder):
    response = Client().post(URL)

    assert response.status_code == 405
