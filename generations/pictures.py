"""Where a picture of a team's leads: to the generation that it came out of, or to the newest that was made from it."""

import json

from django.db.models import BooleanField, Func, JSONField, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat

from accounts.models import Team
from generations.archive.uploads import images_of
from generations.intake import UPLOAD_PREFIX
from generations.models import Asset, Generation, State
from generations.models.generations import GenerationQuerySet

LOOKED_AT = 5000


class _References(Func):
    """Every upload that frozen parameters refer to, whichever input it was for, a row for each."""

    function = "jsonb_path_query"
    set_returning = True
    output_field = JSONField()

    def __init__(self) -> None:
        super().__init__("params", Value(f'$.*[*] ? (@ starts with "{UPLOAD_PREFIX}")'))


class _RefersTo(Func):
    function = "jsonb_path_exists"
    output_field = BooleanField()

    def __init__(self, references: list[str]) -> None:
        super().__init__("params", Value("$.*[*] ? (@ == $any[*])"), Value(json.dumps({"any": references})))


def leading(team: Team) -> QuerySet[Asset]:
    """Those of its images that lead somewhere, by their content: one that was uploaded twice is one picture.

    Of what clips were made from, that of the last LOOKED_AT: nothing else says quickly which uploads were used.
    """
    last = _with_inputs(team).newest_first().values("id")[:LOOKED_AT]
    referring = Generation.objects.filter(id__in=last).annotate(reference=_References())
    used = referring.values_list("reference", flat=True).distinct()
    reference = Concat(Value(UPLOAD_PREFIX), Cast("id", TextField()), output_field=TextField())
    images = images_of(team).annotate(reference=reference)
    lead = images.filter(Q(generation__in=_comparable(team)) | Q(reference__in=list(used)))
    return images_of(team).filter(path__in=lead.values("path"))


def generation_of(team: Team, images: QuerySet[Asset]) -> Generation | None:
    """Where these images, which have one content, lead; None where nothing was made of it."""
    made = _comparable(team).filter(assets__in=images).newest_first().first()
    uploads = images.filter(kind=Asset.Kind.UPLOAD).values_list("id", flat=True)
    references = [f"{UPLOAD_PREFIX}{id}" for id in uploads]
    return made or _with_inputs(team).filter(_RefersTo(references)).newest_first().first()


def _with_inputs(team: Team) -> GenerationQuerySet:
    return _comparable(team).filter(state=State.COMPLETED).exclude(task_type="text_to_video")


def _comparable(team: Team) -> GenerationQuerySet:
    """What has no prompt may have nothing that others could be like."""
    return Generation.objects.for_team(team.pk).exclude(prompt="")
