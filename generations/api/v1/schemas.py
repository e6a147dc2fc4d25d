"""The answers of the API, field by field. Times are ISO 8601 in UTC with Z, credits whole numbers."""

from typing import Any, Literal
from uuid import UUID

from accounts.api.answers import Body, Moment
from accounts.budgets import LimitSource
from generations.catalog import Kind
from generations.models import Status, Tag
from generations.search.fusion import Way


class Line(Body):
    conditions: dict[str, Any]
    unit: str
    quantity: int
    unit_credits: int
    credits: int


class Cost(Body):
    """`held` is what is set aside now, `charged` what was spent, `refunded` what came back."""

    estimated: int
    held: int
    charged: int
    refunded: int
    price_version: int
    lines: list[Line]


class Created(Body):
    id: UUID
    status: Status
    model: str
    task_type: str
    created_at: Moment
    cost: Cost


class Retried(Created):
    retry_of: UUID


class Failure(Body):
    code: str
    message: str
    retryable: bool
    charged: bool


class TagOfTask(Body):
    """What a clip is called: by a machine that looked at it, or by a member of the team."""

    name: str
    source: Tag.Source


class Task(Body):
    """`found_by` is null where no words were looked for, and empty of what follows only as the nearest in meaning."""

    id: UUID
    status: Status
    stage: str
    progress: int
    model: str
    task_type: str
    prompt: str
    params: dict[str, Any]
    video_url: str | None
    images: list[str]
    poster_url: str | None
    expires_at: Moment | None
    cost: Cost
    error: str | None
    error_message: str | None
    error_detail: Failure | None
    warnings: list[str]
    retry_of: UUID | None
    batch_id: UUID | None
    metadata: dict[str, str]
    tags: list[TagOfTask]
    found_by: list[Way] | None
    created_at: Moment
    started_at: Moment | None
    completed_at: Moment | None
    failed_at: Moment | None


class Pagination(Body):
    """`page` and `offset` are null where a cursor was given; `total` is exact, but for a search that was cut."""

    page: int | None
    pageSize: int
    total: int
    total_pages: int
    limit: int
    offset: int | None
    next_cursor: str | None
    has_more: bool


class How(Body):
    """Whether the meaning of the words could be asked for too; the message says why not, or what is not known yet.

    `is_cut` where `total` is the 240 that a search brings at most: there may be more.
    """

    mode: Literal["words", "words_and_meaning"]
    message: str | None
    is_cut: bool


class TaskPage(Body):
    """`search` is null where no words were looked for."""

    tasks: list[Task]
    pagination: Pagination
    search: How | None


class Deleted(Body):
    id: UUID
    deleted: bool


class Caution(Body):
    """What is legal and seldom wanted: the rule's `code`, the parameter to look at, and the words."""

    code: str
    field: str
    message: str


class Estimate(Body):
    """What the request would cost now. Nothing is held.

    `available` is what this key can really spend now, `limit_source` the limit that leaves no more, and `resets_at`
    when that one resets; null where it never does. `missing` is what is lacking.
    """

    model: str
    task_type: str
    params: dict[str, Any]
    lines: list[Line]
    total: int
    price_version: int
    available: int
    missing: int
    limit_source: LimitSource
    resets_at: Moment | None
    warnings: list[Caution]


class Field(Body):
    """One of `choices`; where there are none a number within its bounds, or a text of at most `max_characters`.

    `suggestions` are texts known to work. A default of null leaves it to the model.
    """

    name: str
    label: str
    default: Any
    choices: list[Any]
    minimum: int | None
    maximum: int | None
    max_characters: int | None
    suggestions: list[str]


class Input(Body):
    """Links under one name, at most `maximum`; `media` is what they lead to: image, video or audio."""

    name: str
    label: str
    media: str
    maximum: int


class PriceRule(Body):
    conditions: dict[str, Any]
    unit: str
    credits: int


class Prices(Body):
    version: int
    rules: list[PriceRule]


class Model(Body):
    """`kind` is what comes out: video or image. Where `prompt_optional`, an image alone is enough."""

    name: str
    label: str
    kind: Kind
    task_types: list[str]
    prompt_optional: bool
    max_prompt_characters: int
    max_images: int
    typical_seconds: list[int]
    inputs: list[Input]
    fields: list[Field]
    prices: Prices | None


class ModelList(Body):
    models: list[Model]
    default: str
