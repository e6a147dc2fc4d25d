"""The form to create with: its controls are the model's, its rules are those of the API."""

from .create import CreateForm
from .fields import INPUTS, links_value
from .fitting import Fitted, fit, is_reshaped
from .refusals import refusal
from .tabs import IMAGE_TO_VIDEO, TABS, model_with_first_frame, tab_and_model

__all__ = [
    "IMAGE_TO_VIDEO",
    "INPUTS",
    "TABS",
    "CreateForm",
    "Fitted",
    "fit",
    "is_reshaped",
    "links_value",
    "model_with_first_frame",
    "refusal",
    "tab_and_model",
]
