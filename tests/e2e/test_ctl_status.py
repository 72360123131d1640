"""What loteria-ctl tells of a running central, verb by verb, and what it says when something is not there."""

import json
import os
import pty
import re
import select
import signal

import pytest

import loteria
import wire

LONG = ["--timeout", "60s"]  # on a machine that is busy, too
ESCAPE = "\x1b["


@pytest.fixture
def ctl(start):
    """ctl(ARGUMENT...): the exit code, what it printed, and the lines of its log."""

    def run(*arguments, timeout=LONG, **options):
        done = start("loteria-ctl", *arguments, *timeout, **options)
        code = done.wait()
        return code, done.stdout, done.log.splitlines()

    return run


@pytest.fixture
def day(central):
    made = central(workers=1, agencies=3, arguments=["--closes", "never", "--number", "entered", "--draw", "noche"])
    made.process.wait_for_log("action: worker_alta")
    return made


def sell(day, tmp_path, agency, count=300):
    sold = day.agency(agency, loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, count), "--sell-only")
    assert sold.wait() == 0, sold.log


def test_a_draw_from_its_bets_to_its_report(day, ctl, tmp_path):
    where = ["--data-dir", day.data]
    sell(day, tmp_path, 1)
    (tmp_path / "agency-2.csv").write_text("Ana,Paz,30111222,1990-01-01,4321\r\n")
    sold = day.agency(2, tmp_path / "agency-2.csv", "--sell-only")
    assert sold.wait() == 0, sold.log

    code, shown, log = ctl("status", "--json", *where)
    assert (code, log) == (0, [])
    told = json.loads(shown)
    assert {part["part"]: part["answer"] for part in told["parts"]} == {
        "broker": "up", "storage": "up", "state": "up", "central": "up"}  # fmt: skip
    (draw,) = told["draws"]
    assert (draw["name"], draw["phase"], draw["source"], draw["closes_by"]) == ("noche", "open", "entered", "never")
    assert (draw["bets"], draw["agencies"], draw["missing"], draw["number"]) == (301, 3, 3, None)
    assert told["workers_wanted"] == 1 and told["storage"]["disk_free_bytes"] > 0

    code, shown, _ = ctl("agencies", "--json", *where)
    assert code == 0
    assert [(agency["agency"], agency["state"], agency["bets"]) for agency in json.loads(shown)["agencies"]] == [
        (1, "selling", 300), (2, "selling", 1), (3, "selling", 0)]  # fmt: skip
    assert ctl("draw", "excuse", "noche", "3", "--reason", "no power", "--yes", *where)[0] == 0
    code, shown, _ = ctl("agencies", "--missing", "--draw", "noche", *where)
    assert code == 0 and [line.split()[0] for line in shown.splitlines()] == ["AGENCY", "1", "2", "draw"]

    assert ctl("winners", "noche", *where)[0] == 1, "it is not drawn"
    assert ctl("draw", "close", "noche", "--yes", *where)[0] == 0
    assert ctl("draw", "number", "noche", "4321", "--yes", *where)[0] == 0
    code, shown, log = ctl("winners", "noche", "--json", *where)
    assert code == 0, log
    told = json.loads(shown)
    assert (told["draw"], told["number"]) == ("noche", 4321)
    assert told["agencies"][1] == {"agency": 2, "documents": ["30111222"]}, "it never asked"
    assert told["winners"] == sum(len(agency["documents"]) for agency in told["agencies"])
    assert json.loads(ctl("winners", "noche", "2", "--json", *where)[1])["winners"] == 1
    code, _, log = ctl("winners", "noche", "9", *where)
    assert code == 7 and len(log) == 1

    got = day.agency(2, None, "--draw", "noche", "--results")
    assert got.wait() == 0, got.log
    report = loteria.wait_until(
        lambda: (told := json.loads(ctl("report", "noche", "--json", *where)[1]))["total"]["collected"] and told, pause_s=0.1)
    assert report["number"] == 4321 and report["total"]["sold"] == 301
    assert [(line["agency"], line["sold"], line["excused"]) for line in report["agencies"]] == [
        (1, 300, False), (2, 1, False), (3, 0, True)]  # fmt: skip
    assert report["agencies"][1]["collected"] and not report["agencies"][0]["collected"]
    code, shown, _ = ctl("report", "noche", "--csv", *where)
    assert code == 0 and re.search(r"^noche,2,1,0,1,\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ,no$", shown, re.M)


def test_workers_come_and_go(day, ctl):
    where = ["--data-dir", day.data]

    def workers():
        code, shown, log = ctl("workers", "--json", *where)
        assert code == 0, log
        return [worker for worker in json.loads(shown)["workers"] if worker["up"]]

    loteria.wait_until(lambda: len(workers()) == 1, pause_s=0.1)
    code, shown, log = ctl("workers", "add", "2", *where)
    assert (code, shown) == (0, "3 workers wanted, 1 before\n"), log
    loteria.wait_until(lambda: len(workers()) == 3, pause_s=0.1)
    assert json.loads(ctl("workers", "remove", "2", "--json", *where)[1]) == {"workers_wanted": 1, "before": 3}
    loteria.wait_until(lambda: len(workers()) == 1, pause_s=0.1)
    code, _, log = ctl("workers", "remove", "1", *where)
    assert code == 1 and len(log) == 1 and "one has to stay" in log[0]


def test_what_was_refused_and_what_happened(day, ctl, start, tmp_path):
    where = ["--data-dir", day.data]
    (tmp_path / "bad.csv").write_text("Juan,Gil,30111333,1990-02-30,17\r\n")
    assert day.agency(2, tmp_path / "bad.csv").wait() == 1
    code, shown, _ = ctl("refused", "--last", "50", "--json", *where)
    (bad,) = [one for one in json.loads(shown)["refused"] if one["code"] == "DATE"]
    assert code == 0 and (bad["agency"], bad["draw"], bad["row"], bad["field"]) == (2, "noche", 1, 4)
    assert "30111333" not in shown and "Gil" not in shown

    follower = start("loteria-ctl", "events", "--last", "1000", "--json", "--timeout", "5s", *where)
    loteria.wait_until(lambda: '"action":"apertura"' in follower.stdout, explain=lambda: follower.log)
    assert ctl("draw", "open", "luego", *where)[0] == 0
    loteria.wait_until(lambda: '"draw":"luego"' in follower.stdout, explain=lambda: follower.log)
    day.restart()  # its sockets are elsewhere then
    loteria.wait_until(lambda: follower.stdout.count('"action":"parte_alta"') >= 4, explain=lambda: follower.log)
    follower.signal(signal.SIGTERM)
    assert follower.wait() == 0
    events = [json.loads(line) for line in follower.stdout.splitlines()]
    assert all(event.keys() == {"time", "part", "level", "action", "result", "values"} for event in events)
    times = [event["time"] for event in events if event["action"] == "apertura"]
    assert times == sorted(times)
    assert {"broker", "storage", "state"} <= {event["part"] for event in events}
    code, shown, _ = ctl("events", "--last", "3", "--once", *where)
    assert code == 0 and len(shown.splitlines()) == 3


def test_documents_are_hidden_unless_asked_for(central, ctl):
    """Who looks leaves a trace, in the log of the process that showed them."""
    day = central(workers=1, agencies=1, arguments=["--log-bets"])
    with wire.Client(day.server) as agency:
        agency.hello(1)
        agency.store(1, 0, [b"Ana,Paz,40111222,1990-01-01,7"])
    day.process.wait_for_log("dni: 40111222")
    events = ["events", "--last", "4096", "--once", "--data-dir", day.data]
    for documents, value, traces in ([], "hidden", 0), (["--documents"], "40111222", 0), ([], "hidden", 1):
        code, shown, log = ctl(*events, *documents)
        assert code == 0, log
        assert re.findall(r" dni: (\w+) ", shown) == [value]
        assert re.findall(r" (\w+) +INFO +action: eventos ", shown) == ["storage"] * traces
        if documents:
            day.process.wait_for_log("action: eventos .* documents: shown")


@pytest.mark.parametrize("verb", [["status"], ["agencies"], ["workers"], ["workers", "add", "1"], ["winners", "x"],
                                  ["report", "x"], ["refused"], ["events"], ["top"], ["draws"], ["draw", "list"]])  # fmt: skip
def test_a_central_that_is_not_there(ctl, tmp_path, verb):
    code, shown, log = ctl(*verb, "--data-dir", tmp_path)
    assert (code, shown, len(log)) == (5, "", 1), log
    assert f"no central is running on {tmp_path}; " in log[0] and "(--server)" in log[0]


@pytest.mark.parametrize("words, says", [
    (["stauts"], "not expected"), (["status", "now"], "usage: "), (["workers", "add"], "usage: "),
    (["workers", "frob"], "usage: loteria-ctl workers, or workers add N, or workers remove N (see"),
    (["report", "x", "--csv", "--json"], "--csv and --json are both given"),
    (["workers", "add", "-1"], ""), (["workers", "add", "two"], "expected how many"), (["winners"], "usage: "),
    (["winners", "a", "b", "c"], "usage: "), (["agencies", "--csv"], "does not take --csv"), (["refused", "--last", "0"], "--last"),
    (["refused", "--documents"], "does not take --documents"),
    (["report", "x", "--draw", "y"], "does not take --draw"), (["top", "--json"], "does not take --json"),
    (["agencies", "--draw", "a_b"], "a_b"), (["backup"], "usage: "), (["archive", "x"], "usage: "),
    (["check", "--state", "ipc:///x"], "does not take --state"), (["status", "--state", "9"], "9"),
    (["status", "--server", "no host"], "no host"), (["status", "--state", "ipc:///x", "--data-dir", "y"], "both given"),
])  # fmt: skip
def test_wrong_use(ctl, words, says):
    code, shown, log = ctl(*words, timeout=[])
    assert (code, shown, len(log)) == (2, "", 1), log
    assert says in log[0]


def test_a_hung_part_is_named(day, ctl, tmp_path):
    where = ["--data-dir", day.data]
    sell(day, tmp_path, 1)
    storage = day.pid("loteria-storage")
    os.kill(storage, signal.SIGSTOP)
    try:
        code, shown, log = ctl("status", *where, timeout=["--timeout", "2s"])
        assert code == 6 and re.search(r"^storage +silent ", shown, re.M), shown
        silent = [line for line in log if "part: storage |" in line]
        assert len(silent) == 1 and "look at its log" in silent[0]
        assert f"end process {storage}, and loteria-central starts it again" in silent[0]
        told = json.loads(ctl("status", "--json", *where, timeout=["--timeout", "2s"])[1])
        parts = {part["part"]: part for part in told["parts"]}
        assert parts["storage"]["answer"] == "silent" and parts["storage"]["memory_bytes"] is None
        assert told["draws"][0]["bets"] is None and told["storage"]["disk_free_bytes"] is None
        answered = [part for part in parts.values() if part["answer"] == "up"]  # those keep their figures
        assert answered and all(part["memory_bytes"] and part["cpu_percent"] is not None for part in answered)
    finally:
        os.kill(storage, signal.SIGCONT)


def test_whose_key_is_answered(parts, ctl):
    day = parts(workers=1, agencies=1, keys=True)
    broker, storage, state = (day.commands[f"loteria-{name}"][at] for name, at in (("broker", 3), ("storage", 3), ("state", 1)))
    where = ["--broker", broker, "--storage", storage, "--state", state]
    code, shown, log = ctl("status", "--json", *where, "--keys", day.keys / "operator")
    assert code == 0, log
    assert [part["answer"] for part in json.loads(shown)["parts"]] == ["up", "up", "up", "absent"]
    code, _, log = ctl("workers", "add", "1", *where, "--keys", day.keys / "operator")
    assert code == 1 and "no loteria-central runs there" in log[0]
    for keys in (["--keys", day.keys / "agency-1"], []):
        code, _, log = ctl("status", *where, *keys)
        assert code == 5 and len(log) == 1 and "keys do not match" in log[0] and "KEYS/operator" in log[0], log


def at_a_terminal(*arguments, environment, keys=b"", until=None):
    """What loteria-ctl shows at a terminal, which is its own, and its exit code."""
    pid, here = pty.fork()
    if pid == 0:
        words = [loteria.program("loteria-ctl"), *map(str, arguments), *LONG]
        os.execve(words[0], words, {**loteria.ENVIRONMENT, **environment})
    shown = b""
    try:
        with open(here, "r+b", buffering=0) as terminal:
            while select.select([terminal], [], [], loteria.DEADLINE)[0]:
                try:
                    more = terminal.read(65536)
                except OSError:  # nobody is at the other end any more
                    break
                if not more:
                    break
                shown += more
                if until and until in shown:
                    terminal.write(keys)
                    until = None
            else:
                raise AssertionError(f"nothing more is shown: {shown}")
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        status = os.waitpid(pid, 0)[1]
    return os.waitstatus_to_exitcode(status), shown.decode()


def test_colours_are_for_terminals(day, ctl):
    where = ["--data-dir", day.data]
    code, shown = at_a_terminal("status", *where, environment={"TERM": "xterm"})
    assert code == 0 and ESCAPE in shown
    for environment in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
        code, shown = at_a_terminal("status", *where, environment=environment)
        assert code == 0 and ESCAPE not in shown and "broker" in shown
    assert ESCAPE not in ctl("status", *where, environment={"TERM": "xterm"})[1]


@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_top_ends_when_told_to(day, key):
    code, shown = at_a_terminal("top", "--data-dir", day.data, environment={"TERM": "xterm"}, keys=key,
                                until=b"AGENCY")
    assert code == 0 and "noche" in shown
    assert shown.count(f"{ESCAPE}?1049h") == shown.count(f"{ESCAPE}?1049l") == 1


def test_check_and_backup_of_a_running_day(day, ctl, tmp_path):
    sell(day, tmp_path, 1)
    code, shown, log = ctl("check", "--data-dir", day.data, timeout=[])
    assert code == 0 and shown.endswith("sound\n"), log
    told = json.loads(ctl("check", "--json", "--data-dir", day.data, timeout=[])[1])
    assert told["sound"] is True and "bets: 300" in told["lines"]
    code, shown, log = ctl("backup", tmp_path / "copy", "--data-dir", day.data, timeout=[])
    assert code == 0, log
    assert ctl("check", "--data-dir", tmp_path / "copy", timeout=[])[0] == 0
    for verb in (["check"], ["check", "--json"], ["backup", tmp_path / "other"], ["archive", "x", tmp_path / "x"],
                 ["restore", tmp_path / "x"]):  # fmt: skip
        code, shown, log = ctl(*verb, "--data-dir", tmp_path / "nothing", timeout=[])
        assert (code, shown, len(log)) == (2, "", 1), log
        assert f"data_dir: {tmp_path / 'nothing'} | reason: there is no day in it; name the directory" in log[0]
