"""What the sandbox was asked and what it did, so that a test can count what really reached a provider."""

from dataclasses import asdict, dataclass, field

PROMPTS_COUNTED = 100_000


@dataclass(slots=True)
class Counters:
    """`creates` counts every POST, refused ones too; `accepted` those that made a task.

    Of APIs that make vectors: `text_calls` and `clip_calls` count every POST, refused ones too; `texts_by_text` the
    vectors that were made, `clips_by_url` the requests that were taken, by kind and link: "tagging https://…".

    `most_a_second` is the most calls that came with one key within any second, by vendor.
    """

    creates: int = 0
    accepted: int = 0
    fetches: int = 0
    lists: int = 0
    files: int = 0
    creates_by_prompt: dict[str, int] = field(default_factory=dict)
    accepted_by_prompt: dict[str, int] = field(default_factory=dict)
    text_calls: int = 0
    clip_calls: int = 0
    status_calls: int = 0
    uploads: int = 0
    texts_by_text: dict[str, int] = field(default_factory=dict)
    clips_by_url: dict[str, int] = field(default_factory=dict)
    most_a_second: dict[str, int] = field(default_factory=dict)

    def count_create(self, prompt: str) -> None:
        self.creates += 1
        _bounded(self.creates_by_prompt, prompt)

    def count_accepted(self, prompt: str) -> None:
        self.accepted += 1
        _bounded(self.accepted_by_prompt, prompt)

    def count_text(self, text: str) -> None:
        _bounded(self.texts_by_text, text)

    def count_clip(self, kind: str, url: str) -> None:
        _bounded(self.clips_by_url, f"{kind} {url}")

    def note_pace(self, vendor: str, a_second: int) -> None:
        self.most_a_second[vendor] = max(a_second, self.most_a_second.get(vendor, 0))

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def _bounded(counts: dict[str, int], prompt: str) -> None:
    if prompt in counts or len(counts) < PROMPTS_COUNTED:
        counts[prompt] = counts.get(prompt, 0) + 1
