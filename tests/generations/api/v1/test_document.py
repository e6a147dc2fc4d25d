import re

from django.test import Client
from jsonschema_rs import Draft202012Validator

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
}


def test_the_document_is_openapi_3_1_and_names_every_call():
    document = Client().get("/api/v1/openapi.json").json()

    operations = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert document["openapi"].startswith("3.1")
    assert operations == OPERATIONS
    for schema in document["components"]["schemas"].values():
        Draft202012Validator({**schema, "components": document["components"]})


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
