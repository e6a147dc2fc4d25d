"""The gate: every generation comes in by create() and moves by advance(). Nothing else writes a state.

    queued ─> submitting ─> running ─> archiving ─> completed
       │          └─> unconfirmed ─> running | archiving | failed
       └─> cancelled        any that is not final ─> failed

Lock order within a transaction: generation, balance, budgets, counts; then the webhook endpoints that are told.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts import credits
from accounts.webhooks import events
from project.celery import nudge
from project.notify import notify

from . import counts, webhook_body, words
from .catalog import ModelSpec, Resolved
from .frozen import upload_ids
from .idempotency import Idempotency, first_use
from .intake import UPLOAD_PREFIX, InvalidParameter
from .models import Asset, Generation, GenerationEvent, State
from .pricing import Quote

ALLOWED = {
    State.QUEUED: {State.SUBMITTING, State.FAILED, State.CANCELLED},
    State.SUBMITTING: {State.QUEUED, State.UNCONFIRMED, State.RUNNING, State.ARCHIVING, State.FAILED},
    State.UNCONFIRMED: {State.RUNNING, State.ARCHIVING, State.FAILED},
    State.RUNNING: {State.ARCHIVING, State.FAILED},
    State.ARCHIVING: {State.COMPLETED, State.FAILED},
    State.COMPLETED: set(),
    State.FAILED: set(),
    State.CANCELLED: set(),
}
NUDGED = {State.QUEUED: "submit", State.ARCHIVING: "archive", State.COMPLETED: "index"}
LIVE_CHANNEL = "filmgate_live"


class IllegalMove(Exception):
    """The state machine has no such move: a bug in the caller, not a lost race."""


class ModelNotAllowed(Exception):
    """Whoever asks is kept to other models; `allowed` are their slugs."""

    def __init__(self, model: ModelSpec, allowed: Collection[str]) -> None:
        super().__init__(f"{model.slug} is not among {', '.join(allowed)}")
        self.model = model
        self.allowed = allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks, and whose budget it counts against: a key, or a user in the browser. No allowed_models are all."""

    team_id: UUID
    api_key_id: UUID | None = None
    user_id: UUID | None = None
    allowed_models: tuple[str, ...] = ()


def create(
    resolved: Resolved,
    quote: Quote,
    *,
    asker: Asker,
    idempotency: Idempotency | None = None,
    retry_of: Generation | None = None,
    batch_id: UUID | None = None,
) -> tuple[Generation, bool]:
    """Record the request, set its credits aside, queue it: all or nothing. Returns (generation, whether it is new).

    `batch_id` is what it has in common with others that are made together. The same Idempotency-Key again answers the
    first generation; while the first is being committed, the second waits.
    Raises IdempotencyMismatch, ModelNotAllowed, InvalidParameter (an upload that is not the team's), and as
    credits.hold() does.
    """
    with transaction.atomic():
        generation = _new(resolved, quote, asker, retry_of, batch_id)
        if idempotency and (first := first_use(idempotency, generation)):
            return first, False
        refuse_model(asker, resolved.spec)
        refuse_foreign_uploads(resolved, asker.team_id)
        generation.save(force_insert=True)
        words.keep(generation)
        credits.hold(
            asker.team_id,
            quote.total_credits,
            hold_id=generation.hold_id,
            api_key_id=asker.api_key_id,
            member_id=asker.user_id,
        )
        counts.add(generation)
        _record(generation, {})
        transaction.on_commit(partial(nudge, "submit"))
    return generation, True


def refuse_model(asker: Asker, model: ModelSpec) -> None:
    """Raises ModelNotAllowed where the asker is kept to others."""
    if asker.allowed_models and model.slug not in asker.allowed_models:
        raise ModelNotAllowed(model, asker.allowed_models)


def refuse_foreign_uploads(resolved: Resolved, team_id: UUID) -> None:
    """Raises InvalidParameter where it names an upload that is not the team's."""
    wanted = upload_ids(resolved.request)
    if wanted:
        own = Asset.objects.filter(id__in=wanted, team_id=team_id, kind=Asset.Kind.UPLOAD, deleted_at=None)
        foreign = {f"{UPLOAD_PREFIX}{id}" for id in wanted - set(own.values_list("id", flat=True))}
        for each in resolved.spec.inputs:
            given = getattr(resolved.request, each.name)
            if foreign & ({given} if isinstance(given, str) else set(given)):
                raise InvalidParameter(each.name, "upload", f"{each.name} names no uploaded image.")


def advance(
    generation: Generation,
    to: State,
    *,
    expecting: Collection[State] = (),
    charge: int | None = None,
    detail: dict[str, Any] | None = None,
    **changes: Any,
) -> bool:
    """Move a generation, or report that someone else already did: returns False on a lost race.

    The move is made from any state that allows it, or only from those in `expecting`. `charge` is what a completed one
    costs (default: all that was held); `changes` are columns written with the state. Raises IllegalMove when the state
    last seen has no such move.
    """
    sources = [state for state, targets in ALLOWED.items() if to in targets]
    if generation.state not in sources:
        raise IllegalMove(f"{generation.id}: {generation.state} -> {to}")
    if expecting:
        sources = [state for state in sources if state in expecting]

    with transaction.atomic():
        before = Generation.objects.select_for_update().filter(id=generation.id, state__in=sources).first()
        if before is None:
            return False
        now = timezone.now()
        columns = {"state": to, "updated_at": now, "lease_until": None, "next_at": None, **changes}
        if to in State.FINAL:
            columns |= {"ended_at": now, "deadline_at": None, **_charge(before, to, charge)}
        if to == State.COMPLETED:
            columns["index_at"] = now
        Generation.objects.filter(id=generation.id).update(**columns)
        generation.refresh_from_db()
        _settle(generation)
        counts.move(generation, before.status, generation.status)
        _record(generation, detail or {})
        if to in NUDGED:
            transaction.on_commit(partial(nudge, NUDGED[to]))
        if generation.is_final and generation.batch_id:
            transaction.on_commit(partial(nudge, "batch"))
    return True


def report_progress(generation: Generation, percent: int) -> bool:
    """Note how far a running generation is, where that is news; the state stays."""
    with transaction.atomic():
        is_news = Generation.objects.filter(
            id=generation.id, state=State.RUNNING, progress__lt=min(percent, 99)
        ).update(progress=min(percent, 99), updated_at=timezone.now())
        if is_news:
            generation.refresh_from_db()
            _record(generation, {"progress": generation.progress})
            events.record(
                team_id=generation.team_id,
                type="task.progress",
                subject_id=generation.id,
                body=partial(webhook_body.of_progress, generation),
                sequence=generation.progress,
            )
    return bool(is_news)


def note_late_arrival(generation: Generation) -> None:
    """A failed generation whose clip came after all: it is theirs for free, and the state stays failed."""
    with transaction.atomic():
        locked = Generation.objects.select_for_update().get(id=generation.id)
        if "arrived_late" not in locked.warnings:
            locked.warnings = [*locked.warnings, "arrived_late"]
            locked.updated_at = timezone.now()
            locked.save(update_fields=["warnings", "updated_at"])
            _record(locked, {"arrived_late": True})


def hide(generation: Generation) -> bool:
    """Take a final generation and its media away; its credits history stays. False when already hidden."""
    if not generation.is_final:
        raise IllegalMove(f"{generation.id}: {generation.state} can't be hidden")
    with transaction.atomic():
        now = timezone.now()
        visible = Generation.objects.filter(id=generation.id, hidden_at=None)
        hidden = visible.update(hidden_at=now, updated_at=now, index_at=now)
        if hidden:
            generation.refresh_from_db()
            generation.assets.filter(deleted_at=None).update(deleted_at=now)
            counts.remove(generation)
            _record(generation, {"hidden": True})
            transaction.on_commit(partial(nudge, "index"))
    return bool(hidden)


def _new(
    resolved: Resolved, quote: Quote, asker: Asker, retry_of: Generation | None, batch_id: UUID | None
) -> Generation:
    now = timezone.now()
    return Generation(
        id=uuid7(),
        team_id=asker.team_id,
        api_key_id=asker.api_key_id,
        created_by_id=asker.user_id,
        retry_of=retry_of,
        batch_id=batch_id,
        model=resolved.spec.slug,
        task_type=resolved.task_type,
        prompt=resolved.request.prompt,
        params=resolved.params,
        metadata=dict(resolved.request.metadata),
        callback_url=resolved.request.callback_url,
        quote=quote.as_json(),
        price_version=quote.price_version,
        held_credits=quote.total_credits,
        next_at=now,
        created_at=now,
        updated_at=now,
    )


def _charge(generation: Generation, to: State, charge: int | None) -> dict[str, int]:
    if to != State.COMPLETED:
        return {}
    return {"charged_credits": generation.held_credits if charge is None else charge, "progress": 100}


def _settle(generation: Generation) -> None:
    """Credits and webhook of an end, in the transaction that ends it."""
    if not generation.is_final:
        return
    if generation.state == State.COMPLETED:
        credits.capture(generation.hold_id, generation.charged_credits)
    else:
        credits.release(generation.hold_id)
    if generation.state != State.CANCELLED:
        events.record(
            team_id=generation.team_id,
            type=f"task.{generation.state}",
            subject_id=generation.id,
            body=partial(webhook_body.of_end, generation),
            url=generation.callback_url,
            sequence=webhook_body.LAST,
        )


def _record(generation: Generation, detail: dict[str, Any]) -> None:
    GenerationEvent.objects.create(
        generation=generation,
        team_id=generation.team_id,
        state=generation.state,
        detail=detail,
        created_at=generation.updated_at,
    )
    transaction.on_commit(partial(notify, LIVE_CHANNEL))
