from .assets import Asset
from .batches import Batch, BatchRow
from .callbacks import Callback
from .collections import Collection, CollectionItem, ShareLink
from .generations import Generation, GenerationCount, GenerationEvent, IdempotencyKey, State, Status
from .presets import PromptPreset
from .prices import Price, PriceList
from .providers import ProviderAccount
from .search import SearchEntry, SearchIndex, SearchText, Tag
from .submissions import Submission

__all__ = [
    "Asset",
    "Batch",
    "BatchRow",
    "Callback",
    "Collection",
    "CollectionItem",
    "Generation",
    "GenerationCount",
    "GenerationEvent",
    "IdempotencyKey",
    "Price",
    "PriceList",
    "PromptPreset",
    "ProviderAccount",
    "SearchEntry",
    "SearchIndex",
    "SearchText",
    "ShareLink",
    "State",
    "Status",
    "Submission",
    "Tag",
]
