"""Seedance 2.0 as vibegen documents it (v1.0, 2025-03-10). SEE2AI makes most of it too, under a name of its own."""

from django.utils.translation import gettext_lazy as _

from .shapes import Field, Input, ModelSpec, Offer

RATIOS = ("16:9", "9:16", "1:1", "21:9", "4:3", "3:4", "9:21", "adaptive", "keep_ratio")

MODELS = (
    ModelSpec(
        slug="seedance-2.0",
        name="seedance 2.0",
        label="Seedance 2.0",
        max_prompt_characters=2000,
        inputs=(Input(name="image_urls", label=_("Images"), maximum=9),),
        fields=(
            Field(
                name="resolution",
                label=_("Resolution"),
                default="480p",
                choices=("480p", "720p", "1080p"),
                is_priced=True,
            ),
            Field(name="duration", label=_("Duration"), default=5, choices=(5, 10), is_priced=True),
            Field(name="aspect_ratio", label=_("Aspect ratio"), default="16:9", choices=RATIOS),
            Field(name="generate_audio", label=_("Sound"), default=False, choices=(True, False), is_priced=True),
        ),
        typical_seconds=(30, 120),
    ),
)

OFFERS = (
    Offer(model="seedance-2.0", provider="vibegen", provider_model="seedance 2.0"),
    Offer(
        model="seedance-2.0",
        provider="see2ai",
        provider_model="doubao-seedance-2-0-260128",
        limits={
            "resolution": ("480p", "720p"),
            "aspect_ratio": ("16:9", "9:16", "1:1", "21:9", "4:3", "3:4", "adaptive"),
        },
    ),
)
