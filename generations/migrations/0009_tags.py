import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("generations", "0008_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
