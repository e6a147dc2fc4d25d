"""What goes wrong on request: by header, by a marker in the prompt, or until further notice by control call.

| fault | what happens | made |
|---|---|---|
| `reject` | the documented 400 | no |
| `401`, `402`, `429=seconds`, `500`, `502`, `503=seconds` | the vendor's nearest documented error | no |
| `413`, `422`, `504` | the same, of an API that makes vectors; the others have none of these | no |
| `down` | every call of an API that makes vectors is cut off, questions how it stands too | no |
| `502_after_accepting` | a proxy's HTML page with status 502 | yes |
| `hang` | no answer until the client leaves | yes |
| `truncated` | the answer's JSON breaks off | yes |
| `garbage` | 200 and an HTML page | yes |
| `reset` | the connection is cut before any answer | yes |
| `slow_answer=seconds` | the answer to the create comes late | yes |
| `gateway=status` | a proxy's HTML page with that status | yes |
| `cut=place` | the answer breaks off: in its `status`, in its `headers`, in its `body`, or short of its `end` | yes |
| `drip=seconds` | the answer comes byte by byte, one in so many seconds | yes |
| `odd=name`, `odd_poll=name` | the create, or its first two fetches, are answered oddly: see oddities.py | yes |
| `fail=message` | the task fails | yes |
| `slow=seconds` | the task takes that long | yes |
| `never` | the task stays processing for ever | yes |
| `status_word=word` | a fetch reports that word until the task has ended | yes |
| `poll_404=times`, `poll_500=times` | that many fetches fail first | yes |
| `lost_callback`, `doubled_callback`, `late_callback=seconds` | as named | yes |
| `early_callback` | the task ends at once, and its callback comes before the create is answered | yes |
| `forged_callback` | two false callbacks before the end: unknown task, attacker's link | yes |
| `link=url` | the finished task's link leads there | yes |
| `link_404`, `link_html`, `link_truncated` | the file is missing, an HTML page, or cut short | yes |

What a vendor's document has no word for, such as a 502, its own file says how it meets.

APIs that make vectors, EMBEDDING_VENDORS, meet only faults that stand for them by name or come in the header: they are
asked about the very prompts that others made clips of, markers and all.
"""

import re
from dataclasses import dataclass, field

from sandbox.oddities import ODDITIES

Faults = dict[str, str]
"""Names to arguments, as text."""

HEADER = "x-sandbox-fault"
EMBEDDING_VENDORS = ("seeknetic", "scnet")
CUTS = ("status", "headers", "body", "end")
MARKER = re.compile(r"\[\[fault:([^\[\]]+)\]\]")
STANDING_LIMIT = 1000

NUMBERS = {
    "429": "30",
    "503": "30",
    "drip": "1",
    "gateway": "502",
    "late_callback": "10",
    "poll_404": "2",
    "poll_500": "2",
    "slow": "60",
    "slow_answer": "5",
}
WORDS = {
    "fail": "The provider could not generate this video",
    "link": "http://127.0.0.1:9/elsewhere.mp4",
    "status_word": "succeeded",
}
CHOICES = {"cut": CUTS, "odd": tuple(ODDITIES), "odd_poll": tuple(ODDITIES)}
PLAIN = (
    *("reject", "401", "402", "413", "422", "500", "502", "504", "down"),
    *("502_after_accepting", "hang", "truncated", "garbage", "reset"),
    *("never", "lost_callback", "doubled_callback", "early_callback", "forged_callback"),
    *("link_404", "link_html", "link_truncated"),
)
DEFAULTS: Faults = NUMBERS | WORDS | {name: each[0] for name, each in CHOICES.items()} | dict.fromkeys(PLAIN, "")


class UnknownFault(ValueError):
    """No such fault, or an argument that is not a number, or none of its choices, where one is due."""


def parse(text: str) -> Faults:
    """`name[=argument]`, several parted by commas. Raises UnknownFault."""
    faults: Faults = {}
    for part in text.split(","):
        name, _, argument = (piece.strip() for piece in part.partition("="))
        if name not in DEFAULTS:
            raise UnknownFault(f"Unknown fault: {name}")
        faults[name] = argument or DEFAULTS[name]
        if name in NUMBERS and not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", faults[name]):
            raise UnknownFault(f"The argument of {name} must be a number")
        if name in CHOICES and faults[name] not in CHOICES[name]:
            raise UnknownFault(f"The argument of {name} must be one of {', '.join(CHOICES[name])}")
    return faults


@dataclass(slots=True)
class StandingFault:
    """Meets the next `count` creates, or all, whose prompt contains `match`; of one vendor, where it names one."""

    faults: Faults
    count: int | None = None
    match: str | None = None
    vendor: str | None = None

    def meets(self, prompt: str, vendor: str) -> bool:
        is_meant = vendor == self.vendor if self.vendor else vendor not in EMBEDDING_VENDORS
        return is_meant and self.count != 0 and (self.match is None or self.match in prompt)


@dataclass(slots=True)
class FaultBook:
    standing: list[StandingFault] = field(default_factory=list)

    def stand(self, fault: StandingFault) -> None:
        """Raises ValueError when there are too many already."""
        if len(self.standing) >= STANDING_LIMIT:
            raise ValueError(f"At most {STANDING_LIMIT} faults at once")
        self.standing.append(fault)

    def is_down(self, vendor: str) -> bool:
        return any(each.vendor == vendor and "down" in each.faults for each in self.standing)

    def meeting(self, *, prompt: str, header: str, vendor: str = "") -> Faults:
        """All the faults that one create meets; those with a count are used up by it. Raises UnknownFault."""
        faults: Faults = {}
        for standing in self.standing:
            if standing.meets(prompt, vendor):
                faults |= standing.faults
                standing.count = None if standing.count is None else standing.count - 1
        self.standing = [standing for standing in self.standing if standing.count != 0]
        markers = () if vendor in EMBEDDING_VENDORS else MARKER.findall(prompt)
        for text in (*markers, header):
            faults |= parse(text) if text else {}
        return faults
