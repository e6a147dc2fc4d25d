"""A generation's request, rebuilt from what was frozen at create."""

from uuid import UUID

from . import links
from .intake import UPLOAD_PREFIX, GenerationRequest
from .models import Asset, Generation


def request_of(generation: Generation) -> GenerationRequest:
    """The request as it was resolved, uploads by reference: for retry, and to show as code."""
    params = {**generation.params, "image_urls": tuple(generation.params.get("image_urls", ()))}
    return GenerationRequest(
        prompt=generation.prompt,
        model=generation.model,
        callback_url=generation.callback_url,
        metadata=generation.metadata,
        **params,
    )


def upload_ids(request: GenerationRequest) -> set[UUID]:
    """The uploads that a request refers to."""
    return {UUID(url.removeprefix(UPLOAD_PREFIX)) for url in request.input_urls if url.startswith(UPLOAD_PREFIX)}


def image_links(generation: Generation) -> list[str]:
    """Its image links as a provider may fetch them: uploads become signed links of ours."""
    request = request_of(generation)
    uploads = Asset.objects.in_bulk(upload_ids(request))
    return [
        links.url_for_provider(uploads[UUID(url.removeprefix(UPLOAD_PREFIX))]) if url.startswith(UPLOAD_PREFIX) else url
        for url in request.image_urls
    ]
