"""The native API, mounted at /api/v1/: the shape of vibegen's document, extended and never broken."""

from django.conf import settings

from accounts.api import credits, keys, webhook_deliveries, webhook_endpoints
from accounts.api.auth import READ
from generations.api.json_api import JsonApi

from . import content, errors, generations, models, tasks

api = JsonApi(
    title="Filmgate",
    version="1.0",
    description="AI video behind one gate. Send your key as `Authorization: Bearer sk-video-…` or `X-API-Key`.",
    urls_namespace="api",
    servers=[{"url": settings.PUBLIC_URL}],
    auth=READ,
)
for part in (generations, tasks, content, models, credits, keys, webhook_endpoints, webhook_deliveries):
    api.add_router("", part.router)
errors.handle_in(api)
