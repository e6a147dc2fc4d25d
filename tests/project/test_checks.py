import pytest

from project.checks import stripe_has_both_secrets


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
