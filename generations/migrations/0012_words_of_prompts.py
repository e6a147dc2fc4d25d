import re
import unicodedata

from django.db import migrations, transaction

ROWS = 1000
WORD_CHARACTERS = 100
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
)
RUN = re.compile(f"([{UNSPACED}]+)|([^\\W_{UNSPACED}]+)")
INSERT = """
    INSERT INTO generations_searchtext (generation_id, words) VALUES (%s, array_to_tsvector(%s::text[]))
    ON CONFLICT (generation_id) DO NOTHING
"""


def keep_words(apps, schema_editor):
    """As generations/words.py did for each new one when this was written. Again is harmless."""
    rows = apps.get_model("generations", "Generation").objects.order_by("id").only("id", "team_id", "prompt")
    last = None
    while chunk := list((rows.filter(id__gt=last) if last else rows)[:ROWS]):
        last = chunk[-1].id
        # Locked, so that none of them is hidden, and what it is found by cleared away, before its words are there.
        with transaction.atomic(using=schema_editor.connection.alias):
            there = rows.filter(id__in=[row.id for row in chunk], hidden_at=None)
            words = [(row.id, lexemes(row)) for row in there.select_for_update(no_key=True)]
            with schema_editor.connection.cursor() as cursor:
                cursor.executemany(INSERT, words)


def lexemes(generation):
    found = set()
    folded = unicodedata.normalize("NFKC", generation.prompt).casefold()
    for unspaced, spaced in RUN.findall(folded):
        if unspaced:
            found.update({*unspaced, *(unspaced[at : at + 2] for at in range(len(unspaced) - 1))})
        else:
            found.add(spaced[:WORD_CHARACTERS])
    return [f":{generation.team_id.hex}", *sorted(found)]


class Migration(migrations.Migration):
    """In chunks, so that whoever writes meanwhile waits for one of them at most."""

    atomic = False
    dependencies = [("generations", "0011_generation_to_index")]

    operations = [migrations.RunPython(keep_words, migrations.RunPython.noop)]
