"""The change feed: every committed GenerationEvent once.

Ids are given out before commit, so a lower id may appear after a higher one. The ids that were passed over are asked
for again until they have appeared, or for a minute, which is longer than any transaction may take.
"""

import time
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Max, Q

from generations.models import GenerationEvent

GAP_SECONDS = 60
MAX_GAPS = 1000
_BATCH = 1000


@dataclass
class Feed:
    """Where the reader stands: the highest id seen, and when each missing one below it was first missed."""

    last_id: int = -1
    missing: dict[int, float] = field(default_factory=dict)

    def start(self) -> None:
        """From here on; what is being committed right now is still waited for."""
        self.last_id = GenerationEvent.objects.aggregate(last=Max("id"))["last"] or 0
        first = max(1, self.last_id - MAX_GAPS)
        present = set(GenerationEvent.objects.filter(id__gte=first).values_list("id", flat=True))
        self._miss(set(range(first, self.last_id)) - present)

    def read(self) -> dict[UUID, UUID]:
        """The team of each generation that changed since the last call, by its id."""
        changed: dict[UUID, UUID] = {}
        while True:
            rows = list(
                GenerationEvent.objects.filter(Q(id__gt=self.last_id) | Q(id__in=list(self.missing)))
                .order_by("id")
                .values_list("id", "generation_id", "team_id")[:_BATCH]
            )
            changed |= {generation_id: team_id for _id, generation_id, team_id in rows}
            self._pass({row[0] for row in rows})
            if len(rows) < _BATCH:
                return changed

    def _pass(self, seen: set[int]) -> None:
        highest = max(seen, default=self.last_id)
        if highest > self.last_id:
            first = max(self.last_id + 1, highest - MAX_GAPS)
            self._miss(set(range(first, highest)))
            self.last_id = highest
        oldest = time.monotonic() - GAP_SECONDS
        self.missing = {id: since for id, since in self.missing.items() if id not in seen and since > oldest}

    def _miss(self, ids: set[int]) -> None:
        now = time.monotonic()
        self.missing |= {id: now for id in ids if id not in self.missing}
