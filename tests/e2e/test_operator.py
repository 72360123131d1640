"""An operator at work on a real central: orders and their refusals, keys, the schedule, a state that dies meanwhile."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

import loteria


@pytest.fixture
def ctl(start):
    """ctl(WHERE..., VERB...): the exit code, what it printed, and the reason if there is one."""

    def run(*arguments, **options):
        done = start("loteria-ctl", "--timeout", "60s", *arguments, **options)
        code = done.wait()
        lines = loteria.parse_log(done.log) if code in (1, 6, 7) else []
        return code, done.stdout, lines[-1]["reason"] if lines else done.log

    return run


@pytest.fixture
def operator(ctl):
    """order(DAY, VERB...): what it printed; refusal(DAY, VERB...): why not."""

    class Operator:
        def order(self, day, *verb):
            code, shown, why = ctl("--data-dir", day.data, "draw", *verb)
            assert code == 0, why
            return shown

        def refusal(self, day, *verb, status=1):
            code, shown, why = ctl("--data-dir", day.data, "draw", *verb)
            assert (code, shown) == (status, ""), (code, shown)
            return why

        def list(self, day):
            return {draw["name"]: draw for draw in json.loads(self.order(day, "list", "--json"))["draws"]}

    return Operator()


def bets_with(path, agency, number):
    """A sample, and a last row with the number; the document that wins."""
    loteria.make_bets(path, agency, 100)
    with open(path, "a", newline="") as file:
        file.write(f"Ana,Paz,4{agency}111222,1990-01-01,{number}\r\n")
    return f"4{agency}111222"


def test_an_operators_day(central, operator, tmp_path):
    day = central(workers=1, agencies=2)
    day.process.wait_for_log("action: worker_alta")
    assert operator.order(day, "open", "noche", "--agencies", "3", "--number", "entered", "--closes", "never",
                          "--highest", "9999").startswith("noche: open, 0 of 3 agencies have asked")
    document = bets_with(tmp_path / "bets.csv", 1, 4321)
    sold = day.agency(1, tmp_path / "bets.csv", "--draw", "noche", "--sell-only")
    assert sold.wait() == 0, sold.log

    assert "name already" in operator.refusal(day, "open", "noche")
    assert "noche" in operator.refusal(day, "number", "noche", "4321", "--yes"), "before the close"
    assert "there is no draw nada; on sale: first, noche" in operator.refusal(day, "close", "nada", "--yes", status=7)
    assert "name one" in operator.refusal(day, "close", "--yes"), "there is first, too"
    assert operator.order(day, "excuse", "noche", "2", "--reason", "no power", "--yes")
    assert operator.refusal(day, "excuse", "noche", "2", "--reason", "no power", "--yes")
    assert operator.order(day, "close", "noche", "--yes", "--reason", "sold out").startswith("noche: closed at ")
    assert operator.refusal(day, "number", "noche", "10000", "--yes"), "above the highest"
    assert "the number is 4321 (entered)" in operator.order(day, "number", "4321", "--yes")
    assert operator.refusal(day, "number", "noche", "4322", "--yes"), "a second one"
    assert operator.refusal(day, "void", "noche", "--reason", "x", "--yes"), "what is drawn is final"
    told = day.agency(1, None, "--draw", "noche", "--results")
    assert told.wait() == 0, told.log
    assert json.loads(told.stdout)["winners"] == [document]

    assert operator.order(day, "void", "--reason", "a rehearsal", "--yes").startswith("first: void at ")
    late = day.agency(2, None, "--draw", "first", "--results")
    assert late.wait() == 1 and "a rehearsal" in late.log

    drawn = operator.order(day, "open", "azar", "--number", "random", "--highest", "9") and operator.order(
        day, "close", "azar", "--yes")
    assert drawn.startswith("azar: ")
    loteria.wait_until(lambda: operator.list(day)["azar"]["phase"] == "drawn", pause_s=0.1)
    told = operator.list(day)
    assert 0 <= told["azar"]["number"] <= 9
    assert {name: draw["phase"] for name, draw in told.items()} == {"first": "void", "noche": "drawn", "azar": "drawn"}
    assert told["noche"]["excused"] == 1 and told["noche"]["highest"] == 9999 and told["noche"]["agencies"] == 3
    assert os.path.samefile(day.data / "bets.csv", day.data / "draws" / "azar" / "bets.csv")
    assert day.stop() == 0
    assert re.search(r"action: orden \| result: success \| order: excuse \| draw: noche \| agency: 2 \| sequence: \d+ \| by: [^ |]+@[^ |]+ "
                     r"\| reason: no power \| process: state\n", day.log)
    assert "a rehearsal [" not in late.log, "agencies are not told who"
    assert re.search(rb"^no power \[[^ ]+@[^ ]+\]\n", (day.data / "draws" / "noche" / "notes").read_bytes(), re.MULTILINE)
    code, checked = day.check()
    assert code == 0 and "\nagency 2: 0 bets, sealed, excused\n" in checked, checked
    numbers = re.findall(r"action: sorteo \| result: success \|.*draw: (\S+)", day.log)
    assert sorted(numbers) == ["azar", "noche"]


def test_an_entered_number_is_nowhere_before_it_is_drawn(central, operator):
    day = central(workers=1, agencies=1, arguments=["--number", "entered", "--closes", "never", "--number-max", "999999999"])
    day.process.wait_for_log("action: worker_alta")
    number = "918273645"
    assert operator.refusal(day, "number", "first", number, "--yes")
    assert number not in day.log
    for file in [path for path in day.data.rglob("*") if path.is_file()]:
        assert number.encode() not in file.read_bytes()
        assert int(number).to_bytes(4, "big") not in file.read_bytes()
    operator.order(day, "close", "--yes")
    operator.order(day, "number", number, "--yes")
    day.process.wait_for_log(rf"action: sorteo \| result: success \| numero: {number} \| draw: first")


def test_a_state_that_dies_meanwhile(central, operator):
    """The order is carried out by its successor, once."""
    day = central(workers=1, agencies=1, arguments=["--closes", "never", "--number", "entered"])
    day.process.wait_for_log("action: worker_alta")
    os.kill(day.pid("loteria-state"), signal.SIGKILL)
    assert operator.order(day, "close", "--yes").startswith("first: closed at ")
    os.kill(day.pid("loteria-state"), signal.SIGKILL)
    assert "the number is 17 (entered)" in operator.order(day, "number", "first", "17", "--yes")
    assert day.stop() == 0
    assert loteria.draws(day.log) == 1


def test_whose_key_gives_orders(parts, ctl):
    day = parts(workers=1, agencies=1, keys=True)
    state = day.commands["loteria-state"][1]
    code, _, why = ctl("--state", state, "--keys", day.keys / "operator", "draw", "open", "noche")
    assert code == 0, why
    assert ctl("--state", state, "--keys", day.keys / "state", "draw", "list")[0] == 0
    for name, refused in (("worker", 1), ("storage", 6), ("broker", 6)):  # workers are the only ones of these that ask state
        code, shown, why = ctl("--state", state, "--keys", day.keys / name, "draw", "close", "noche", "--yes")
        assert (code, shown) == (refused, "") and "key" in why, (name, why)
    code, _, why = ctl("--state", state, "--keys", day.keys / "agency-1", "draw", "list")
    assert code == 6 and "keys do not match" in why, why
    code, _, why = ctl("--state", state, "draw", "list")
    assert code == 6 and "keys do not match" in why, why
    told = ctl("--state", state, "--keys", day.keys / "operator", "draw", "list", "--json")[1]
    assert [draw["phase"] for draw in json.loads(told)["draws"]] == ["open", "open"]


def midday():
    """A zone in which it is some hour from noon on, so that no day ends while a test runs."""
    hour = time.gmtime().tm_hour
    return f"<here>{hour - 12}" if hour >= 12 else f"<here>-{12 - hour}"


def test_the_schedule_opens_what_is_due(central, operator, tmp_path):
    file = tmp_path / "loteria.cfg"
    file.write_text("""\
draw
    hoy
        days = daily
        closes = "23:59"
        number = random
        agencies = 3
    luego
        days = daily
        opens = "23:58"
        closes = "23:59"
""")
    day = central(workers=1, agencies=1, arguments=["--config", file, "--number", "entered"], environment={"TZ": midday()})
    day.process.wait_for_log(r"action: apertura \| result: success")
    told = loteria.wait_until(lambda: len(found := operator.list(day)) >= 2 and found, pause_s=0.1)
    assert "first" not in told
    due, coming = ([draw for name, draw in told.items() if name.endswith(end)] for end in ("-hoy", "-luego"))
    assert [(draw["phase"], draw["agencies"], draw["source"]) for draw in due if draw["phase"] != "planned"] == [
        ("open", 3, "random")]
    assert [(draw["phase"], draw["agencies"], draw["source"]) for draw in coming] == [("planned", 1, "entered")]
    assert re.match(r"\d{4}-\d\d-\d\d-hoy$", next(name for name, draw in told.items() if draw["phase"] == "open"))
    before = {name for name, draw in told.items() if draw["phase"] == "open"}
    day.restart()
    day.process.wait_for_log("action: worker_alta")
    assert {name for name, draw in operator.list(day).items() if draw["phase"] == "open"} == before, "opened once"


def test_other_terms_than_it_was_opened_with(central, start):
    day = central(workers=1, agencies=2, arguments=["--draw", "noche", "--number", "random", "--closes", "never"])
    day.process.wait_for_log(r"action: apertura \| result: success")
    assert day.stop() == 0

    def again(*arguments):
        process = start("loteria-central", "--data-dir", day.data, "--port", "0", "--workers", "1", "--draw", "noche",
                        *arguments)
        return process

    for arguments in (["--agencies", "3", "--number", "random"], ["--agencies", "2", "--number", "entered"]):
        other = again(*arguments)
        assert other.wait() == 2, arguments
        assert "noche" in other.log
    same = again("--agencies", "2", "--number", "random", "--closes", "21:00")
    same.wait_for_log("action: worker_alta")
    assert same.stop() == 0


def test_a_number_from_a_terminal_is_in_no_command_line(central, operator):
    """`-`: from stdin, with --yes from a pipe."""
    day = central(workers=1, agencies=1, arguments=["--number", "entered", "--closes", "never"])
    day.process.wait_for_log("action: worker_alta")
    operator.order(day, "close", "--yes")
    done = subprocess.run([loteria.program("loteria-ctl"), "--data-dir", day.data, "draw", "number", "-", "--yes"],
                          input="77\n", capture_output=True, text=True, env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)
    assert done.returncode == 0, done.stderr
    assert "the number is 77 (entered)" in done.stdout
