"""One of each thing that there can be, all of the team that must not be seen, all with its mark."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts import audit_log, credits, invitations
from accounts.actors import Actor
from accounts.models import Allowance, AuditAction, Purchase, RedeemCode, Role
from generations import presets, tags
from generations.collections import sharing
from generations.models import Callback, Generation, SearchIndex
from tests.api import completed, completed_images, running
from tests.batches import drafted
from tests.collecting import gathered
from tests.factories import make_account, make_endpoint, make_key, make_package, make_submission

from .world import World

MARK = "LANTERN"
INVITED = "lantern@example.com"


def furnish(world: World) -> Generation:
    """Everything that a page or a call could list. Returns a finished clip."""
    key, _ = make_key(team=world.team, name=MARK)
    audit_log.record(Actor(user=world.admin), AuditAction.KEY_CHANGED, team=world.team, subject=MARK, subject_id=key.pk)
    credits.adjust(world.team, 7, note=MARK, actor=world.owner)
    invitations.invite(world.team, INVITED, Role.MEMBER, by=Actor(user=world.owner))
    Purchase.objects.create(team=world.team, name=MARK, credits=5, amount=5, currency="usd", bought_by=world.owner)
    RedeemCode.objects.create(team=world.team, digest="0" * 64, hint=MARK[:4], credits=5, redeemed_at=timezone.now())
    Allowance.objects.create(team=world.team, period="2026-11", credits=0)
    Authenticator.objects.create(user=world.owner, type=Authenticator.Type.TOTP, data={})
    EmailAddress.objects.create(user=world.owner, email=world.owner.email, primary=True, verified=True)
    Group.objects.create(name=MARK)
    make_package(name="Offered to all")
    submission = make_submission(generation=running(world.team), account=make_account(base_url="http://127.0.0.1:9"))
    Callback.objects.create(submission=submission, headers={}, body=b"{}", received_at=timezone.now())
    make_endpoint(team=world.team, description=MARK, url=f"https://hooks.example.com/{MARK}")
    drafted(world.team, f"A gate, and a {MARK}", user=world.owner, name=MARK)
    presets.add(world.team, name=MARK, text="A gate", by=world.owner)
    completed_images(world.team, 1, prompt=f"An image of a {MARK}")
    SearchIndex.objects.create(kind=SearchIndex.Kind.TAGS, provider="seeknetic", model=MARK, is_current=True)
    clip = completed(world.team, prompt=f"A gate, and a {MARK}")
    tags.add(clip, MARK, by=world.owner)
    sharing.share(gathered(world.team, world.owner, [clip], name=MARK), days=7, by=Actor(user=world.owner))
    return clip
