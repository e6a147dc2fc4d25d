import pytest
from django.core import mail
from django.utils.translation import override

from accounts import mails

CONTEXT = {
    "team": "Lumière & Söhne",
    "inviter": "",
    "role": "x",
    "link": "https://x.example/?a=1&b=2",
    "expires_at": None,
}


def test_a_mail_is_plain_text_in_the_language_that_is_asked_for():
    with override("zh-hans"):
        mails.send("invitation", to="bob@example.com", language="en", **CONTEXT)

    letter = mail.outbox[0]
    assert letter.to == ["bob@example.com"]
    assert letter.subject == "Join Lumière & Söhne on Filmgate"
    assert "https://x.example/?a=1&b=2\n" in letter.body
    assert letter.alternatives == []


def test_without_a_language_it_is_the_one_that_is_active():
    with override("en"):
        mails.send("invitation", to="bob@example.com", **CONTEXT)

    assert mail.outbox[0].body.startswith("Hello,")


def test_a_mail_server_that_can_not_be_reached_is_an_error(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    with pytest.raises(OSError, match="refused"):
        mails.send("invitation", to="bob@example.com", language="en", **CONTEXT)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Lumière", "Lumière"),
        ("St. Petersburg, 2.5 m", "St. Petersburg, 2.5 m"),
        ("电影 🎬 门", "电影 🎬 门"),
        ("a\r\nBcc: b", "a Bcc: b"),
        ("a\u202eb\u200bc\x00d", "a b c d"),
        ("https://evil.example", "https:// evil. example"),
        ("www.evil.example", "www. evil. example"),
        ("me@evil.example", "me@ evil. example"),
    ],
)
def test_a_name_in_a_mail_is_one_line_and_no_link(name, shown):
    assert mails.without_links(name) == shown
