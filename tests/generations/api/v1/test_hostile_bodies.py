"""M11: what JSON parsers choke on is a 400, or a 413, and never a 500."""

import json

import pytest

from generations.models import Generation

BODIES = {
    "nothing": b"",
    "not JSON": b"prompt=a",
    "cut short": b'{"prompt": "a',
    "a list": b"[]",
    "null": b"null",
    "a string": b'"prompt"',
    "depth": b'{"metadata":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    "depth of lists": b"[" * 100_000,
    "4,301 digits": b'{"prompt":"a","duration":' + b"1" * 4301 + b"}",
    "4,000 digits": b'{"prompt":"a","duration":' + b"1" * 4000 + b"}",
    "NaN": b'{"prompt":"a","duration":NaN}',
    "Infinity": b'{"prompt":"a","duration":-Infinity}',
    "1e999": b'{"prompt":"a","duration":1e999}',
    "key twice": b'{"prompt":"a","prompt":"b"}',
    "key twice inside": b'{"prompt":"a","metadata":{"x":"1","x":"2"}}',
    "byte order mark": b'\xef\xbb\xbf{"prompt":"a"}',
    "not UTF-8": b'{"prompt":"\xff\xfe"}',
    "UTF-16": '{"prompt":"a"}'.encode("utf-16"),
    "half a surrogate pair": b'{"prompt":"\\ud800"}',
    "half a surrogate pair as a name": b'{"prompt":"a","\\ud800":1}',
    "half a surrogate pair in metadata": b'{"prompt":"a","metadata":{"\\udc00":"x"}}',
    "half a surrogate pair as a choice": b'{"prompt":"a","resolution":"\\ud800"}',
    "half a surrogate pair for a number": b'{"prompt":"a","duration":"\\ud800"}',
    "NUL": b'{"prompt":"a\\u0000"}',
    "NUL in metadata": b'{"prompt":"a","metadata":{"a":"\\u0000"}}',
    "many keys": json.dumps({str(number): 0 for number in range(80_000)}).encode(),
    "a list for a choice": b'{"prompt":"a","resolution":["480p"]}',
    "an object for a prompt": b'{"prompt":{"a":1}}',
    "an object for a model": b'{"prompt":"a","model":{"a":1}}',
}


@pytest.mark.parametrize("path", ["generations", "estimates"])
@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused(client, name, path):  # M11
    response = client.post(f"/api/v1/{path}", BODIES[name], content_type="application/json")

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "INVALID_PARAMETER"
    assert "\ud800" not in response.content.decode()
    assert Generation.objects.count() == 0


def test_a_body_above_one_mebibyte_is_413(client):
    body = b'{"prompt":"' + b"a" * (1 << 20) + b'"}'

    response = client.post("/api/v1/generations", body, content_type="application/json")

    assert (response.status_code, response.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


INJECTIONS = [
    "' OR 1=1--",
    "'; SELECT pg_sleep(9)--",
    '" OR ""="',
    "1) UNION SELECT digest FROM accounts_apikey--",
    "%' AND 1=cast((SELECT digest FROM accounts_apikey LIMIT 1) AS int)--",
    "\\",
    "%00",
    "{{7*7}}",
    "%(team_id)s",
    "💥' --",
]


@pytest.mark.parametrize(
    "name", ["status", "model", "task_type", "created_after", "created_before", "limit", "offset", "cursor"]
)
@pytest.mark.parametrize("value", INJECTIONS)
def test_a_filter_is_a_value_and_never_a_statement(client, name, value):  # A9
    response = client.get("/api/v1/tasks", {name: value})

    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_PARAMETER")


@pytest.mark.parametrize("value", INJECTIONS)
def test_words_to_look_for_are_words(client, value):  # A9
    response = client.get("/api/v1/tasks", {"q": value})

    assert (response.status_code, response.json()["data"]["tasks"]) == (200, [])


@pytest.mark.parametrize("value", [*INJECTIONS, "\0", "0" * 5000])
def test_an_id_that_is_none_is_not_found(client, value):  # A9
    response = client.get(f"/api/v1/tasks/{value.replace('%', '%25')}")

    assert response.status_code == 404


@pytest.mark.parametrize("value", INJECTIONS)
def test_metadata_is_kept_as_it_came(client, value):  # A9
    client.post("/api/v1/generations", {"prompt": value, "metadata": {value: value}}, content_type="application/json")

    generation = Generation.objects.get()
    assert (generation.prompt, generation.metadata) == (value, {value: value})
