"""A1, A3: every page and call without an id in its path, lists and files among them, shows a team its own alone."""

from django.test import Client
from django.urls import reverse

from .calls import CALLS
from .furnishing import INVITED, MARK
from .routes import pages
from .visits import VISITS, Own, Visit
from .world import HOST, NAME, World

WITHOUT_ID = {route.name for route in pages() if not route.takes_id}
ENDLESS = ("generations:live",)  # tests/generations/live has it
PAGES = sorted(
    name
    for method, _, name in (visit.partition(" ") for visit in VISITS)
    if method == "GET" and name in WITHOUT_ID and name not in ENDLESS and isinstance(VISITS[f"GET {name}"], Visit | Own)
)
LISTED = sorted(path for method, path in (call.split(" ") for call in CALLS) if method == "GET" and "{" not in path)
# Where the team's own owner and program do find what has the mark: else nothing would be shown by its absence.
SHOWN_ON = {
    "accounts:audit_log",
    "accounts:audit_log_csv",
    "accounts:buy",
    "accounts:credits",
    "accounts:credits_csv",
    "accounts:keys",
    "accounts:team",
    "accounts:webhook_deliveries",
    "accounts:webhooks",
    "generations:batches",
    "generations:collection_links",
    "generations:collections",
    "generations:gallery",
    "generations:like",
    "generations:picker",
    "generations:presets",
    "generations:tag_names",
    "generations:tags",
}
SHOWN_BY = {"/api/v1/keys", "/api/v1/tasks", "/api/v1/webhook_deliveries", "/api/v1/webhook_endpoints"}


def read(client: Client, address: str) -> str:
    return b"".join(client.get(address, SERVER_NAME="localhost")).decode()


def is_marked(text: str) -> bool:
    return MARK in text or INVITED in text


def is_told_of_us(text: str, world: World) -> bool:
    ids = (str(world.team.pk), *(str(each.pk) for each in (world.owner, world.admin, world.member)))
    return is_marked(text) or any(word in text for word in (NAME, HOST, *ids))


def test_every_page_shows_another_team_nothing_of_ours(world, ours, browser, settings, subtests):
    settings.EMBEDDED_DATABASE = True

    for name in PAGES:
        with subtests.test(name):
            assert not is_told_of_us(read(browser, reverse(name)), world)


def test_every_call_tells_another_team_nothing_of_ours(world, ours, program, subtests):
    for path in LISTED:
        with subtests.test(path):
            assert not is_told_of_us(read(program, path), world)


def test_our_own_owner_finds_on_the_lists_what_the_others_do_not(world, ours):
    owner, program = world.page_client("owner"), world.key_client("owner")

    assert {name for name in PAGES if is_marked(read(owner, reverse(name)))} == SHOWN_ON
    assert {path for path in LISTED if is_marked(read(program, path))} == SHOWN_BY
