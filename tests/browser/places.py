"""Every page of administration, by name: who sees it, what its heading says, and the way there. See test_places.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from playwright.sync_api import Locator, StorageState

from tests.browser.codes import code_of
from tests.browser.furnishing import TOTP_SECRET, Furnished
from tests.browser.people import Person
from tests.browser.visits import Visit

OWNER, NEWCOMER, SECURED, HALF_WAY, NOBODY = "owner", "newcomer", "secured", "half-way", "nobody"
HOOKED = "hooked"  # whose webhook endpoints are in every state
CONFIRM = "/sign/reauthenticate/"
NO_SUCH_ID = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`heading` is in English, empty where it is a name. `answer` is the status of the page.

    `then` goes on from `path` to what is meant; `path` is filled in from Furnished.
    """

    path: str
    heading: str = ""
    who: str = OWNER
    answer: int = 200
    then: Callable[[Visit], None] | None = None


def _fill(visit: Visit, **fields: str) -> Locator:
    """Fill these in; returns the last one."""
    for name, value in fields.items():
        visit.page.locator(f"main [name={name}]").fill(value)
    return visit.page.locator(f"main [name={name}]")


def _send(visit: Visit, **fields: str) -> None:
    """Fill these in, and send their form, which answers with a page."""
    field = _fill(visit, **fields)
    with visit.page.expect_navigation():
        field.evaluate("field => field.form.requestSubmit()")


def _invite_no_addresses(visit: Visit) -> None:
    _send(visit, addresses="mara@northlight.example\nnot an address")


def _budget_below_nothing(visit: Visit) -> None:
    _send(visit, monthly_budget_credits="-5")


def _close_another(visit: Visit) -> None:
    _send(visit, name="Southlight")


def _unfold(visit: Visit) -> None:
    visit.page.locator("summary").click()
    visit.page.locator("#key-expiry_3").check()
    visit.page.locator("#key-expiry_4").check()
    visit.page.locator("#key-rate_plan").select_option("own")


def _key_without_scopes(visit: Visit) -> None:
    _unfold(visit)
    for box in visit.page.locator("[name=scopes]").all():
        box.uncheck()
    _fill(visit, name="A key").press("Enter")
    visit.page.locator(".errorlist").first.wait_for()


def _make_key(visit: Visit) -> None:
    _fill(visit, name="<b>Render farm</b>").press("Enter")
    visit.page.locator("#new-key").wait_for()


def _revoke_without_dialog(visit: Visit) -> None:
    """As a browser without JavaScript does."""
    form = visit.page.locator("form[data-confirm=revoke]")
    with visit.page.expect_navigation():
        form.evaluate("form => { delete form.dataset.confirm; form.requestSubmit(); }")


def _wrong_code(visit: Visit) -> None:
    _send(visit, code="FG-00000-00000-00000-00000")


def _signing_secret(visit: Visit) -> None:
    visit.page.locator("#signing-secret button").first.click()
    visit.page.locator("#signing-secret-value").wait_for()


def _rotate_signing_secret(visit: Visit) -> None:
    visit.page.locator("#signing-secret form.rotate button").click()
    visit.page.locator("#signing-secret .notice.secret").wait_for()


def _endpoint_without_events(visit: Visit) -> None:
    for box in visit.page.locator("[name=events]").all():
        box.uncheck()
    _fill(visit, url="http://10.0.0.1/").press("Enter")
    visit.page.locator(".errorlist").first.wait_for()


def _make_endpoint(visit: Visit) -> None:
    _fill(visit, description="<b>Shop</b>", url="https://hooks.northlight.example/new").press("Enter")
    visit.page.locator("#new-secret").wait_for()


def _endpoint_inside(visit: Visit) -> None:
    _send(visit, url="http://10.0.0.1/")


def _rotate_endpoint(visit: Visit) -> None:
    visit.page.locator("#secret form.rotate button").click()
    visit.page.locator("#new-secret").wait_for()


def _delete_without_dialog(visit: Visit) -> None:
    """As a browser without JavaScript does."""
    form = visit.page.locator("form[data-confirm=delete]")
    with visit.page.expect_navigation():
        form.evaluate("form => { delete form.dataset.confirm; form.requestSubmit(); }")


def _send_failed_again(visit: Visit) -> None:
    with visit.page.expect_navigation():
        visit.page.locator("#send-failed-again").click()


def _unfold_attempts(visit: Visit) -> None:
    for summary in visit.page.locator("#attempts summary").all():
        summary.click()


def _draft(visit: Visit, *prompts: str) -> None:
    """A batch of images, one of its rows bad."""
    visit.open("/batches/new/")
    visit.page.locator("#batch-model").select_option("seedream-3.0")
    visit.page.locator("[name=quality]").first.wait_for()
    _fill(visit, name="<i>Nightly</i>")
    _send(visit, text="\n".join(prompts or ("A heron, over reeds", "x" * 301, "A kite, over dunes")))


def _start(visit: Visit, *prompts: str, cap: str) -> None:
    _draft(visit, *prompts)
    _send(visit, cap_credits=cap)


def _refused_batch(visit: Visit) -> None:
    visit.page.locator("summary").click()
    visit.page.locator("#batch-kind_1").check(force=True)
    _send(visit, text="prompt,colour\nA heron,grey")


def _bad_rows(visit: Visit) -> None:
    _draft(visit)
    visit.page.locator("#rows-bad").click()
    visit.page.wait_for_url("**/?rows=bad")


def _running_batch(visit: Visit) -> None:
    """Of a clip: an image that never comes would keep its provider's answer, and its room."""
    visit.open("/batches/new/")
    _fill(visit, name="<i>Nightly</i>")
    _send(visit, text="\n".join(["A heron, over reeds [[fault:never]]", "x" * 2001]))
    _send(visit, cap_credits="15")


def _paused_batch(visit: Visit) -> None:
    _start(visit, cap="2")
    visit.page.locator("#paused").wait_for()


def _finished_batch(visit: Visit) -> None:
    _start(visit, "A heron [[fault:fail=Content policy violation]]", "x" * 301, cap="2")
    visit.page.locator(".head .status.ok").wait_for()


def _cancel_without_dialog(visit: Visit) -> None:
    """As a browser without JavaScript does."""
    _running_batch(visit)
    form = visit.page.locator("form[data-confirm=confirm-cancel]")
    with visit.page.expect_navigation():
        form.evaluate("form => { delete form.dataset.confirm; form.requestSubmit(); }")


def _tag_one(visit: Visit) -> None:
    """An image, as most that the newcomer has made was to fail."""
    visit.open("/create/?task_type=text_to_image&model=seedream-3.0&prompt=A+lamp")
    visit.page.locator("#generate").click()
    visit.page.wait_for_url("**/gallery/")
    visit.card("A lamp").and_(visit.page.locator("[data-status=completed]")).wait_for()
    visit.card("A lamp").locator(".cover").click()
    visit.page.locator("#tag-name").fill("<b>Lamp</b> 灯")
    visit.page.locator("#tag-name").press("Enter")
    visit.page.locator("#given-tags").wait_for()


def _collection_without_name(visit: Visit) -> None:
    _send(visit, name=" ", description="Blue hour")


def _make_collection(visit: Visit) -> None:
    _send(visit, name="<b>Harbour</b> 灯笼", description="Blue hour,\nand rain")


def _change_collection(visit: Visit) -> None:
    visit.page.locator("#collections .cover").first.click()
    visit.page.locator(".head a.only-member").click()
    visit.page.locator("#collection-form").wait_for()


def _delete_collection_without_dialog(visit: Visit) -> None:
    """As a browser without JavaScript does."""
    _change_collection(visit)
    form = visit.page.locator("form[data-confirm=confirm-delete]")
    with visit.page.expect_navigation():
        form.evaluate("form => { delete form.dataset.confirm; form.requestSubmit(); }")


def _share_collection(visit: Visit) -> None:
    visit.page.locator("#collections .cover").first.click()
    visit.page.locator("#sharing").evaluate("panel => { panel.open = true; }")
    with visit.page.expect_navigation():
        visit.page.locator("#share button").click()


def _share_of_nothing(visit: Visit) -> None:
    _share_collection(visit)
    url = visit.page.locator("#sharing code").first.inner_text()
    visit.open(f"/shared/{url.split('/shared/')[1]}")


def _preset_without_text(visit: Visit) -> None:
    _send(visit, name="Lantern", text=" ")


def _keep_preset(visit: Visit) -> None:
    _send(visit, name="<i>Lantern</i>", text="A lantern, close to the water")


def _change_preset(visit: Visit) -> None:
    with visit.page.expect_navigation():
        visit.page.locator("main .presets .row a").last.click()


def _choose_preset(visit: Visit) -> None:
    visit.page.locator("[data-dialog=presets]").click()
    visit.page.locator("[data-preset]").wait_for()


def _advised(visit: Visit) -> None:
    _fill(visit, prompt="A fox").press("Tab")
    visit.page.locator("[data-advice]").wait_for()


def _team_of_one(visit: Visit) -> None:
    """The first to come makes it; it stays their current one."""
    _send(visit, name="Empty & <i>new</i>")


PLACES = {
    "team": Place(path="/team/"),
    "team-searched": Place(path="/team/?q=nobody+at+all"),
    "invite": Place(path="/team/invite/", heading="Invite people"),
    "invite-refused": Place(path="/team/invite/", heading="Invite people", answer=422, then=_invite_no_addresses),
    "member": Place(path="{at.member}"),
    "settings": Place(path="/team/settings/"),
    "settings-refused": Place(path="/team/settings/", answer=422, then=_budget_below_nothing),
    "close": Place(path="/team/close/"),
    "close-refused": Place(path="/team/close/", answer=422, then=_close_another),
    "new-team": Place(path="/team/new/", heading="New team"),
    "audit-log": Place(path="/team/audit-log/"),
    "audit-log-nothing": Place(path="/team/audit-log/?since=2001-01-01&until=2001-01-02"),
    "audit-log-refused": Place(path="/team/audit-log/?since=2026-11-30&until=2026-11-01", answer=422),
    "keys": Place(path="/keys/", heading="API keys"),
    "new-key": Place(path="/keys/new/", heading="Create key", then=_unfold),
    "new-key-refused": Place(path="/keys/new/", heading="Create key", answer=422, then=_key_without_scopes),
    "new-key-made": Place(path="/keys/new/", heading="Create key", then=_make_key),
    "key": Place(path="{at.key}"),
    "key-question": Place(path="{at.key}", then=_revoke_without_dialog),
    "key-revoked": Place(path="{at.revoked_key}"),
    "webhooks": Place(path="/webhooks/", heading="Webhooks", who=HOOKED),
    "signing-secret": Place(path="/webhooks/", heading="Webhooks", then=_signing_secret),
    "signing-secret-rotated": Place(path="/webhooks/", heading="Webhooks", then=_rotate_signing_secret),
    "new-endpoint": Place(path="/webhooks/new/", heading="Add endpoint", who=HOOKED),
    "new-endpoint-refused": Place(
        path="/webhooks/new/", heading="Add endpoint", who=HOOKED, answer=422, then=_endpoint_without_events
    ),
    "new-endpoint-made": Place(path="/webhooks/new/", heading="Add endpoint", who=HOOKED, then=_make_endpoint),
    "endpoint": Place(path="{at.endpoints[endpoint]}", who=HOOKED),
    "endpoint-refused": Place(path="{at.endpoints[endpoint]}", who=HOOKED, answer=422, then=_endpoint_inside),
    "endpoint-rotated": Place(path="{at.endpoints[endpoint]}", who=HOOKED, then=_rotate_endpoint),
    "endpoint-question": Place(path="{at.endpoints[paused]}", who=HOOKED, then=_delete_without_dialog),
    "endpoint-failing": Place(path="{at.endpoints[failing]}", who=HOOKED),
    "endpoint-paused": Place(path="{at.endpoints[paused]}", who=HOOKED),
    "endpoint-disabled": Place(path="{at.endpoints[disabled]}", who=HOOKED),
    "deliveries": Place(path="/webhooks/deliveries/", heading="Webhooks", who=HOOKED),
    "deliveries-nothing": Place(path=f"/webhooks/deliveries/?id={NO_SUCH_ID}", heading="Webhooks", who=HOOKED),
    "deliveries-refused": Place(path="/webhooks/deliveries/?id=x", heading="Webhooks", who=HOOKED, answer=422),
    "deliveries-question": Place(path="/webhooks/deliveries/", who=HOOKED, then=_send_failed_again),
    "delivery": Place(path="{at.delivery}", who=HOOKED, then=_unfold_attempts),
    "verify": Place(path="/webhooks/verify/", heading="Webhooks", who=HOOKED),
    "empty-deliveries": Place(path="/webhooks/deliveries/", heading="Webhooks", who=NEWCOMER),
    "empty-webhooks": Place(path="/webhooks/", heading="Webhooks", who=NEWCOMER),
    "credits": Place(path="/credits/", heading="Credits"),
    "credits-nothing": Place(path="/credits/?since=2001-01-01&until=2001-01-02", heading="Credits"),
    "credits-refused": Place(path="/credits/?since=2026-11-30&until=2026-11-01", heading="Credits", answer=422),
    "buy": Place(path="/credits/buy/", heading="Add credits"),
    "buy-refused": Place(path="/credits/buy/", heading="Add credits", answer=422, then=_wrong_code),
    "account": Place(path="/account/", heading="Account"),
    "sessions": Place(path="/account/sessions/", heading="Sessions"),
    "password": Place(path="/sign/password/change/", heading="Change your password"),
    "addresses": Place(path="/sign/email/", heading="E-mail addresses"),
    "two-factor-off": Place(path="/sign/two-factor/", heading="Two-factor sign-in"),
    "invitation-of-another": Place(path="{at.invitation}"),
    "empty-presets": Place(path="/create/presets/", heading="Prompt presets", who=NEWCOMER),
    "new-preset-refused": Place(
        path="/create/presets/new/", heading="New preset", who=NEWCOMER, answer=422, then=_preset_without_text
    ),
    "new-preset": Place(path="/create/presets/new/", heading="Prompt presets", who=NEWCOMER, then=_keep_preset),
    "preset": Place(path="/create/presets/", heading="Change preset", who=NEWCOMER, then=_change_preset),
    "choose-preset": Place(path="/create/", heading="Create", who=NEWCOMER, then=_choose_preset),
    "empty-picker": Place(path="/uploads/pick/?pick=first_frame_url", heading="Your images", who=NEWCOMER),
    "advised": Place(
        path="/create/?task_type=image_to_video&model=doubao-seedance-2.0",
        heading="Create",
        who=NEWCOMER,
        then=_advised,
    ),
    "empty-tags": Place(path="/tags/", heading="Tags", who=NEWCOMER),
    "tags-nothing": Place(path="/tags/?q=zebra", heading="Tags", who=NEWCOMER),
    "not-found": Place(path=f"/keys/{NO_SUCH_ID}/", answer=404),
    "empty-batches": Place(path="/batches/", heading="Batches", who=NEWCOMER),
    "new-batch": Place(path="/batches/new/", heading="New batch", who=NEWCOMER),
    "new-batch-refused": Place(
        path="/batches/new/", heading="New batch", who=NEWCOMER, answer=422, then=_refused_batch
    ),
    "batch-draft": Place(path="/batches/", who=NEWCOMER, then=_draft),
    "batch-bad-rows": Place(path="/batches/", who=NEWCOMER, then=_bad_rows),
    "batch-running": Place(path="/batches/", who=NEWCOMER, then=_running_batch),
    "batch-paused": Place(path="/batches/", who=NEWCOMER, then=_paused_batch),
    "batch-finished": Place(path="/batches/", who=NEWCOMER, then=_finished_batch),
    "batch-question": Place(path="/batches/", heading="Cancel this batch?", who=NEWCOMER, then=_cancel_without_dialog),
    "batches": Place(path="/batches/", heading="Batches", who=NEWCOMER),
    "tagged": Place(path="/gallery/", who=NEWCOMER, then=_tag_one),
    "tags": Place(path="/tags/", heading="Tags", who=NEWCOMER),
    "empty-collections": Place(path="/collections/", heading="Collections", who=NEWCOMER),
    "empty-collection-links": Place(path="/collections/links/", heading="Links", who=NEWCOMER),
    "new-collection-refused": Place(
        path="/collections/new/", heading="New collection", who=NEWCOMER, answer=422, then=_collection_without_name
    ),
    "collection": Place(path="/collections/new/", who=NEWCOMER, then=_make_collection),
    "collections": Place(path="/collections/", heading="Collections", who=NEWCOMER),
    "collection-changed": Place(
        path="/collections/", heading="Change collection", who=NEWCOMER, then=_change_collection
    ),
    "collection-shared": Place(path="/collections/", who=NEWCOMER, then=_share_collection),
    "collection-links": Place(path="/collections/links/", heading="Links", who=NEWCOMER),
    "shared": Place(path="/collections/", who=NEWCOMER, then=_share_of_nothing),
    "collection-question": Place(path="/collections/", who=NEWCOMER, then=_delete_collection_without_dialog),
    "new-smart-collection": Place(
        path="/collections/search/?q=harbour&show=completed", heading="Save search", who=NEWCOMER
    ),
    "empty-team": Place(path="/team/new/", who=NEWCOMER, then=_team_of_one),
    "empty-keys": Place(path="/keys/", heading="API keys", who=NEWCOMER),
    "empty-credits": Place(path="/credits/", heading="Credits", who=NEWCOMER),
    "empty-purchases": Place(path="/credits/buy/", heading="Add credits", who=NEWCOMER),
    "app": Place(path="/sign/two-factor/totp/activate/", heading="Set up an authenticator app", who=NEWCOMER),
    "two-factor": Place(path="/sign/two-factor/", heading="Two-factor sign-in", who=SECURED),
    "app-off": Place(path="/sign/two-factor/totp/deactivate/", heading="Turn off the authenticator app?", who=SECURED),
    "recovery-codes": Place(path="/sign/two-factor/recovery-codes/", heading="Recovery codes", who=SECURED),
    "new-recovery-codes": Place(
        path="/sign/two-factor/recovery-codes/generate/", heading="Make new recovery codes?", who=SECURED
    ),
    "passkeys": Place(path="/sign/two-factor/webauthn/", heading="Passkeys", who=SECURED),
    "passkey-add": Place(path="/sign/two-factor/webauthn/add/", heading="Add a passkey", who=SECURED),
    "passkey-rename": Place(
        path="/sign/two-factor/webauthn/keys/{at.passkey}/edit/", heading="Rename the passkey", who=SECURED
    ),
    "passkey-remove": Place(
        path="/sign/two-factor/webauthn/keys/{at.passkey}/remove/", heading="Remove this passkey?", who=SECURED
    ),
    "confirm-by-password": Place(path="/sign/reauthenticate/", heading="Confirm it is you", who=SECURED),
    "confirm-by-code": Place(path="/sign/two-factor/reauthenticate/", heading="Confirm it is you", who=SECURED),
    "confirm-by-passkey": Place(
        path="/sign/two-factor/webauthn/reauthenticate/", heading="Confirm it is you", who=SECURED
    ),
    "second-step": Place(path="/sign/two-factor/authenticate/", heading="Second step", who=HALF_WAY),
    "shared-over": Place(path="/shared/unknown/", heading="This link opens nothing", who=NOBODY, answer=404),
    "sign-in": Place(path="/sign/login/", heading="Sign in", who=NOBODY),
    "sign-up": Place(path="/sign/signup/", heading="Create an account", who=NOBODY),
    "mailbox": Place(path="/mail/", heading="Mailbox", who=NOBODY),
    "invitation": Place(path="{at.invitation}", who=NOBODY),
    "invitation-over": Place(path="{at.over}", heading="This invitation was taken back", who=NOBODY, answer=410),
    "invitation-unknown": Place(
        path="/invitations/unknown/", heading="There is no such invitation", who=NOBODY, answer=404
    ),
}


class Company:
    """Who sees the places, each from their first place on. `begin` makes a Visit."""

    # The code of an app works once.
    _secured: ClassVar[dict[str, dict[str, StorageState]]] = {}

    def __init__(self, begin: Callable[..., Visit], furnished: Furnished, newcomer: Person) -> None:
        self.begin = begin
        self.furnished = furnished
        self.newcomer = newcomer
        self._visits: dict[str, Visit] = {}

    def go(self, place: Place) -> Visit:
        """Whoever sees the place, when they are there."""
        if place.who not in self._visits:
            self._visits[place.who] = self._come(place.who)
        visit = self._visits[place.who]
        path = place.path.format(at=self.furnished)
        visit.open(path)
        if not path.startswith(CONFIRM) and CONFIRM in visit.page.url:
            visit.confirm_password(self.newcomer.password)
        if place.then:
            place.then(visit)
        if place.answer >= 400:
            visit.expected(str(place.answer))
        return visit

    def _come(self, who: str) -> Visit:
        if who == OWNER:
            return self.begin()
        if who == NEWCOMER:
            return self.begin(person=self.newcomer)
        if who == HOOKED:
            return self.begin(person=self.furnished.hooked_person)
        if who == SECURED:
            return self._secured_visit()
        visit = self.begin(signed_in=False)
        if who == HALF_WAY:
            self._half_way(visit)
        return visit

    def _secured_visit(self) -> Visit:
        known = self._secured.get(self.furnished.key, {})
        visit = self.begin(signed_in=False, **known)
        if not known:
            self._half_way(visit)
            visit.page.locator("[name=code]").fill(code_of(TOTP_SECRET))
            visit.page.locator("[name=code]").press("Enter")
            visit.arrive("/gallery/")
            self._secured[self.furnished.key] = {"storage_state": visit.context.storage_state()}
        return visit

    def _half_way(self, visit: Visit) -> None:
        person = self.furnished.secured_person
        visit.sign_in(person.email, person.password, to="/sign/two-factor/authenticate/")

    def leave(self) -> None:
        for visit in self._visits.values():
            visit.close()
