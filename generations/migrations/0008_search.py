import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import pgvector.django
import pgvector.django.halfvec
from django.db import migrations, models

import generations.models.search


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_entries_are_append_only"),
        ("generations", "0007_signed_callbacks"),
    ]

    operations = [
        pgvector.django.VectorExtension(),
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("vector", pgvector.django.halfvec.HalfVectorField(null=True)),
                ("team_code", pgvector.django.halfvec.HalfVectorField(null=True)),
                ("signs", generations.models.search.BitsField(null=True)),
                ("request_id", models.CharField(blank=True, max_length=200)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="generations.provideraccount",
                    ),
                ),
                ("requested_at", models.DateTimeField(null=True)),
                ("failure_code", models.CharField(blank=True, max_length=40)),
                ("attempt_count", models.PositiveIntegerField(default=0)),
                ("failed_count", models.PositiveSmallIntegerField(default=0)),
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
                ("asked_dims", models.PositiveIntegerField(default=0)),
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
        migrations.AddField(
            model_name="generation",
            name="index_at",
            field=models.DateTimeField(null=True),
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
                fields=("kind", "provider", "model", "version", "dims"),
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
        migrations.AddIndex(
            model_name="searchentry",
            index=models.Index(
                models.F("index"),
                models.F("next_at"),
                condition=models.Q(("request_id", ""), _negated=True),
                name="search_entry_begun",
            ),
        ),
        migrations.AddIndex(
            model_name="searchentry",
            index=models.Index(
                models.F("index"),
                models.F("lease_until"),
                condition=models.Q(("lease_until__isnull", False)),
                name="search_entry_leased",
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
        migrations.AddConstraint(
            model_name="searchentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("signs", None), ("team_code", None), ("vector", None)),
                    models.Q(("signs", None), ("team_code__isnull", False), ("vector__isnull", False)),
                    models.Q(("signs__isnull", False), ("team_code", None), ("vector__isnull", False)),
                    _connector="OR",
                ),
                name="search_entry_vector_has_its_place",
            ),
        ),
    ]
