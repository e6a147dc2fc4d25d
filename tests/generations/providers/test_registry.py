import pytest
from cryptography.fernet import Fernet

from generations.providers.base import AccountRefused
from generations.providers.registry import (
    ACCOUNT_PROVIDERS,
    ADAPTERS,
    CLIP_READERS,
    EMBEDDERS,
    adapter,
    build,
    clip_reader,
    embedder,
    options_of,
    signatures_of,
)
from generations.providers.signatures import HMAC_SHA256, STANDARD_WEBHOOKS
from tests.factories import make_account

pytestmark = pytest.mark.django_db
URL = "https://provider.example"


@pytest.mark.parametrize("provider", sorted(ADAPTERS))
def test_every_registered_adapter_can_be_had(provider):
    made = adapter(make_account(provider=provider, base_url=URL))

    assert type(made).__name__ == ADAPTERS[provider].split(".")[1]


@pytest.mark.parametrize("provider", sorted(EMBEDDERS))
def test_every_registered_maker_of_vectors_can_be_had(provider):
    account = make_account(provider=provider, base_url=URL)
    account.options = {"model": "another", "version": "7"}

    made = embedder(account)

    assert (type(made).__name__, made.model, made.version) == (EMBEDDERS[provider].split(".")[1], "another", 7)


def test_only_what_reads_clips_is_had_for_clips():
    accounts = {provider: make_account(provider=provider, base_url=URL) for provider in EMBEDDERS}

    assert [hasattr(clip_reader(accounts[provider]), "begin_tagging") for provider in CLIP_READERS] == [True]
    with pytest.raises(AccountRefused, match="UNKNOWN_PROVIDER"):
        clip_reader(accounts["scnet"])


def test_what_makes_generations_makes_no_vectors_and_the_other_way_round():
    with pytest.raises(AccountRefused, match="UNKNOWN_PROVIDER"):
        embedder(make_account(provider="vibegen", base_url=URL))
    with pytest.raises(AccountRefused, match="UNKNOWN_PROVIDER"):
        adapter(make_account(provider="seeknetic", base_url=URL))


@pytest.mark.parametrize("options", [{"version": "x"}, {"colour": "red"}])
def test_an_option_that_a_maker_of_vectors_can_not_use_refuses_its_account(options):
    account = make_account(provider="scnet", base_url=URL)
    account.options = options

    with pytest.raises(AccountRefused, match="UNUSABLE_OPTION"):
        embedder(account)


def test_every_option_has_a_default_and_is_named():
    assert options_of("scnet") == ("model", "dims", "encoding", "version")
    assert options_of("nobody") == ()
    for provider in ACCOUNT_PROVIDERS:
        build(provider, URL, "key", {})


def test_an_account_nobody_wrote_an_adapter_for_is_refused():
    with pytest.raises(AccountRefused, match="UNKNOWN_PROVIDER"):
        adapter(make_account(provider="lumen", base_url=URL))


def test_a_key_that_nothing_decrypts_refuses_the_account(settings):
    account = make_account(base_url=URL)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(AccountRefused, match="UNREADABLE_CREDENTIAL"):
        adapter(account)


@pytest.mark.parametrize(
    ("provider", "options"),
    [
        ("vibegen", {"status_path": "/status/{task_id}"}),
        ("see2ai", {"transport": "x"}),
        ("see2ai", {"status_path": "/status"}),
    ],
)
def test_an_option_that_the_adapter_can_not_use_refuses_the_account(provider, options):
    account = make_account(provider=provider, base_url=URL)
    account.options = options

    with pytest.raises(AccountRefused, match="UNUSABLE_OPTION"):
        adapter(account)


def test_what_an_adapter_does_not_take_is_named_beside_what_it_takes():
    with pytest.raises(ValueError, match=r"see2ai does not take the option 'colour'; it takes: status_path"):
        build("see2ai", URL, "key", {"colour": "red"})
    with pytest.raises(ValueError, match="it takes: none"):
        build("vibegen", URL, "key", {"colour": "red"})


def test_every_adapter_says_what_its_callbacks_may_be_signed_by():
    both = (STANDARD_WEBHOOKS, HMAC_SHA256)

    assert {name: signatures_of(name) for name in ADAPTERS} == {"vibegen": both, "see2ai": (), "seedance2api": both}
    assert {signatures_of(name) for name in EMBEDDERS} == {()}
    assert signatures_of("nobody") == ()
