"""Other people's status words and reasons, in ours."""

from typing import Any

from .base import Progress

_RUNNING = (
    *("queued", "pending", "waiting", "submitted", "created", "accepted", "starting", "in_queue", "not_start"),
    *("scheduled", "processing", "running", "in_progress", "generating", "started", "progress", "rendering"),
)
_SUCCEEDED = ("completed", "succeeded", "success", "succeed", "done", "finished", "ok")
_FAILED = (
    *("failed", "failure", "error", "rejected", "moderated", "content_policy"),
    *("cancelled", "canceled", "aborted", "expired", "timeout"),
)
_PROGRESS = (
    dict.fromkeys(_RUNNING, Progress.RUNNING)
    | dict.fromkeys(_SUCCEEDED, Progress.SUCCEEDED)
    | dict.fromkeys(_FAILED, Progress.FAILED)
)
_REASONS = (
    ("FACE_NOT_ALLOWED", ("human face", "real face", "face not allowed", "face is not", "face detected", "人脸")),
    ("CONTENT_POLICY", ("content policy", "policy violation", "moderat", "sensitive", "nsfw", "违规", "敏感", "审核")),
    ("PROMPT_TOO_LONG", ("prompt too long", "prompt is too long", "prompt length", "maximum length")),
    ("INPUT_UNREACHABLE", ("fetch image", "download image", "unreachable", "could not fetch", "failed to download")),
    ("INVALID_INPUT_MEDIA", ("invalid image", "unsupported image", "image format", "corrupt")),
    ("TIMEOUT", ("timeout", "timed out", "超时")),
)


def read_status(word: Any) -> tuple[Progress, str]:
    """How far a status word says a task is, and the word itself where nobody knows it: such a task is still running."""
    known = _PROGRESS.get(word.strip().lower()) if isinstance(word, str) else None
    return (known, "") if known else (Progress.RUNNING, repr(word)[:60])


def read_outcome(word: Any, links: tuple[str, ...]) -> tuple[Progress, str]:
    """As read_status; a success that comes without its links is still running, and its word is kept."""
    progress, unknown_word = read_status(word)
    if progress == Progress.SUCCEEDED and not links:
        return Progress.RUNNING, f"{word} without a link"[:60]
    return progress, unknown_word


def failure_code(reason: Any, *, otherwise: str = "PROVIDER_ERROR") -> str:
    """Our code for a provider's reason. Its words go no further than here."""
    text = reason.lower() if isinstance(reason, str) else ""
    return next((code for code, signs in _REASONS if any(sign in text for sign in signs)), otherwise)
