"""What to start from, and the models that can: the page's tabs."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from generations.catalog import MODELS, ModelSpec, find_model
from generations.intake import InvalidParameter

IMAGE_TO_VIDEO = "image_to_video"
TABS = {
    "text_to_video": _("Text to video"),
    IMAGE_TO_VIDEO: _("Image to video"),
    "text_to_image": _("Image"),
}


def tab_and_model(given: Mapping[str, Any]) -> tuple[str, ModelSpec]:
    """The tab and the model to show: the tab that was pressed wins over the model, the model over the tab it was in."""
    named = model_named(given.get("model"))
    pressed, task_type = given.get("tab"), given.get("task_type")
    if pressed in TABS:
        return pressed, named if named and pressed in named.task_types else models_of(pressed)[0]
    if named:
        return task_type if task_type in named.task_types else named.task_types[0], named
    tab = task_type if task_type in TABS else next(iter(TABS))
    return tab, models_of(tab)[0]


def models_of(tab: str) -> list[ModelSpec]:
    """The models that can do it, the installation's own first where it can."""
    able = [spec for spec in MODELS.values() if tab in spec.task_types]
    default = find_model("")
    return [default, *(spec for spec in able if spec is not default)] if default in able else able


def model_with_first_frame() -> ModelSpec:
    """The model for an image that is to begin to move."""
    able = models_of(IMAGE_TO_VIDEO)
    return next(spec for spec in able if any(each.name == "first_frame_url" for each in spec.inputs))


def model_named(name: Any) -> ModelSpec | None:
    """None where nobody was named, or nobody there is."""
    try:
        return find_model(str(name)) if name else None
    except InvalidParameter:
        return None
