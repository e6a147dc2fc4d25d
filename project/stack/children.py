"""Child processes that never outlive us, not even when we are killed with -9."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends `death_signal` to the child when the thread that started it ends.

    So children are started from the main thread. A change of user clears the request (prctl(2)); subprocess changes
    users before it calls this.
    """
    parent = os.getpid()

    def in_child() -> None:
        request_death_signal(death_signal)
        if os.getppid() != parent:
            os.kill(os.getpid(), death_signal)

    return in_child


def request_death_signal(death_signal: signal.Signals) -> None:
    """Ask the kernel for `death_signal` when our parent ends. Only Linux can."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def stop(process: subprocess.Popen[bytes], *, first: signal.Signals, grace_seconds: float) -> None:
    """Send `first`, wait, then kill what is left of the child's process group. It must lead a group of its own."""
    process.send_signal(first)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_seconds)
    kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End what a child has left behind, and the child."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
