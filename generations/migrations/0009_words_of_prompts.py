from django.db import migrations

ROWS = 1000


def keep_words(apps, schema_editor):
    """As generations/words.py does for each new one."""
    from generations.words import lexemes

    generations = apps.get_model("generations", "Generation").objects.order_by("id")
    last = None
    while rows := list((generations.filter(id__gt=last) if last else generations)[:ROWS]):
        with schema_editor.connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO generations_searchtext (generation_id, words) VALUES (%s, array_to_tsvector(%s::text[]))",
                [(row.id, lexemes(row)) for row in rows if row.hidden_at is None],
            )
        last = rows[-1].id


class Migration(migrations.Migration):
    dependencies = [("generations", "0008_search_and_collections")]

    operations = [migrations.RunPython(keep_words, migrations.RunPython.noop)]
