"""What a key has spent each day, as a line of 30 points and as 30 bars, without a script or a style."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.usage import DailyUsage

register = template.Library()

LINE_WIDTH, LINE_HEIGHT = 96, 28
BAR_STEP, BAR_WIDTH, BARS_HEIGHT = 20, 14, 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """All lengths in units of the picture."""

    day: date
    credits: int
    x: int
    y: int
    height: int


@register.inclusion_tag("accounts/key_sparkline.html")
def sparkline(usage: DailyUsage) -> dict[str, Any]:
    """A day on which more was given back than spent is drawn as one without spending."""
    step = LINE_WIDTH / max(1, len(usage.days) - 1)
    # A stroke of 1.5 at the very edge would be cut in half.
    room = LINE_HEIGHT - 2
    heights = [room * max(0, credits) / (usage.most or 1) for credits in usage.credits]
    points = " ".join(f"{number * step:.1f},{LINE_HEIGHT - 1 - height:.1f}" for number, height in enumerate(heights))
    return {"points": points, "width": LINE_WIDTH, "height": LINE_HEIGHT, "usage": usage, "told": _told(usage)}


@register.inclusion_tag("accounts/key_bars.html")
def bars(usage: DailyUsage) -> dict[str, Any]:
    drawn = []
    for number, (day, credits) in enumerate(zip(usage.days, usage.credits, strict=True)):
        height = round(BARS_HEIGHT * max(0, credits) / (usage.most or 1))
        # What is little is still something: a day with spending has a bar that can be seen.
        height = max(3, height) if credits > 0 else height
        drawn.append(Bar(day=day, credits=credits, x=number * BAR_STEP, y=BARS_HEIGHT - height, height=height))
    return {
        "bars": drawn,
        "width": len(drawn) * BAR_STEP - (BAR_STEP - BAR_WIDTH),
        "height": BARS_HEIGHT,
        "bar_width": BAR_WIDTH,
        "usage": usage,
        "told": _told(usage),
    }


def _told(usage: DailyUsage) -> str:
    """The same in words."""
    if not any(usage.credits):
        return _("Nothing spent in the last 30 days")
    words = ngettext(
        "%(total)s credit in the last 30 days, %(most)s on the busiest",
        "%(total)s credits in the last 30 days, %(most)s on the busiest",
        abs(usage.total),
    )
    return words % {"total": intcomma(usage.total, False), "most": intcomma(usage.most, False)}
