import re
from dataclasses import fields
from typing import Any

import pytest
from django.test import Client
from jsonschema_rs import Draft202012Validator

from generations import catalog
from generations.catalog import MODELS
from generations.intake import GenerationRequest

LINK = "https://example.com/a.png"
OPERATIONS = {
    ("post", "/api/v1/generations"),
    ("post", "/api/v1/estimates"),
    ("get", "/api/v1/tasks"),
    ("get", "/api/v1/tasks/{task_id}"),
    ("delete", "/api/v1/tasks/{task_id}"),
    ("post", "/api/v1/tasks/{task_id}/cancel"),
    ("post", "/api/v1/tasks/{task_id}/retry"),
    ("get", "/api/v1/tasks/{task_id}/content"),
    ("get", "/api/v1/tasks/{task_id}/content/{position}"),
    ("get", "/api/v1/tasks/{task_id}/poster"),
    ("get", "/api/v1/models"),
    ("get", "/api/v1/key"),
    ("get", "/api/v1/credits"),
    ("get", "/api/v1/keys"),
    ("post", "/api/v1/keys"),
    ("get", "/api/v1/keys/{key_id}"),
    ("patch", "/api/v1/keys/{key_id}"),
    ("delete", "/api/v1/keys/{key_id}"),
    ("post", "/api/v1/keys/{key_id}/rotate"),
    ("post", "/api/v1/keys/{key_id}/end-old-secrets"),
    ("get", "/api/v1/webhook_endpoints"),
    ("post", "/api/v1/webhook_endpoints"),
    ("get", "/api/v1/webhook_endpoints/{endpoint_id}"),
    ("patch", "/api/v1/webhook_endpoints/{endpoint_id}"),
    ("delete", "/api/v1/webhook_endpoints/{endpoint_id}"),
    ("post", "/api/v1/webhook_endpoints/{endpoint_id}/rotate"),
    ("post", "/api/v1/webhook_endpoints/{endpoint_id}/test"),
    ("post", "/api/v1/webhook_endpoints/{endpoint_id}/pause"),
    ("post", "/api/v1/webhook_endpoints/{endpoint_id}/resume"),
    ("post", "/api/v1/webhook_endpoints/{endpoint_id}/enable"),
    ("get", "/api/v1/webhook_deliveries"),
    ("get", "/api/v1/webhook_deliveries/{delivery_id}"),
    ("post", "/api/v1/webhook_deliveries/{delivery_id}/send_again"),
    ("post", "/api/v1/webhook_deliveries/send_failed_again"),
}


def test_the_document_is_openapi_3_1_and_names_every_call():
    document = Client().get("/api/v1/openapi.json").json()

    operations = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert document["openapi"].startswith("3.1")
    assert operations == OPERATIONS
    for schema in document["components"]["schemas"].values():
        Draft202012Validator({**schema, "components": document["components"]})


def body_schema() -> dict[str, Any]:
    document = Client().get("/api/v1/openapi.json").json()
    return document["paths"]["/api/v1/generations"]["post"]["requestBody"]["content"]["application/json"]["schema"]


def test_the_body_of_a_request_has_every_parameter_and_no_other():
    schema = body_schema()

    assert set(schema["properties"]) == {each.name for each in fields(GenerationRequest)}
    assert schema["additionalProperties"] is False
    assert schema["properties"]["model"]["examples"] == [spec.name for spec in MODELS.values()]


def test_every_value_that_a_model_takes_fits_the_body_and_is_taken():
    validator = Draft202012Validator(body_schema(), validate_formats=True)

    for spec in MODELS.values():
        links = {each.name: [LINK] * each.maximum if each.name.endswith("s") else LINK for each in spec.inputs}
        for field in spec.fields:
            for value in field.choices or field.suggestions or (field.minimum, field.maximum):
                given = {"model": spec.name, "prompt": "A gate", field.name: value, **links}
                assert validator.is_valid(given), given
                assert catalog.resolve(GenerationRequest.from_mapping(given)).params[field.name] == value


@pytest.mark.parametrize(
    "wrong",
    [
        {"resolution": "481p"},
        {"duration": "5"},
        {"duration": 5.5},
        {"generate_audio": 1},
        {"seed": -1},
        {"seed": "7"},
        {"style": ""},
        {"style": "x" * 41},
        {"count": 5},
        {"image_urls": LINK},
        {"video_urls": [LINK] * 4},
        {"first_frame_url": [LINK]},
        {"prompt": None},
        {"nothing": 1},
    ],
    ids=str,
)
def test_what_no_model_takes_does_not_fit_the_body(wrong):
    assert not Draft202012Validator(body_schema()).is_valid({"prompt": "A gate", **wrong})


def test_a_prompt_may_be_missing_only_where_there_is_an_image():
    validator = Draft202012Validator(body_schema())

    fits = [validator.is_valid(given) for given in ({}, {"duration": 5}, {"image_urls": [LINK]}, {"prompt": "A gate"})]

    assert fits == [False, False, True, True]


def test_every_operation_has_a_name_of_its_own():
    document = Client().get("/api/v1/openapi.json").json()

    names = [each["operationId"] for methods in document["paths"].values() for each in methods.values()]
    assert len(names) == len(set(names)) == len(OPERATIONS)


def test_the_pages_are_served_from_here_and_run_nothing_inline(db):
    page = Client().get("/api/v1/docs").content.decode()

    assert "/static/ninja/swagger-ui-bundle.js" in page
    assert not re.search(r"<(script|link)[^>]+(src|href)=.(https?:)?//", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
    assert re.findall(r"<script(?![^>]+(src=|application/json))[^>]*>", page) == []
