"""A generation's request, rebuilt from what was frozen at create."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from . import links
from .intake import UPLOAD_PREFIX, GenerationRequest
from .models import Asset, Generation


def request_of(generation: Generation) -> GenerationRequest:
    """The request as it was resolved, uploads by reference: for retry, and to show as code."""
    params: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in generation.params.items()
    }
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


def with_links(request: GenerationRequest) -> GenerationRequest:
    """The request as a provider may fetch its images: uploads become signed links of ours."""
    uploads = Asset.objects.in_bulk(upload_ids(request))

    def link(url: str) -> str:
        is_upload = url.startswith(UPLOAD_PREFIX)
        return links.url_for_provider(uploads[UUID(url.removeprefix(UPLOAD_PREFIX))]) if is_upload else url

    return replace(
        request,
        image_urls=tuple(map(link, request.image_urls)),
        first_frame_url=link(request.first_frame_url),
        last_frame_url=link(request.last_frame_url),
        face_image_url=link(request.face_image_url),
    )
