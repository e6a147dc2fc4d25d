"""Prompts that a team keeps for another time."""

from django.db import models
from django.db.models import UniqueConstraint
from uuid_utils.compat import uuid7


class PromptPreset(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("accounts.Team", models.PROTECT)
    name = models.CharField(max_length=80)
    text = models.TextField()
    created_by = models.ForeignKey("accounts.User", models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [UniqueConstraint(fields=["team", "name"], name="prompt_preset_name_is_unique")]

    def __str__(self) -> str:
        return self.name
