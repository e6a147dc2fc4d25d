"""A model's bounds in words."""

from django.utils.translation import gettext as _

from generations.catalog import Field, Kind, ModelSpec


def makes(spec: ModelSpec) -> str:
    """What it makes, in one sentence; empty for a model that leaves its length or its resolution to nobody."""
    fields = {field.name: field for field in spec.fields}
    amount = fields.get("count" if spec.kind == Kind.IMAGE else "duration")
    if amount is None or "resolution" not in fields:
        return ""
    best = fields["resolution"].choices[-1]
    if spec.kind == Kind.IMAGE:
        words = {"most": _bounds(amount)[-1], "best": best}
        return _("Makes 1–%(most)s images at once, up to %(best)s.") % words
    words = {"lengths": lengths(amount), "best": best}
    if "generate_audio" in fields:
        return _("Makes clips of %(lengths)s, up to %(best)s, silent or with sound.") % words
    return _("Makes clips of %(lengths)s, up to %(best)s.") % words


def lengths(field: Field) -> str:
    """How long a clip can be asked for: 5 or 10 s, 4–15 s."""
    seconds = _bounds(field)
    if len(seconds) == 2 and field.choices:
        return _("%(first)s or %(second)s s") % {"first": seconds[0], "second": seconds[1]}
    return _("%(least)s–%(most)s s") % {"least": seconds[0], "most": seconds[-1]}


def _bounds(field: Field) -> list[int]:
    """What can be chosen, in order; where it is free, only its ends."""
    return sorted(value for value in field.choices or (field.minimum, field.maximum) if value and value > 0)
