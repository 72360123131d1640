"""A start that fails: why is said once, last, with a status that is not 0, and nothing is said to go well after it."""

import socket
import subprocess

import pytest

import loteria

SERVERS = ["loteria-central", "loteria-broker", "loteria-storage", "loteria-state", "loteria-worker", "loteria-web"]
PROGRAMS = [*SERVERS, "loteria-agency", "loteria-ctl", "loteria-keys", "make-bets"]


def assert_fails(process, *said):
    """Its last line has the reason, which is nowhere else."""
    assert process.wait() in (1, 2), process.log
    assert process.stdout == ""
    lines = process.log.splitlines()
    assert all(text in lines[-1] for text in said), process.log
    if " action: " in lines[-1]:
        last = loteria.parse_log(lines[-1])[0]
        assert last["result"] == "fail" and last["level"] in ("CRITICAL", "ERROR"), process.log
        assert "reason" in list(last)[-2:], f"something is said after the reason: {last}"  # but which process it is
    ends = [line for line in lines if "result: fail" in line]
    assert ends in ([], [lines[-1]]), process.log
    return lines


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_wrong_flag_is_one_line(start, program):
    process = start(program, "--nonsense")
    lines = assert_fails(process, f"{program}: ", "--nonsense")
    assert len(lines) == 1 and process.popen.returncode == 2


@pytest.mark.parametrize("program", [name for name in PROGRAMS if name != "make-bets"])
def test_a_wrong_file_of_settings_is_one_line(start, tmp_path, program):
    (tmp_path / "wrong.cfg").write_text("nonsense\n    a = b\n")
    for name, said in (("wrong.cfg", "nonsense"), ("missing.cfg", "No such file")):
        process = start(program, "--config", tmp_path / name)
        assert len(assert_fails(process, name, said)) == 1
        assert process.popen.returncode == 2


def elsewhere(tmp_path):
    """Flags with which each listens and looks where nobody else is."""
    (tmp_path / "data").mkdir()
    place = f"tcp://127.0.0.1:{loteria.free_port()}"
    return {"loteria-central": ["--data-dir", tmp_path / "day"], "loteria-broker": ["--workers", place],
            "loteria-storage": ["--data-dir", tmp_path / "data"], "loteria-web": ["--data-dir", tmp_path / "data"]}


@pytest.mark.parametrize("program", SERVERS)
def test_a_port_that_is_taken_is_the_last_line(start, tmp_path, program):
    with socket.create_server(("127.0.0.1", loteria.free_port())) as somebody:
        taken = f"127.0.0.1:{somebody.getsockname()[1]}"
        listen = taken if program == "loteria-web" else f"tcp://{taken}"
        process = start(program, "--listen", listen, *elsewhere(tmp_path).get(program, []))
        lines = assert_fails(process, "action: listen", f"endpoint: tcp://{taken}", "reason: Address already in use")
        assert lines[-1].endswith(" | process: broker") == (program == "loteria-central")
        assert process.popen.returncode == 2


@pytest.mark.parametrize("program", [*SERVERS[:-1], "group", "loteria-agency"])
def test_keys_that_are_not_there_are_the_last_line(start, tmp_path, program):
    bets = loteria.make_bets(tmp_path / "bets.csv", 1, 5)
    more = {"group": ["--count", 3], "loteria-agency": ["--id", 1, "--bets", bets],
            "loteria-central": ["--data-dir", tmp_path / "day", "--port", loteria.free_port()],
            }.get(program) or elsewhere(tmp_path).get(program, [])  # fmt: skip
    process = start(program.replace("group", "loteria-worker"), "--keys", tmp_path / "nowhere", *more)
    assert_fails(process, "action: keys", f"{tmp_path}/nowhere", "secret.key: No such file")
    assert process.popen.returncode == 2


@pytest.mark.parametrize("program", ["loteria-central", "loteria-storage"])
@pytest.mark.parametrize("what, said", [("a file", "Not a directory"), ("foreign", "not there, though other files"),
                                        ("nowhere", "No such file or directory")])  # fmt: skip
def test_a_data_directory_that_will_not_do_is_the_last_line(start, tmp_path, program, what, said):
    directory = tmp_path / "data"
    if what == "a file":
        directory.touch()
    if what == "foreign":
        directory.mkdir()
        (directory / "bets.log").write_bytes(b"something else " * 10)
    if what == "nowhere":
        directory = directory / "in" / "between"
    port = ("--port", loteria.free_port()) if program == "loteria-central" else ()
    process = start(program, "--data-dir", directory, *port)
    assert_fails(process, f"reason: {directory}", said)
    assert "journal" not in process.log  # which a day does not have any more


def test_other_terms_than_the_day_s_are_the_last_line(central, start, tmp_path):
    """State finds out, when all the others are at work already."""
    day = central(workers=1, agencies=1)
    day.process.wait_for_log(r"action: estado \| result: success")  # the draw is open
    assert day.stop() == 0
    again = start("loteria-central", "--agencies", 2, "--data-dir", day.data, "--port", loteria.free_port())
    assert_fails(again, "action: estado", "has 1 agencies, not 2")
    assert "shutdown" not in again.log


def test_a_program_that_is_not_there_is_one_line(tmp_path):
    central = tmp_path / "loteria-central"
    central.write_bytes(open(loteria.program("loteria-central"), "rb").read())
    central.chmod(0o755)
    done = subprocess.run([central, "--data-dir", tmp_path / "data", "--port", str(loteria.free_port())], text=True,
                          capture_output=True, env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)
    assert done.returncode == 2
    (line,) = loteria.parse_log(done.stderr)
    assert line["action"] == "start" and line["reason"].startswith("No such file")
