"""The documented bodies of seedance2api: creates, tasks, results, and the events of its webhook."""

import math
import time
import uuid

from sandbox.desk import ATTACKERS_URL
from sandbox.files import image_url, video_url
from sandbox.tasks import Task, iso

STATUSES = {"pending": "queued", "processing": "processing", "completed": "completed", "failed": "failed"}
UNFINISHED_PROGRESS = 99

Body = dict[str, object]


def accepted(task: Task, *, wait_seconds: float) -> Body:
    """The answer to a create of a video."""
    data = {
        "task_id": task.id,
        "status": "queued",
        "estimated_wait_time_seconds": math.ceil(wait_seconds),
        "check_status_url": f"/v1/tasks/{task.id}",
    }
    return {"status": "accepted", "data": data}


def images_made(task: Task) -> Body:
    """The answer to a create of images, once they are there."""
    data = {
        "task_id": task.id,
        "images": task.notes["images"],
        "model": task.model,
        "resolution": task.notes["resolution"],
        "processing_time_ms": round((time.time() - task.created_at) * 1000),
    }
    return {"status": "success", "data": data}


def image(task: Task, number: int, *, size_bytes: int) -> Body:
    piece = task.pieces[number - 1]
    return {
        "id": f"img-{task.id.removeprefix('task-')}-{number:03}",
        "url": image_url(task, number),
        "width": piece.width,
        "height": piece.height,
        "format": "png",
        "size_bytes": size_bytes,
    }


def standing(task: Task, now: float) -> Body:
    """How the task stands. Its progress is its share of the time, and 100 only when it is completed."""
    status = task.status(now)
    ended = status in ("completed", "failed")
    told: Body = {
        "task_id": task.id,
        "status": STATUSES[status] if ended else task.faults.get("status_word", STATUSES[status]),
        "progress": _progress(task, now),
        "created_at": iso(task.created_at),
        "updated_at": iso({"pending": task.created_at, "processing": now}.get(status, task.ends_at)),
    }
    return told | {"error_message": task.error} if status == "failed" else told


def outcome(task: Task) -> Body:
    """The result of a task that has ended."""
    if task.error is not None:
        return {"task_id": task.id, "status": "failed", "error_message": task.error, "completed_at": iso(task.ends_at)}
    return {"task_id": task.id, "status": "completed", "result": _result(task), "completed_at": iso(task.ends_at)}


def ended_event(task: Task) -> Body:
    if task.error is not None:
        return _event("task.failed", task.ends_at, task, status="failed", error_message=task.error)
    return _event("task.completed", task.ends_at, task, status="completed", result=_result(task))


def progress_event(task: Task, at: float) -> Body:
    return _event("task.progress", at, task, status="processing", progress=_progress(task, at))


def forged_events(task: Task) -> tuple[Body, Body]:
    """Of a task nobody made, and of this one before its end, both with an attacker's link."""
    result = {**_result(task), "video_url": ATTACKERS_URL}
    told = _event("task.completed", task.created_at, task, status="completed", result=result)
    unknown = {"task_id": f"task-{uuid.uuid4()}", "status": "completed", "model": task.model, "result": result}
    return told | {"data": unknown}, told


def _event(name: str, at: float, task: Task, *, status: str, **told: object) -> Body:
    data = {"task_id": task.id, "status": status, "model": task.model, **told}
    return {"event": name, "timestamp": iso(at), "data": data}


def _result(task: Task) -> Body:
    if "images" in task.notes:
        return {"images": task.notes["images"], "resolution": task.notes["resolution"]}
    return {"video_url": video_url(task), "duration": task.notes["duration"], "resolution": task.notes["resolution"]}


def _progress(task: Task, now: float) -> int:
    status = task.status(now)
    if status in ("pending", "completed"):
        return 100 if status == "completed" else 0
    seconds = task.ends_at - task.created_at
    share = (now - task.created_at) / seconds if seconds else 1
    return min(int(100 * share), UNFINISHED_PROGRESS)
