"""Doubao Seedance 2.0 and its fast version as SEE2AI documents them (see2ai_video_generation_v1, 2026-03-23).

Where the document sets no bound it is ours: the prompt, and how many reference images there may be.
"""

from django.utils.translation import gettext_lazy as _

from .shapes import AUTOMATIC, Field, Input, ModelSpec, Offer

_INPUTS = (
    Input(name="image_urls", label=_("Images without faces"), maximum=9),
    Input(name="face_image_url", label=_("Image with a face")),
    Input(name="first_frame_url", label=_("First frame")),
    Input(name="last_frame_url", label=_("Last frame")),
    Input(name="video_urls", label=_("Clips"), media="video", maximum=3, is_advanced=True),
    Input(name="audio_urls", label=_("Sounds"), media="audio", maximum=3, is_advanced=True),
)
_FIELDS = (
    Field(name="resolution", label=_("Resolution"), default="720p", choices=("480p", "720p"), is_priced=True),
    Field(
        name="duration",
        label=_("Duration"),
        default=5,
        choices=(*range(4, 16), AUTOMATIC),
        is_priced=True,
    ),
    Field(
        name="aspect_ratio",
        label=_("Aspect ratio"),
        default="adaptive",
        choices=("adaptive", "16:9", "9:16", "1:1", "21:9", "4:3", "3:4"),
    ),
    Field(name="generate_audio", label=_("Sound"), default=True, choices=(True, False)),
    Field(name="watermark", label=_("Watermark"), default=False, choices=(True, False), is_advanced=True),
    Field(name="enable_web_search", label=_("Web search"), default=False, choices=(True, False), is_advanced=True),
    Field(
        name="force_asset_upload",
        label=_("Upload every input as an asset"),
        default=False,
        choices=(True, False),
        is_advanced=True,
    ),
)


def _model(slug: str, name: str, label: str, typical_seconds: tuple[int, int]) -> ModelSpec:
    return ModelSpec(
        slug=slug,
        name=name,
        label=label,
        max_prompt_characters=2000,
        is_prompt_optional=True,
        inputs=_INPUTS,
        fields=_FIELDS,
        typical_seconds=typical_seconds,
    )


MODELS = (
    _model("doubao-seedance-2.0", "doubao seedance 2.0", "Doubao Seedance 2.0", (60, 240)),
    _model("doubao-seedance-2.0-fast", "doubao seedance 2.0 fast", "Doubao Seedance 2.0 Fast", (30, 120)),
)

OFFERS = (
    Offer(model="doubao-seedance-2.0", provider="see2ai", provider_model="doubao-seedance-2-0-260128"),
    Offer(model="doubao-seedance-2.0-fast", provider="see2ai", provider_model="doubao-seedance-2-0-fast-260128"),
)
