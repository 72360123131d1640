"""loteria-ctl draw, against a state that the test plays: what it asks, how often, and what it prints and exits with."""

import contextlib
import json
import os
import pty
import pwd
import signal
import socket
import time

import pytest
import zmq

import loteria
import wire

PHASES = {"planned": 0, "open": 1, "closed": 2, "drawn": 3, "void": 4}
OPENED = 1_796_040_000_000  # 2026-11-30 12:00:00 UTC
HOUR = 3_600_000
NEVER = 2**64 - 1
ZONE = {"TZ": "<-03>3"}


def draw(name, phase="open", source="E", agencies=5, ready=0, excused=0, served=0, number=0, highest=9999,
         opened=OPENED, closes=0, closed=0, drawn=0):
    """One line of state's list."""
    return [name, PHASES[phase], ord(source), agencies, ready, excused, served, number, highest, opened, closes, closed,
            drawn]


class State:
    """What state does to be asked: `draws` are its list, `orders` what came. On a busy machine an order may come once
    more because its answer was late: those are not counted."""

    def __init__(self, *draws):
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.linger = 0
        self.endpoint = f"tcp://127.0.0.1:{self.socket.bind_to_random_port('tcp://127.0.0.1')}"
        self.draws, self.orders, self.came, self.lists = list(draws), [], [], 0

    def serve(self, process, *answers):
        """Until the process ends. Each of `answers` is for one order, the last one for all that follow."""
        answers = list(answers)
        while process.popen.poll() is None:
            if self.socket.poll(20):
                peer, frame = self.socket.recv_multipart()
                asked = wire.decode(frame)
                if asked.name == "LIST":
                    self.lists += 1
                    self.tell(peer, getattr(asked, "from"))
                elif asked.name == "ORDER":  # else somebody means who had this port before
                    if self.came.count(asked.frame) == 0:
                        self.orders.append(order_of(asked, who_orders()))
                    self.came.append(asked.frame)
                    answer = (answers.pop(0) if len(answers) > 1 else answers[0])(self, asked)
                    if answer is not None:
                        self.socket.send_multipart([peer, answer])
        return process.wait()

    def tell(self, peer, first):
        total = len(self.draws)
        if total == 0:
            self.socket.send_multipart([peer, wire.simple("DRAW", 0)])
        for index in range(first, min(first + 32, total)):
            name, *values = self.draws[index]
            self.socket.send_multipart([peer, wire.simple("DRAW", 0, index, total, *values, rest=name.encode())])

    def close(self):
        self.socket.close(linger=0)


def who_orders():
    """As loteria-ctl says it behind the reason."""
    users = {entry.pw_uid: entry.pw_name for entry in pwd.getpwall()}
    user = os.getuid() == 0 and os.environ.get("SUDO_USER") or users.get(os.getuid(), str(os.getuid()))
    return f"{user}@{socket.gethostname()}"[:56]


def order_of(asked, who=None):
    name, note = asked.name_and_note[:asked.name_size].decode(), asked.name_and_note[asked.name_size:].decode()
    if who:
        assert note.endswith(f"[{who}]"), note
        note = note.removesuffix(f"[{who}]").removesuffix(" ")
    return {"order": chr(asked.order), "agency": asked.agency, "name": name, "note": note, "number": asked.number,
            "source": asked.source and chr(asked.source), "agencies": asked.agencies, "highest": asked.highest,
            "closes_ms": asked.closes_ms}


def done(becomes):
    """The order is carried out: the list is this from now on."""

    def answer(state, asked):
        state.draws = becomes
        return wire.simple("ORDERED", 0, 7, rest=order_of(asked)["name"].encode())

    return answer


def unheard(becomes=None):
    """Nothing is answered; but it may have been carried out."""

    def answer(state, _):
        state.draws = becomes or state.draws
        return None

    return answer


def refused(code, text):
    number = {name: number for number, name in wire.CODES.items()}[code]
    return lambda _, asked: wire.simple("REFUSED", 0, number, wire.COMMANDS["ORDER"], rest=text.encode())


@pytest.fixture
def state():
    with contextlib.ExitStack() as stack:

        def make(*draws):
            made = State(*draws)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture
def ctl(start):
    def run(state, *arguments, **options):
        return start("loteria-ctl", "--state", state.endpoint, "--timeout", "60s", "draw", *arguments,
                     environment=ZONE, **options)

    return run


ALL = [draw("noche", closes=OPENED + 12 * HOUR, ready=2, excused=1),
       draw("dia", "closed", "E", ready=5, closed=OPENED + HOUR),
       draw("ayer", "drawn", "R", ready=5, served=3, number=17, closed=OPENED, drawn=OPENED + 1),
       draw("nada", "void", closes=NEVER, drawn=OPENED + HOUR),
       draw("mes", "open", "F", closes=NEVER, agencies=100_000),
       draw("hoy", "open", "R"),
       draw("luego", "planned", "R", opened=OPENED + HOUR, closes=OPENED + 2 * HOUR)]


def test_list_in_columns(state, ctl):
    made = state(*ALL)
    asked = ctl(made, "list")
    assert made.serve(asked) == 0, asked.log
    assert asked.stdout == """\
NAME   PHASE          ASKED  EXCUSED  SERVED     NUMBER  OPENED               CLOSES
noche  open             2/5        1       0    entered  2026-11-30 09:00:00  2026-11-30 21:00:00
dia    closed           5/5        0       0    entered  2026-11-30 09:00:00  2026-11-30 10:00:00
ayer   drawn            5/5        0       3         17  2026-11-30 09:00:00  2026-11-30 09:00:00
nada   void             0/5        0       0    entered  2026-11-30 09:00:00  -
mes    open        0/100000        0       0      fixed  2026-11-30 09:00:00  by order
hoy    open             0/5        0       0     random  2026-11-30 09:00:00  all asked
luego  planned          0/5        0       0     random  2026-11-30 10:00:00  2026-11-30 11:00:00
"""


def test_list_as_json(state, ctl):
    made = state(*ALL)
    asked = ctl(made, "list", "--json")
    assert made.serve(asked) == 0, asked.log
    told = {entry.pop("name"): entry for entry in json.loads(asked.stdout)["draws"]}
    assert list(told) == ["noche", "dia", "ayer", "nada", "mes", "hoy", "luego"]
    assert told["noche"] == {
        "phase": "open", "agencies": 5, "asked": 2, "excused": 1, "served": 0, "source": "entered", "highest": 9999,
        "number": None, "opens": None, "opened": "2026-11-30T12:00:00Z", "closes": "2026-12-01T00:00:00Z",
        "closed": None, "drawn": None, "void": None}
    assert told["ayer"]["number"] == 17 and told["ayer"]["drawn"] == "2026-11-30T12:00:00Z"
    assert told["nada"]["void"] == "2026-11-30T13:00:00Z" and told["nada"]["drawn"] is None
    assert told["mes"]["closes"] == "never" and told["hoy"]["closes"] == "all-asked"
    assert told["luego"]["opens"] == "2026-11-30T13:00:00Z" and told["luego"]["opened"] is None


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 64, 190])
def test_a_list_of_any_length(state, ctl, count):
    made = state(*[draw(f"d{number}") for number in range(count)])
    asked = ctl(made, "list", "--json")
    assert made.serve(asked) == 0, asked.log
    assert [entry["name"] for entry in json.loads(asked.stdout)["draws"]] == [f"d{number}" for number in range(count)]
    assert made.lists >= max(1, (count + 31) // 32)


def test_open_says_what_was_given_and_leaves_the_rest(state, ctl):
    made = state()
    asked = ctl(made, "open", "2026-11-25-nocturna")
    assert made.serve(asked, done([draw("2026-11-25-nocturna")])) == 0, asked.log
    assert made.orders == [{"order": "O", "agency": 0, "name": "2026-11-25-nocturna", "note": "", "number": 0, "source": 0,
                            "agencies": 0, "highest": 2**32 - 1, "closes_ms": 0}]
    assert asked.stdout == ("2026-11-25-nocturna: open, 0 of 5 agencies have asked, closes when all have, number entered,"
                            " highest 9999\n")
    asked = ctl(made, "--agencies", "12", "open", "--closes=never", "n2", "--number", "fixed:0017", "--highest", "99")
    assert made.serve(asked, done([draw("n2", closes=NEVER)])) == 0, asked.log
    assert made.orders[1] == {"order": "O", "agency": 0, "name": "n2", "note": "", "number": 17, "source": "F",
                              "agencies": 12, "highest": 99, "closes_ms": NEVER}
    assert "closes by order only" in asked.stdout


def test_open_until_an_hour(state, ctl):
    made = state()
    before = int(time.time() * 1000)
    asked = ctl(made, "open", "n3", "--closes", "21:00", "--number", "random", "--json")
    assert made.serve(asked, done([draw("n3", closes=OPENED)])) == 0, asked.log
    (order,) = made.orders
    assert before < order["closes_ms"] <= int(time.time() * 1000) + 24 * HOUR
    assert order["closes_ms"] % (24 * HOUR) == 0, "21:00 is midnight in UTC"
    assert json.loads(asked.stdout)["closes"] == "2026-11-30T12:00:00Z"


@pytest.mark.parametrize("arguments, order, shown", [
    (["close", "noche"], {"order": "C", "name": "noche"}, ": closed at 2026-11-30 10:00:00 (2026-11-30T13:00:00Z),"
     " waits for its number: loteria-ctl draw number noche NUMBER\n"),
    (["close", "--reason", "sold out"], {"order": "C", "name": "noche", "note": "sold out"}, ": closed at"),
    (["excuse", "4", "--reason", "no power"], {"order": "X", "name": "noche", "agency": 4, "note": "no power"}, ": closed"),
    (["excuse", "noche", "4", "--reason", "x"], {"order": "X", "name": "noche", "agency": 4, "note": "x"}, ": closed"),
    (["void", "--reason", "wrong day", "noche"], {"order": "W", "name": "noche", "note": "wrong day"}, ": closed")])
def test_orders(state, ctl, arguments, order, shown):
    made = state(draw("noche"), draw("ayer", "drawn"), draw("luego", "planned"))
    asked = ctl(made, *arguments, "--yes")
    assert made.serve(asked, done([draw("noche", "closed", closed=OPENED + HOUR)])) == 0, asked.log
    assert made.orders == [{**order_of(wire.decode(wire.order("C"))), "source": 0, "highest": 0, **order}]
    assert asked.stdout.startswith(f"noche{shown}"), asked.stdout


@pytest.mark.parametrize("arguments, given", [
    (["number", "1234", "--yes"], ""), (["number", "dia", "01234", "--yes"], ""), (["number", "-", "--yes"], "1234\n"),
    (["number", "--yes", "dia", "-"], " 1234 \r\n")])
def test_the_number(state, ctl, tmp_path, arguments, given):
    (tmp_path / "typed").write_text(given)
    made = state(draw("noche"), draw("dia", "closed", "E"), draw("otra", "closed", "R"))
    with open(tmp_path / "typed") as typed:
        asked = ctl(made, *arguments, stdin=typed)
        status = made.serve(asked, done([draw("dia", "drawn", number=1234, drawn=OPENED, served=1)]))
    assert status == 0, asked.log
    assert [(order["order"], order["name"], order["number"]) for order in made.orders] == [("N", "dia", 1234)]
    assert asked.stdout.startswith("dia: drawn at ") and "the number is 1234 (entered), 1 of 5" in asked.stdout
    assert asked.log == ""


def test_a_number_is_gone_from_the_command_line(state, ctl):
    made = state(draw("dia", "closed", "E"))
    asked = ctl(made, "number", "7319", "--yes")

    def look(*_):
        shown = open(f"/proc/{asked.pid}/cmdline").read()
        assert "number\0****\0" in shown, shown
        return done([draw("dia", "drawn", number=7319)])(*_)

    assert made.serve(asked, look) == 0, asked.log


@pytest.mark.parametrize("draws, arguments, why", [
    ([], ["close"], "no draw is open; see loteria-ctl draw list"),
    ([draw("a"), draw("b")], ["close"], "it may be meant for a, b; name one"),
    ([draw("a"), draw("b"), draw("c")], ["excuse", "1", "--reason", "x"], "it may be meant for a, b or others; name one"),
    ([draw("a"), draw("b", "closed")], ["void", "--reason", "x"], "it may be meant for a, b; name one"),
    ([draw("a"), draw("b", "closed", "R"), draw("c", "drawn")], ["number", "1"],
     "no draw is closed and waits for its number; see loteria-ctl draw list")])
def test_which_draw_is_meant(state, ctl, draws, arguments, why):
    made = state(*draws)
    asked = ctl(made, *arguments, "--yes")
    assert made.serve(asked) == 1
    assert loteria.parse_log(asked.log)[0]["reason"] == why
    assert made.orders == [] and asked.stdout == ""


def test_a_refusal_is_told(state, ctl):
    made = state(draw("noche", "drawn"))
    asked = ctl(made, "close", "noche", "--yes")
    assert made.serve(asked, refused("PHASE", "noche is drawn\x1b[1m: what is drawn is final")) == 1
    (line,) = loteria.parse_log(asked.log)
    assert (line["action"], line["result"], line["order"], line["draw"]) == ("draw", "fail", "close", "noche")
    assert line["reason"] == "noche is drawn [1m: what is drawn is final"


def test_asks_the_same_again_until_it_is_answered(state, ctl):
    made = state(draw("noche"))
    asked = ctl(made, "close", "--yes")
    answers = [unheard(), refused("UNAVAILABLE", "storage is away"), refused("BUSY", ""),
               done([draw("noche", "closed", closed=OPENED)])]
    assert made.serve(asked, *answers) == 0, asked.log
    assert len(made.came) >= 4 and len(made.orders) == 1


@pytest.mark.parametrize("arguments, becomes, code", [
    (["close", "noche", "--yes"], draw("noche", "closed"), "PHASE"),
    (["void", "noche", "--reason", "x", "--yes"], draw("noche", "void"), "VOID"),
    (["number", "noche", "12", "--yes"], draw("noche", "drawn", number=12), "PHASE"),
    (["open", "noche"], draw("noche"), "NAME")])
def test_done_though_the_answer_was_lost(state, ctl, arguments, becomes, code):
    made = state(draw("otra"))
    asked = ctl(made, *arguments)
    assert made.serve(asked, unheard([becomes]), refused(code, "too late")) == 0, asked.log
    assert asked.stdout.startswith("noche: ") and asked.log == ""


@pytest.mark.parametrize("arguments, becomes, code", [
    (["number", "noche", "12", "--yes"], draw("noche", "drawn", number=13), "PHASE"),
    (["close", "noche", "--yes"], draw("noche", "void"), "VOID"),
    (["open", "noche", "--agencies", "4"], draw("noche", agencies=5), "NAME")])
def test_another_was_before_it(state, ctl, arguments, becomes, code):
    made = state(draw("otra"))
    asked = ctl(made, *arguments)
    assert made.serve(asked, unheard([becomes]), refused(code, "too late")) == 1
    assert loteria.parse_log(asked.log)[0]["reason"] == "too late"


def test_a_state_that_says_nothing(state, start):
    made = state()
    asked = start("loteria-ctl", "draw", "list", "--state", made.endpoint, "--timeout", "5s")
    assert made.socket.poll(loteria.DEADLINE * 1000)
    assert asked.wait() == 6
    assert loteria.parse_log(asked.log)[0]["reason"].startswith("no answer; look at its log")


@pytest.mark.parametrize("order, code, status", [
    ("close", "DRAW", 7), ("reveal", "AGENCY", 7), ("close", "PHASE", 1), ("open", "DRAW", 1), ("open", "NAME", 1)])
def test_what_is_not_there_is_told_apart(state, ctl, tmp_path, order, code, status):
    nonce = tmp_path / "nonce-9.txt"
    nonce.write_text(64 * "0" + "\n")
    made = state(draw("noche"))
    asked = ctl(made, order, "noche", *{"close": ["--yes"], "reveal": [nonce], "open": []}[order])
    assert made.serve(asked, refused(code, "why")) == status, asked.log
    assert loteria.parse_log(asked.log)[0]["reason"] == "why"


def test_a_central_that_is_not_there(start, tmp_path):
    asked = start("loteria-ctl", "draw", "list", "--data-dir", tmp_path)
    assert asked.wait() == 5
    assert loteria.parse_log(asked.log)[0]["reason"].startswith(f"no central is running on {tmp_path}; ")


def test_no_data_directory_at_all(start):
    asked = start("loteria-ctl", "draw", "list", "--data-dir", "")
    assert asked.wait() == 2
    assert loteria.parse_log(asked.log)[0]["reason"].startswith("--data-dir is empty; ")


def test_usage_says_how(start):
    asked = start("loteria-ctl", "draw", "excuse")
    assert asked.wait() == 2
    assert asked.log == "loteria-ctl: draw excuse: usage: loteria-ctl draw excuse [NAME] AGENCY (see loteria-ctl --help)\n"


def test_a_fixed_number_is_not_about_to_be_drawn(state, ctl):
    made = state(draw("noche", source="F"))
    asked = ctl(made, "close", "--yes")
    assert made.serve(asked, done([draw("noche", "closed", "F", closed=OPENED)])) == 0, asked.log
    assert asked.stdout.endswith(", its number is fixed: the draw is made at once\n")


def test_stops_when_told_to(state, ctl):
    made = state()
    asked = ctl(made, "list")
    assert made.socket.poll(loteria.DEADLINE * 1000)
    asked.signal(signal.SIGTERM)
    assert asked.wait() == 1
    assert loteria.parse_log(asked.log)[0]["reason"] == "interrupted"


@pytest.mark.parametrize("arguments", [
    [], ["list", "x"], ["open"], ["open", "a", "b"], ["open", "a_b"], ["open", "a", "--closes", "24:00"],
    ["open", "a", "--number", "7"], ["open", "a", "--number", "fixed:8", "--highest", "7"], ["open", "a", "--agencies", "0"],
    ["open", "a", "--yes"], ["close", "--agencies", "3"], ["close", "a"], ["void", "a", "--yes"], ["void", "--reason", "x"],
    ["excuse", "--yes", "--reason", "x"], ["excuse", "0", "--yes", "--reason", "x"], ["excuse", "a", "--yes"],
    ["number", "--yes"], ["number", "a", "x", "--yes"], ["number", "1234567890", "--yes"], ["number", "12"],
    ["paint", "a"], ["list", "--data-dir", "."], ["void", "a", "--yes", "--reason", "x" * 121],
    ["void", "a", "--yes", "--reason", ""], ["excuse", "a", "1", "--yes", "--reason", " "]])
def test_wrong_use(state, ctl, arguments):
    made = state(draw("a"))
    asked = ctl(made, *arguments)
    assert made.serve(asked) == 2, asked.log
    assert len(asked.log.splitlines()) == 1 and asked.stdout == "" and made.orders == []
    assert "1234567890" not in asked.log


class Terminal:
    """Somebody who sits before loteria-ctl and types."""

    def __init__(self, ctl, state, *arguments):
        self.ours, theirs = pty.openpty()
        self.process = ctl(state, *arguments, stdin=theirs)
        os.close(theirs)

    def type(self, *lines):
        os.write(self.ours, "".join(f"{line}\n" for line in lines).encode())

    def close(self):
        os.close(self.ours)


@pytest.fixture
def terminal(ctl):
    made = []

    def sit(state, *arguments):
        made.append(Terminal(ctl, state, *arguments))
        return made[-1]

    yield sit
    for one in made:
        one.close()


@pytest.mark.parametrize("arguments, typed, orders", [
    (["close"], ["noche"], 1), (["close"], ["Noche"], 0), (["close", "noche"], [""], 0),
    (["void", "noche", "--reason", "x"], ["noche"], 1), (["excuse", "2", "--reason", "x"], ["y"], 0),
    (["number", "dia", "1234"], ["1234"], 1), (["number", "dia", "1234"], ["1243"], 0),
    (["number", "-"], ["1234", "01234"], 1), (["number", "-"], ["1234", "4321"], 0), (["number", "-"], ["x"], 0),
    (["number", "-"], ["9" * 70], 0)])
def test_at_a_terminal_it_asks(state, terminal, arguments, typed, orders):
    made = state(draw("noche"), draw("dia", "closed", "E"))
    seat = terminal(made, *arguments)
    seat.type(*typed)
    status = made.serve(seat.process, done([draw("noche", "closed"), draw("dia", "drawn", number=1234)]))
    assert len(made.orders) == orders, seat.process.log
    assert status == (0 if orders else 1)
    assert ("nothing was ordered" in seat.process.log) == (not orders)
    asked = "Type the draw's name to go on: " if arguments[0] != "number" else "winning number of dia: "
    assert asked in seat.process.log or typed == ["9" * 70] or typed == ["x"]


def test_a_signal_ends_the_question(state, terminal):
    made = state(draw("noche"))
    seat = terminal(made, "close", "noche")
    seat.process.wait_for_log("Type the draw's name to go on: ")
    seat.process.signal(signal.SIGINT)
    assert seat.process.wait() == 1 and made.orders == []
