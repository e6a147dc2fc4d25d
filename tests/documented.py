"""Every parameter in the documents' own tables: how a request of ours sets it, and what the API must see.

Where an asker may choose, the value is another than the default, so that it can only have come from the request.
"""

from dataclasses import dataclass, field
from typing import Any

LINK = "https://media.example.com/1"
LINKS = [LINK, "https://media.example.com/2"]
CALLBACK_URL = "http://127.0.0.1:9/hooks/token"  # stands for the address that each submission has of its own
# What a request must have at the least, as the catalog fills it in.
LEAST: dict[str, dict[str, Any]] = {
    "seedance 2.0": {"prompt": "A lighthouse"},
    "doubao-seedance-2-0-260128": {"prompt": "A lighthouse"},
    "seedance-2.0": {"prompt": "A lighthouse", "duration": 5},
    "seedream-5.0": {"prompt": "A lighthouse"},
}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One row of a table: what a request asks for, and the value in the body sent.

    `ours` says why it is ours to send and nobody's to choose; else it is empty, and something is asked.
    """

    name: str
    asked: dict[str, Any] = field(default_factory=dict)
    sent: Any
    ours: str = ""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True)
class Table:
    """A document's parameters of one create. `model` is what we call the model, `provider_model` what they do."""

    provider: str
    model: str
    provider_model: str
    parameters: tuple[Parameter, ...]

    @property
    def names(self) -> set[str]:
        return {each.name for each in self.parameters}


VIBEGEN = (
    Parameter(name="model", asked={"model": "seedance 2.0"}, sent="seedance 2.0"),
    Parameter(name="prompt", asked={"prompt": "A ship, and 雨"}, sent="A ship, and 雨"),
    Parameter(name="image_urls", asked={"image_urls": LINKS}, sent=LINKS),
    Parameter(name="duration", asked={"duration": 10}, sent=10),
    Parameter(name="aspect_ratio", asked={"aspect_ratio": "keep_ratio"}, sent="keep_ratio"),
    Parameter(name="resolution", asked={"resolution": "1080p"}, sent="1080p"),
    Parameter(name="generate_audio", asked={"generate_audio": True}, sent=True),
    Parameter(name="callback_url", sent=CALLBACK_URL, ours="they tell us; we tell whoever asked, at their own"),
)
SEE2AI = (
    Parameter(name="model_name", asked={"model": "doubao seedance 2.0"}, sent="doubao-seedance-2-0-260128"),
    Parameter(name="prompt", asked={"prompt": "A ship, and 雨"}, sent="A ship, and 雨"),
    Parameter(name="non_face_image_url", asked={"image_urls": [LINK]}, sent=LINK),
    Parameter(name="non_face_image_urls", asked={"image_urls": LINKS}, sent=LINKS),
    Parameter(name="face_image_url", asked={"face_image_url": LINK}, sent=LINK),
    Parameter(name="video_url", asked={"video_urls": [LINK]}, sent=LINK),
    Parameter(name="video_urls", asked={"video_urls": LINKS}, sent=LINKS),
    Parameter(name="audio_url", asked={"audio_urls": [LINK]}, sent=LINK),
    Parameter(name="audio_urls", asked={"audio_urls": LINKS}, sent=LINKS),
    Parameter(name="first_frame_url", asked={"first_frame_url": LINK}, sent=LINK),
    Parameter(name="last_frame_url", asked={"last_frame_url": LINK}, sent=LINK),
    Parameter(name="duration", asked={"duration": -1}, sent=-1),
    Parameter(name="resolution", asked={"resolution": "480p"}, sent="480p"),
    Parameter(name="aspect_ratio", asked={"aspect_ratio": "21:9"}, sent="21:9"),
    Parameter(name="watermark", asked={"watermark": True}, sent=True),
    Parameter(name="generate_audio", asked={"generate_audio": False}, sent=False),
    Parameter(name="enable_web_search", asked={"enable_web_search": True}, sent=True),
    Parameter(name="force_asset_upload", asked={"force_asset_upload": True}, sent=True),
    Parameter(name="sync", sent=False, ours="true would keep the answer until the clip is made; we ask how it stands"),
)
SEEDANCE = (
    Parameter(name="prompt", asked={"prompt": "A ship, and 雨"}, sent="A ship, and 雨"),
    Parameter(name="model", asked={"model": "seedance 2.0 hd"}, sent="seedance-2.0"),
    Parameter(name="duration", asked={"duration": 30}, sent=30),
    Parameter(name="resolution", asked={"resolution": "4k"}, sent="4k"),
    Parameter(name="fps", asked={"fps": 60}, sent=60),
    Parameter(name="image_input", asked={"image_urls": [LINK]}, sent=LINK),
    Parameter(name="webhook_url", sent=CALLBACK_URL, ours="they tell us; we tell whoever asked, at their own"),
)
SEEDREAM = (
    Parameter(name="prompt", asked={"prompt": "A ship, and 雨"}, sent="A ship, and 雨"),
    Parameter(name="model", asked={"model": "seedream 5.0"}, sent="seedream-5.0"),
    Parameter(name="resolution", asked={"resolution": "2048x2048"}, sent="2048x2048"),
    Parameter(name="quality", asked={"quality": "high"}, sent="high"),
    Parameter(name="num_images", asked={"count": 4}, sent=4),
    Parameter(name="seed", asked={"seed": 0}, sent=0),
    Parameter(name="style", asked={"style": "oil_painting"}, sent="oil_painting"),
)
TABLES = {
    "vibegen": Table(provider="vibegen", model="seedance-2.0", provider_model="seedance 2.0", parameters=VIBEGEN),
    "see2ai": Table(
        provider="see2ai",
        model="doubao-seedance-2.0",
        provider_model="doubao-seedance-2-0-260128",
        parameters=SEE2AI,
    ),
    "seedance": Table(
        provider="seedance2api", model="seedance-2.0-hd", provider_model="seedance-2.0", parameters=SEEDANCE
    ),
    "seedream": Table(
        provider="seedance2api", model="seedream-5.0", provider_model="seedream-5.0", parameters=SEEDREAM
    ),
}
