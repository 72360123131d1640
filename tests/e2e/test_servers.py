"""An agency with several centrals: it sells where it is served, and nobody is asked anything twice."""

import contextlib
import threading

import pytest
import zmq

import loteria
import wire
from chaos import relay

UNAVAILABLE = next(number for number, name in wire.CODES.items() if name == "UNAVAILABLE")
STANDBY = 1  # the field of its refusal


@contextlib.contextmanager
def standby():
    """A central that answers every question with UNAVAILABLE. Yields its address, and what it was asked."""
    asked = []
    with zmq.Context() as context, context.socket(zmq.ROUTER) as socket, context.socket(zmq.PAIR) as stop:
        socket.linger = 0
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        end = context.socket(zmq.PAIR)
        end.bind("inproc://stop")
        stop.connect("inproc://stop")
        thread = threading.Thread(target=refuse, args=(socket, end, asked))
        thread.start()
        try:
            yield f"127.0.0.1:{port}", asked
        finally:
            stop.send(b"")
            thread.join()
            end.close()


def refuse(socket, end, asked):
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    poller.register(end, zmq.POLLIN)
    while True:
        events = dict(poller.poll())
        if end in events:
            return
        peer, question = socket.recv_multipart()
        asked.append(question[3])
        agency = int.from_bytes(question[4:8], "big")
        socket.send_multipart([peer, wire.simple("REFUSED", agency, UNAVAILABLE, question[3], STANDBY, 0, 0, 0, draw=int.from_bytes(question[8:16], "big"))])


def agency(start, bets, servers, *arguments):
    return start("loteria-agency", "--id", 1, "--bets", bets, "--server", ",".join(servers), "--json", *arguments)


def test_it_sells_where_it_is_served(central, start, tmp_path):
    """Of one that is not there, one that is a standby, and one that is active."""
    day = central(agencies=1)
    bets = loteria.make_bets(tmp_path / "agency-1.csv", 1, 100)
    with standby() as (other, asked):
        program = agency(start, bets, [f"127.0.0.1:{loteria.free_port()}", other, day.server])
        assert program.wait() == 0, program.log
    assert set(asked) == {wire.COMMANDS["HELLO"]}
    assert "venta | result: success | cantidad: 100 | almacenadas: 100" in program.log, program.log
    assert f"conexion | result: success | server_address: {day.server} | next: 0" in program.log


@pytest.mark.parametrize("fault", ["silence", "cut"])
def test_the_same_program_goes_on_elsewhere(central, start, tmp_path, fault):
    """The way that it sells by, in the middle of it, is cut, or leads nowhere and nobody is told. As a central that has
    taken over, the other way leads to one that has all that was acknowledged."""
    day = central(agencies=1)
    day.process.wait_for_log("action: apertura")
    bets = loteria.make_bets(tmp_path / "agency-1.csv", 1, 1000)
    with relay.Relay() as made:
        one, two = made.link(day.port), made.link(day.port)
        servers = [f"127.0.0.1:{link.port}" for link in (one, two)]
        program = agency(start, bets, servers, "--batch-count", 10, "--loop-period", "30ms")
        loteria.wait_until(lambda: day.csv_bytes() > 2000, explain=lambda: program.log)
        one.half_open("both") if fault == "silence" else one.cut()
        assert program.wait() == 0, program.log
    found = loteria.parse_log(program.log)
    ways = [(entry["server_address"], entry["before"]) for entry in found if "before" in entry]
    assert ways[:1] == [(servers[1], servers[0])], program.log
    assert len([entry for entry in found if entry["action"] == "config"]) == 1
    assert len(day.csv().splitlines()) == 1000


def test_it_says_what_each_of_them_answers(central, start):
    day = central(agencies=1)
    day.process.wait_for_log("action: apertura")
    with standby() as (other, _):
        program = start("loteria-agency", "--id", 1, "--server", f"{other},{day.server}", "--try", "--patience", 60)
        assert program.wait() == 0, program.stdout
    lines = program.stdout.splitlines()
    assert [line for line in lines if line.startswith("server ")] == [f"server {other}", f"server {day.server}"]
    assert [line.split()[1] for line in lines if not line.startswith("server ")] == ["ok"] * 3 + ["WRONG", "-"] + ["ok"] * 5, lines
    assert "a standby" in lines[4], lines


@pytest.mark.parametrize("servers, says", [("a:1,", "--server: "), ("a:1,a:1", "a:1: it is there twice"), ("a:1,b", "--server: b: ")])
def test_a_list_that_is_none_is_refused(start, servers, says):
    program = start("loteria-agency", "--id", 1, "--server", servers)
    assert program.wait() == 2 and says in program.log, program.log
