"""What can be asked for, and who can make it: models, their fields and inputs, and each provider's offer of them.

Forms, the price preview, validation, the API and its document are all built from here. One file for each upstream
document has what that document offers.
"""

from .resolving import MODELS, OFFERS, find_model, model_choices, resolve
from .shapes import AUTOMATIC, Field, Input, Kind, ModelSpec, Offer, Resolved, json_word

__all__ = [
    "AUTOMATIC",
    "MODELS",
    "OFFERS",
    "Field",
    "Input",
    "Kind",
    "ModelSpec",
    "Offer",
    "Resolved",
    "find_model",
    "json_word",
    "model_choices",
    "resolve",
]
