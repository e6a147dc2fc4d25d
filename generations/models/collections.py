"""Collections of generations: gathered by hand or by a saved search, and shared by link."""

from uuid import UUID

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, QuerySet, UniqueConstraint
from uuid_utils.compat import uuid7


class CollectionQuerySet(QuerySet["Collection"]):
    def visible_to(self, user_id: UUID | None, *, team_id: UUID) -> "CollectionQuerySet":
        """The team's, and the user's own private ones in it. That the user is in the team is seen to by the caller."""
        may_see = Q(visibility=Collection.Visibility.TEAM)
        if user_id:
            may_see |= Q(created_by_id=user_id)
        return self.filter(may_see, team_id=team_id)


class Collection(models.Model):
    """A private one is its maker's alone. One with a `search` is smart: it has what the search finds, and no items.

    `search` is the query of the gallery's address as a mapping of texts: {"q": "boat", "show": "completed"}.
    """

    class Visibility(models.TextChoices):
        PRIVATE = "private"
        TEAM = "team"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey("accounts.Team", models.PROTECT)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=500, blank=True)
    visibility = models.CharField(max_length=10, choices=Visibility.choices, default=Visibility.TEAM)
    search = models.JSONField(null=True, blank=True)
    cover = models.ForeignKey("generations.Generation", models.SET_NULL, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey("accounts.User", models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at"]
        constraints = [
            CheckConstraint(condition=~Q(name=""), name="collection_has_a_name"),
            CheckConstraint(condition=Q(visibility__in=("private", "team")), name="collection_visibility_is_known"),
        ]
        indexes = [Index("team", F("updated_at").desc(), name="collection_of_team")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_smart(self) -> bool:
        return self.search is not None


class CollectionItemQuerySet(QuerySet["CollectionItem"]):
    """Positions may be shared: then ids say which comes first."""

    def after(self, position: int, id: int) -> "CollectionItemQuerySet":
        return self.filter(Q(position__gt=position) | Q(position=position, id__gt=id))

    def before(self, position: int, id: int) -> "CollectionItemQuerySet":
        return self.filter(Q(position__lt=position) | Q(position=position, id__lt=id))


class CollectionItem(models.Model):
    """In the order of `position`, which is unique within its collection only by and by."""

    collection = models.ForeignKey(Collection, models.CASCADE, related_name="items")
    generation = models.ForeignKey("generations.Generation", models.CASCADE, related_name="collection_items")
    position = models.BigIntegerField()
    added_by = models.ForeignKey("accounts.User", models.PROTECT, null=True)
    added_at = models.DateTimeField(auto_now_add=True)

    objects = CollectionItemQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [UniqueConstraint(fields=["collection", "generation"], name="collection_item_once")]
        indexes = [Index("collection", "position", "id", name="collection_item_in_order")]

    def __str__(self) -> str:
        return f"{self.collection_id} {self.position}"


class ShareLink(models.Model):
    """A public address of a collection, until it expires or is revoked. Its token is signed, and kept nowhere."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    collection = models.ForeignKey(Collection, models.CASCADE, related_name="share_links")
    created_by = models.ForeignKey("accounts.User", models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_opened_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(self.id)
