from .assets import Asset
from .callbacks import Callback
from .generations import Generation, GenerationCount, GenerationEvent, IdempotencyKey, State, Status
from .prices import Price, PriceList
from .providers import ProviderAccount
from .submissions import Submission

__all__ = [
    "Asset",
    "Callback",
    "Generation",
    "GenerationCount",
    "GenerationEvent",
    "IdempotencyKey",
    "Price",
    "PriceList",
    "ProviderAccount",
    "State",
    "Status",
    "Submission",
]
