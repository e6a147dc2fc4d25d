"""What was found and why, as the gallery says it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from generations import tags
from generations.cards import Card
from generations.models import Tag
from generations.search.fusing import Reason
from generations.search.query import MOST, Results, Search

WAYS = {
    "words": gettext_lazy("words"),
    "meaning": gettext_lazy("meaning"),
    "tag": gettext_lazy("tag"),
    "collection": gettext_lazy("collection"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A card, and why it is there."""

    card: Card
    reasons: Sequence[Reason] = ()

    @property
    def why(self) -> list[tuple[str, str]]:
        """Each way it was found, and the name of the tag or the collection."""
        return [(str(WAYS[reason.by]), reason.name) for reason in self.reasons]


def counted(results: Results) -> str:
    """How many were found, and by what."""
    if not results.total:
        return ""
    if results.total == MOST:
        most = _("The best %(count)s")
    else:
        most = ngettext("%(count)s found", "%(count)s found", results.total)
    ways = [str(format_lazy("{}: {}", WAYS[by], count)) for by, count in results.by.items()]
    return " · ".join([most % {"count": results.total}, *ways])


def without(search: Search, name: str) -> Search:
    """The same without one of its filters."""
    return Search.from_query({each: value for each, value in search.as_query().items() if each != name})


def tag_label(team_id: UUID, name: str) -> str:
    """As the team's clips have it: what a machine calls it has a name in each language."""
    tag = Tag.objects.filter(team_id=team_id, name=name, rejected_at=None).order_by("source").first()
    return tags.label(tag) if tag else name
