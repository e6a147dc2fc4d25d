"""Which generations an index has entries of: all that are there to be found and have what it is made of."""

from uuid import UUID

from django.db import connection

from generations.models import SearchIndex

# Of the tables `generation` and `search_index`.
ELIGIBLE = """
    generation.state = 'completed' AND generation.hidden_at IS NULL AND CASE
        WHEN search_index.kind = 'prompt' THEN generation.prompt ~ '[^[:space:]]'
        ELSE generation.task_type <> 'text_to_image' AND EXISTS (
            SELECT FROM generations_asset AS asset
            WHERE asset.generation_id = generation.id AND asset.kind = 'output' AND asset.deleted_at IS NULL
        )
    END
"""
_COUNT = f"""
    SELECT count(*) FROM generations_generation AS generation
    JOIN generations_searchindex AS search_index ON search_index.id = %s
    WHERE generation.id > %s AND {ELIGIBLE}
"""  # noqa: S608 -- no value in it
FIRST = UUID(int=0)


def count(index: SearchIndex, *, after: UUID | None) -> int:
    """How many it wants of those whose ids come after that one, or of all."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [index.pk, after or FIRST])
        return int(cursor.fetchone()[0])
