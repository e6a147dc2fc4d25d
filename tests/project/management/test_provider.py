import io
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from generations.models import ProviderAccount
from tests.signed_webhooks import OTHER, SECRET, TEXT

pytestmark = pytest.mark.django_db
URL = "https://vibegen.example/api/v1"


def provider(*words: str) -> str:
    out = io.StringIO()
    call_command("provider", *words, stdout=out)
    return out.getvalue()


def test_an_account_is_added_under_the_slug_and_its_key_is_neither_shown_nor_stored_plainly():
    told = provider("add", "vibegen", "--url", URL + "/", "--key", "sk-video-secret", "--json")

    account = ProviderAccount.objects.get()
    assert json.loads(told) == {
        "label": "vibegen",
        "provider": "vibegen",
        "url": URL,
        "options": {},
        "priority": 100,
        "weight": 1,
        "max_running": None,
        "max_unanswered": 10,
        "reads_a_minute": 900,
        "reads_a_second": None,
        "callback_signature": "none",
        "callback_header": "",
        "paused": False,
        "paused_reason": "",
        "circuit_open": False,
    }
    assert account.key == "sk-video-secret"
    assert b"secret" not in bytes(account.encrypted_key)


def test_a_key_can_come_by_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-video-piped\n"))

    provider("add", "vibegen", "--url", URL, "--key", "-")

    assert ProviderAccount.objects.get().key == "sk-video-piped"


def test_adding_the_same_label_again_changes_address_and_key():
    provider("add", "vibegen", "--url", URL, "--key", "old", "--priority", "7")

    provider("add", "vibegen", "--url", "http://127.0.0.1:8010/api/v1", "--key", "new")

    account = ProviderAccount.objects.get()
    assert (account.base_url, account.key, account.priority) == ("http://127.0.0.1:8010/api/v1", "new", 7)


def test_an_account_can_set_what_its_adapter_takes_and_keeps_it_until_that_is_said_anew():
    options = {"status_path": "/status/{task_id}"}
    added = provider("add", "see2ai", "--url", URL, "--key", "k", "--option", "status_path=/status/{task_id}", "--json")
    stored = ProviderAccount.objects.get().options

    provider("add", "see2ai", "--url", URL, "--key", "new")
    kept = ProviderAccount.objects.get().options
    provider("add", "see2ai", "--url", URL, "--key", "new", "--option", "status_path=/s?id={task_id}&a=b")

    assert (json.loads(added)["options"], stored, kept) == (options, options, options)
    assert ProviderAccount.objects.get().options == {"status_path": "/s?id={task_id}&a=b"}


def test_accounts_are_listed_in_the_order_in_which_they_are_tried():
    for label, priority in (("second", "20"), ("first", "10")):
        provider("add", "vibegen", "--url", URL, "--key", "k", "--label", label, "--priority", priority)

    assert [each["label"] for each in json.loads(provider("list", "--json"))] == ["first", "second"]
    assert [line.split()[1] for line in provider("list").splitlines()] == ["first", "second"]


def test_a_paused_account_gets_no_work_until_it_is_resumed():
    provider("add", "vibegen", "--url", URL, "--key", "k")

    paused = json.loads(provider("pause", "vibegen", "--json"))
    while_paused = ProviderAccount.objects.active().count()
    resumed = json.loads(provider("resume", "vibegen", "--json"))

    assert (paused["paused"], paused["paused_reason"], while_paused) == (True, "by an operator", 0)
    assert resumed["paused"] is False
    assert ProviderAccount.objects.active().count() == 1


def test_how_much_work_an_account_gets_is_set_when_it_is_added():
    limits = ("--weight", "3", "--max-running", "20", "--max-unanswered", "5", "--reads-a-minute", "120")

    provider("add", "vibegen", "--url", URL, "--key", "k", *limits)
    provider("add", "vibegen", "--url", URL, "--key", "new")

    account = ProviderAccount.objects.get()
    figures = (account.weight, account.max_running, account.max_unanswered, account.reads_a_minute)
    assert (figures, account.key) == ((3, 20, 5, 120), "new")


def test_settings_are_changed_one_by_one_and_the_rest_stays():
    provider("add", "vibegen", "--url", URL, "--key", "k", "--weight", "3", "--max-running", "20")
    provider("set", "vibegen", "--reads-a-second", "5")

    told = json.loads(provider("set", "vibegen", "--priority", "7", "--max-running", "0", "--json"))
    provider("set", "vibegen")
    by_the_second = [ProviderAccount.objects.get().reads_a_second]
    provider("set", "vibegen", "--reads-a-second", "0")
    by_the_second.append(ProviderAccount.objects.get().reads_a_second)

    account = ProviderAccount.objects.get()
    assert (account.priority, account.weight, account.max_running, account.key) == (7, 3, None, "k")
    assert (told["priority"], told["max_running"]) == (7, None)
    assert by_the_second == [5, None]


@pytest.mark.parametrize(
    "words",
    [
        ("--weight", "0"),
        ("--weight", "-1"),
        ("--weight", "99999"),
        ("--weight", "many"),
        ("--max-running", "-1"),
        ("--max-unanswered", "0"),
        ("--reads-a-minute", "59"),
        ("--reads-a-second", "-1"),
        ("--priority", "99999999999"),
        ("--key", "another"),
    ],
)
def test_a_setting_that_can_not_be_is_said_and_changes_nothing(words):
    provider("add", "vibegen", "--url", URL, "--key", "k")
    before = ProviderAccount.objects.values().get()

    with pytest.raises(CommandError):
        provider("set", "vibegen", *words)

    assert ProviderAccount.objects.values().get() == before


def test_to_resume_an_account_closes_its_circuit_and_ends_its_being_busy():
    provider("add", "vibegen", "--url", URL, "--key", "k")
    now = timezone.now()
    ProviderAccount.objects.update(circuit_opened_at=now, probe_at=now, failure_count=10, busy_until=now)
    listed = provider("list")

    provider("resume", "vibegen")

    account = ProviderAccount.objects.get()
    assert "circuit open" in listed
    assert (account.circuit_opened_at, account.probe_at, account.busy_until) == (None, None, None)
    assert account.failure_count == 0


SIGNED = ("--callback-signature", "standard_webhooks", "--callback-secret", SECRET)


def test_callbacks_are_signed_by_a_secret_that_can_come_by_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"sk-video-piped\n{SECRET}\n"))

    told = provider("add", "vibegen", "--url", URL, "--key", "-", *SIGNED[:3], "-", "--json")

    account = ProviderAccount.objects.get()
    assert (account.key, account.callback_secrets(timezone.now())) == ("sk-video-piped", [SECRET])
    assert json.loads(told)["callback_signature"] == "standard_webhooks"
    assert SECRET not in told
    assert SECRET.encode() not in bytes(account.encrypted_callback_secret)


def test_a_new_secret_leaves_the_old_one_for_so_many_hours():  # W13
    provider("add", "vibegen", "--url", URL, "--key", "k", *SIGNED)

    provider("set", "vibegen", "--callback-secret", OTHER, "--old-secret-hours", "2")

    account, now = ProviderAccount.objects.get(), timezone.now()
    assert account.callback_secrets(now) == [OTHER, SECRET]
    assert account.callback_secrets(now + timedelta(hours=2, minutes=1)) == [OTHER]


def test_a_third_secret_ends_the_first():  # W13
    provider("add", "vibegen", "--url", URL, "--key", "k", *SIGNED)

    for secret in (OTHER, SECRET[:-3] + "zw="):
        provider("set", "vibegen", "--callback-secret", secret)

    assert ProviderAccount.objects.get().callback_secrets(timezone.now()) == [SECRET[:-3] + "zw=", OTHER]


def test_the_old_secret_can_be_ended_early():  # W13
    provider("add", "vibegen", "--url", URL, "--key", "k", *SIGNED)
    provider("set", "vibegen", "--callback-secret", OTHER)
    both = ProviderAccount.objects.get().callback_secrets(timezone.now())

    told = provider("set", "vibegen", "--old-secret-hours", "0")
    again = provider("set", "vibegen", "--old-secret-hours", "0", "--json")

    assert both == [OTHER, SECRET]
    assert ProviderAccount.objects.get().callback_secrets(timezone.now()) == [OTHER]
    assert "The callback secret before is not good any more." in told
    assert json.loads(again)["callback_signature"] == "standard_webhooks"


def test_a_secret_without_a_scheme_is_told_what_it_needs():
    provider("add", "vibegen", "--url", URL, "--key", "k")

    with pytest.raises(CommandError, match="--callback-signature standard_webhooks or hmac_sha256"):
        provider("set", "vibegen", "--callback-secret", OTHER)


def test_hours_without_a_new_secret_change_nothing_but_at_none():  # W13
    provider("add", "vibegen", "--url", URL, "--key", "k", *SIGNED)
    provider("set", "vibegen", "--callback-secret", OTHER)
    before = ProviderAccount.objects.values().get()

    with pytest.raises(CommandError, match="--old-secret-hours"):
        provider("set", "vibegen", "--old-secret-hours", "5")

    assert ProviderAccount.objects.values().get() == before


def test_an_hmac_is_in_a_header_and_none_is_none():
    provider("add", "vibegen", "--url", URL, "--key", "k")
    hmac = ("--callback-signature", "hmac_sha256", "--callback-header", "X-Sig", "--callback-secret", TEXT)

    told = json.loads(provider("set", "vibegen", *hmac, "--json"))
    provider("add", "vibegen", "--url", URL, "--key", "new")
    kept = ProviderAccount.objects.get().signature_scheme
    provider("set", "vibegen", "--callback-signature", "none")
    provider("set", "vibegen", "--callback-signature", "none")

    account = ProviderAccount.objects.get()
    assert (told["callback_signature"], told["callback_header"], kept) == ("hmac_sha256", "X-Sig", "hmac_sha256")
    assert (account.signature_scheme, account.signature_header) == ("", "")
    assert account.callback_secrets(timezone.now()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("--callback-secret", OTHER),
        ("--callback-signature", "md5", "--callback-secret", OTHER),
        ("--callback-signature", "standard_webhooks"),
        ("--callback-signature", "standard_webhooks", "--callback-secret", "changeme"),
        ("--callback-signature", "standard_webhooks", "--callback-secret", "whsec_" + "A" * 32),
        ("--callback-signature", "standard_webhooks", "--callback-secret", TEXT),
        (*SIGNED, "--callback-header", "X-Sig"),
        (*SIGNED, "--old-secret-hours", "-1"),
        (*SIGNED, "--old-secret-hours", "721"),
        ("--old-secret-hours", "0"),
        ("--callback-signature", "hmac_sha256", "--callback-secret", TEXT),
        ("--callback-signature", "hmac_sha256", "--callback-secret", TEXT, "--callback-header", "Cookie"),
        ("--callback-signature", "hmac_sha256", "--callback-secret", "short", "--callback-header", "X-Sig"),
        ("--callback-signature", "none", "--callback-secret", OTHER),
    ],
)
def test_a_signature_that_can_not_be_is_said_and_changes_nothing(words):  # W3
    provider("add", "vibegen", "--url", URL, "--key", "k")
    before = ProviderAccount.objects.values().get()

    with pytest.raises(CommandError) as refusal:
        provider("set", "vibegen", *words)

    assert ProviderAccount.objects.values().get() == before
    assert not any(secret in str(refusal.value) for secret in (OTHER, TEXT, "changeme"))


def test_a_provider_without_callbacks_has_no_signature():
    with pytest.raises(CommandError):
        provider("add", "see2ai", "--url", URL, "--key", "k", *SIGNED)

    assert not ProviderAccount.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("add", "nobody", "--url", URL, "--key", "k"),
        ("add", "vibegen", "--url", "vibegen.example", "--key", "k"),
        ("add", "vibegen", "--url", "ftp://vibegen.example", "--key", "k"),
        ("add", "vibegen", "--url", URL, "--key", ""),
        ("add", "vibegen", "--url", URL, "--key", "a\nb"),
        ("add", "vibegen", "--url", URL, "--key", "k", "--option", "status_path=/status/{task_id}"),
        ("add", "see2ai", "--url", URL, "--key", "k", "--option", "status_path"),
        ("add", "see2ai", "--url", URL, "--key", "k", "--option", "status_path=/status"),
        ("add", "see2ai", "--url", URL, "--key", "k", "--option", "colour=red"),
        ("add", "vibegen", "--url", URL, "--key", "k", "--weight", "0"),
        ("set", "nobody", "--weight", "2"),
        ("pause", "nobody"),
        ("resume", "nobody"),
    ],
)
def test_what_can_not_be_done_is_said_and_changes_nothing(words):
    with pytest.raises(CommandError):
        provider(*words)

    assert not ProviderAccount.objects.exists()


def test_an_account_for_vectors_is_added_with_its_options_and_without_what_means_nothing_there():
    url = "https://api.scnet.cn/api/llm/v1"

    told = provider(
        *("add", "scnet", "--url", url, "--key", "sk-vectors", "--reads-a-minute", "600", "--json"),
        *("--reads-a-second", "10"),
        *("--option", "model=bge-m3", "--option", "version=2"),
    )

    assert json.loads(told) == {
        "label": "scnet",
        "provider": "scnet",
        "url": url,
        "options": {"model": "bge-m3", "version": "2"},
        "priority": 100,
        "reads_a_minute": 600,
        "reads_a_second": 10,
        "paused": False,
        "paused_reason": "",
    }
    assert provider("list").split() == ["100", "scnet", "scnet", url, "active"]


def test_its_options_are_changed_one_by_one_and_an_empty_one_is_its_default():
    provider("add", "scnet", "--url", URL, "--key", "k", "--option", "model=bge-m3", "--option", "encoding=base64")

    told = provider("set", "scnet", "--option", "version=3", "--option", "encoding=", "--json")

    assert json.loads(told)["options"] == {"model": "bge-m3", "version": "3"}
    assert ProviderAccount.objects.get().options == {"model": "bge-m3", "version": "3"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("--option", "colour=red"),
            "does not take the option 'colour'; it takes: model, dims, encoding, version",
        ),
        (("--option", "version=x"), "version must be a whole number from 1 to 9999"),
        (("--option", "version"), "'version' is no option"),
        (("--weight", "3"), "--weight: scnet makes no generations"),
        (("--max-running", "3"), "--max-running: scnet makes no generations"),
        (("--callback-signature", "hmac_sha256", "--callback-secret", SECRET), "not signed that way"),
    ],
)
def test_what_means_nothing_to_it_or_can_not_be_is_said_and_changes_nothing(words, told):
    provider("add", "scnet", "--url", URL, "--key", "k", "--option", "model=bge-m3")
    before = ProviderAccount.objects.values().get()

    with pytest.raises(CommandError, match=told):
        provider("set", "scnet", *words)

    assert ProviderAccount.objects.values().get() == before


def test_it_is_paused_and_resumed_like_any_other():
    provider("add", "seeknetic", "--url", URL, "--key", "k", "--option", "key_header=bearer")

    paused = json.loads(provider("pause", "seeknetic", "--json"))["paused"]
    resumed = json.loads(provider("resume", "seeknetic", "--json"))["paused"]

    assert (paused, resumed) == (True, False)
