import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from project.env import ROOT
from project.stack import postgres
from project.stack.location import PostgresError, programs, socket_folder
from project.stack.postgres import Postgres, buffers_mb, running, settings_for
from tests.project.stack.servers import query, servers_on, wait_until

HOLDER = """
import sys
from pathlib import Path
from project.stack.postgres import Postgres
with Postgres(Path(sys.argv[1]), durable=False):
    print("started", flush=True)
    sys.stdin.readline()
"""


def start_holder(data_folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, data_folder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def hold_in_another_process(data_folder: Path) -> subprocess.Popen:
    process = start_holder(data_folder)
    assert process.stdout.readline() == "started\n"
    return process


def let_go(process: subprocess.Popen) -> str:
    _, errors = process.communicate("\n", timeout=30)
    assert process.returncode == 0
    return errors


def test_it_has_vectors_and_utf8_and_listens_on_no_port(folder):
    with Postgres(folder, durable=False):
        query(folder, "CREATE EXTENSION vector")
        rows = query(folder, "SELECT current_setting('listen_addresses'), upper('ä'), '[1,2]'::vector::text")

    assert rows == [("", "Ä", "[1,2]")]


@pytest.mark.parametrize(
    ("pages", "container", "megabytes"),
    [
        (1 << 17, "max", 128),
        (1 << 20, "max", 512),
        (1 << 24, "max", 1024),
        (1 << 24, str(2 << 30), 256),
        (1 << 20, str(64 << 30), 512),
    ],
)
def test_its_buffers_are_an_eighth_of_the_memory_within_bounds(monkeypatch, tmp_path, pages, container, megabytes):
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": pages}.__getitem__)
    monkeypatch.setattr(postgres, "CONTAINER_MEMORY", tmp_path / "memory.max")
    (tmp_path / "memory.max").write_text(f"{container}\n")

    assert buffers_mb() == megabytes


def test_it_takes_those_buffers(folder):
    with Postgres(folder, durable=False):
        [(shown,)] = query(folder, "SELECT pg_size_bytes(current_setting('shared_buffers'))")

    assert shown == buffers_mb() << 20


def test_what_is_promised_to_be_durable_is(folder):
    with Postgres(folder):
        rows = query(folder, "SELECT current_setting('fsync'), current_setting('synchronous_commit')")

    assert rows == [("on", "on")]


def test_a_second_start_finds_what_the_first_one_wrote(folder):
    with Postgres(folder, durable=False):
        query(folder, "CREATE TABLE kept AS SELECT 7 AS n")

    with Postgres(folder, durable=False):
        rows = query(folder, "SELECT n FROM kept")

    assert rows == [(7,)]
    assert not running(folder)
    assert servers_on(folder) == []


def test_rows_survive_kill_9_of_the_server_and_it_starts_again(folder):
    with Postgres(folder) as postgres:
        query(folder, "CREATE TABLE kept AS SELECT 7 AS n")
        postgres.process.kill()
        wait_until(lambda: servers_on(folder) == [])

        postgres.launch()

        assert query(folder, "SELECT n FROM kept") == [(7,)]


def test_kill_9_of_whoever_started_it_leaves_no_process_and_the_next_start_works(folder):
    holder = hold_in_another_process(folder)

    holder.kill()
    holder.communicate()

    with Postgres(folder, durable=False) as postgres:
        assert servers_on(folder) == [postgres.process.pid]
    wait_until(lambda: servers_on(folder) == [])


def test_a_pid_file_that_names_some_other_process_does_not_stop_the_start(folder):
    with Postgres(folder, durable=False) as postgres:
        cluster = folder / "postgres"
        postgres.process.kill()
        wait_until(lambda: servers_on(folder) == [])
    bystander = subprocess.Popen(["/bin/sleep", "60"], preexec_fn=as_owner_of(cluster))
    pid_file = cluster / "postmaster.pid"
    pid_file.write_text("\n".join([str(bystander.pid), *pid_file.read_text().splitlines()[1:]]) + "\n")

    try:
        with Postgres(folder, durable=False):
            assert running(folder)
    finally:
        bystander.kill()
        bystander.wait()


def as_owner_of(path: Path):
    owner = path.stat()

    def become() -> None:
        if os.getuid() == 0:
            os.setgid(owner.st_gid)
            os.setuid(owner.st_uid)

    return become


@pytest.mark.parametrize("name", ["with a space and 'quotes'", "ü" * 60 + "/" + "long" * 40], ids=["space", "long"])
def test_any_path_will_do(folder, name):
    data_folder = folder / name

    with Postgres(data_folder, durable=False):
        assert query(data_folder, "SELECT 1") == [(1,)]


def test_two_installations_run_side_by_side(folder):
    one, other = folder / "one", folder / "other"

    with Postgres(one, durable=False), Postgres(other, durable=False):
        query(one, "CREATE TABLE here ()")

        with pytest.raises(psycopg.errors.UndefinedTable):
            query(other, "SELECT FROM here")


def test_a_second_process_attaches_and_leaves_the_server_running(folder):
    with Postgres(folder, durable=False) as first:
        with Postgres(folder, durable=False) as second:
            assert second.process is None

        assert running(folder)
        assert first.process.poll() is None


def test_several_that_start_at_once_share_one_server(folder):
    holders = [start_holder(folder) for _ in range(4)]

    greetings = [holder.stdout.readline() for holder in holders]

    assert greetings == ["started\n"] * 4
    assert len(servers_on(folder)) == 1
    for holder in holders:
        holder.stdin.write("\n")
        holder.stdin.flush()
    assert [holder.wait(30) for holder in holders] == [0] * 4
    assert servers_on(folder) == []


def test_a_command_that_started_it_waits_for_those_attached_before_it_stops_it(folder):
    holder = hold_in_another_process(folder)
    with Postgres(folder, durable=False):
        holder.stdin.write("\n")
        holder.stdin.flush()
        waiting = holder.stderr.readline()

        assert "waiting" in waiting
        assert running(folder)

    holder.communicate(timeout=30)
    assert not running(folder)


def test_who_must_own_the_server_waits_for_the_one_that_does(folder):
    holder = hold_in_another_process(folder)
    postgres = Postgres(folder, durable=False)
    assert postgres.in_use()
    end = threading.Thread(target=let_go, args=[holder])
    end.start()

    postgres.start(attach=False)

    assert postgres.process
    postgres.stop()
    end.join()


def test_a_socket_folder_of_somebody_else_is_refused(folder):
    sockets = socket_folder(folder)
    sockets.symlink_to(folder)

    with pytest.raises(PostgresError, match="belongs to somebody else"):
        Postgres(folder, durable=False).start()

    sockets.unlink()


def test_a_start_that_fails_says_what_the_server_said_and_lets_go(folder):
    with Postgres(folder, durable=False):
        pass
    (folder / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(PostgresError, match="no_such_setting"):
        Postgres(folder, durable=False).start()

    assert not Postgres(folder, durable=False).in_use()


@pytest.mark.skipif(os.getuid() != 0, reason="only root has a user that cannot follow it")
def test_as_root_below_a_folder_of_mode_0700_it_lives_where_its_user_can_reach(folder):
    data_folder = folder / "private" / "var"
    data_folder.mkdir(parents=True)
    data_folder.parent.chmod(0o700)

    with Postgres(data_folder, durable=False):
        query(data_folder, "CREATE TABLE kept AS SELECT 7 AS n")
    home = Path((data_folder / "location").read_text().strip())
    with Postgres(data_folder, durable=False):
        rows = query(data_folder, "SELECT n FROM kept")

    assert rows == [(7,)]
    assert home.parent == Path("/var/lib/filmgate")
    assert (home / "postgres" / "PG_VERSION").exists()
    assert not (data_folder / "postgres").exists()
    assert data_folder.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root has a user that cannot follow it")
def test_a_cluster_that_its_user_can_no_longer_reach_moves(folder):
    data_folder = folder / "var"
    with Postgres(data_folder, durable=False):
        query(data_folder, "CREATE TABLE kept AS SELECT 7 AS n")
    folder.chmod(0o700)

    with Postgres(data_folder, durable=False):
        rows = query(data_folder, "SELECT n FROM kept")

    assert rows == [(7,)]


@pytest.mark.skipif(os.getuid() != 0, reason="only root has a user that cannot follow it")
def test_programs_its_user_cannot_reach_are_copied(folder, monkeypatch):
    private = folder / "private"
    private.mkdir(mode=0o700)
    package = programs().parent.parent
    for each in (package, package.with_name(f"{package.name}.libs")):
        (private / each.name).symlink_to(each)
    monkeypatch.syspath_prepend(private)
    data_folder = folder / "var"

    with Postgres(data_folder, durable=False) as postgres:
        assert str(postgres.process.args[0]).startswith("/var/lib/filmgate/")
        assert query(data_folder, "SELECT 1") == [(1,)]


@pytest.mark.skipif(os.getuid() != 0, reason="everything else here runs as that other user")
def test_a_user_without_rights_can_run_it(folder):
    python = Path(f"/usr/bin/python3.{sys.version_info.minor}")
    if not python.exists():
        pytest.skip(f"{python} is not there, and nobody may run no other")
    if not all(each.stat().st_mode & stat.S_IXOTH for each in [ROOT, *ROOT.parents]):
        pytest.skip("nobody may enter this checkout")
    os.chown(folder, 65534, 65534)
    script = HOLDER.replace("sys.stdin.readline()", "import os; print(os.getuid())")

    ran = subprocess.run(
        [python, "-c", script, folder],
        cwd=ROOT,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        user="nobody",
        group=65534,
        extra_groups=[],
        capture_output=True,
        text=True,
    )

    assert (ran.stdout, ran.stderr) == ("started\n65534\n", "")
    assert (folder / "postgres").stat().st_uid == 65534


def test_settings_start_nothing(folder):
    place = settings_for(folder)

    assert place == {"NAME": "filmgate", "USER": "filmgate", "HOST": str(socket_folder(folder)), "PORT": "5432"}
    assert len(f"{place['HOST']}/.s.PGSQL.5432") < 107
    assert list(folder.iterdir()) == []
    assert not running(folder)
