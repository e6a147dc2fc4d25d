"""The desk of webhooks in a real browser: what is sent to a callback URL comes and changes while one looks on."""

import re
import subprocess
import threading

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.visits import LANGUAGES, Visit
from tests.receiver import AnswerFunction, Receiver, answer

DESK = "/webhooks/deliveries/"
FAILS = "[[fault:fail=Content policy violation]]"  # at once, and for nothing


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def admin(visit, person, language) -> Visit:
    return visit(locale=LANGUAGES[language], person=person, permissions=["clipboard-read", "clipboard-write"])


@pytest.fixture
def ask(running_stack, person):
    """ask(url) -> the id of a task that will have told that URL of its end."""

    def send(url: str) -> str:
        asked = {"prompt": f"A gate {FAILS}", "model": "seedream-3.0", "callback_url": url}
        key = {"Authorization": f"Bearer {person.api_key}"}
        response = httpx.post(f"{running_stack.url}/api/v1/generations", json=asked, headers=key, timeout=30)
        return response.raise_for_status().json()["data"]["id"]

    return send


def held(until: threading.Event, then: AnswerFunction) -> AnswerFunction:
    """An answer that takes until it is let go."""

    def give(handler):
        until.wait(10)
        then(handler)

    return give


def mark(admin: Visit) -> None:
    admin.page.evaluate("document.body.dataset.marked = 'yes'")


def assert_not_loaded_anew(admin: Visit) -> None:
    assert admin.page.evaluate("document.body.dataset.marked") == "yes"


def load_until(admin: Visit, path: str, selector: str) -> None:
    """As somebody without JavaScript looks again and again."""
    for _look in range(60):
        admin.open(path)
        if admin.page.locator(selector).count():
            return
        admin.page.wait_for_timeout(500)
    raise AssertionError(f"never there: {selector}")


def row_of(admin: Visit, task: str):
    return admin.page.locator(".deliveries tbody tr").filter(has_text=task)


def test_a_delivery_appears_and_is_delivered_without_a_reload(admin, ask, receiver):
    let_go = threading.Event()
    receiver.answers.append(held(let_go, answer(204)))
    admin.open(DESK)
    expect(admin.page.locator("#deliveries .empty")).to_be_visible()
    mark(admin)

    task = ask(receiver.url("/done?token=hush"))

    expect(row_of(admin, task).locator(".status.busy")).to_be_visible()
    let_go.set()
    expect(row_of(admin, task).locator(".status.ok")).to_be_visible()
    expect(row_of(admin, task)).to_contain_text("HTTP 204")
    expect(row_of(admin, task)).to_contain_text(f"127.0.0.1:{receiver.port}")
    assert_not_loaded_anew(admin)


def test_what_has_the_focus_is_not_torn_away(admin, ask, receiver):
    admin.open(DESK)
    first = ask(receiver.url())
    link = row_of(admin, first).locator("a[id^=delivery-]")
    link.focus()
    id = link.get_attribute("id")
    mark(admin)

    second = ask(receiver.url())

    expect(row_of(admin, second).locator(".status.ok")).to_be_visible()
    assert admin.page.evaluate("document.activeElement.id") == id
    assert_not_loaded_anew(admin)


@pytest.fixture
def polls(admin):
    """What the page has asked by itself so far: the addresses, in order."""
    asked = []
    admin.page.on("request", lambda request: asked.append(request.url) if "version=" in request.url else None)
    return asked


def wait_for_another(admin: Visit, polls: list[str]) -> None:
    count = len(polls)
    for _look in range(100):
        if len(polls) > count:
            return
        admin.page.wait_for_timeout(100)
    raise AssertionError("it asks no more")


def test_a_filter_is_not_lost_to_a_poll_that_is_answered_meanwhile(admin, ask, receiver):
    receiver.answers.append(answer(410))
    page = admin.page
    admin.open(DESK)
    task = ask(receiver.url())
    expect(row_of(admin, task).locator(".status.bad")).to_be_visible()
    other = ask(receiver.url())
    expect(row_of(admin, other).locator(".status.ok")).to_be_visible()
    held_back, let_go = [], threading.Event()
    is_held = re.compile(r"/webhooks/deliveries/\?")
    page.route(is_held, lambda route: route.continue_() if let_go.is_set() else held_back.append(route))
    while not held_back:
        page.wait_for_timeout(50)

    page.locator(".filters [name=state]").select_option("failed")
    while "state=failed" not in held_back[-1].request.url:
        page.wait_for_timeout(50)
    shown = page.locator("#deliveries").evaluate("element => element.outerHTML")
    *polls, filtered = held_back
    for route in polls:
        route.fulfill(status=200, content_type="text/html", body=shown)
    page.wait_for_timeout(300)
    let_go.set()
    filtered.continue_()

    page.wait_for_url("**state=failed*")
    expect(page.locator(".deliveries tbody tr")).to_have_count(1)
    expect(row_of(admin, task)).to_be_visible()


def test_in_a_hidden_tab_nothing_is_asked(admin, ask, polls):
    admin.open(DESK)
    wait_for_another(admin, polls)
    hide = "Object.defineProperty(document, 'hidden', {configurable: true, value: %s})"
    admin.page.evaluate(hide % "true")
    admin.page.wait_for_timeout(300)  # one may be on its way
    polls.clear()
    admin.page.wait_for_timeout(5000)
    assert polls == []

    admin.page.evaluate(hide % "false")

    wait_for_another(admin, polls)


def test_an_endpoint_that_is_deleted_in_another_tab_is_told_once_and_asked_for_no_more(admin, polls, receiver):
    admin.open("/webhooks/new/")
    admin.page.locator("[name=url]").fill(receiver.url())
    admin.page.locator("main form button.primary").click()
    admin.page.locator("#new-secret").wait_for()
    admin.open("/webhooks/")
    admin.page.locator(".endpoints a").first.click()
    wait_for_another(admin, polls)
    other = admin.new_tab()
    other.goto(admin.page.url)
    other.locator("[data-confirm=delete] button").click()
    other.locator("dialog[open] .danger").click()
    other.locator("#messages .success").wait_for()

    ended = admin.page.locator("#latest").get_attribute("data-ended").strip()
    expect(admin.page.locator("#toasts")).to_have_text(ended)
    polls.clear()
    admin.page.wait_for_timeout(5000)

    assert polls == []
    admin.expected("404")


def test_what_one_reads_on_the_page_of_a_delivery_is_not_torn_away(admin, ask, polls, receiver):
    let_go = threading.Event()
    receiver.answers.append(held(let_go, answer(200)))
    page = admin.page
    admin.open(DESK)
    row_of(admin, ask(receiver.url())).locator("a[id^=delivery-]").click()
    message = page.locator("#delivery-now dd code").last
    message.wait_for()
    # Around it, so that neither end of what is marked is in it.
    page.evaluate(
        "getSelection().setBaseAndExtent(document.querySelector('h1'), 0, document.getElementById('attempts-title'), 1)"
    )
    let_go.set()
    for _poll in range(2):
        wait_for_another(admin, polls)
    expect(page.locator("#delivery-now .status.busy")).to_be_visible()
    assert message.inner_text() in page.evaluate("getSelection().toString()")

    page.evaluate("getSelection().removeAllRanges()")

    expect(page.locator("#delivery-now .status.ok")).to_be_visible()
    expect(page.locator("#attempts > li")).to_have_count(1)


def test_what_failed_is_found_looked_into_and_sent_again(admin, ask, receiver, tmp_path):
    receiver.answers.append(answer(410, b"<b>gone</b>"))
    page = admin.page
    admin.open(DESK)
    task, other = ask(receiver.url("/in")), None
    expect(row_of(admin, task).locator(".status.bad")).to_be_visible()
    other = ask(receiver.url("/other"))
    expect(row_of(admin, other).locator(".status.ok")).to_be_visible()

    page.locator(".filters [name=state]").select_option("failed")
    page.wait_for_url("**state=failed*")
    expect(page.locator(".deliveries tbody tr")).to_have_count(1)
    row_of(admin, task).locator("a[id^=delivery-]").click()
    expect(page.locator("#attempts > li")).to_have_count(1)
    page.locator("#attempt-1 summary").last.click()
    expect(page.locator("#attempt-1")).to_contain_text("<b>gone</b>")

    let_go = threading.Event()
    receiver.answers.append(held(let_go, answer(200)))
    page.locator("#send-again").click()
    expect(page.locator("#delivery-now .status.busy")).to_be_visible()
    page.locator("#attempt-1 summary").first.click()
    mark(admin)
    let_go.set()
    expect(page.locator("#delivery-now .status.ok")).to_be_visible()
    expect(page.locator("#attempts > li")).to_have_count(2)
    expect(page.locator("#attempts > li").first).to_contain_text("HTTP 200")
    expect(page.locator("#attempt-1 details[open]")).to_have_count(1)
    assert_not_loaded_anew(admin)
    sent = [request for request in receiver.requests if request.path == "/in"]
    assert len({request.headers["webhook-id"] for request in sent}) == 1

    page.locator("#curl .copy").click()
    command = page.evaluate("navigator.clipboard.readText()").replace("http://localhost:3000/", receiver.url("/mine"))
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True, timeout=30)
    mine = receiver.requests[-1]
    assert (mine.path, mine.body) == ("/mine", sent[-1].body)
    assert mine.headers["webhook-signature"] == sent[-1].headers["webhook-signature"]


def test_all_that_failed_are_sent_again_when_asked_twice(admin, ask, receiver):
    receiver.answers.append(answer(410))
    admin.open(DESK)
    task = ask(receiver.url())
    expect(row_of(admin, task).locator(".status.bad")).to_be_visible()

    with admin.page.expect_navigation():
        admin.page.locator("#send-failed-again").click()
    with admin.page.expect_navigation():
        admin.page.locator("main .button.primary").click()

    expect(admin.page.locator("#messages .success")).to_be_visible()
    expect(row_of(admin, task).locator(".status.ok")).to_be_visible()


def test_without_javascript_it_is_read_filtered_and_sent_again(visit, person, ask, receiver):
    receiver.answers.append(answer(410))
    ask(receiver.url())
    admin = visit(person=person, java_script_enabled=False)
    load_until(admin, DESK, ".deliveries .status.bad")
    expect(admin.page.locator(".by-itself")).to_be_hidden()
    expect(admin.page.locator(".by-hand")).to_be_visible()

    admin.page.locator(".filters [name=state]").select_option("failed")
    admin.page.locator(".filters button").click()
    admin.page.locator("a[id^=delivery-]").click()
    admin.page.locator("#send-again").click()

    admin.notice("It is sent again.")
    load_until(admin, admin.page.url.removeprefix(admin.stack.url), "#delivery-now .status.ok")


def test_a_verifier_is_copied(admin):
    admin.open("/webhooks/verify/")

    admin.page.locator("label[for=verifier-2]").click()
    admin.page.locator(".code:visible .copy").click()

    assert "timingSafeEqual" in admin.page.evaluate("navigator.clipboard.readText()")
