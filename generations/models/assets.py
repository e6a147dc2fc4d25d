"""Files we keep: outputs, posters, uploads."""

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from uuid_utils.compat import uuid7


class Asset(models.Model):
    """`path` is in the media folder and named by content; the same content is one file. Empty once it is gone."""

    class Kind(models.TextChoices):
        OUTPUT = "output"
        POSTER = "poster"
        UPLOAD = "upload"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("accounts.Team", models.PROTECT)
    generation = models.ForeignKey(
        "generations.Generation", models.CASCADE, null=True, blank=True, related_name="assets"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    position = models.PositiveSmallIntegerField(default=0)
    path = models.CharField(max_length=200)
    content_type = models.CharField(max_length=40)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    duration_seconds = models.FloatField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["generation", "kind", "position"],
                condition=Q(generation__isnull=False),
                name="asset_one_per_place",
            ),
            CheckConstraint(
                condition=Q(kind="upload") ^ Q(generation__isnull=False), name="asset_upload_has_no_generation"
            ),
        ]
        indexes = [
            Index("path", name="asset_by_path"),
            Index("deleted_at", condition=Q(deleted_at__isnull=False) & ~Q(path=""), name="asset_to_unlink"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.path}"
