"""A delivery as a command: what was sent, to send it once more to a server of one's own."""

import shlex

from accounts.models import WebhookAttempt

TO = "http://localhost:3000/"


def command(attempt: WebhookAttempt, body: str, *, to: str = TO) -> str:
    """For a POSIX shell: the very body, with the headers of that attempt. Nothing in them is read by the shell."""
    lines = [f"curl -X POST {shlex.quote(to)}"]
    lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in attempt.request_headers.items()]
    # Not -d: it would read a file where a body begins with @.
    lines.append(f"--data-raw {shlex.quote(body)}")
    return " \\\n  ".join(lines)
