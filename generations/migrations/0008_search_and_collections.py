import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import pgvector.django
import pgvector.django.halfvec
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_entries_are_append_only"),
        ("generations", "0007_signed_callbacks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgvector.django.VectorExtension(),
        migrations.CreateModel(
            name="Collection",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("description", models.CharField(blank=True, max_length=500)),
                (
                    "visibility",
                    models.CharField(choices=[("private", "Private"), ("team", "Team")], default="team", max_length=10),
                ),
                ("search", models.JSONField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["-updated_at"],
            },
        ),
        migrations.CreateModel(
            name="CollectionItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField()),
                ("added_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["position", "id"],
            },
        ),
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("vector", pgvector.django.halfvec.HalfVectorField(null=True)),
                ("request_id", models.CharField(blank=True, max_length=200)),
                ("requested_at", models.DateTimeField(null=True)),
                ("failure_code", models.CharField(blank=True, max_length=40)),
                ("attempt_count", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="SearchIndex",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("clip", "Clip"), ("prompt", "Prompt"), ("tags", "Tags")], max_length=10),
                ),
                ("provider", models.CharField(max_length=40)),
                ("model", models.CharField(max_length=100)),
                ("dims", models.PositiveIntegerField(default=0)),
                ("version", models.PositiveIntegerField(default=1)),
                ("is_current", models.BooleanField(default=False)),
                ("filled_to", models.UUIDField(null=True)),
                ("filled_at", models.DateTimeField(null=True)),
                ("built_at", models.DateTimeField(null=True)),
                ("retired_at", models.DateTimeField(null=True)),
                ("next_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="SearchText",
            fields=[
                (
                    "generation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_text",
                        serialize=False,
                        to="generations.generation",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
            ],
        ),
        migrations.CreateModel(
            name="ShareLink",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                ("last_opened_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(choices=[("machine", "Machine"), ("member", "Member")], max_length=10)),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("shot_size", "Shot Size"),
                            ("camera_movement", "Camera Movement"),
                            ("angle", "Angle"),
                            ("", "Other"),
                        ],
                        max_length=20,
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                ("rejected_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["source", "kind", "name"],
            },
        ),
        migrations.AddField(
            model_name="generation",
            name="index_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                models.F("index_at"), condition=models.Q(("index_at__isnull", False)), name="generation_to_index"
            ),
        ),
        migrations.AddField(
            model_name="collection",
            name="cover",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="generations.generation",
            ),
        ),
        migrations.AddField(
            model_name="collection",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="collection",
            name="team",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="accounts.team"),
        ),
        migrations.AddField(
            model_name="collectionitem",
            name="added_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="collectionitem",
            name="collection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="items", to="generations.collection"
            ),
        ),
        migrations.AddField(
            model_name="collectionitem",
            name="generation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="collection_items",
                to="generations.generation",
            ),
        ),
        migrations.AddField(
            model_name="searchentry",
            name="generation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="search_entries", to="generations.generation"
            ),
        ),
        migrations.AddField(
            model_name="searchentry",
            name="team",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="accounts.team"),
        ),
        migrations.AddConstraint(
            model_name="searchindex",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at", None)),
                fields=("kind", "provider", "model", "version"),
                name="search_index_is_one_of_its_like",
            ),
        ),
        migrations.AddConstraint(
            model_name="searchindex",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_current", True)), fields=("kind",), name="search_index_one_is_current"
            ),
        ),
        migrations.AddConstraint(
            model_name="searchindex",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_current", False), ("retired_at", None), _connector="OR"),
                name="search_index_current_is_kept",
            ),
        ),
        migrations.AddConstraint(
            model_name="searchindex",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("kind", "tags"), _negated=True), ("dims", 0), _connector="OR"),
                name="search_index_tags_have_no_dims",
            ),
        ),
        migrations.AddField(
            model_name="searchentry",
            name="index",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="entries", to="generations.searchindex"
            ),
        ),
        migrations.AddIndex(
            model_name="searchtext",
            index=django.contrib.postgres.indexes.GinIndex(fields=["words"], name="search_text_words"),
        ),
        migrations.AddField(
            model_name="sharelink",
            name="collection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="share_links", to="generations.collection"
            ),
        ),
        migrations.AddField(
            model_name="sharelink",
            name="created_by",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name="tag",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="generation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="tags", to="generations.generation"
            ),
        ),
        migrations.AddField(
            model_name="tag",
            name="team",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="accounts.team"),
        ),
        migrations.AddIndex(
            model_name="collection",
            index=models.Index(
                models.F("team"), models.OrderBy(models.F("updated_at"), descending=True), name="collection_of_team"
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="collection_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.CheckConstraint(
                condition=models.Q(("visibility__in", ("private", "team"))), name="collection_visibility_is_known"
            ),
        ),
        migrations.AddIndex(
            model_name="collectionitem",
            index=models.Index(
                models.F("collection"), models.F("position"), models.F("id"), name="collection_item_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="collectionitem",
            constraint=models.UniqueConstraint(fields=("collection", "generation"), name="collection_item_once"),
        ),
        migrations.AddIndex(
            model_name="searchentry",
            index=models.Index(
                models.F("index"),
                models.F("next_at"),
                condition=models.Q(("next_at__isnull", False)),
                name="search_entry_due",
            ),
        ),
        migrations.AddIndex(
            model_name="searchentry",
            index=models.Index(
                models.F("index"),
                models.F("team"),
                condition=models.Q(("vector__isnull", False)),
                name="search_entry_of_team",
            ),
        ),
        migrations.AddConstraint(
            model_name="searchentry",
            constraint=models.UniqueConstraint(fields=("index", "generation"), name="search_entry_one_per_index"),
        ),
        migrations.AddConstraint(
            model_name="searchentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done_at", None), ("failure_code", ""), ("vector", None)),
                    models.Q(("done_at__isnull", False), ("lease_until", None), ("next_at", None)),
                    _connector="OR",
                ),
                name="search_entry_done_is_not_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="searchentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("vector", None), ("failure_code", ""), _connector="OR"),
                name="search_entry_failed_has_no_vector",
            ),
        ),
        migrations.AddIndex(
            model_name="tag",
            index=models.Index(
                models.F("team"),
                models.F("name"),
                models.F("generation"),
                condition=models.Q(("rejected_at", None)),
                name="tag_of_team",
            ),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(
                fields=("generation", "source", "kind", "name"), name="tag_once_on_a_generation"
            ),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("created_by", None), ("source", "machine")),
                    models.Q(("kind", ""), ("rejected_at", None), ("source", "member")),
                    _connector="OR",
                ),
                name="tag_is_of_its_source",
            ),
        ),
    ]
