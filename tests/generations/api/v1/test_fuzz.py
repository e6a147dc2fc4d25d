"""Whatever is sent to any call, the answer is one that the document names, in the shape it names."""

import pytest
import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import Scope
from tests.api import completed, failed
from tests.factories import make_delivery, make_endpoint, make_key, make_team
from tests.generations.api.v1.test_document import OPERATIONS

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def one_connection():
    """A server closes its connection after each request; here it is the one of the test's transaction."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize(("method", "path"), sorted(OPERATIONS))
def test_every_answer_is_one_of_the_document(team, one_connection, method, path):
    _, secret = make_key(team=team, scopes=Scope.values)
    endpoint, foreign = make_endpoint(team=team), make_endpoint(team=make_team())
    deliveries = [make_delivery(team=each.team, endpoint=each) for each in (endpoint, foreign)]
    ids = {
        "task_id": [str(completed(team).id), str(failed(team).id), "nothing"],
        "key_id": [str(make_key(team=team)[0].id), str(make_key()[0].id), "nothing"],
        "endpoint_id": [str(endpoint.id), str(foreign.id), "nothing"],
        "delivery_id": [*(str(each.id) for each in deliveries), "nothing"],
    }
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())

    @settings(max_examples=10, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=schema[path][method].as_strategy())
    def fuzz(case):
        for name in ids.keys() & case.path_parameters.keys():
            case.path_parameters[name] = ids[name][len(str(case.query)) % 3]
        case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {secret}"})

    fuzz()
