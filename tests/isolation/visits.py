"""What every page and hook answers to whom. A route without an entry here fails the test of the matrix."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase
from django.utils import timezone
from PIL import Image

from accounts import invitations, keys
from accounts.actors import INSTALLATION, Actor
from accounts.billing import redeem
from accounts.models import ApiSecret, CreditPackage, Invitation, Role, Team, User, WebhookDelivery, WebhookEndpoint
from accounts.webhooks import endpoints, health
from accounts.webhooks.versions import version_of
from generations import lifecycle, presets, tags
from generations.collections import sharing
from generations.models import Asset, Batch, Collection, CollectionItem, Generation, ShareLink, State
from generations.providers.embedding import MachineTag
from tests.api import asked, completed, completed_images, failed, running
from tests.batches import IMAGES, drafted, make_all, started
from tests.collecting import gathered
from tests.factories import (
    make_account,
    make_delivery,
    make_endpoint,
    make_key,
    make_member,
    make_submission,
    make_user,
)
from tests.pages import filled_in

from .world import STRANGERS, World

OWNER, ADMIN, MEMBER, VIEWER = Role.OWNER, Role.ADMIN, Role.MEMBER, Role.VIEWER
RANKS = (OWNER, ADMIN, MEMBER, VIEWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A page of a team. `may` is the lowest role that may; `of` makes the object, `data` is the form that is sent.

    `works` is what those who may are answered, and then, where it was posted, something has changed unless it says
    `changes=False`. Strangers are told 404 where the path names an object, else they are in their own team.
    """

    may: Role
    of: Callable[[World], dict[str, Any]] = lambda world: {}
    data: Callable[[World], dict[str, Any]] = lambda world: {}
    works: int
    changes: bool = True
    is_shared: bool = False  # what the path names belongs to nobody
    in_their_own: int | None = None  # what strangers are answered in their own team, where that is something else
    is_told: bool = False

    def answer(self, who: str, *, takes_id: bool) -> int | str:
        if who in RANKS:
            return self.works if RANKS.index(Role(who)) <= RANKS.index(self.may) else 403
        if who in STRANGERS:
            return 404 if takes_id and not self.is_shared else self.in_their_own or self.works
        return "sign-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A page of one's own account, for whoever is signed in; another person's object is not found there."""

    of: Callable[[World], dict[str, Any]] = lambda world: {}
    data: Callable[[World], dict[str, Any]] = lambda world: {}
    works: int
    denied: int | str = "sign-in"
    changes: bool = False
    is_told: bool = False

    def answer(self, who: str, *, takes_id: bool) -> int | str:
        if who in (*RANKS, *STRANGERS):
            return 404 if takes_id else self.works
        return self.denied


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """What says the same to everyone: its address is its own proof, or there is nothing to protect.

    `is_told`: whoever has the address may read the team's name.
    """

    works: int | str
    changes: bool = False
    is_told: bool = False
    of: Callable[[World], dict[str, Any]] = lambda world: {}
    query: Callable[[World, dict[str, Any]], dict[str, Any]] = field(default=lambda world, ids: {})

    def data(self, world: World) -> dict[str, Any]:
        return {}

    def answer(self, who: str, *, takes_id: bool) -> int | str:
        return self.works


def of_generation(make: Callable[..., Any]) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"generation_id": make(world.team).id}


def of_batch(make: Callable[..., Any]) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"batch_id": make(world.team, "A gate, and light", "A ship", user=world.member).id}


def at_its_cap(team: Team, *prompts: str, user: User) -> Batch:
    """What it made is done and charged, and the next row would pass its cap."""
    batch = make_all(started(team, *prompts, user=user, cap=3))
    for generation in Generation.objects.filter(batch_id=batch.id):
        for state in (State.SUBMITTING, State.RUNNING, State.ARCHIVING, State.COMPLETED):
            lifecycle.advance(generation, state)
    return make_all(batch)


def new_batch(world: World) -> dict[str, Any]:
    return {"name": "made", "kind": "prompts", "text": "A gate", "model": IMAGES, "shown_model": IMAGES}


def of_output(world: World) -> dict[str, Any]:
    return {"generation_id": completed(world.team).id, "position": 0}


def of_image(world: World) -> dict[str, Any]:
    return {"generation_id": completed_images(world.team, 1).id, "position": 0}


def of_preset(world: World) -> dict[str, Any]:
    return {"preset_id": presets.add(world.team, name="Lanterns", text="A lantern", by=world.owner).pk}


def of_tag(world: World) -> dict[str, Any]:
    clip = completed(world.team)
    return {"generation_id": clip.id, "tag_id": tags.add(clip, "Lanterns", by=world.owner).pk}


def of_rejected_tag(world: World) -> dict[str, Any]:
    """One that a machine had read off the clip."""
    clip = completed(world.team)
    tags.keep_read(clip, [MachineTag("angle", "low")])
    tag = clip.tags.get()
    tags.remove(tag)
    return {"generation_id": clip.id, "tag_id": tag.pk}


def of_collection(world: World) -> dict[str, Any]:
    """With two clips in it."""
    clips = [completed(world.team), completed(world.team, content=b"other")]
    return {"collection_id": gathered(world.team, world.owner, clips).pk}


def of_share(world: World) -> dict[str, Any]:
    return {"collection_id": shared(world).collection_id, "share_id": ShareLink.objects.latest("id").pk}


def of_link(world: World) -> dict[str, Any]:
    return {"share_id": shared(world).pk}


def of_shared(world: World) -> dict[str, Any]:
    """The address that somebody was given: whoever has it may look."""
    return {"token": sharing.token_of(shared(world))}


def of_shared_file(world: World) -> dict[str, Any]:
    link = shared(world)
    return {"token": sharing.token_of(link), "asset_id": Asset.objects.filter(kind=Asset.Kind.OUTPUT).latest("id").id}


def shared(world: World) -> ShareLink:
    board = Collection.objects.get(pk=of_collection(world)["collection_id"])
    return sharing.share(board, days=7, by=Actor(user=world.owner))


def first_item(**more: str) -> Callable[[World], dict[str, Any]]:
    """The first item of the collection in the path."""

    def given(world: World) -> dict[str, Any]:
        first = str(CollectionItem.objects.earliest("position").generation_id)
        return {"generation": first, "generations": first, **more}

    return given


def to_be_added(world: World) -> dict[str, Any]:
    """A clip and a collection of the team's, whoever sends them."""
    return {"generations": str(completed(world.team).id), "collection": str(gathered(world.team, world.owner).pk)}


def to_be_sought(world: World) -> dict[str, Any]:
    """A search for a smart collection of the team's, whoever sends it."""
    return {"search": "q=boat", "into": str(gathered(world.team, world.owner, search={}).pk)}


def of_hold(world: World) -> dict[str, Any]:
    return {"hold_id": asked(world.team).hold_id}


def of_invitation(world: World) -> dict[str, Any]:
    return {"invitation_id": invited(world).id}


def of_token(world: World) -> dict[str, Any]:
    """The link in somebody's mail: whoever has it may look."""
    invited(world)
    return {"token": re.findall(r"/invitations/([^/\s]+)/", mail.outbox[-1].body)[0]}


def of_member(world: World) -> dict[str, Any]:
    """Another member than those who come by."""
    return {"user_id": make_member(team=world.team).id}


def of_session(world: World) -> dict[str, Any]:
    """Somebody's who is none of those who come by."""
    session = UserSession(user=make_user(), ip="192.0.2.1", session_key="s" * 32, user_agent="a browser")
    session.save()
    return {"session_id": session.pk}


def of_passkey(world: World) -> dict[str, Any]:
    """Somebody's who is none of those who come by."""
    passkey = Authenticator(
        user=make_user(), type=Authenticator.Type.WEBAUTHN, data={"name": "a key", "credential": {}}
    )
    passkey.save()
    return {"pk": passkey.pk}


def of_key(world: World) -> dict[str, Any]:
    return {"key_id": make_key(team=world.team)[0].id}


def of_rotated_key(world: World) -> dict[str, Any]:
    """With an old secret that still works."""
    key, _ = make_key(team=world.team)
    keys.rotate(key, grace=timedelta(hours=1), by=INSTALLATION)
    return {"key_id": key.id}


def of_endpoint(world: World) -> dict[str, Any]:
    return {"endpoint_id": make_endpoint(team=world.team).pk}


def of_paused_endpoint(world: World) -> dict[str, Any]:
    endpoint = make_endpoint(team=world.team)
    endpoints.pause(endpoint, by=INSTALLATION)
    return {"endpoint_id": endpoint.pk}


def of_disabled_endpoint(world: World) -> dict[str, Any]:
    endpoint = make_endpoint(team=world.team)
    health.note(endpoint, endpoint.url, 410, is_success=False, now=timezone.now())
    return {"endpoint_id": endpoint.pk}


def of_delivery(world: World) -> dict[str, Any]:
    return {"delivery_id": make_delivery(team=world.team).pk}


def with_failed(world: World) -> dict[str, Any]:
    """The path names nothing, but there is something to send again."""
    rows = WebhookDelivery.objects.filter(pk=make_delivery(team=world.team).pk)
    rows.update(state="failed", next_at=None, ended_at=timezone.now())
    return {}


def of_package(world: World) -> dict[str, Any]:
    return {"package_id": CreditPackage.objects.create(name="Small", credits=100, amount=900).id}


def of_clip(world: World) -> dict[str, Any]:
    clip = completed(world.team)
    return {"asset_id": clip.assets.get(kind=Asset.Kind.OUTPUT).id}


def of_callback(world: World) -> dict[str, Any]:
    account = make_account(base_url="http://127.0.0.1:9")
    submission = make_submission(generation=running(world.team), account=account)
    return {"provider": "vibegen", "token": submission.token}


def of_confirmation(world: World) -> dict[str, Any]:
    email = EmailAddress.objects.create(user=world.owner, email=world.owner.email, verified=False, primary=True)
    return {"key": EmailConfirmationHMAC(email).key}


def expired_link(world: World, ids: dict[str, Any]) -> dict[str, Any]:
    """A link that was good once, for this very clip."""
    return {"expires": str(int(time.time()) - 10), "signature": "0" * 64}


def to_make(**given: str) -> Callable[[World], dict[str, Any]]:
    return lambda world: filled_in(**given)


def sure(**given: str) -> Callable[[World], dict[str, Any]]:
    """A form whose question was answered."""
    return lambda world: given | {"confirmed": "1"}


def invited(world: World) -> Invitation:
    with TestCase.captureOnCommitCallbacks(execute=True):
        return invitations.invite(world.team, "new@example.com", Role.MEMBER, by=Actor(user=world.owner))


def form(**given: str) -> Callable[[World], dict[str, Any]]:
    return lambda world: given


def new_key(world: World) -> dict[str, Any]:
    return {"name": "made", "scopes": ["read"], "expiry": "never", "rate_plan": "standard", "form_key": str(uuid4())}


def endpoint_settings(world: World) -> dict[str, Any]:
    return {"url": "https://hooks.example.com/changed", "description": "made", "events": ["task.failed"]}


def new_endpoint(world: World) -> dict[str, Any]:
    return {**endpoint_settings(world), "form_key": str(uuid4())}


def secret_of_endpoint(world: World) -> dict[str, Any]:
    """The secret of the endpoint made last: it is the one in the path."""
    return {"current": version_of(WebhookEndpoint.objects.latest("id")), "grace": "3600"}


def changed_settings(world: World) -> dict[str, Any]:
    return {"name": "Renamed", "time_zone": "UTC"}


def secret_of(world: World) -> dict[str, Any]:
    """The secret of the key made last: it is the one in the path."""
    return {"current": str(ApiSecret.objects.latest("id").pk), "grace": "3600"}


def code(world: World) -> dict[str, Any]:
    return {"code": redeem.issue(1, 5, note="", expires_at=None, by=INSTALLATION)[0]}


def picture(world: World) -> dict[str, Any]:
    content = BytesIO()
    Image.new("RGB", (64, 64), "red").save(content, "PNG")
    return {"file": SimpleUploadedFile("a.png", content.getvalue(), "image/png")}


NOTHING = "0" * 40
BOARD = {"name": "Changed", "description": "", "visibility": "private"}
HIGHER = {"cap_credits": "9", "shown": "2"}

VISITS: dict[str, Visit | Own | Open] = {
    "GET accounts:account": Own(works=200),
    "POST accounts:account": Own(works=302, data=form(name="Renamed", language="")),
    "GET accounts:audit_log": Visit(may=ADMIN, works=200),
    "GET accounts:audit_log_csv": Visit(may=ADMIN, works=200),
    "GET accounts:buy": Visit(may=ADMIN, works=200),
    "POST accounts:buy_package": Visit(may=ADMIN, of=of_package, works=303, is_shared=True, changes=False),  # no Stripe
    "GET accounts:credits": Visit(may=VIEWER, works=200),
    "GET accounts:credits_csv": Visit(may=VIEWER, works=200),
    "GET accounts:key": Visit(may=ADMIN, of=of_key, works=200),
    "POST accounts:key": Visit(may=ADMIN, of=of_key, works=302, data=new_key),
    "POST accounts:key_end_old": Visit(may=ADMIN, of=of_rotated_key, works=302, data=sure()),
    "GET accounts:key_new": Visit(may=ADMIN, works=200),
    "POST accounts:key_new": Visit(may=ADMIN, works=200, data=new_key),
    "POST accounts:key_revoke": Visit(may=ADMIN, of=of_key, works=302, data=sure()),
    "POST accounts:key_rotate": Visit(may=ADMIN, of=of_key, works=200, data=secret_of),
    "GET accounts:keys": Visit(may=ADMIN, works=200),
    "GET accounts:invitation": Open(of=of_token, works=200, is_told=True),
    "POST accounts:invitation": Visit(  # it is for nobody of those who come by
        may=VIEWER, of=of_token, works=403, is_shared=True, is_told=True, changes=False
    ),
    "POST accounts:invitation_revoke": Visit(may=ADMIN, of=of_invitation, works=302),
    "POST accounts:invitation_send_again": Visit(may=ADMIN, of=of_invitation, works=302),
    "GET accounts:mail": Open(works=200),
    "GET accounts:member": Visit(may=ADMIN, of=of_member, works=200),
    "POST accounts:member_cap": Visit(may=ADMIN, of=of_member, works=302, data=form(monthly="5")),
    "POST accounts:member_remove": Visit(may=ADMIN, of=of_member, works=302, data=sure()),
    "POST accounts:member_role": Visit(may=ADMIN, of=of_member, works=302, data=sure(role="viewer")),
    "POST accounts:redeem": Visit(may=ADMIN, works=302, data=code),
    "POST accounts:session_end": Own(of=of_session, works=302, data=sure()),
    "GET accounts:sessions": Own(works=200),
    "POST accounts:sessions_end_others": Own(works=302, data=sure()),
    "POST accounts:set_language": Open(works=302),
    "POST accounts:stripe_hook": Open(works=503),
    "GET accounts:team": Visit(may=VIEWER, works=200),
    "GET accounts:team_close": Visit(may=OWNER, works=200),
    "POST accounts:team_close": Visit(
        may=OWNER, works=302, data=lambda world: {"name": world.team.name}, in_their_own=422
    ),
    "GET accounts:team_invite": Visit(may=ADMIN, works=200),
    "POST accounts:team_invite": Visit(may=ADMIN, works=302, data=form(role="member", addresses="b@example.com")),
    "POST accounts:team_leave": Visit(may=VIEWER, works=302, data=sure(), changes=False),  # not the only owner
    "GET accounts:team_new": Visit(may=VIEWER, works=200),
    "POST accounts:team_new": Visit(
        may=VIEWER, works=302, data=lambda world: {"name": "One more", "form_key": str(uuid4())}
    ),
    "GET accounts:team_settings": Visit(may=ADMIN, works=200),
    "POST accounts:team_settings": Visit(may=ADMIN, works=302, data=changed_settings),
    "POST accounts:team_switch": Visit(
        may=VIEWER, of=lambda world: {"team_id": world.team.id}, works=302, changes=False
    ),
    "POST accounts:team_transfer": Visit(may=OWNER, of=of_member, works=302, data=sure()),
    "GET accounts:webhook_deliveries": Visit(may=ADMIN, works=200),
    "POST accounts:webhook_deliveries_send_failed_again": Visit(may=ADMIN, of=with_failed, works=302, data=sure()),
    "GET accounts:webhook_delivery": Visit(may=ADMIN, of=of_delivery, works=200),
    "POST accounts:webhook_delivery_send_again": Visit(may=ADMIN, of=of_delivery, works=302),
    "GET accounts:webhook_endpoint": Visit(may=ADMIN, of=of_endpoint, works=200),
    "POST accounts:webhook_endpoint": Visit(may=ADMIN, of=of_endpoint, works=302, data=endpoint_settings),
    "POST accounts:webhook_endpoint_delete": Visit(may=ADMIN, of=of_endpoint, works=302, data=sure()),
    "POST accounts:webhook_endpoint_enable": Visit(may=ADMIN, of=of_disabled_endpoint, works=302),
    "GET accounts:webhook_endpoint_new": Visit(may=ADMIN, works=200),
    "POST accounts:webhook_endpoint_new": Visit(may=ADMIN, works=200, data=new_endpoint),
    "POST accounts:webhook_endpoint_pause": Visit(may=ADMIN, of=of_endpoint, works=302),
    "POST accounts:webhook_endpoint_resume": Visit(may=ADMIN, of=of_paused_endpoint, works=302),
    "POST accounts:webhook_endpoint_rotate": Visit(may=ADMIN, of=of_endpoint, works=200, data=secret_of_endpoint),
    "POST accounts:webhook_endpoint_test": Visit(may=ADMIN, of=of_endpoint, works=302),
    "GET accounts:webhooks": Visit(may=ADMIN, works=200),
    "POST accounts:webhooks_signing_secret": Visit(may=ADMIN, works=200),
    "POST accounts:webhooks_signing_secret_rotate": Visit(may=ADMIN, works=200, data=form(current="", grace="3600")),
    "GET accounts:webhooks_verify": Visit(may=ADMIN, works=200),
    "POST generations:animate": Visit(may=MEMBER, of=of_image, works=302),
    "GET generations:batch": Visit(may=VIEWER, of=of_batch(drafted), works=200),
    "POST generations:batch_cancel": Visit(may=MEMBER, of=of_batch(started), works=302, data=sure()),
    "POST generations:batch_delete": Visit(may=MEMBER, of=of_batch(drafted), works=302, data=sure()),
    "GET generations:batch_new": Visit(may=MEMBER, works=200),
    "POST generations:batch_new": Visit(may=MEMBER, works=302, data=new_batch),
    "POST generations:batch_pause": Visit(may=MEMBER, of=of_batch(started), works=302),
    "GET generations:batch_results": Visit(may=VIEWER, of=of_batch(drafted), works=200),
    "POST generations:batch_resume": Visit(may=MEMBER, of=of_batch(at_its_cap), works=302, data=form(**HIGHER)),
    "POST generations:batch_start": Visit(may=MEMBER, of=of_batch(drafted), works=302, data=form(cap_credits="9")),
    "GET generations:batch_template": Visit(may=MEMBER, works=200),
    "GET generations:batches": Visit(may=VIEWER, works=200),
    "GET generations:collection": Visit(may=VIEWER, of=of_collection, works=200),
    "POST generations:collection_add": Visit(may=MEMBER, works=302, data=to_be_added, in_their_own=404),
    "POST generations:collection_cover": Visit(may=MEMBER, of=of_collection, works=302, data=first_item()),
    "POST generations:collection_delete": Visit(may=ADMIN, of=of_collection, works=302, data=sure()),
    "GET generations:collection_edit": Visit(may=MEMBER, of=of_collection, works=200),
    "POST generations:collection_edit": Visit(may=MEMBER, of=of_collection, works=302, data=form(**BOARD)),
    "GET generations:collection_export": Visit(may=VIEWER, of=of_collection, works=200),
    "POST generations:collection_link_revoke": Visit(may=ADMIN, of=of_link, works=302, data=sure()),
    "GET generations:collection_links": Visit(may=ADMIN, works=200),
    "POST generations:collection_move": Visit(may=MEMBER, of=of_collection, works=302, data=first_item(to="later")),
    "GET generations:collection_new": Visit(may=MEMBER, works=200),
    "POST generations:collection_new": Visit(may=MEMBER, works=302, data=form(**BOARD)),
    "POST generations:collection_remove": Visit(may=MEMBER, of=of_collection, works=302, data=first_item()),
    "GET generations:collection_search": Visit(may=MEMBER, works=200),
    "POST generations:collection_search": Visit(may=MEMBER, works=302, data=to_be_sought, in_their_own=404),
    "POST generations:collection_share": Visit(may=ADMIN, of=of_collection, works=302, data=form(days="7")),
    "POST generations:collection_share_revoke": Visit(may=ADMIN, of=of_share, works=302, data=sure()),
    "GET generations:collections": Visit(may=VIEWER, works=200),
    "POST generations:callback": Open(of=of_callback, works=202, changes=True),
    "POST generations:cancel": Visit(may=MEMBER, of=of_generation(asked), works=302, data=sure()),
    "GET generations:content": Visit(may=VIEWER, of=of_output, works=200),
    "GET generations:create": Visit(may=MEMBER, works=200),
    "POST generations:create": Visit(may=MEMBER, works=302, data=to_make()),
    "POST generations:delete": Visit(may=MEMBER, of=of_generation(failed), works=302, data=sure()),
    "GET generations:detail": Visit(may=VIEWER, of=of_generation(completed), works=200),
    "GET generations:gallery": Visit(may=VIEWER, works=200),
    "GET generations:home": Open(works=302),
    "GET generations:like": Visit(may=VIEWER, works=200),
    "POST generations:like": Visit(may=VIEWER, works=422, changes=False),
    "GET generations:live": Own(works=200, denied=401),
    "GET generations:media": Open(of=of_clip, query=expired_link, works=403),
    "GET generations:of_hold": Visit(may=VIEWER, of=of_hold, works=302),
    "GET generations:picker": Visit(may=MEMBER, works=200),
    "POST generations:picker": Visit(may=MEMBER, works=200, data=to_make(), changes=False),
    "GET generations:preset": Visit(may=MEMBER, of=of_preset, works=200),
    "POST generations:preset": Visit(may=MEMBER, of=of_preset, works=302, data=form(name="Renamed", text="b")),
    "POST generations:preset_delete": Visit(may=MEMBER, of=of_preset, works=302, data=sure()),
    "GET generations:preset_new": Visit(may=MEMBER, works=200),
    "POST generations:preset_new": Visit(may=MEMBER, works=302, data=form(name="Rain", text="Rain at night")),
    "GET generations:presets": Visit(may=VIEWER, works=200),
    "POST generations:quote": Visit(may=MEMBER, works=200, data=to_make(), changes=False),
    "POST generations:retry": Visit(may=MEMBER, of=of_generation(failed), works=302),
    "POST generations:tag_add": Visit(may=MEMBER, of=of_generation(completed), works=302, data=form(name="Rain")),
    "GET generations:tag_names": Visit(may=VIEWER, works=200),
    "POST generations:tag_remove": Visit(may=MEMBER, of=of_tag, works=302),
    "POST generations:tag_restore": Visit(may=MEMBER, of=of_rejected_tag, works=302),
    "GET generations:tags": Visit(may=VIEWER, works=200),
    "GET generations:shared": Open(of=of_shared, works=200),
    "GET generations:shared_media": Open(of=of_shared_file, works=200),
    "POST generations:upload": Visit(may=MEMBER, works=200, data=picture),
    "GET /healthz": Open(works=200),
    # What the libraries bring, where a path names something.
    "GET account_confirm_email": Open(of=of_confirmation, works=200, is_told=True),
    "GET account_reset_password_from_key": Open(of=lambda world: {"uidb36": "1", "key": NOTHING}, works=200),
    "GET mfa_edit_webauthn": Own(of=of_passkey, works=200),
    "POST mfa_edit_webauthn": Own(of=of_passkey, works=302),
    "GET mfa_remove_webauthn": Own(of=of_passkey, works=200),
    "POST mfa_remove_webauthn": Own(of=of_passkey, works=302),
}
