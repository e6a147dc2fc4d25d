import csv
import io
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone, translation

from accounts.csv_export import BYTE_ORDER_MARK
from generations import lifecycle
from generations.batches import making, progress, steering
from generations.catalog import MODELS
from generations.models import Batch, BatchRow, Generation, PriceList, State
from tests.api import asked
from tests.batches import BAD, IMAGES, PRICE, drafted, make_all, started
from tests.factories import make_member
from tests.pages import HTMX, SURE, browser_of, queries, text_of
from tests.pipeline import figures

CHOICES = {"resolution": "1024x1024", "quality": "standard", "count": "1", "style": "", "seed": ""}
POSTED = ("start", "pause", "resume", "cancel", "delete")


def given(**more) -> dict:
    """The form as a browser sends it."""
    form = {"name": "Nightly", "kind": "prompts", "text": "A gate\nA ship", "model": IMAGES, "shown_model": IMAGES}
    return {**form, **CHOICES, **more}


def address(batch: Batch, what: str = "") -> str:
    return reverse(f"generations:batch{what and '_'}{what}", args=[batch.id])


def ended(batch: Batch, state: str = "completed") -> Batch:
    """What was made has ended like this."""
    for generation in Generation.objects.filter(batch_id=batch.id, state=State.QUEUED):
        for to in (State.SUBMITTING, State.RUNNING, *([State.ARCHIVING] if state == "completed" else [])):
            lifecycle.advance(generation, to)
        failure = {"failure_code": "CONTENT_POLICY"} if state == "failed" else {}
        lifecycle.advance(generation, State(state), **failure)
    return make_all(batch)


# the form


def test_prompts_become_a_draft_with_the_price_of_each(browser, team):
    answer = browser.post("/batches/new/", given(text="A gate\r\n\r\nA ship\r\n", count="3"))

    batch = Batch.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, address(batch))
    assert (batch.name, batch.state, batch.team) == ("Nightly", "draft", team)
    assert list(batch.rows.values_list("number", "quoted_credits")) == [(1, 6), (2, 6)]
    assert figures(team) == (1000, 0, 0)


@pytest.mark.parametrize("kind", ["prompts", "table"])
@pytest.mark.parametrize(("encoding", "language"), [("utf-8-sig", "en"), ("gb18030", "zh-hans")])
def test_a_table_is_taken_from_a_file_whatever_was_left_chosen(browser, kind, encoding, language):
    table = "prompt,model,duration\r\n一座灯塔,seedance-2.0,10\r\nA ship,,\r\nA gate,,7\r\n"
    file = SimpleUploadedFile("rows.csv", table.encode(encoding), "text/csv")

    with translation.override("en"):  # a request leaves its language behind
        browser.post("/batches/new/", given(kind=kind, text="", file=file), headers={"accept-language": language})

    rows = list(Batch.objects.get().rows.all())
    assert [row.quoted_credits for row in rows] == [25, PRICE, None]
    assert rows[0].given["prompt"] == "一座灯塔"
    assert rows[2].problem["field"] == "duration"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"name": "Night\u202ely"}, "a character that cannot be seen"),  # B11
        ({"text": " \n "}, "Paste it here, or choose a file."),
        ({"kind": "table", "text": "prompt,color\nA gate,red"}, "no such column: color"),
        ({"kind": "table", "text": 'prompt\n"A gate'}, "cannot be read from line 2 on"),
        ({"kind": "nonsense"}, "Select a valid choice"),
        ({"model": "nonsense"}, ""),
        ({"count": "9"}, "Images must be one of"),
        ({"seed": "-1"}, "Seed must be a whole number"),
        ({"text": "A gate\n" * 1001}, "more than 1000 rows"),
        ({"file": SimpleUploadedFile("a.csv", b"prompt\nA gate")}, "Paste it or choose a file, not both."),
        ({"text": "", "file": SimpleUploadedFile("a.csv", b"\x89PNG\r\n\x1a\n\xff\xff\xff")}, "UTF-8 or GB18030"),
        ({"text": "", "file": SimpleUploadedFile("a.csv", b"x" * ((1 << 20) + 1))}, "more than 1 MB"),
        ({"text": "", "file": SimpleUploadedFile("a.txt", b"")}, "There is no row in it."),
        ({"text": "", "file": SimpleUploadedFile("A.CSV", b"A gate\nA ship")}, "no such column: a gate"),
        ({"text": 'prompt;seed\n"A gate'}, "cannot be read from line 2 on"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_drafted(browser, changes, words):
    answer = browser.post("/batches/new/", given(**changes))

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not Batch.objects.exists()


@pytest.mark.parametrize(("language", "words"), [("en", "in UTF-8."), ("zh-hans", "GB18030")])
def test_the_form_says_how_much_it_takes(browser, language, words):
    with translation.override("en"):
        page = text_of(browser.get("/batches/new/", headers={"accept-language": language}))

    assert words in page
    assert "1,000" in page


def test_choices_that_were_shown_for_another_model_draft_nothing(browser):
    answer = browser.post("/batches/new/", given(model="seedance-2.0", text="A gate <b>"))

    page = text_of(answer)
    assert answer.status_code == 422
    assert 'name="duration"' in page
    assert "A gate &lt;b&gt;" in page
    assert not Batch.objects.exists()


def test_another_model_brings_its_choices_and_keeps_what_fits(browser):
    asked_for = {"model": "seedream-4.0", "shown_model": IMAGES, "resolution": "4k", "count": "9", "seed": "5"}

    answer = browser.get("/batches/new/", asked_for, headers=HTMX)

    form = answer.context["form"]
    assert "<html" not in text_of(answer)
    assert (form.spec.slug, form["resolution"].value(), form["count"].value(), form["seed"].value()) == (
        "seedream-4.0",
        "4k",
        "1",
        "5",
    )


@pytest.mark.parametrize("slug", MODELS)
def test_the_template_of_each_model_is_a_table_that_can_be_given_back(browser, slug):
    answer = browser.get("/batches/template.csv", {"model": slug})
    table = b"".join(answer).decode()

    form = {"name": "x", "kind": "table", "text": table.removeprefix(BYTE_ORDER_MARK), "model": IMAGES}
    browser.post("/batches/new/", {**form, **CHOICES, "shown_model": IMAGES})

    row = BatchRow.objects.get()
    assert row.problem is None
    assert row.given["model"].replace(" ", "-") == slug or row.given["model"] == slug
    assert f"filmgate-batch-{slug}.csv" in answer.headers["Content-Disposition"]


# the draft


def test_a_draft_tells_every_price_and_every_problem(browser, team):
    batch = drafted(team, "A gate", BAD, "A ship", count="2")

    page = text_of(browser.get(address(batch)))

    for words in ("Nightly", "A gate", "2 images", "1 character too long", "This makes 2 rows for 8 credits at most"):
        assert words in page
    assert 'value="8"' in page


def test_the_bad_rows_alone(browser, team):
    batch = drafted(team, "A gate", BAD, "A ship")

    assert [line.number for line in browser.get(address(batch), {"rows": "bad"}).context["lines"]] == [2]


def test_many_rows_come_page_by_page(browser, team):
    batch = drafted(team, *(f"A gate {number}" for number in range(250)))

    pages = [browser.get(address(batch), {"page": page}).context["lines"] for page in ("1", "3", "99", "nonsense")]

    assert [(lines[0].number, len(lines)) for lines in pages] == [(1, 100), (201, 50), (201, 50), (1, 100)]


@pytest.mark.parametrize("rows", [1, 30])
def test_a_page_asks_as_often_for_many_rows_as_for_one(browser, team, rows):
    batch = make_all(started(team, *(f"A gate {number}" for number in range(rows))))
    browser.get(address(batch))

    with queries(8):
        browser.get(address(batch))


def test_the_list_asks_as_often_for_many_batches_as_for_one(browser, team):
    drafted(team, "A gate")
    browser.get("/batches/")
    with queries(7):
        browser.get("/batches/")
    for _ in range(3):
        make_all(started(team, "A gate", "A ship"))

    with queries(7):
        browser.get("/batches/")


def test_a_draft_that_is_deleted_while_the_list_is_made_is_left_out(browser, team, monkeypatch):
    drafted(team, "A gate", name="Kept")
    gone = drafted(team, "A gate", name="Gone")
    counted = progress.of_many

    def late(batches):
        steering.delete(gone.id)
        return counted(batches)

    monkeypatch.setattr(progress, "of_many", late)
    page = text_of(browser.get("/batches/"))

    assert ("Kept" in page, "Gone" in page) == (True, False)


def test_missing_credits_are_told_before_the_start(browser, team):
    batch = drafted(team, *(f"A gate {number}" for number in range(501)))

    assert "2 credits are missing for all of them" in text_of(browser.get(address(batch)))


def test_starting_takes_the_cap_and_holds_nothing_by_itself(browser, team, maker):
    batch = drafted(team, "A gate", BAD)

    answer = browser.post(address(batch, "start"), {"cap_credits": "2", "shown": "2"})

    batch.refresh_from_db()
    assert answer.headers["Location"] == address(batch)
    assert (batch.state, batch.cap_credits, batch.created_by) == ("running", 2, maker)


@pytest.mark.parametrize("cap", ["", "0", "-5", "1", "1.5", "a", "9" * 30])
def test_a_cap_that_is_none_is_refused_in_place(browser, team, cap):
    batch = drafted(team, "A gate")

    answer = browser.post(address(batch, "start"), {"cap_credits": cap})

    batch.refresh_from_db()
    assert answer.status_code == 422
    assert 'class="errorlist' in text_of(answer)
    assert batch.state == "draft"


def test_deleting_a_draft_is_asked_first(browser, team):
    batch = drafted(team, "A gate")

    assert "Delete this draft?" in text_of(browser.post(address(batch, "delete")))
    assert Batch.objects.exists()
    browser.post(address(batch, "delete"), SURE)
    assert not Batch.objects.exists()
    assert browser.post(address(batch, "delete"), SURE).status_code == 404


# while it runs


def test_a_running_batch_tells_how_far_it_is_and_asks_again(browser, team):
    batch = make_all(started(team, "A gate", "A ship", BAD, cap=50))

    page = browser.get(address(batch))
    moving = text_of(browser.get(address(batch), headers=HTMX))

    assert 'hx-trigger="every 3s"' in text_of(page)
    assert "0 of 2 rows have ended" in moving
    assert "of 50 at most" in moving
    assert 'hx-swap-oob="true"' in moving
    assert "<form" not in moving
    for row in batch.rows.exclude(generation=None):
        assert row.generation.get_absolute_url() in moving


def test_a_batch_that_runs_no_more_has_its_page_loaded_anew(browser, team):
    batch = ended(make_all(started(team, "A gate")))

    assert browser.get(address(batch), headers=HTMX).headers["HX-Refresh"] == "true"
    assert "every 3s" not in text_of(browser.get(address(batch)))


def test_what_came_of_each_row_is_told(browser, team):
    batch = ended(make_all(started(team, "A gate", BAD)))
    page = text_of(browser.get(address(batch)))
    assert "1 of 1 row has ended" in page
    assert "2 credits charged" in page
    assert "1 refused · 0 failed · 0 cancelled" in page

    batch = ended(make_all(started(team, "A gate")), "failed")
    assert "Content policy violation" in text_of(browser.get(address(batch), {"rows": "bad"}))


def test_pause_and_resume(browser, team, maker):
    batch = make_all(started(team, *(f"A gate {number}" for number in range(25))))

    browser.post(address(batch, "pause"))
    paused = browser.get(address(batch))
    make_all(batch)
    assert "Paused by a member" in text_of(paused)
    assert Generation.objects.count() == 20
    again = browser.post(address(batch, "resume"), {"cap_credits": "50", "shown": str(paused.context["left"])})

    batch.refresh_from_db()
    assert (again.status_code, batch.state, batch.cap_credits, batch.created_by) == (302, "running", 50, maker)


def test_a_batch_at_its_cap_goes_on_with_a_higher_one_alone(browser, team):
    batch = ended(make_all(started(team, "A gate", "A ship", cap=3)))
    page = browser.get(address(batch))
    assert "The next row would pass 3 credits" in text_of(page)
    assert page.context["form"].initial == {"cap_credits": 4, "shown": 2}

    refused = browser.post(address(batch, "resume"), {"cap_credits": "3", "shown": "2"})
    assert (refused.status_code, "At least 4" in text_of(refused)) == (422, True)
    browser.post(address(batch, "resume"), {"cap_credits": "4", "shown": "2"})

    assert Batch.objects.get().state == "running"


def test_a_cap_is_never_raised_by_the_page_where_it_was_not_reached(browser, team):
    batch = make_all(started(team, *(f"A gate {number}" for number in range(25)), cap=45))
    steering.pause(batch.id)

    page = browser.get(address(batch))

    assert page.context["form"].initial == {"cap_credits": 45, "shown": 10}
    assert 'name="cap_credits" value="45"' in text_of(page)


def test_where_there_is_no_price_nothing_goes_on_and_no_row_is_lost(browser, team):
    batch = started(team, "A gate", "A ship")
    PriceList.objects.filter(model=IMAGES).delete()
    make_all(batch)

    page = text_of(browser.get(address(batch)))
    answer = browser.post(address(batch, "resume"), {"cap_credits": "50", "shown": "0"}, follow=True)

    assert "There is no price now for 2 rows that wait." in page
    assert "comes to 0" not in page
    assert 'id="go"' not in page
    assert "There is no price now. Resume when there is one, or cancel what is left." in text_of(answer)
    assert list(batch.rows.values_list("problem", "quoted_credits")) == [(None, PRICE), (None, PRICE)]


def test_what_would_be_refused_is_counted_apart(browser, team):
    batch = started(team, "A gate", "A ship", "A fox")
    batch.rows.filter(number=2).update(given={"prompt": BAD, "model": IMAGES})
    steering.pause(batch.id)

    page = text_of(browser.get(address(batch)))

    assert "This makes 2 rows for 4 credits at most, 20 at a time." in page
    assert "1 row that waits would be refused now." in page


def test_a_price_is_compared_over_the_same_rows(browser, team):
    batch = started(team, "A gate", "A ship", "A fox")
    batch.rows.filter(number=3).update(given={"prompt": BAD, "model": IMAGES})
    newer = PriceList.objects.create(model=IMAGES, version=2, effective_at=timezone.now())
    newer.prices.create(conditions={"resolution": "1024x1024", "quality": "standard"}, unit="image", credits=5)
    make_all(batch)

    assert "priced at 4 credits, and comes to 10 now" in text_of(browser.get(address(batch)))


def test_only_what_has_rows_left_can_be_paused(browser, team):
    some = make_all(started(team, *(f"A gate {number}" for number in range(21))))
    all_made = make_all(started(team, "A gate"))

    assert address(some, "pause") in text_of(browser.get(address(some)))
    assert address(all_made, "pause") not in text_of(browser.get(address(all_made)))
    browser.post(address(all_made, "pause"))
    assert ended(all_made).state == "finished"


def test_a_new_price_is_shown_before_it_is_taken(browser, team):
    batch = started(team, "A gate", "A ship")
    newer = PriceList.objects.create(model=IMAGES, version=2, effective_at=timezone.now())
    newer.prices.create(conditions={"resolution": "1024x1024", "quality": "standard"}, unit="image", credits=5)
    make_all(batch)

    page = browser.get(address(batch))
    unseen = browser.post(address(batch, "resume"), {"cap_credits": "50", "shown": "4"}, follow=True)
    assert "The price has changed since this page was opened" in text_of(unseen)
    browser.post(address(batch, "resume"), {"cap_credits": "50", "shown": "10"})

    assert "priced at 4 credits, and comes to 10 now" in text_of(page)
    assert Batch.objects.get().state == "running"


def test_cancelling_says_what_happens_before_it_does(browser, team):
    batch = make_all(started(team, "A gate", "A ship"))

    question = text_of(browser.post(address(batch, "cancel")))
    assert figures(team) == (996, 4, 0)
    browser.post(address(batch, "cancel"), SURE)

    assert "What waits in the queue is cancelled and its credits come back." in question
    assert figures(team) == (1000, 0, 0)
    assert Batch.objects.get().state == "cancelled"


@pytest.mark.parametrize("what", POSTED)
@pytest.mark.parametrize("state", ["draft", "running", "paused", "finished", "cancelled"])
def test_anything_at_any_time_again_is_harmless(browser, team, what, state):
    batch = at_state(team, state)
    form = {"cap_credits": "2", "shown": "0", **SURE}

    first = browser.post(address(batch, what), form)
    after = list(Batch.objects.values()), figures(team)
    second = browser.post(address(batch, what), form)

    assert first.status_code in (302, 422)
    assert second.status_code in (302, 404, 422)
    if what != "resume" or state != "paused":
        assert (list(Batch.objects.values()), figures(team)) == after


def at_state(team, state: str) -> Batch:
    if state == "draft":
        return drafted(team, "A gate")
    if state == "paused":
        batch = started(team, "A gate")
        steering.pause(batch.id)
    else:
        batch = make_all(started(team, "A gate"))
    if state == "finished":
        ended(batch)
    if state == "cancelled":
        steering.cancel(batch.id)
        making.empty_queue(batch)
    batch.refresh_from_db()
    assert batch.state == state
    return batch


# what is left of it


def test_the_results_are_a_table_whose_cells_no_spreadsheet_runs(browser, team):  # B10
    batch = ended(make_all(started(team, '=HYPERLINK("x")', BAD)))
    made = Generation.objects.get()

    answer = browser.get(address(batch, "results"))

    rows = list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert rows == [
        ["Row", "Prompt", "Status", "Task id", "Credits", "Error"],
        ["1", '\'=HYPERLINK("x")', "completed", str(made.id), "2", ""],
        ["2", BAD, "refused", "", "", "The prompt is 1 character too long: 300 at most."],
    ]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="filmgate-nightly.csv"'


def test_a_deleted_clip_leaves_its_batch_as_it_was(browser, team):
    batch = ended(make_all(started(team, "A gate")))
    made = Generation.objects.get()

    browser.post(reverse("generations:delete", args=[made.id]), SURE)

    page = text_of(browser.get(address(batch)))
    assert made.get_absolute_url() not in page
    assert "Deleted" in page
    assert browser.get("/batches/").status_code == 200
    assert b"completed" in b"".join(browser.get(address(batch, "results")))


def test_the_gallery_shows_one_batch_and_how_to_leave_it(browser, team):
    batch = make_all(started(team, "A gate"))
    asked(team, prompt="Another")

    page = browser.get("/gallery/", {"batch": str(batch.id), "show": "in-progress"})

    assert [each.card.generation.prompt for each in page.context["found"]] == ["A gate"]
    assert "Nightly" in text_of(page)
    assert f"show=completed&amp;batch={batch.id}" in text_of(page)
    assert 'href="/gallery/?show=in-progress"' in text_of(page)
    assert f"batch={batch.id}" in page.context["live_url"]


@pytest.mark.parametrize("batch", ["nonsense", "", str(uuid.UUID(int=1))])
def test_a_batch_that_there_is_not_shows_everything_or_nothing(browser, team, batch):
    asked(team, prompt="Another")

    shown = browser.get("/gallery/", {"batch": batch}).context["found"]

    assert len(shown) == (0 if batch.startswith("0") else 1)


def test_the_list_tells_how_far_each_is(browser, team):
    assert "No batches yet" in text_of(browser.get("/batches/"))
    ended(make_all(started(team, "A gate", BAD, name="First <b>")))
    drafted(team, "A gate", name="Second")

    page = text_of(browser.get("/batches/"))

    for words in ("First &lt;b&gt;", "Second", "1 of 1 row", "1 refused", "Finished", "Draft"):
        assert words in page
    assert page.index("Second") < page.index("First")


# who may


@pytest.mark.parametrize("what", POSTED)
def test_a_viewer_changes_nothing(viewer, team, what):
    batch = drafted(team, "A gate")

    assert viewer.get(address(batch)).status_code == 200
    assert viewer.post(address(batch, what), {"cap_credits": "2", **SURE}).status_code == 403
    assert viewer.get("/batches/new/").status_code == 403
    assert viewer.post("/batches/new/", given()).status_code == 403
    batch.refresh_from_db()
    assert (batch.state, Batch.objects.count()) == ("draft", 1)


@pytest.mark.parametrize("what", ["", "results", *POSTED])
def test_a_batch_of_another_team_is_not_there(browser, other_team, what):
    theirs = drafted(other_team, "A gate", name="LANTERN")
    ask = browser.post if what in POSTED else browser.get

    answer = ask(address(theirs, what), {"cap_credits": "2", **SURE} if what in POSTED else {})

    theirs.refresh_from_db()
    assert (answer.status_code, theirs.state) == (404, "draft")
    assert "LANTERN" not in text_of(browser.get("/batches/"))
    assert "LANTERN" not in text_of(browser.get("/gallery/", {"batch": str(theirs.id)}))


@pytest.mark.parametrize("what", POSTED)
def test_whoever_only_looks_at_what_is_posted_is_led_to_the_batch(browser, team, what):
    batch = drafted(team, "A gate")

    assert browser.get(address(batch, what)).headers["Location"] == address(batch)
    assert browser.put(address(batch, what)).status_code == 405


def test_another_member_may_go_on_with_it(team):
    batch = drafted(team, "A gate")
    other = make_member(team=team)

    browser_of(other).post(address(batch, "start"), {"cap_credits": "2"})

    assert Batch.objects.get().created_by == other
