"""loteria-central itself: its own socket, where the sockets are, and what it tells systemd."""

import contextlib
import http.client
import os
import pathlib
import shutil
import signal
import socket

import pytest

import loteria
import wire

METRICS, LINES = 0, 1  # what STATUS asks for
PART = "loteria-worker"


def ping(start, directory):
    return start("loteria-ctl", "ping", f"ipc://{directory}/central", "--timeout", "30s")


def assert_answers(start, directory):
    asked = ping(start, directory)
    assert asked.wait() == 0, asked.log
    assert asked.stdout == "loteria-central\n"


def test_it_answers_at_its_own_socket_also_when_that_was_removed(central, start):
    day = central(workers=1, agencies=1)
    day.process.wait_for_log("action: worker_alta")
    directory = day.run_directory()
    assert_answers(start, directory)
    (directory / "central").unlink()
    loteria.wait_until((directory / "central").exists, explain=lambda: f"it stays away:\n{day.log}")
    assert_answers(start, directory)
    assert day.stop() == 0
    assert not directory.exists()


def report(client, subject):
    """The whole of it, page by page."""
    text, start = "", 0
    while True:
        answer = client.ask(wire.simple("STATUS", 0, subject, start))
        assert (answer.name, answer.subject) == ("REPORT", subject), answer
        text, start = text + answer.text.decode(), answer.next
        if not answer.more:
            return text


def test_workers_come_and_go_while_agencies_sell(central, tmp_path):
    files = {1: loteria.make_bets(tmp_path / "agency-1.csv", 1, 3000, winners=(7, 2999))}
    day = central(workers=1, agencies=1)
    day.process.wait_for_log("action: worker_alta")
    agencies = day.sell(files, "--batch-count", 20, "--patience", 0)
    with wire.Client(f"ipc://{day.run_directory()}/central") as client:
        def scale(workers):
            return client.ask(wire.simple("SCALE", 0, workers))

        assert scale(0).workers == 1
        assert scale(3).workers == 3
        day.process.wait_for_log("action: worker_alta", count=3)
        oldest = day.pids(PART)[0]
        assert scale(1).workers == 1
        loteria.wait_until(lambda: day.pids(PART) == [oldest], explain=lambda: f"{day.pids(PART)} run:\n{day.log}")
        assert scale(8193).code == "RANGE"
        assert scale(0).workers == 1
        assert "loteria_workers_wanted 1\n" in report(client, METRICS)
    loteria.assert_day_ends(day, files, agencies)
    assert "action: proceso" not in day.log  # those who went did so in order
    assert [line["workers"] for line in loteria.parse_log(day.log) if "an operator's order" in str(line)] == ["3", "1"]


def test_it_says_who_runs_and_what_was_restarted(central):
    day = central(workers=2, agencies=1)
    day.process.wait_for_log("action: worker_alta", count=2)
    os.kill(day.pid("loteria-broker"), signal.SIGKILL)
    day.process.wait_for_log("action: worker_alta", count=4)
    with wire.Client(f"ipc://{day.run_directory()}/central") as client:
        metrics = report(client, METRICS)
        for name in ("storage", "state", "broker", "worker"):
            assert f'loteria_process_restarts_total{{process="{name}"}} {name == "broker":d}\n' in metrics
            for pid in day.pids(f"loteria-{name}"):
                assert f'loteria_process_up{{process="{name}",pid="{pid}"}} 1\n' in metrics
        assert "name: broker | ended: signal 9" in report(client, LINES)


def descriptors(pid):
    """What a process has open, but for what anybody has: {what it leads to}."""
    found = set()
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(entry))
    return found


def test_what_the_central_has_open_is_not_its_parts(central):
    """Not even of one that is started when it has its sockets: but its output, the lock that says it lives, and the socket
    for a part's last words."""
    day = central(workers=1, agencies=1)
    day.process.wait_for_log("action: worker_alta")
    os.kill(day.pid(PART), signal.SIGKILL)
    day.process.wait_for_log("action: worker_alta", count=2)
    shared = {name for name in descriptors(day.process.pid) & descriptors(day.pid(PART))
              if not name.startswith(("/dev/null", "anon_inode:"))}
    output = {day.process.stdout_path, day.process.stderr_path}
    sockets = {name for name in shared if name.startswith("socket:")}
    assert shared - sockets == output | {str(day.run_directory() / "lock")}
    assert len(sockets) == 1


def test_the_sockets_are_right_where_run_dir_says(central, start, tmp_path):
    directory = tmp_path / "sockets"
    day = central(workers=1, agencies=1, arguments=("--run-dir", directory))
    day.process.wait_for_log("action: worker_alta")
    assert {path.name for path in directory.iterdir()} == {"lock", "central", "storage", "state", "workers"}
    assert os.readlink(day.data / "run") == str(directory)
    assert_answers(start, directory)
    listed = start("loteria-ctl", "draw", "list", "--data-dir", day.data)
    assert listed.wait() == 0, listed.log
    shutil.rmtree(directory)  # it comes back, too
    for name in ("storage", "state", "broker"):
        day.process.wait_for_log(f"was removed .*{name} is restarted")
    loteria.wait_until((directory / "central").exists)
    assert_answers(start, directory)

    other = start("loteria-central", "--run-dir", directory, "--data-dir", tmp_path / "other", "--port",
                  loteria.free_port())  # fmt: skip
    assert other.wait() == 2
    assert loteria.parse_log(other.log)[-1]["reason"] == f"{directory}: another central is using it"
    day.kill()  # the directory is what kill () removes
    directory.mkdir(mode=0o700)
    day.start()
    day.process.wait_for_log("action: worker_alta")
    assert day.stop() == 0
    assert directory.is_dir() and not list(directory.iterdir())


def test_systemd_s_directory_is_taken_unless_another_is_given(start, tmp_path):
    for name in ("theirs", "ours"):
        (tmp_path / name).mkdir(mode=0o750)
    for given, expected in ((None, "theirs"), (tmp_path / "ours", "ours")):
        process = start("loteria-central", "--workers", 1, "--data-dir", tmp_path / "data", "--port", loteria.free_port(),
                        *(("--run-dir", given) if given else ()),
                        environment={"RUNTIME_DIRECTORY": f"{tmp_path}/theirs:{tmp_path}/more"})  # fmt: skip
        process.wait_for_log("action: worker_alta")
        assert (tmp_path / expected / "central").exists()
        assert process.stop() == 0


@pytest.mark.parametrize("what", ["others write", "a file", "too long", "no parent"])
def test_a_run_dir_that_will_not_do_is_said_in_one_line(start, tmp_path, what):
    directory = {"too long": "/" + "x" * 100, "no parent": tmp_path / "no/where"}.get(what, tmp_path / "run")
    if what == "others write":
        directory.mkdir()
        directory.chmod(0o777)
    if what == "a file":
        directory.touch()
    process = start("loteria-central", "--data-dir", tmp_path / "data", "--run-dir", directory, "--port",
                    loteria.free_port())  # fmt: skip
    assert process.wait() == 2
    line, = loteria.parse_log(process.log)
    assert line["level"] == "CRITICAL" and line["result"] == "fail"


@contextlib.contextmanager
def service_manager(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(loteria.DEADLINE)
        yield manager


def hear(manager, wanted, unwanted=()):
    """What is said up to a datagram with this line in it."""
    said = []
    while wanted not in said:
        said += manager.recv(4096).decode().split("\n")
        assert not set(unwanted) & set(said), said
    return said


def test_systemd_hears_that_it_is_ready_once_a_worker_is_there_and_not_before(start, tmp_path):
    for name in ("central", "broker", "state", "storage"):
        shutil.copy(loteria.program(f"loteria-{name}"), tmp_path)
    worker = tmp_path / "loteria-worker"
    worker.write_text('#!/bin/sh\n[ "$1" = --check-config ] || exec sleep 1000\n')
    worker.chmod(0o755)
    with service_manager(tmp_path / "notify") as manager:
        process = start(tmp_path / "loteria-central", "--workers", 1, "--data-dir", tmp_path / "data",
                                  "--port", loteria.free_port(), environment={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        hear(manager, "STATUS=waits for a worker to join the broker", unwanted=["READY=1"])
        real = tmp_path / "real"
        shutil.copy(loteria.program("loteria-worker"), real)
        real.rename(worker)
        (idle,) = [pid for pid in loteria.children_of(process.pid) if loteria.command_of(pid) == "sleep"]
        os.kill(idle, signal.SIGTERM)
        assert "READY=1" in hear(manager, "STATUS=ready, with 1 worker")
        assert "worker_alta" in process.log
        process.signal(signal.SIGTERM)
        hear(manager, "STOPPING=1", unwanted=["READY=1"])
        assert process.wait() == 0, process.log


def test_systemd_hears_that_the_loop_goes_round_and_the_parts_tell_it_nothing(central, tmp_path):
    with service_manager(tmp_path / "notify") as manager:
        day = central(workers=1, agencies=1, environment={
            "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"})
        for _ in range(3):
            hear(manager, "WATCHDOG=1")
        environment = pathlib.Path(f"/proc/{day.pid(PART)}/environ").read_bytes()
        assert b"NOTIFY_SOCKET" not in environment and b"WATCHDOG" not in environment
        assert day.stop() == 0


def test_each_part_tells_systemd_when_it_works_and_that_it_does_not_hang(start, tmp_path):
    """Storage, and state with it; the broker and a worker alone: others are waited for later."""
    (tmp_path / "data").mkdir()
    place = {name: f"ipc://{tmp_path}/{name}" for name in ("storage", "state", "workers")}
    commands = {
        "storage": ["--data-dir", tmp_path / "data", "--listen", place["storage"], "--broker", place["workers"]],
        "state": ["--listen", place["state"], "--storage", place["storage"], "--broker", place["workers"]],
        "broker": ["--port", loteria.free_port(), "--workers", place["workers"]],
        "worker": ["--broker", place["workers"], "--storage", place["storage"], "--state", place["state"]],
    }
    for name, arguments in commands.items():
        with service_manager(tmp_path / f"of-{name}") as manager:
            process = start(f"loteria-{name}", *arguments, environment={
                "NOTIFY_SOCKET": str(tmp_path / f"of-{name}"), "WATCHDOG_USEC": "200000"})
            assert hear(manager, "READY=1") and hear(manager, "WATCHDOG=1")
            if name not in ("storage", "state"):
                assert process.stop() == 0


def get(port, path):
    """The status of a page; None when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=loteria.DEADLINE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def test_the_page_is_a_part_of_it(central):
    port = loteria.free_port()
    day = central(workers=1, agencies=1, arguments=("--web", f"127.0.0.1:{port}"))
    loteria.wait_until(lambda: get(port, "/healthz") == 200, explain=lambda: f"no page:\n{day.log}")
    (page,) = day.pids("loteria-web")
    os.kill(page, signal.SIGKILL)
    day.process.wait_for_log("name: web .* ended: signal 9")
    loteria.wait_until(lambda: get(port, "/healthz") == 200, explain=lambda: f"no page any more:\n{day.log}")
    assert day.stop() == 0
    assert not loteria.runs(page)


def test_a_page_that_cannot_be_is_said_once_and_nothing_else_ends(central, start, tmp_path):
    """Its port is somebody else's; its program is not installed."""
    with socket.create_server(("127.0.0.1", loteria.free_port())) as somebody:
        taken = f"127.0.0.1:{somebody.getsockname()[1]}"
        day = central(workers=1, agencies=1, arguments=("--web", taken))
        day.process.wait_for_log(f"fail .* endpoint: tcp://{taken} .* consequence: all else goes on without web")
        assert day.stop() == 0
    assert len([line for line in loteria.parse_log(day.log) if line["result"] == "fail"]) == 1, day.log

    for name in ("central", "broker", "state", "storage", "worker"):
        shutil.copy(loteria.program(f"loteria-{name}"), tmp_path)
    process = start(tmp_path / "loteria-central", "--data-dir", tmp_path / "other", "--port",
                              loteria.free_port(), "--web", "127.0.0.1:8080")  # fmt: skip
    process.wait_for_log("action: worker_alta")
    process.wait_for_log(f"program: {tmp_path}/loteria-web .* reason: No such file .* goes on without web")
    assert process.stop() == 0


@pytest.mark.parametrize("address, said", [("8080", "--web 8080"), ("0.0.0.0:8080", "--token-file")])
def test_a_page_in_a_wrong_place_ends_the_start(start, tmp_path, address, said):
    process = start("loteria-central", "--data-dir", tmp_path / "data", "--port", loteria.free_port(), "--web", address)
    assert process.wait() == 2
    (line,) = process.log.splitlines()
    assert said in line
