"""What has become of one clip where its tags are read off it."""

from enum import Enum, auto

from generations.models import Generation, SearchEntry, SearchIndex, State

from . import spaces


class Reading(Enum):
    NOT_READ = auto()  # images, and what has not completed
    NO_PROVIDER = auto()
    WAITING = auto()
    FAILED = auto()
    DONE = auto()


def of_clip(generation: Generation) -> Reading:
    if generation.state != State.COMPLETED or generation.task_type == "text_to_image":
        return Reading.NOT_READ
    index = spaces.current(SearchIndex.Kind.TAGS)
    if index is None:
        return Reading.NO_PROVIDER
    entry = SearchEntry.objects.filter(index=index, generation=generation).first()
    if entry is None or entry.done_at is None:
        return Reading.WAITING
    return Reading.FAILED if entry.failure_code else Reading.DONE
