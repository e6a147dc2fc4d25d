from .assets import Asset
from .batches import Batch, BatchRow
from .callbacks import Callback
from .generations import Generation, GenerationCount, GenerationEvent, IdempotencyKey, State, Status
from .presets import PromptPreset
from .prices import Price, PriceList
from .providers import ProviderAccount
from .submissions import Submission

__all__ = [
    "Asset",
    "Batch",
    "BatchRow",
    "Callback",
    "Generation",
    "GenerationCount",
    "GenerationEvent",
    "IdempotencyKey",
    "Price",
    "PriceList",
    "PromptPreset",
    "ProviderAccount",
    "State",
    "Status",
    "Submission",
]
