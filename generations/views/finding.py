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
from generations.search.fusion import Reason
from generations.search.query import MOST, Results, Search

WAYS = {
    "words": gettext_lazy("words"),
    "meaning": gettext_lazy("meaning"),
    "tag": gettext_lazy("tag"),
    "collection": gettext_lazy("collection"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A card, and why it is there. Where it `begins_further` all from here on lie further away."""

    card: Card
    reasons: Sequence[Reason] = ()
    begins_further: bool = False

    @property
    def why(self) -> list[tuple[str, str]]:
        """Each way it was found, and the name of the tag or the collection."""
        return [(str(WAYS[reason.by]), reason.name) for reason in self.reasons]


def shown(results: Results) -> list[Shown]:
    first_further = next(iter(results.further), None)
    return [
        Shown(Card(each.generation), each.reasons, begins_further=each.generation.id == first_further)
        for each in results.found
    ]


def counted(results: Results) -> str:
    """How many were found, and by what; those that only lie further away are none of them."""
    count = results.total - len(results.further)
    if not count:
        return _("Nothing quite fits.") if results.further else ""
    most = _("The best %(count)s") if count == MOST else ngettext("%(count)s found", "%(count)s found", count)
    ways = [str(format_lazy("{}: {}", WAYS[by], number)) for by, number in results.by.items()]
    return " · ".join([most % {"count": count}, *ways])


def without(search: Search, name: str) -> Search:
    """The same without one of its filters."""
    return Search.from_query({each: value for each, value in search.as_query().items() if each != name})


def tag_label(team_id: UUID, name: str) -> str:
    """As the team's clips have it: what a machine calls it has a name in each language."""
    tag = Tag.objects.filter(team_id=team_id, name=name, rejected_at=None).order_by("source").first()
    return tags.label(tag) if tag else name
