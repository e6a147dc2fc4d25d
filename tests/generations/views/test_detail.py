import json
import shlex
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts import credits
from accounts.models import CreditBalance
from generations import catalog
from generations.intake import GenerationRequest
from generations.models import Generation, State
from tests.api import asked, completed, completed_images, failed, running
from tests.pages import HTMX, SURE, queries, text_of

SEE2AI = {
    "model": "doubao seedance 2.0",
    "image_urls": ["https://example.com/a.png", "https://example.com/b.png"],
    "first_frame_url": "https://example.com/f.png",
    "video_urls": ["https://example.com/c.mp4"],
    "duration": -1,
    "resolution": "720p",
    "aspect_ratio": "9:16",
    "watermark": True,
}
HOSTILE = json.loads((Path(__file__).parents[2] / "vectors" / "hostile.json").read_text())["prompts"]


def available(team) -> int:
    return CreditBalance.objects.get(team=team).available


def address(generation, action: str = "") -> str:
    return f"/generations/{generation.id}/{action}"


def test_a_finished_clip_can_be_played_and_taken_home(browser, team):
    page = text_of(browser.get(address(completed(team))))

    assert "<video" in page
    assert "download=1" in page
    assert "Saving our copy" in page
    assert "Charged" in page


def test_all_images_of_a_set_are_shown_and_each_opens_and_comes_home(browser, team):
    generation = completed_images(team, 3)

    page = text_of(browser.get(address(generation)))

    for position in range(3):
        poster = generation.assets.get(kind="poster", position=position)
        assert f'<img src="/media/{poster.id}' in page
        assert f'href="{address(generation)}content/{position}"' in page
        assert f'href="{address(generation)}content/{position}?download=1"' in page
        assert f'alt="Image {position + 1} of 3: A gate, and light"' in page
        assert f'aria-label="Download image {position + 1}"' in page
    assert page.count('width="1024" height="1024"') == 3
    assert "3 images · 1024 × 1024 · 3" in page
    assert "<dd>Text to image</dd>" in page
    assert "1024 × 1024 · standard quality · 3 images" in page
    assert "<video" not in page


def test_a_single_image_is_shown_and_comes_home(browser, team):
    generation = completed_images(team, 1)

    page = text_of(browser.get(address(generation)))

    assert 'alt="A gate, and light"' in page
    assert f'href="{address(generation)}content/0?download=1"' in page
    assert "1 image · 1024 × 1024" in page


def test_images_that_arrived_late_are_there_too(browser, team):
    generation = completed_images(team, 2)
    Generation.objects.filter(id=generation.id).update(
        state="failed", failure_code="TIMEOUT", charged_credits=0, warnings=["arrived_late"]
    )

    page = text_of(browser.get(address(generation)))

    assert "content/1?download=1" in page
    assert "these images are yours for free" in page


def test_deleted_images_are_spoken_of_as_images(browser, team):
    generation = completed_images(team, 2)

    asking = text_of(browser.post(address(generation, "delete/")))
    done = text_of(browser.post(address(generation, "delete/"), SURE, follow=True))

    assert "Delete these images?" in asking
    assert "The images are deleted." in done


def test_all_inputs_are_shown_each_under_its_name(browser, team):
    generation = running(team, **SEE2AI)

    response = browser.get(address(generation))

    inputs = [(label, [image.value for image in images]) for label, images in response.context["inputs"]]
    assert inputs == [
        ("Images without faces", SEE2AI["image_urls"]),
        ("First frame", [SEE2AI["first_frame_url"]]),
        ("Clips", SEE2AI["video_urls"]),
    ]
    for link in ("https://example.com/a.png", "https://example.com/f.png", "https://example.com/c.mp4"):
        assert link in text_of(response)
        assert f'src="{link}' not in text_of(response)


def test_the_samples_have_every_parameter_that_was_set(browser, team):
    metadata = {"order": "7"}
    generation = running(team, **SEE2AI, metadata=metadata, callback_url="https://example.com/hook?secret=1")

    samples = {id: code for id, _name, code in browser.get(address(generation)).context["samples"]}

    sent = json.loads(shlex.split(samples["curl"].replace("\\\n", ""))[-1])
    defaults = {"generate_audio": True, "enable_web_search": False, "force_asset_upload": False}
    assert sent == {"prompt": "A gate, and light", "metadata": metadata, **defaults, **SEE2AI}
    assert "secret=1" not in samples["curl"]
    again = catalog.resolve(GenerationRequest.from_mapping(sent))
    assert again.params == generation.params


def test_what_is_asked_again_is_filled_in_with_every_link(browser, team):
    generation = running(team, **SEE2AI)

    query = parse_qs(urlsplit(browser.get(address(generation)).context["again_url"]).query)

    assert query["image_urls"] == SEE2AI["image_urls"]
    assert (query["first_frame_url"], query["video_urls"]) == ([SEE2AI["first_frame_url"]], SEE2AI["video_urls"])
    assert (query["duration"], query["watermark"]) == (["-1"], ["true"])


def test_what_the_operator_refunded_is_seen(browser, team):
    generation = completed(team)
    assert "Refunded" not in text_of(browser.get(address(generation)))

    credits.refund(generation.hold_id, 7, note="blurred")

    assert '<dt>Refunded</dt><dd class="plus">7</dd>' in text_of(browser.get(address(generation)))


def test_a_failure_says_why_and_what_to_do_and_that_nothing_was_charged(browser, team):
    page = text_of(browser.get(address(failed(team))))

    assert "Content policy violation" in page
    assert "Reword the prompt or choose another image, then try again." in page
    assert '<dd class="plus">15</dd>' in page


def test_a_clip_that_arrived_late_is_there_to_be_played(browser, team):
    generation = completed(team)
    Generation.objects.filter(id=generation.id).update(
        state="failed", failure_code="TIMEOUT", charged_credits=0, warnings=["arrived_late"]
    )

    page = text_of(browser.get(address(generation)))

    assert "<video" in page
    assert "this clip is yours for free" in page


def test_htmx_gets_only_what_may_have_changed(browser, team):
    page = text_of(browser.get(address(running(team)), headers=HTMX))

    assert 'id="generation"' in page
    assert "<html" not in page


@pytest.mark.parametrize("prompt", [*HOSTILE, 'it\'s $(id) `id` \\ "quoted"\nand a line'])
def test_the_curl_sample_is_the_same_request_whatever_the_prompt(browser, team, prompt):  # B1
    generation = running(team, prompt=prompt, resolution="720p")

    response = browser.get(address(generation))

    code = next(code for id, _name, code in response.context["samples"] if id == "curl")
    sent = json.loads(shlex.split(code.replace("\\\n", ""))[-1])
    assert (sent["prompt"], sent["resolution"]) == (prompt, "720p")
    assert "<script>alert" not in text_of(response)


@pytest.mark.parametrize("prompt", HOSTILE)
def test_the_python_and_javascript_samples_run_whatever_the_prompt(browser, team, prompt):
    generation = running(team, prompt=prompt)

    samples = {id: code for id, _name, code in browser.get(address(generation)).context["samples"]}

    compile(samples["python"], "sample", "exec")
    body = samples["javascript"].partition("JSON.stringify(")[2].rpartition("),\n});")[0]
    assert json.loads(body)["prompt"] == prompt


def test_the_page_asks_as_much_for_one_event_as_for_many(browser, team):
    few, many = asked(team), completed(team)

    # Session, user, team, clip, its files, its events, its tags, how many are in progress, its collections;
    # of a charge what was refunded; of a clip without tags who reads them.
    for generation, count in ((few, 9), (many, 11)):
        with queries(count):
            browser.get(address(generation))


def test_another_teams_clip_is_not_there(browser, other_team):  # A1
    theirs = failed(other_team)

    statuses = [
        browser.get(address(theirs)).status_code,
        *(browser.post(address(theirs, action)).status_code for action in ("retry/", "cancel/", "delete/")),
    ]

    theirs.refresh_from_db()
    assert statuses == [404, 404, 404, 404]
    assert (Generation.objects.count(), theirs.hidden_at) == (1, None)


def test_a_viewer_sees_it_and_may_do_nothing(viewer, team):
    generation, waiting = failed(team), asked(team)
    before = available(team)

    statuses = [
        viewer.get(address(generation)).status_code,
        viewer.post(address(generation, "retry/")).status_code,
        viewer.post(address(waiting, "cancel/")).status_code,
        viewer.post(address(generation, "delete/"), SURE).status_code,
    ]

    generation.refresh_from_db()
    waiting.refresh_from_db()
    assert statuses == [200, 403, 403, 403]
    assert (generation.hidden_at, waiting.state, available(team)) == (None, State.QUEUED, before)


def test_a_failed_one_can_be_tried_again_once_for_each_form(browser, team):
    generation = failed(team, prompt="Once more", duration=10)

    first = browser.post(address(generation, "retry/"), {"form_key": "one"})
    again = browser.post(address(generation, "retry/"), {"form_key": "one"})
    other = browser.post(address(generation, "retry/"), {"form_key": "two"})

    retries = Generation.objects.filter(retry_of=generation).order_by("id")
    assert [retry.get_absolute_url() for retry in retries] == [first.url, other.url]
    assert again.url == first.url
    assert {(retry.prompt, retry.params["duration"]) for retry in retries} == {("Once more", 10)}
    assert available(team) == 1000 - 2 * 25


@pytest.mark.parametrize("make", [asked, running, completed])
def test_only_what_failed_or_was_cancelled_is_tried_again(browser, team, make):
    generation = make(team)

    page = browser.post(address(generation, "retry/"), {"form_key": "one"}, follow=True)

    assert "Only what failed or was cancelled can be tried again." in text_of(page)
    assert Generation.objects.count() == 1


def test_a_retry_that_can_not_be_paid_says_so(browser, team):
    generation = failed(team, duration=10, resolution="1080p", generate_audio=True)
    for _ in range(5):
        running(team, duration=10, resolution="1080p", generate_audio=True)

    page = browser.post(address(generation, "retry/"), {"form_key": "one"}, follow=True)

    assert "This costs 180 credits; 100 are available." in text_of(page)
    assert not generation.retries.exists()


def test_a_queued_one_can_be_cancelled_and_its_credits_come_back(browser, team):
    generation = asked(team)

    browser.post(address(generation, "cancel/"))
    browser.post(address(generation, "cancel/"))

    generation.refresh_from_db()
    assert (generation.state, available(team)) == (State.CANCELLED, 1000)


def test_what_is_being_made_can_not_be_cancelled(browser, team):  # K8
    generation = running(team)

    page = browser.post(address(generation, "cancel/"), follow=True)

    generation.refresh_from_db()
    assert "Too late to cancel: it is already being made." in text_of(page)
    assert (generation.state, available(team)) == (State.RUNNING, 1000 - 15)


def test_a_deleted_clip_is_gone_and_its_credits_history_stays(browser, team):
    generation = completed(team)

    response = browser.post(address(generation, "delete/"), SURE)

    assert response.url == "/gallery/"
    assert browser.get(address(generation)).status_code == 404
    assert not generation.assets.filter(deleted_at=None).exists()
    assert available(team) == 1000 - 15


def test_what_is_not_finished_can_not_be_deleted(browser, team):
    generation = running(team)

    page = browser.post(address(generation, "delete/"), follow=True)

    assert "It can be deleted when it is finished." in text_of(page)
    assert browser.get(address(generation)).status_code == 200


def test_actions_are_posted_and_the_page_is_not(browser, team):
    generation = failed(team)

    led = [browser.get(address(generation, action)).headers["Location"] for action in ("retry/", "cancel/", "delete/")]

    assert led == [address(generation)] * 3
    assert browser.post(address(generation)).status_code == 405


def test_a_stranger_is_led_to_the_sign_in(team):
    generation = failed(team)

    assert Client().get(address(generation)).url == f"/sign/login/?next={address(generation)}"
    assert Client().post(address(generation, "retry/")).status_code == 302
    assert Generation.objects.count() == 1
