"""make bench: every figure we state, measured in one run on this machine. Takes about a quarter of an hour.

python -m bench                 all of it
python -m bench creates live    some of it
"""

import subprocess
import sys

from bench import machine

PARTS = ("creates", "callbacks", "neighbours", "reads", "live", "search", "meaning", "starts")


def main() -> None:
    """Each part in a process of its own, because each has a database of its own."""
    machine.describe()
    for name in sys.argv[1:] or PARTS:
        print(f"\n## {name}", flush=True)
        subprocess.run([sys.executable, "-c", f"from bench.{name} import measure; measure()"], check=True)


if __name__ == "__main__":
    main()
