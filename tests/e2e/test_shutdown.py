"""How processes end: told to, or because they cannot begin; and what they leave behind."""

import os
import signal
import socket

import pytest

import loteria

SIGNALS = [signal.SIGTERM, signal.SIGINT]
BY_NAME = {"ids": lambda value: value.name if isinstance(value, signal.Signals) else value}
SERVERS = ["loteria-storage", "loteria-state", "loteria-broker"]

# What each says when it is at work, and what it then closes.
IDLE = {
    "loteria-storage": ("action: almacenamiento", ["sockets", "bets.log"]),
    "loteria-state": ("action: estado", ["sockets"]),
    "loteria-broker": ("action: broker", ["sockets"]),
    "loteria-worker": ("action: worker ", ["sockets"]),
    "loteria-agency": ("action: config", ["socket", "file"]),
}


WHOSE = ("draw", "agency", "process")  # in every line, where it is known


def lines_of_shutdown(log):
    return [{key: value for key, value in entry.items() if key not in WHOSE}
            for entry in loteria.parse_log(log) if entry["action"] == "shutdown"]


def closed_in(log):
    return [entry["closed"] for entry in lines_of_shutdown(log) if "closed" in entry]


def assert_shut_down(log, closed):
    """In progress; a line for each thing closed; and success as the very last line of all."""
    first, *middle, last = lines_of_shutdown(log)
    assert (first["result"], len(first)) == ("in_progress", 3), log
    assert [(entry["result"], entry.get("closed")) for entry in middle] == [("success", what) for what in closed], log
    assert (last["result"], len(last)) == ("success", 3), log
    assert loteria.parse_log(log)[-1]["action"] == "shutdown", log


def nobody_to_work_with():
    return [word for name in ("broker", "storage", "state")
            for word in (f"--{name}", f"tcp://127.0.0.1:{loteria.free_port()}")]


@pytest.fixture
def idle(start, tmp_path):
    """idle(NAME): that program at work, with nobody else there."""
    def starter(name):
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        nobody = f"tcp://127.0.0.1:{loteria.free_port()}"
        bets = loteria.make_bets(tmp_path / "agency-1.csv", 1, 100)
        listen = f"tcp://127.0.0.1:{loteria.free_port()}"
        arguments = {"loteria-storage": ("--data-dir", data, "--listen", listen),
                     "loteria-state": ("--listen", listen, "--storage", nobody),
                     "loteria-broker": ("--listen", listen, "--workers", f"tcp://127.0.0.1:{loteria.free_port()}"),
                     "loteria-worker": nobody_to_work_with(),
                     "loteria-agency": ("--id", 1, "--bets", bets, "--server", nobody.removeprefix("tcp://"))}
        process = start(name, *arguments[name])
        process.wait_for_log(IDLE[name][0])
        return process
    return starter


@pytest.mark.parametrize("name", IDLE)
@pytest.mark.parametrize("number", SIGNALS, **BY_NAME)
def test_a_signal_ends_an_idle_process(idle, name, number):
    process = idle(name)
    process.signal(number)
    # an agency that sold nothing yet has something left to do
    assert process.wait() == (1 if name == "loteria-agency" else 0)
    assert_shut_down(process.log, IDLE[name][1])


@pytest.mark.parametrize("number", SIGNALS, **BY_NAME)
def test_a_signal_ends_a_group_of_workers(start, number):
    group = start("loteria-worker", *nobody_to_work_with(), "--count", 3)
    group.wait_for_log("action: worker ", count=3)
    workers = loteria.children_of(group.pid)
    assert len(workers) == 3
    group.signal(number)
    assert group.wait() == 0
    assert not any(map(loteria.runs, workers))
    assert [entry.get("closed") for entry in lines_of_shutdown(group.log)].count("worker") == 3
    assert loteria.parse_log(group.log)[-1] == {"level": "INFO", "action": "shutdown", "result": "success", "process": "worker"}


@pytest.mark.parametrize("number", SIGNALS, **BY_NAME)
def test_a_signal_ends_the_central_with_all_its_children(central, number):
    day = central(workers=3)
    day.process.wait_for_log("action: worker_alta", count=3)
    children, run_directory = day.children(), day.run_directory()
    assert len(children) == 6 and run_directory.is_dir()
    day.process.signal(number)
    assert day.process.wait() == 0
    assert not any(map(loteria.runs, children))
    assert not run_directory.exists()
    programs = {"worker", "broker", "state", "storage"}
    closed = [entry["closed"] for entry in lines_of_shutdown(day.log) if entry.get("closed") in programs]
    assert closed == ["worker", "worker", "worker", "broker", "state", "storage"]
    assert loteria.parse_log(day.log)[-1] == {"level": "INFO", "action": "shutdown", "result": "success", "process": "central"}


def test_ctrl_c_ends_the_central_in_order(start, tmp_path):
    """A terminal sends SIGINT to central and its parts alike; each is still told when it is its turn."""
    central = start("loteria-central", "--workers", 2, "--data-dir", tmp_path / "data",
                    "--listen", f"tcp://127.0.0.1:{loteria.free_port()}", wrapper=["setsid"])
    central.wait_for_log("action: worker_alta", count=2)
    children = loteria.children_of(central.pid)
    os.killpg(central.pid, signal.SIGINT)
    assert central.wait() == 0
    assert not any(map(loteria.runs, children))
    closed = closed_in(central.log)
    workers, others = closed[:4], closed[4:]
    assert sorted(workers) == ["sockets", "sockets", "worker", "worker"], central.log
    assert others == [*IDLE["loteria-broker"][1], "broker", *IDLE["loteria-state"][1], "state",
                      *IDLE["loteria-storage"][1], "storage"], central.log


def test_ctrl_c_ends_a_group_of_workers(start):
    group = start("loteria-worker", *nobody_to_work_with(), "--count", 3,
                  wrapper=["setsid"])
    group.wait_for_log("action: worker ", count=3)
    os.killpg(group.pid, signal.SIGINT)
    assert group.wait() == 0
    assert sorted(closed_in(group.log)) == ["sockets"] * 3 + ["worker"] * 3, group.log


def test_a_signal_ends_an_agency_that_waits_for_the_draw(central, tmp_path):
    day = central(agencies=2)
    agency = day.agency(1, loteria.make_bets(tmp_path / "agency-1.csv", 1, 100))
    agency.wait_for_log("action: espera_sorteo")
    assert agency.stop() == 0
    assert agency.stdout == ""
    assert_shut_down(agency.log, IDLE["loteria-agency"][1])


@pytest.mark.parametrize("name", IDLE)
def test_a_second_signal_ends_a_process_at_once(idle, name):
    """Both wait for it while it is stopped, so that the second is there when it takes the first."""
    process = idle(name)
    for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
        process.signal(number)
    assert process.wait() == -signal.SIGTERM
    assert "action: shutdown | result: success" not in process.log


def test_a_second_signal_ends_a_central_that_waits_for_a_child(central):
    day = central(workers=1)
    day.process.wait_for_log("action: worker_alta")
    children, run_directory = day.children(), day.run_directory()
    for name in ("loteria-worker", "loteria-storage"):
        os.kill(day.pid(name), signal.SIGSTOP)
    day.process.signal(signal.SIGTERM)
    day.process.wait_for_log(r"action: shutdown \| result: in_progress")
    day.process.signal(signal.SIGTERM)
    assert day.process.wait() == -signal.SIGTERM
    assert not any(map(loteria.runs, children)), "nobody is left who has the day's files"
    assert not run_directory.exists()


def test_a_child_that_hangs_is_killed(central):
    day = central(workers=2)
    day.process.wait_for_log("action: worker_alta", count=2)
    children, run_directory = day.children(), day.run_directory()
    os.kill(day.pid("loteria-worker"), signal.SIGSTOP)
    assert day.stop() == 0
    assert day.log.count("closed: worker (killed)") == 1
    assert not any(map(loteria.runs, children))
    assert not run_directory.exists()


def test_a_second_owner_of_the_data_is_turned_away(central, start, tmp_path):
    files = {1: loteria.make_bets(tmp_path / "agency-1.csv", 1, 100, winners=(7,))}
    day = central(agencies=1)
    day.process.wait_for_log("action: worker_alta", count=2)
    second = start("loteria-storage", "--data-dir", day.data, "--listen", f"tcp://127.0.0.1:{loteria.free_port()}")
    assert second.wait() == 2
    waits, entry = loteria.parse_log(second.log)
    assert waits["result"] == "in_progress" and entry["result"] == "fail"
    assert waits["reason"] == entry["reason"] == f"{day.data}/bets.log: another process is using it"
    loteria.assert_day_ends(day, files, day.sell(files))
    assert "action: proceso" not in day.log


def test_a_second_central_gives_up(central, tmp_path):
    files = {1: loteria.make_bets(tmp_path / "agency-1.csv", 1, 100, winners=(7,))}
    first = central(agencies=1)
    first.process.wait_for_log("action: worker_alta", count=2)
    second = central(agencies=1)
    assert second.process.wait() == 2
    waits, entry = loteria.parse_log(second.process.log)
    assert waits["result"] == "in_progress" and (entry["result"], entry["level"]) == ("fail", "CRITICAL")
    assert waits["reason"] == entry["reason"] == f"{first.data}/bets.log: another process is using it"
    loteria.assert_day_ends(first, files, first.sell(files))


@pytest.fixture
def taken():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", loteria.free_port()))
        listener.listen()
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("name", SERVERS)
def test_a_port_that_is_taken(start, taken, tmp_path, name):
    data = ("--data-dir", tmp_path) if name == "loteria-storage" else ()
    process = start(name, "--listen", taken, *data, environment={
        "LOTERIA_WORKERS_LISTEN": f"tcp://127.0.0.1:{loteria.free_port()}"})
    assert process.wait() == 2
    entry = loteria.parse_log(process.log)[-1]
    assert (entry["action"], entry["result"], entry["endpoint"]) == ("listen", "fail", taken)
    assert entry["reason"] == "Address already in use"


def test_a_central_whose_port_is_taken(start, taken, tmp_path):
    process = start("loteria-central", "--listen", taken, "--data-dir", tmp_path / "data")
    assert process.wait() == 2
    assert f"endpoint: {taken} | reason: Address already in use" in process.log
    assert loteria.parse_log(process.log)[-1]["action"] == "listen", process.log
    assert "shutdown" not in process.log


@pytest.mark.parametrize("kind", ["a file", "missing", "in proc"])
@pytest.mark.parametrize("name", ["loteria-storage", "loteria-central"])
def test_a_data_directory_that_is_none(start, tmp_path, name, kind):
    path = {"a file": tmp_path / "file", "missing": tmp_path / "missing" / "data", "in proc": "/proc/data"}[kind]
    if kind == "a file":
        path.write_text("no directory")
    process = start(name, "--data-dir", path, "--listen", f"tcp://127.0.0.1:{loteria.free_port()}")
    assert process.wait() == 2
    entry = loteria.parse_log(process.log)[-1]
    assert entry["level"] == "CRITICAL" and entry["reason"].startswith(str(path)), process.log


def test_descriptors_of_agencies_that_left_are_given_back(central, tmp_path):
    bets = loteria.make_bets(tmp_path / "bets.csv", 1, 20)
    day = central(workers=1, agencies=51)
    day.process.wait_for_log("action: worker_alta")
    day.process.wait_for_log("action: parte_alta", count=2)
    broker = day.pid("loteria-broker")

    def descriptors():
        return len(os.listdir(f"/proc/{broker}/fd"))

    before = descriptors()
    agencies = {number: day.agency(number, bets) for number in range(1, 51)}
    for process in agencies.values():
        process.wait_for_log("action: espera_sorteo")
    loteria.wait_until(lambda: descriptors() == before + 50, explain=lambda: f"{descriptors()}, not {before} and 50")
    for number, process in agencies.items():
        if number % 2:
            process.kill()
        else:
            process.signal(signal.SIGTERM)
    loteria.finish({number: process for number, process in agencies.items() if number % 2 == 0})
    loteria.wait_until(lambda: descriptors() == before,
                       explain=lambda: f"{before} descriptors before 50 agencies came, {descriptors()} after")


def sanitized():
    with open(loteria.program("loteria-broker"), "rb") as file:
        return b"__asan_init" in file.read()


@pytest.mark.valgrind
def test_a_day_under_valgrind(parts, tmp_path):
    if sanitized():
        pytest.skip("valgrind cannot run programs that were built with a sanitizer")
    valgrind = ["valgrind", "--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite,possible",
                "--error-exitcode=99", f"--suppressions={loteria.ROOT}/tests/e2e/valgrind.supp",
                f"--log-file={tmp_path}/valgrind.%p"]
    files = {1: loteria.make_bets(tmp_path / "agency-1.csv", 1, 600, winners=(5, 599)),
             2: loteria.make_bets(tmp_path / "agency-2.csv", 2, 200)}
    day = parts(workers=1, agencies=2, wrapper=valgrind)
    agencies = day.sell(files, "--batch-count", 50, wrapper=valgrind)
    results = loteria.finish(agencies)
    code = day.stop()
    reports = [path.read_text() for path in tmp_path.glob("valgrind.*")]
    assert len(reports) == len(day.processes) + len(day.clients)
    assert not any(reports) and code == 0, "\n".join(reports)
    loteria.assert_day_right(day.data, files, results)
