import time
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from generations import lifecycle, links
from generations.models import Asset
from tests.api import CLIP, completed, completed_images, ensure_prices
from tests.factories import make_member, make_team
from tests.pages import browser_of


@pytest.fixture
def generation(db):
    ensure_prices()
    return completed(make_team(granted=100))


@pytest.fixture
def asset(generation) -> Asset:
    return generation.assets.get(kind="output")


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_a_signed_link_opens_without_key_or_session(asset):
    response = Client().get(links.path(asset))

    assert (response.status_code, body(response)) == (200, CLIP)
    assert response.headers["Content-Type"] == "video/mp4"


def test_a_clip_is_kept_by_the_browser_until_its_link_ends(asset):
    response = Client().get(links.path(asset))

    expires = int(parse_qs(urlsplit(links.path(asset)).query)["expires"][0])
    age = int(response.headers["Cache-Control"].removeprefix("private, max-age="))
    assert abs(age - (expires - time.time())) < 5


# M8
def test_what_is_sent_can_run_nothing(asset):
    headers = Client().get(links.path(asset)).headers

    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_download_makes_it_an_attachment_named_for_the_task(generation, asset):
    headers = Client().get(links.path(asset) + "&download=1").headers

    assert headers["Content-Disposition"] == f'attachment; filename="{generation.id}.mp4"'


@pytest.mark.parametrize("expires", ["", "0", "-1", "abc", "1" * 10, "9" * 12, "9" * 40, "²"])
def test_a_link_with_another_expiry_is_refused(asset, expires):
    signature = parse_qs(urlsplit(links.path(asset)).query)["signature"][0]

    response = Client().get(f"/media/{asset.id}", {"expires": expires, "signature": signature})

    assert response.status_code == 403


@pytest.mark.parametrize("signature", ["", "0" * 40, "é", "\0"])
def test_a_link_with_another_signature_is_refused(asset, signature):
    expires = parse_qs(urlsplit(links.path(asset)).query)["expires"][0]

    assert Client().get(f"/media/{asset.id}", {"expires": expires, "signature": signature}).status_code == 403


def test_a_link_opens_its_own_file_alone(generation, asset):
    other = generation.assets.get(kind="poster")

    assert Client().get(links.path(asset).replace(str(asset.id), str(other.id))).status_code == 403


def test_after_the_task_was_deleted_the_link_is_410(generation, asset):
    lifecycle.hide(generation)

    assert Client().get(links.path(asset)).status_code == 410


def test_a_link_to_nothing_is_404(asset):
    asset.id = uuid4()

    assert Client().get(links.path(asset)).status_code == 404


def test_a_link_can_not_be_posted_to(asset):
    assert Client().post(links.path(asset)).status_code == 405


def test_under_asgi_it_is_sent_piece_by_piece(db):
    ensure_prices()
    generation = completed(make_team(granted=100), content=b"x" * 600_000)
    path = links.path(generation.assets.get(kind="output"))

    @async_to_sync
    async def sizes() -> tuple[int, list[int]]:
        response = await AsyncClient().get(path, headers={"Range": "bytes=0-599998"})
        return response.status_code, [len(part) async for part in response.streaming_content]

    assert sizes() == (206, [262144, 262144, 75711])


def content(generation, position: object) -> str:
    return f"/generations/{generation.id}/content/{position}"


def test_each_image_of_a_set_has_an_address_that_stays(team, browser):
    generation = completed_images(team, 3)

    responses = [browser.get(content(generation, position)) for position in range(3)]

    assert [body(response) for response in responses] == [b"0", b"1", b"2"]
    assert {response.headers["Content-Type"] for response in responses} == {"image/png"}
    assert responses[0].headers["Cache-Control"] == "private, no-cache"


def test_an_image_comes_home_under_its_own_name(team, browser):
    generation = completed_images(team, 2)

    headers = [browser.get(content(generation, position) + "?download=1").headers for position in (0, 1)]

    assert [each["Content-Disposition"] for each in headers] == [
        f'attachment; filename="{generation.id}.png"',
        f'attachment; filename="{generation.id}-1.png"',
    ]


@pytest.mark.parametrize("position", [2, 32768, 10**30, -1, "a"])
def test_where_no_image_is_there_is_nothing(team, browser, position):
    assert browser.get(content(completed_images(team, 2), position)).status_code == 404


def test_the_images_of_another_team_are_not_there(team):  # A1
    generation = completed_images(team, 1)
    stranger = browser_of(make_member(team=make_team()))

    assert stranger.get(content(generation, 0)).status_code == 404
    assert Client().get(content(generation, 0)).status_code == 302


def test_a_deleted_image_is_gone(team, browser):
    generation = completed_images(team, 1)
    lifecycle.hide(generation)

    assert browser.get(content(generation, 0)).status_code == 404
