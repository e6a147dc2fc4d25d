"""GET /models: what can be asked for, and what it costs now."""

from ninja import Router

from accounts.api.answers import Answer, errors
from accounts.api.auth import KeyRequest
from generations import catalog, pricing
from generations.catalog import ModelSpec
from generations.pricing import NoPrice

from .schemas import Field, Model, ModelList, PriceRule, Prices

router = Router(tags=["Models"])


@router.get("/models", response={200: Answer[ModelList], **errors()})
def list_models(request: KeyRequest) -> Answer[ModelList]:
    """Each model with its fields, their choices and defaults, and the price rules in force."""
    allowed = request.auth.allowed_models
    listed = [_model(spec) for spec in catalog.MODELS.values() if not allowed or spec.slug in allowed]
    return Answer[ModelList](data=ModelList(models=listed, default=catalog.find_model("").name))


def _model(spec: ModelSpec) -> Model:
    return Model(
        name=spec.name,
        label=str(spec.label),
        task_types=list(spec.task_types),
        max_prompt_characters=spec.max_prompt_characters,
        max_images=spec.max_images,
        typical_seconds=list(spec.typical_seconds),
        fields=[
            Field(
                name=field.name,
                label=str(field.label),
                default=field.default,
                choices=list(field.choices),
                minimum=field.minimum,
                maximum=field.maximum,
            )
            for field in spec.fields
        ],
        prices=_prices(spec),
    )


def _prices(spec: ModelSpec) -> Prices | None:
    try:
        prices = pricing.current(spec.slug)
    except NoPrice:
        return None
    rules = [PriceRule(conditions=row.conditions, unit=row.unit, credits=row.credits) for row in prices.rows]
    return Prices(version=prices.version, rules=rules)
