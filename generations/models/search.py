"""What generations are found by: words, and what embedding models made of their prompts and clips."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from pgvector.django import HalfVectorField


class BitsField(models.Field):
    """Ones and zeros as text; PostgreSQL's bit varying."""

    def db_type(self, connection: object) -> str:
        return "bit varying"


class SearchText(models.Model):
    """The words of a generation's prompt as generations/words.py splits them, and its team's among them."""

    generation = models.OneToOneField(
        "generations.Generation", models.CASCADE, primary_key=True, related_name="search_text"
    )
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(fields=["words"], name="search_text_words")]

    def __str__(self) -> str:
        return str(self.generation_id)


class SearchIndex(models.Model):
    """All that one model of one provider makes of the generations: vectors that may be compared, or tags.

    Vectors of two indexes never are. `dims` is 0 until the first vector tells, and of tags; `asked_dims` is what its
    provider is asked for, 0 for the model's own size. `version` is raised where a provider changed its model without a
    new name.

    One of each kind is current: it is what searches read. Another is filled in the background, has all when `filled_at`
    is set, and then takes its place; the one before is retired, and its entries go. `filled_to` is the last generation,
    by id, that has got an entry in passing through all of them. `built_at` is when its approximate index in the
    database was made.
    """

    class Kind(models.TextChoices):
        CLIP = "clip"
        PROMPT = "prompt"
        TAGS = "tags"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=100)
    dims = models.PositiveIntegerField(default=0)
    asked_dims = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    is_current = models.BooleanField(default=False)
    filled_to = models.UUIDField(null=True)
    filled_at = models.DateTimeField(null=True)
    built_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("search index")
        verbose_name_plural = _("search indexes")
        ordering = ["id"]
        constraints = [
            UniqueConstraint(
                fields=["kind", "provider", "model", "version", "dims"],
                condition=Q(retired_at=None),
                name="search_index_is_one_of_its_like",
            ),
            UniqueConstraint(fields=["kind"], condition=Q(is_current=True), name="search_index_one_is_current"),
            CheckConstraint(condition=Q(is_current=False) | Q(retired_at=None), name="search_index_current_is_kept"),
            CheckConstraint(condition=~Q(kind="tags") | Q(dims=0), name="search_index_tags_have_no_dims"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.provider} {self.model} v{self.version}"


class SearchEntry(models.Model):
    """One generation in one index: work while `next_at` is set, then its vector, or why it has none.

    `team_code`, or `signs` of a long one, say where the vector stands in the index of search/database_index.py.
    `request_id` is the provider's, while it works on it for `account`. `attempt_count` is of tries that brought no
    answer, `failed_count` of those that the provider ended. `failure_code` is set where it will never have one.
    """

    index = models.ForeignKey(SearchIndex, models.CASCADE, related_name="entries")
    generation = models.ForeignKey("generations.Generation", models.CASCADE, related_name="search_entries")
    team = models.ForeignKey("accounts.Team", models.PROTECT)
    vector = HalfVectorField(null=True)
    team_code = HalfVectorField(null=True)
    signs = BitsField(null=True)
    request_id = models.CharField(max_length=200, blank=True)
    account = models.ForeignKey("generations.ProviderAccount", models.SET_NULL, null=True, db_index=False)
    requested_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=40, blank=True)
    attempt_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["index", "generation"], name="search_entry_one_per_index"),
            CheckConstraint(
                condition=Q(done_at=None, vector=None, failure_code="")
                | Q(done_at__isnull=False, next_at=None, lease_until=None),
                name="search_entry_done_is_not_due",
            ),
            CheckConstraint(condition=Q(vector=None) | Q(failure_code=""), name="search_entry_failed_has_no_vector"),
            CheckConstraint(
                condition=Q(vector=None, team_code=None, signs=None)
                | Q(vector__isnull=False, team_code__isnull=False, signs=None)
                | Q(vector__isnull=False, team_code=None, signs__isnull=False),
                name="search_entry_vector_has_its_place",
            ),
        ]
        indexes = [
            Index("index", "next_at", condition=Q(next_at__isnull=False), name="search_entry_due"),
            Index("index", "next_at", condition=~Q(request_id=""), name="search_entry_begun"),
            Index("index", "lease_until", condition=Q(lease_until__isnull=False), name="search_entry_leased"),
            Index("index", "team", condition=Q(vector__isnull=False), name="search_entry_of_team"),
        ]

    def __str__(self) -> str:
        return f"{self.index_id} {self.generation_id}"


class Tag(models.Model):
    """A word that a clip is found by: the machine's, of a `kind` that its provider reads off the clip, or a member's.

    One of the machine's that a member took away is `rejected_at`, and stays away when the clip is read again.
    """

    class Source(models.TextChoices):
        MACHINE = "machine"
        MEMBER = "member"

    class Kind(models.TextChoices):
        SHOT_SIZE = "shot_size"
        CAMERA_MOVEMENT = "camera_movement"
        ANGLE = "angle"
        OTHER = ""

    team = models.ForeignKey("accounts.Team", models.PROTECT)
    generation = models.ForeignKey("generations.Generation", models.CASCADE, related_name="tags")
    source = models.CharField(max_length=10, choices=Source.choices)
    kind = models.CharField(max_length=20, choices=Kind.choices, blank=True)
    name = models.CharField(max_length=40)
    created_by = models.ForeignKey("accounts.User", models.PROTECT, null=True)
    rejected_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["source", "kind", "name"]
        constraints = [
            UniqueConstraint(fields=["generation", "source", "kind", "name"], name="tag_once_on_a_generation"),
            CheckConstraint(
                condition=Q(source="machine", created_by=None) | Q(source="member", rejected_at=None, kind=""),
                name="tag_is_of_its_source",
            ),
        ]
        indexes = [Index("team", "name", "generation", condition=Q(rejected_at=None), name="tag_of_team")]

    def __str__(self) -> str:
        return self.name
