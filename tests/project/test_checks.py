import pytest
from django.core.checks import Tags, run_checks

from project.checks import inner_hosts_are_out_of_reach, mails_are_sent, stripe_has_both_secrets


@pytest.mark.parametrize(
    ("key", "secret", "found"),
    [
        ("", "", []),
        ("sk_live_1", "whsec_0123456789abcdef", []),
        ("sk_live_1", "", ["filmgate.E004"]),
        ("", "whsec_0123456789abcdef", ["filmgate.E004"]),
        ("sk_live_1", "x", ["filmgate.E005"]),
        ("sk_live_1", "whsec_", ["filmgate.E005"]),
    ],
)
def test_stripe_needs_both_secrets_and_real_ones(settings, key, secret, found):  # W3
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = key, secret

    messages = stripe_has_both_secrets()

    assert [message.id for message in messages] == found
    assert not any(value and value in str(message) for message in messages for value in (key, secret) if len(value) > 6)


@pytest.mark.parametrize(
    ("public_url", "mail_server", "found"),
    [
        ("https://films.example", False, ["filmgate.W002"]),
        ("http://192.168.0.7:8000", False, ["filmgate.W002"]),
        ("https://films.example", True, []),
        ("http://localhost:8000", False, []),
        ("http://127.0.0.1:8000", False, []),
    ],
)
def test_an_installation_for_others_has_a_mail_server(settings, tmp_path, public_url, mail_server, found):
    settings.PUBLIC_URL, settings.EMAIL_FILE_PATH = public_url, None if mail_server else tmp_path

    assert [message.id for message in mails_are_sent()] == found


@pytest.mark.parametrize(("hosts", "found"), [((), []), (("localhost", "10.0.0.0/8"), ["filmgate.W003"])])
def test_a_deployment_lets_nobody_reach_inner_hosts(settings, hosts, found):  # S1
    settings.ALLOW_PRIVATE_HOSTS = hosts

    messages = inner_hosts_are_out_of_reach()

    assert [message.id for message in messages] == found
    assert all("localhost, 10.0.0.0/8" in message.msg for message in messages)


def test_the_check_of_a_deployment_objects_to_inner_hosts(db, settings):
    settings.ALLOW_PRIVATE_HOSTS = ("localhost",)

    with_deployment = {message.id for message in run_checks(tags=[Tags.security], include_deployment_checks=True)}
    without = {message.id for message in run_checks(tags=[Tags.security])}

    assert "filmgate.W003" in with_deployment
    assert "filmgate.W003" not in without
