"""What a share link opens, for anybody who has it: no session is read or begun, and nothing but the collection shown.

The page tells no prompts and no names: what people see are the collection's name and description, clips and images.
The files are as their provider made them, with whatever it wrote into them.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from generations import files
from generations.collections import contents, sharing
from generations.collections.sharing import NoSuchLink
from generations.models import Asset, Generation, ShareLink

PAGE_SIZE = 24
HEADERS = {
    "Referrer-Policy": "no-referrer",  # the address is all that it takes to look
    "X-Robots-Tag": "noindex, nofollow",
}


def _with_link(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let the view be called with the link that the token opens; whatever opens nothing gets the same answer."""

    @require_safe
    @wraps(view)
    def opened(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, sharing.opened(token), token=token, **kwargs)
        except (NoSuchLink, Http404):
            page = render_to_string("generations/shared_over.html")
            response = HttpResponse(page, status=404, headers={"Cache-Control": "private, no-store"})
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response

    return opened


@_with_link
def shared(request: HttpRequest, link: ShareLink, *, token: str) -> HttpResponseBase:
    """A page of what is completed, in the collection's order."""
    if request.method == "GET":
        sharing.note_opened(link)
    after = request.GET.get("after", "")
    page = contents.page(link.collection, after=after, limit=PAGE_SIZE, is_public=True)
    context = {
        "collection": link.collection,
        "pieces": [_piece(each, link, token) for each in page.generations],
        "after": after,
        "cut": page.cut,
        "more_query": urlencode({"after": page.next}) if page.next else "",
    }
    html = render_to_string("generations/shared.html", context)
    return HttpResponse(html, headers={"Cache-Control": "private, no-store"})


@_with_link
def media(request: HttpRequest, link: ShareLink, *, token: str, asset_id: UUID) -> HttpResponseBase:
    """A file of what the link shows, asked for anew each time it is looked at."""
    until, signature = request.GET.get("until", ""), request.GET.get("shown", "")
    asset = sharing.shared_asset(link, asset_id, until=until, signature=signature)
    if asset is None:
        raise Http404
    return files.respond(request, asset)


def _piece(generation: Generation, link: ShareLink, token: str) -> dict[str, Any]:
    """What the page shows of one: a clip with its poster, or images with their posters."""
    kept = sorted(generation.assets.all(), key=lambda asset: asset.position)
    posters = {asset.position: asset for asset in kept if asset.kind == Asset.Kind.POSTER}
    outputs = [asset for asset in kept if asset.kind == Asset.Kind.OUTPUT]

    def path(asset: Asset | None) -> str:
        return sharing.media_path(token, link, asset) if asset else ""

    if generation.makes_images:
        return {"images": [(path(output), path(posters.get(output.position, output))) for output in outputs]}
    return {"video": path(outputs[0] if outputs else None), "poster": path(posters.get(0))}
