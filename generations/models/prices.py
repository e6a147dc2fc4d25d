"""Prices: complete, versioned lists. A change is a new list; a list in use is never edited."""

from datetime import datetime

from django.db import models
from django.db.models import CheckConstraint, Q, QuerySet, UniqueConstraint
from django.utils.translation import gettext_lazy as _


class PriceListQuerySet(QuerySet["PriceList"]):
    def effective(self, model: str, at: datetime) -> "PriceListQuerySet":
        """The lists of a model that are in force, the one that counts first."""
        return self.filter(model=model, effective_at__lte=at).order_by("-effective_at", "-version")


class PriceList(models.Model):
    model = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    effective_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PriceListQuerySet.as_manager()

    class Meta:
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        constraints = [UniqueConstraint(fields=["model", "version"], name="price_list_version_is_unique")]

    def __str__(self) -> str:
        return f"{self.model} v{self.version}"


class Price(models.Model):
    """What one unit costs where every condition, such as {"resolution": "720p", "duration": 5}, is met."""

    class Unit(models.TextChoices):
        CLIP = "clip"
        SECOND = "second"
        IMAGE = "image"

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="prices")
    conditions = models.JSONField()
    unit = models.CharField(max_length=10, choices=Unit.choices, default=Unit.CLIP)
    credits = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(credits__gt=0), name="price_is_positive"),
            UniqueConstraint(fields=["price_list", "conditions"], name="price_one_per_conditions"),
        ]

    def __str__(self) -> str:
        return f"{self.conditions}: {self.credits} per {self.unit}"
