"""The end of the start: once everything answers, say where, and how to sign in."""

import json
import os
import threading
import traceback
import urllib.error
import urllib.request

from django.conf import settings
from django.db import connection

from project.env import DATA_FOLDER, PORT
from project.stack import demo
from project.stack.console import say, show

READY_FILE = DATA_FOLDER / "ready.json"


def announce(worker_is_ready: threading.Event, *, stopping: threading.Event) -> None:
    """Wait for web and worker, make the demo, then print the block and write ready.json. Runs beside the supervisor."""
    try:
        while not (worker_is_ready.is_set() and _web_answers()):
            if stopping.wait(0.1):
                return
        sign_in = demo.prepare()
    except Exception:
        if stopping.is_set():
            return
        say("The demo could not be made:")
        traceback.print_exc()
        sign_in = None
    finally:
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL has one
    if not stopping.is_set():
        _write(sign_in or {"url": settings.PUBLIC_URL})
        show(_block(sign_in))


def forget() -> None:
    """What ready.json says holds only while everything runs."""
    READY_FILE.unlink(missing_ok=True)


def _web_answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _write(sign_in: dict[str, str]) -> None:
    draft = READY_FILE.with_name(".ready.json")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(sign_in, file, indent=2, ensure_ascii=False)
        file.write("\n")
    draft.replace(READY_FILE)


def _block(sign_in: dict[str, str] | None) -> str:
    lines = [f"Filmgate is ready: {settings.PUBLIC_URL}"]
    if sign_in:
        lines += [
            "",
            f"E-mail    {sign_in['email']}",
            f"Password  {sign_in['password']}",
            f"API key   {sign_in['api_key']}",
            f"Team      {sign_in['team']}",
        ]
    lines += ["", "Ctrl-C stops it all."]
    return "\n" + "".join(f"    {line}".rstrip() + "\n" for line in lines) + "\n"
