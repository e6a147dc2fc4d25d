"""What the gate knows, in the words of the API. The provider is never shown."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from accounts import statement
from generations import links
from generations.catalog import MODELS
from generations.catalog.advice import Advice
from generations.failures import FAILURES
from generations.models import Asset, Generation, Status, Tag

from .schemas import Caution, Cost, Created, Failure, Line, Retried, TagOfTask, Task, Way


def created(generation: Generation) -> Created:
    """The answer to a create, of what was frozen then: a replay is the same however far the task has come."""
    return Created(**_created(generation))


def retried(generation: Generation) -> Retried:
    return Retried(**_created(generation) | {"retry_of": generation.retry_of_id})


def task(generation: Generation) -> Task:
    return tasks([generation])[0]


def tasks(generations: Sequence[Generation], *, found_by: Mapping[UUID, list[Way]] | None = None) -> list[Task]:
    """The task objects, each with what it was found by. Reads assets and tags of each, so fetch those along."""
    refunds = statement.refunded([each.hold_id for each in generations if each.charged_credits])
    why = found_by or {}
    return [_task(each, refunds.get(each.hold_id, 0), why.get(each.id)) for each in generations]


def _task(generation: Generation, refunded: int, found_by: list[Way] | None) -> Task:
    outputs = _kept(generation, Asset.Kind.OUTPUT)
    images = [links.url(asset) for asset in outputs if asset.content_type.startswith("image/")]
    failure = _failure(generation)
    message = failure.message if failure else None
    return Task(
        id=generation.id,
        status=generation.status,
        stage=generation.state,
        progress=generation.progress,
        model=_model_name(generation),
        task_type=generation.task_type,
        prompt=generation.prompt,
        params=generation.params,
        video_url=links.url(outputs[0]) if outputs and not images else None,
        images=images,
        poster_url=next(map(links.url, _kept(generation, Asset.Kind.POSTER)), None),
        expires_at=links.expires_at(outputs[0]) if outputs else None,
        cost=_cost(generation, refunded),
        error=message,
        error_message=message,
        error_detail=failure,
        warnings=generation.warnings,
        retry_of=generation.retry_of_id,
        batch_id=generation.batch_id,
        metadata=generation.metadata,
        tags=[
            TagOfTask(name=tag.name, source=Tag.Source(tag.source))
            for tag in generation.tags.all()
            if not tag.rejected_at
        ],
        found_by=found_by,
        created_at=generation.created_at,
        started_at=generation.started_at,
        completed_at=generation.completed_at,
        failed_at=generation.failed_at,
    )


def _created(generation: Generation) -> dict[str, Any]:
    total = generation.held_credits
    return {
        "id": generation.id,
        "status": Status.PENDING,
        "model": _model_name(generation),
        "task_type": generation.task_type,
        "created_at": generation.created_at,
        "cost": Cost(
            estimated=total,
            held=total,
            charged=0,
            refunded=0,
            price_version=generation.price_version,
            lines=lines(generation.quote),
        ),
    }


def lines(quote: list[dict[str, Any]]) -> list[Line]:
    return [Line(**line) for line in quote]


def warnings(advice: Sequence[Advice]) -> list[Caution]:
    return [Caution(code=each.code, field=each.field, message=each.message) for each in advice]


def _cost(generation: Generation, refunded: int) -> Cost:
    return Cost(
        estimated=generation.held_credits,
        held=0 if generation.is_final else generation.held_credits,
        charged=generation.charged_credits,
        refunded=generation.returned_credits + refunded,
        price_version=generation.price_version,
        lines=lines(generation.quote),
    )


def _failure(generation: Generation) -> Failure | None:
    if not generation.failure_code:
        return None
    failure = FAILURES[generation.failure_code]
    return Failure(
        code=failure.code,
        message=str(failure.message),
        retryable=failure.retryable,
        charged=failure.charged,
    )


def _kept(generation: Generation, kind: str) -> list[Asset]:
    assets = [asset for asset in generation.assets.all() if asset.kind == kind and not asset.deleted_at]
    return sorted(assets, key=lambda asset: asset.position)


def _model_name(generation: Generation) -> str:
    spec = MODELS.get(generation.model)
    return spec.name if spec else generation.model
