"""The same request as a program would send it, to copy."""

import json
import shlex
from typing import Any

from django.conf import settings

from generations.catalog import MODELS
from generations.models import Generation

_PYTHON = """\
import requests

response = requests.post(
    {url!r},
    headers={{"Authorization": "Bearer YOUR_API_KEY"}},
    json={body},
)
response.raise_for_status()
print(response.json()["data"]["id"])
"""

_JAVASCRIPT = """\
const response = await fetch({url}, {{
  method: "POST",
  headers: {{
    "Authorization": "Bearer YOUR_API_KEY",
    "Content-Type": "application/json",
  }},
  body: JSON.stringify({body}),
}});
console.log((await response.json()).data.id);
"""


def samples(generation: Generation) -> list[tuple[str, str, str]]:
    """(id, name, code) for curl, Python and JavaScript."""
    url = f"{settings.PUBLIC_URL}/api/v1/generations"
    body = _body(generation)
    text = json.dumps(body, ensure_ascii=False, indent=2)
    curl = "\n".join(
        (
            f"curl -X POST {shlex.quote(url)} \\",
            "  -H 'Authorization: Bearer YOUR_API_KEY' \\",
            "  -H 'Content-Type: application/json' \\",
            f"  -d {shlex.quote(text)}",
        )
    )
    python = _PYTHON.format(url=url, body=_python(body))
    javascript = _JAVASCRIPT.format(url=json.dumps(url), body=text.replace("\n", "\n  "))
    return [("curl", "curl", curl), ("python", "Python", python), ("javascript", "JavaScript", javascript)]


def _body(generation: Generation) -> dict[str, Any]:
    """Every parameter that was set, in the model's order. Not where it called back: that address may hold a secret."""
    spec = MODELS.get(generation.model)
    order = [each.name for each in (*spec.inputs, *spec.fields)] if spec else []
    params = generation.params
    chosen = {name: params[name] for name in dict.fromkeys([*order, *params]) if name in params}
    words = {"prompt": generation.prompt, **chosen, "metadata": generation.metadata}
    given = {name: value for name, value in words.items() if value not in ("", {})}
    return {"model": spec.name if spec else generation.model, **given}


def _python(body: dict[str, Any]) -> str:
    rows = "".join(f"        {name!r}: {value!r},\n" for name, value in body.items())
    return f"{{\n{rows}    }}"
