"""GET /models: what can be asked for, and what it costs now."""

from ninja import Router

from accounts.api.answers import Answer, errors
from accounts.api.auth import KeyRequest
from generations import catalog, pricing
from generations.catalog import ModelSpec
from generations.pricing import NoPrice

from .schemas import Field, Input, Model, ModelList, PriceRule, Prices

router = Router(tags=["Models"])


@router.get("/models", response={200: Answer[ModelList], **errors()})
def list_models(request: KeyRequest) -> Answer[ModelList]:
    """What comes of each model, what it takes (inputs, fields with their choices) and the price rules in force."""
    allowed = request.auth.allowed_models
    listed = [_model(spec) for spec in catalog.MODELS.values() if not allowed or spec.slug in allowed]
    return Answer[ModelList](data=ModelList(models=listed, default=catalog.find_model("").name))


def _model(spec: ModelSpec) -> Model:
    return Model(
        name=spec.name,
        label=str(spec.label),
        kind=spec.kind,
        task_types=list(spec.task_types),
        prompt_optional=spec.is_prompt_optional,
        max_prompt_characters=spec.max_prompt_characters,
        max_images=spec.max_images,
        typical_seconds=list(spec.typical_seconds),
        inputs=[
            Input(name=each.name, label=str(each.label), media=each.media, maximum=each.maximum) for each in spec.inputs
        ],
        fields=[_field(each) for each in spec.fields],
        prices=_prices(spec),
    )


def _field(field: catalog.Field) -> Field:
    return Field(
        name=field.name,
        label=str(field.label),
        default=field.default,
        choices=list(field.choices),
        minimum=field.minimum,
        maximum=field.maximum,
        max_characters=field.max_characters,
        suggestions=list(field.suggestions),
    )


def _prices(spec: ModelSpec) -> Prices | None:
    try:
        prices = pricing.current(spec.slug)
    except NoPrice:
        return None
    rules = [PriceRule(conditions=row.conditions, unit=row.unit, credits=row.credits) for row in prices.rows]
    return Prices(version=prices.version, rules=rules)
