"""Operators give state orders: each is carried out once, whatever is lost on the way, and answered when it is on disk."""

import os
import signal
import time

import pytest

import loteria
import wire
from between import Between

COUNTS = {1: 60, 2: 50}
WINNERS = {1: (0, 30, 59), 2: ()}
NEVER = 2**64 - 1


@pytest.fixture
def files(tmp_path):
    return {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, count, winners=WINNERS[agency])
            for agency, count in COUNTS.items()}


def state_of(day):
    return day.part("loteria-state", "--listen")


def tell_state(day, *words):
    """What it is started with besides."""
    day.commands["loteria-state"] = (*day.commands["loteria-state"], *words)


def start_all(day):
    for name in reversed(day.commands):
        day.start(name)


def ordered(operator, *order, **terms):
    """The order is carried out."""
    answer = operator.ask(wire.order(*order, **terms))
    assert answer.name == "ORDERED", answer
    return answer


def listed(operator):
    """The draws by their names."""
    rows = [operator.ask(wire.simple("LIST", 0))]
    while rows[-1].index + 1 < rows[0].total:
        rows.append(operator.receive())
    return {row.draw_name.decode(): row for row in rows}


def kinds_of(day, draw):
    """What happened to a draw, in order."""
    return b"".join(record.kind for record in wire.records(day.data)
                    if record.draw == draw and record.kind not in (b"B", b"K", b"R")).decode()


def assert_over(day):
    assert day.stop() == 0, day.log
    day.assert_sound()


def test_a_number_is_entered_after_the_close_and_once(parts, files):
    """By two operators at once: one is told that it is done, the other which number it is."""
    day = parts(workers=1, agencies=2, start=False)
    tell_state(day, "--number", "entered", "--closes", "never")
    start_all(day)
    agencies = day.sell(files)
    day.parts["loteria-state"].wait_for_log("action: agencia_lista", 2)
    with wire.Client(state_of(day)) as one, wire.Client(state_of(day)) as other:
        refused = one.refused(wire.order("N", "first", number=7574))
        assert refused.code == "PHASE" and b"after the close" in refused.text
        ordered(one, "C", "first", "the bell rang")
        refused = other.refused(wire.order("N", "first", number=10_000))
        assert refused.code == "RANGE"
        assert listed(other)["first"].phase == 2
        for operator in (one, other):
            operator.send(wire.order("N", "first", number=7574))
        answers = [operator.receive() for operator in (one, other)]
        assert sorted(answer.name for answer in answers) == ["ORDERED", "REFUSED"]
        refused, = (answer for answer in answers if answer.name == "REFUSED")
        assert refused.code == "PHASE" and b"drawn, with the number 7574" in refused.text
        draw = listed(one)["first"]
        assert (draw.phase, draw.number, draw.ready) == (3, 7574, 2)
    loteria.assert_day_ends(day, files, agencies)
    assert_over(day)
    assert kinds_of(day, draw.draw) == "OSSCDVV"


def test_each_message_about_an_order_is_lost_once(parts):
    lost = set()

    def look(name):
        again = name in lost
        lost.add(name)
        return again

    day = parts(workers=1, agencies=2, start=False)
    with Between(day.part("loteria-storage", "--listen"), look) as between:
        day.commands["loteria-state"] = tuple(
            between.endpoint if word == day.part("loteria-storage", "--listen") else word
            for word in day.commands["loteria-state"])
        tell_state(day, "--number", "random", "--closes", "never")
        start_all(day)
        with wire.Client(state_of(day)) as operator:
            ordered(operator, "O", "nocturna", source="E", agencies=3, closes_ms=NEVER)
            ordered(operator, "X", "nocturna", "it is flooded", agency=3)
            ordered(operator, "C", "first")
            ordered(operator, "W", "nocturna", "the drum broke")
            draws = listed(operator)
            assert (draws["first"].phase, draws["nocturna"].phase, draws["nocturna"].excused) == (3, 4, 1)
    assert_over(day)
    assert lost >= {f"{name} {kind}" for name in ("RECORD", "EVENT") for kind in "OXCWD"}
    assert kinds_of(day, draws["first"].draw) == "OCD"
    assert kinds_of(day, draws["nocturna"].draw) == "OXW"


def test_a_draw_closes_at_its_hour_though_state_is_stopped(parts):
    """What comes later is not stored, and state makes the draw when it goes on."""
    day = parts(workers=1, agencies=1)
    with wire.Client(state_of(day)) as operator, wire.Client(day.server) as agency:
        listed(operator)  # it is there
        hour_ms = int(time.time() * 1000) + 4000
        ordered(operator, "O", "nocturna", source="R", agencies=1, closes_ms=hour_ms)
        welcome = agency.ask(wire.simple("HELLO", 1, rest=b"nocturna"))
        assert (welcome.day, welcome.closes_ms) == (0, hour_ms)
        stored = agency.store(1, 0, wire.bets(5))
        day.parts["loteria-state"].signal(signal.SIGSTOP)
        while True:
            answer = agency.ask(wire.batch(1, stored, wire.bets(1, first=stored)))
            if answer.name != "STORED":
                break
            stored = answer.next
        assert (answer.name, answer.code, answer.expected) == ("REFUSED", "CLOSED", stored)
        assert int(time.time() * 1000) >= hour_ms
        day.parts["loteria-state"].signal(signal.SIGCONT)
        day.parts["loteria-state"].wait_for_log(r"action: cierre \| result: success \| draw: nocturna .*its hour")
        day.parts["loteria-storage"].wait_for_log(r"action: sorteo \| result: success \| .*draw: nocturna")
        answer = agency.ask(wire.simple("READY", 1, stored))  # it confirms what is stored
        assert answer.name == "WINNERS", answer
        draw = listed(operator)["nocturna"]
        assert (draw.phase, draw.ready, draw.number) == (3, 1, answer.number)
        assert draw.closed_ms >= hour_ms
    assert_over(day)
    assert kinds_of(day, draw.draw) == "OCDS"


def test_who_waits_hears_that_the_draw_is_void(parts, files):
    """And a state that leaves when all is done leaves: nobody is waited for."""
    day = parts(workers=1, agencies=2, start=False)
    tell_state(day, "--exit-when-done")
    start_all(day)
    agency = day.agency(1, files[1])
    day.parts["loteria-state"].wait_for_log("action: agencia_lista")
    with wire.Client(state_of(day)) as operator:
        ordered(operator, "W", "", "the drum broke")
        assert agency.wait() == 1
        assert "the drum broke" in agency.log
        assert day.parts["loteria-state"].wait() == 0
        assert "action: orden | result: success | order: void | draw: first" in day.parts["loteria-state"].log
    assert_over(day)


def test_a_state_that_is_killed_knows_what_was_ordered(parts):
    """Before the order is on disk and after; given again, it does no harm."""
    day = parts(workers=1, agencies=2, start=False)
    tell_state(day, "--number", "entered", "--closes", "never")
    with Between(day.part("loteria-storage", "--listen")) as between:
        day.commands["loteria-state"] = tuple(
            between.endpoint if word == day.part("loteria-storage", "--listen") else word
            for word in day.commands["loteria-state"])
        start_all(day)
        for name, kind, letter in (("one", "C", "RECORD C"), ("two", "W", "EVENT W")):
            with wire.Client(state_of(day)) as operator:
                ordered(operator, "O", name, source="E", agencies=2, closes_ms=NEVER)
                between.look = lambda said, letter=letter: kill_at(day, said, letter)
                operator.send(wire.order(kind, name, "because"))
                assert day.parts["loteria-state"].wait() == -signal.SIGKILL
            between.look = lambda said: True
            day.start("loteria-state").wait_for_log(r"action: estado \| result: success")
            with wire.Client(state_of(day)) as operator:
                answer = operator.ask(wire.order(kind, name, "because"))
                done = answer.name == "REFUSED" and answer.code == "PHASE"
                assert answer.name == "ORDERED" if kind == "C" else done, answer
        with wire.Client(state_of(day)) as operator:
            draws = listed(operator)
            assert [(name, draw.phase) for name, draw in draws.items()] == [("first", 1), ("one", 2), ("two", 4)]
    assert_over(day)
    assert (kinds_of(day, draws["one"].draw), kinds_of(day, draws["two"].draw)) == ("OC", "OW")


def kill_at(day, said, letter):
    """State is killed with it; storage does not hear of a RECORD."""
    if said == letter:
        os.kill(day.parts["loteria-state"].pid, signal.SIGKILL)
    return said != letter


def test_orders_are_taken_from_an_operators_key(parts):
    day = parts(workers=1, agencies=1, keys=True)
    keys = day.keys
    with wire.Client(state_of(day), **wire.curve(keys / "operator", "state")) as operator:
        ordered(operator, "O", "nocturna", source="R", agencies=1, closes_ms=NEVER)
        with wire.Client(state_of(day), **wire.curve(keys / "worker", "state")) as worker:
            assert worker.refused(wire.order("W", "nocturna", "because")).code == "KEY"
            assert worker.refused(wire.simple("LIST", 0)).code == "KEY"
        draws = listed(operator)
        assert [draw.phase for draw in draws.values()] == [1, 1]
        # with an operator's key nobody speaks for agencies
        operator.send(wire.enveloped(wire.simple("READY", 1, draw=draws["first"].draw), wire.envelope()))
        assert [draw.ready for draw in listed(operator).values()] == [0, 0]
    public, secret = wire.key_pair(keys / "agency-1")
    assert not wire.let_in(state_of(day), curve_serverkey=wire.read_key(keys / "operator/state.key"),
                           curve_publickey=public, curve_secretkey=secret)
    assert_over(day)
