import shutil
import subprocess
from pathlib import Path

import pytest

from project.env import ROOT

NEW = '[ "$1" = -c ] && exit 0'
OLD = '[ "$1" = --version ] && echo "Python 3.9.2"'
WITHOUT_VENV = 'case "$2" in *version_info*) exit 0 ;; esac; exit 1'
MAKES_VENV = f"""{NEW}
echo "python $*" >>"$LOG"
[ "$2" = venv ] && mkdir -p .venv/bin && cp "$0" .venv/bin/python
exit 0"""
UV = """echo "uv $*" >>"$LOG"
[ "$1" = venv ] && mkdir -p .venv/bin && cp "$4" .venv/bin/python
exit 0"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a folder with a space, and a PATH on which nothing of this machine's Python is."""
    root = tmp_path / "a checkout"
    (root / "project" / "stack").mkdir(parents=True)
    shutil.copy(ROOT / "project" / "stack" / "bootstrap.sh", root / "project" / "stack")
    (root / "requirements.txt").write_text("one==1\n")
    (root / "bin").mkdir()
    for tool in ("sh", "dirname", "cksum", "cat", "rm", "mkdir", "cp"):
        (root / "bin" / tool).symlink_to(shutil.which(tool))
    return root


def install(checkout: Path, name: str, script: str) -> None:
    path = checkout / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def bootstrap(checkout: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [checkout / "bin" / "sh", checkout / "project" / "stack" / "bootstrap.sh", "requirements.txt"],
        env={"PATH": str(checkout / "bin"), "LOG": str(checkout / "log")},
        capture_output=True,
        text=True,
    )


def log_of(checkout: Path) -> list[str]:
    return (checkout / "log").read_text().splitlines()


def test_an_old_python_gets_one_clear_line(checkout):
    install(checkout, "python3", OLD)

    ran = bootstrap(checkout)

    assert ran.returncode == 1
    assert (ran.stdout, ran.stderr) == ("", "Filmgate needs Python 3.11 or newer, and finds Python 3.9.2.\n")


def test_no_python_gets_one_clear_line(checkout):
    ran = bootstrap(checkout)

    assert ran.returncode == 1
    assert ran.stderr == "Filmgate needs Python 3.11 or newer, and finds none.\n"


def test_a_missing_venv_module_gets_one_clear_line(checkout):
    install(checkout, "python3", WITHOUT_VENV)

    ran = bootstrap(checkout)

    assert ran.returncode == 1
    assert ran.stderr.startswith("python3 lacks the venv module: install it")
    assert ran.stderr.count("\n") == 1


def test_the_newest_python_that_can_make_environments_is_used(checkout):
    install(checkout, "python3.13", WITHOUT_VENV)
    install(checkout, "python3.12", MAKES_VENV)
    install(checkout, "python3", OLD)

    ran = bootstrap(checkout)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert log_of(checkout) == [
        "python -m venv .venv",
        "python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt",
    ]


def test_a_second_start_does_nothing_until_the_lock_changes(checkout):
    install(checkout, "python3", MAKES_VENV)
    bootstrap(checkout)

    second = bootstrap(checkout)
    installed = len(log_of(checkout))
    (checkout / "requirements.txt").write_text("one==2\n")
    bootstrap(checkout)

    assert (second.stdout, second.stderr) == ("", "")
    assert installed == 2
    assert [line.split()[2] for line in log_of(checkout)[2:]] == ["pip"]


def test_uv_is_used_where_it_is_installed(checkout):
    install(checkout, "python3", WITHOUT_VENV)
    install(checkout, "uv", UV.replace("$4", "bin/$4"))

    ran = bootstrap(checkout)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert log_of(checkout) == [
        "uv venv --quiet --python python3 .venv",
        "uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.txt",
    ]


def test_an_installation_that_failed_is_tried_again(checkout):
    install(checkout, "python3", MAKES_VENV.replace("exit 0", '[ "$2" != pip ]'))

    ran = bootstrap(checkout)

    assert ran.returncode == 1
    assert list((checkout / ".venv").glob(".installed*")) == []
