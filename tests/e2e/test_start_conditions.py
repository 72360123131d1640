"""What a process finds at its start, and what is taken from it: descriptors, limits, signals, temporary files."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess

import pytest

import loteria

DESCRIPTORS = {"closed in": "<&-", "closed out": ">&-", "closed err": "2>&-", "closed all": "<&- >&- 2>&-"}
IGNORED = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2]


def shell(command, *arguments):
    """What runs a program with its descriptors closed, say."""
    return ["bash", "-c", f'exec "$@" {command}', "bash", *arguments]


@pytest.mark.parametrize("how", DESCRIPTORS)
def test_closed_descriptors_do_not_become_the_day_s_files(start, tmp_path, how):
    port, data = loteria.free_port(), tmp_path / "data"
    bets = loteria.make_bets(tmp_path / "agency-1.csv", 1, 50, winners=(7,))
    before = bets.read_bytes()
    central = start("loteria-central", "--workers", 1, "--agencies", 1, "--data-dir", data, "--port", port,
                    "--log-bets", "--log-level", "DEBUG", wrapper=shell(DESCRIPTORS[how]))
    agency = start("loteria-agency", "--id", 1, "--bets", bets, "--server", f"127.0.0.1:{port}", "--log-bets",
                   wrapper=shell(DESCRIPTORS[how]))
    assert agency.wait() == 0
    assert central.stop() == 0
    assert bets.read_bytes() == before
    assert loteria.stored_by_agency(data)[1] == loteria.rows_of(bets)
    checked = subprocess.run([loteria.program("loteria-storage"), "--check", data], capture_output=True, text=True,
                             env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)
    assert checked.returncode == 0, checked.stderr


def test_keys_are_written_whole_with_all_descriptors_closed(tmp_path):
    for arguments in (["new", "--agencies", "2"], ["enroll", "3"], ["list"]):
        subprocess.run(shell("<&- >&- 2>&-", loteria.program("loteria-keys"), *arguments, "--keys", tmp_path / "keys"),
                       check=True, env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)
    for path in (tmp_path / "keys").rglob("*"):
        assert path.is_dir() or b"enrolled" not in path.read_bytes(), path
    listed = subprocess.run([loteria.program("loteria-keys"), "list", "--keys", tmp_path / "keys"], check=True,
                            capture_output=True, env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)
    assert listed.stdout.count(b"\n") == 3


@pytest.mark.parametrize("number", IGNORED, ids=lambda number: number.name)
def test_a_signal_that_nobody_needs_ends_nobody(central, tmp_path, number):
    files = {1: loteria.make_bets(tmp_path / "agency-1.csv", 1, 100, winners=(7,))}
    day = central(workers=1, agencies=1)
    day.process.wait_for_log("action: worker_alta")
    for pid in [day.process.pid, *day.children()]:
        os.kill(pid, number)
    loteria.assert_day_ends(day, files, day.sell(files))
    assert "action: proceso" not in day.log


def commands(tmp_path):
    """A start of each program, with everything that it needs."""
    (tmp_path / "data").mkdir()
    place = lambda: f"tcp://127.0.0.1:{loteria.free_port()}"  # noqa: E731
    bets = loteria.make_bets(tmp_path / "agency-1.csv", 1, 5)
    return {
        "loteria-central": ["--workers", 1, "--data-dir", tmp_path / "day", "--listen", place()],
        "loteria-storage": ["--data-dir", tmp_path / "data", "--listen", place()],
        "loteria-state": ["--listen", place(), "--storage", place()],
        "loteria-broker": ["--listen", place(), "--workers", place()],
        "loteria-worker": ["--broker", place(), "--storage", place(), "--state", place()],
        "loteria-agency": ["--id", 1, "--bets", bets, "--server", place()],
        "loteria-ctl": ["ping", place()],
    }


@pytest.mark.parametrize("name", ["loteria-central", "loteria-storage", "loteria-state", "loteria-broker",
                                  "loteria-worker", "loteria-agency", "loteria-ctl"])
def test_too_few_descriptors_are_said_and_nothing_aborts(tmp_path, name):
    arguments = [loteria.program(name), *map(str, commands(tmp_path)[name])]
    for limit in range(4, 40, 3):
        result = subprocess.run(["prlimit", f"--nofile={limit}:{limit}", *arguments], capture_output=True, text=True,
                                env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)
        assert result.returncode in (1, 2), (limit, result)
        last = loteria.parse_log(result.stderr)[-1]
        assert last["result"] == "fail" and "descriptor" in str(last) or "Too many open files" in str(last), result


def test_the_soft_limit_is_raised_and_one_too_low_for_the_roll_is_said(start, tmp_path):
    """Of the two lines that central could write only that of the larger roll is there."""
    for agencies, expected in ((5, 0), (2000, 1)):
        process = start("loteria-central", "--workers", 1, "--agencies", agencies, "--data-dir", tmp_path / f"{agencies}",
                        "--listen", f"tcp://127.0.0.1:{loteria.free_port()}", wrapper=["prlimit", "--nofile=64:500"])
        process.wait_for_log("action: worker_alta")
        for pid in [process.pid, *loteria.children_of(process.pid)]:
            assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (500, 500)
        assert process.stop() == 0
        assert process.log.count("wanted: 2041") == expected, process.log


def test_at_the_limit_newcomers_are_turned_away_and_the_others_served(start, tmp_path):
    """They are not left waiting, which would have the broker turn in circles; and there is a line."""
    port = loteria.free_port()
    broker = start("loteria-broker", "--listen", f"tcp://127.0.0.1:{port}", "--workers",
                   f"tcp://127.0.0.1:{loteria.free_port()}", wrapper=["prlimit", "--nofile=70:70"])
    broker.wait_for_log("action: broker")
    with contextlib.ExitStack() as stack:
        inside, outside = [], 0
        while outside < 5:  # a greeting, or the end: each hears something
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=loteria.DEADLINE))
            try:
                heard = connection.recv(1)
            except ConnectionError:
                heard = b""
            if heard:
                inside.append(connection)
            else:
                outside += 1
        assert inside
        broker.wait_for_log(r"descriptors: 70 \| turned_away: \d+")
    ping = start("loteria-ctl", "ping", f"tcp://127.0.0.1:{port}", "--timeout", "30s")
    assert ping.wait() == 0, ping.log
    assert broker.stop() == 0


def test_sockets_are_where_tmpdir_says_and_come_back_when_they_are_removed(central, start, tmp_path):
    files = {1: loteria.make_bets(tmp_path / "agency-1.csv", 1, 100, winners=(7,))}
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    day = central(workers=1, agencies=1, environment={"TMPDIR": str(temporary)})
    day.process.wait_for_log("action: worker_alta")
    run_directory = day.run_directory()
    assert run_directory.parent == temporary
    shutil.rmtree(run_directory)
    for name in ("storage", "state", "broker"):
        day.process.wait_for_log(f"was removed .*{name} is restarted")
    asked = start("loteria-ctl", "--timeout", "60s", "draw", "list", "--data-dir", day.data)
    assert asked.wait() == 0, asked.log
    loteria.assert_day_ends(day, files, day.sell(files))
    assert day.stop() == 0
    assert not list(temporary.iterdir())


def test_a_tmpdir_that_is_too_long_is_said(start, tmp_path):
    process = start("loteria-central", "--data-dir", tmp_path / "data", environment={"TMPDIR": "/" + "x" * 100})
    assert process.wait() == 2
    assert "TMPDIR is 101 bytes long" in process.log


def test_what_dead_centrals_left_is_removed_and_nothing_else(start, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    (temporary / "loteria-abcdef").mkdir()  # without a lock: nothing is proved
    (temporary / "loteria-old").write_text("no directory")

    def begin(name):
        process = start("loteria-central", "--workers", 1, "--data-dir", tmp_path / name, "--listen",
                        f"tcp://127.0.0.1:{loteria.free_port()}", environment={"TMPDIR": str(temporary)})
        process.wait_for_log("action: worker_alta")
        return process, next(path for path in temporary.iterdir() if path not in known)

    known = set(temporary.iterdir())
    living, of_living = begin("1")
    known.add(of_living)
    dead, of_dead = begin("2")
    known.add(of_dead)
    children = loteria.children_of(dead.pid)
    dead.kill()
    loteria.wait_until(lambda: not any(map(loteria.runs, children)), explain=lambda: "children outlive the central")
    assert of_dead.is_dir()
    third, of_third = begin("3")
    assert set(temporary.iterdir()) == known - {of_dead} | {of_third}
    assert "left by a central that died" in third.log
    assert living.stop() == third.stop() == 0
    assert {path.name for path in temporary.iterdir()} == {"loteria-abcdef", "loteria-old"}
