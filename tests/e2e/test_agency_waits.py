"""Whom an agency waits for, and why; and what it does about a central that is other than it was."""

import contextlib
import signal
import socket

import zmq

import loteria
import wire

TALLY = next(number for number, name in wire.CODES.items() if name == "TALLY")


def waiting(start, tmp_path, server, *arguments, **options):
    bets = loteria.make_bets(tmp_path / "agency-1.csv", 1, 10)
    return start("loteria-agency", "--id", 1, "--bets", bets, "--server", server, *arguments, **options)


def last_of(agency):
    entry = loteria.parse_log(agency.log)[-1]
    return entry["action"], entry["server_address"], entry["reason"]


def test_nobody_listens(start, tmp_path):
    server = f"127.0.0.1:{loteria.free_port()}"
    agency = waiting(start, tmp_path, server, "--patience", 1)
    assert agency.wait() == 1
    assert last_of(agency) == ("agencia", server, "the central has not answered for 1 s: nobody listens there, or there is no route to it")


def test_name_that_cannot_be_resolved(start, tmp_path):
    agency = waiting(start, tmp_path, "no-such-host.invalid:12345")
    found = agency.wait_for_log(r"conexion \| result: in_progress \| server_address: (\S+) .*reason: (.*)")
    assert found == [("no-such-host.invalid:12345", "the name cannot be resolved")]


def test_somebody_else_listens(start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        agency = waiting(start, tmp_path, f"127.0.0.1:{other.getsockname()[1]}")
        agency.wait_for_log(r"conexion \| result: in_progress .*reason: somebody listens there, but hung up or said")


def test_connected_but_not_answered(start, tmp_path):
    with zmq.Context() as context, context.socket(zmq.ROUTER) as mute:
        mute.linger = 0
        server = f"127.0.0.1:{mute.bind_to_random_port('tcp://127.0.0.1')}"
        agency = waiting(start, tmp_path, server, "--patience", 1)
        assert mute.poll(loteria.DEADLINE * 1000), "it said HELLO"
        assert agency.wait() == 1
    assert last_of(agency) == ("agencia", server, "the central has not answered for 1 s: connected, but no answer")


def test_results_of_bets_that_are_not_those_that_were_sealed(start):
    """As where an older copy of some of a day's files was put back. The agency has no file that it could name."""
    with zmq.Context() as context, context.socket(zmq.ROUTER) as central:
        central.linger = 0
        server = f"127.0.0.1:{central.bind_to_random_port('tcp://127.0.0.1')}"
        agency = start("loteria-agency", "--id", 1, "--close", "--server", server)
        for _ in range(2):
            answer(central, "HELLO", wire.simple("WELCOME", 1, 5, 77, 16, 8192, 8192, 0, 2, 2, 2, draw=1, rest=b"first"))
            answer(central, "READY", wire.simple("REFUSED", 1, TALLY, wire.COMMANDS["READY"], 0, 0, 5))
        assert agency.wait() == 1
    action, _, reason = last_of(agency)
    assert action == "agencia" and "TALLY" in reason and "null" not in reason


def answer(central, command, message):
    """What comes next is that command."""
    assert central.poll(loteria.DEADLINE * 1000)
    peer, question = central.recv_multipart()
    assert question[3] == wire.COMMANDS[command]
    central.send_multipart([peer, message])


def test_agency_that_was_frozen_asks_before_it_gives_up(central, start, tmp_path):
    """For longer than it is patient; how long that is another agency tells, which nobody answers."""
    day = central(agencies=2)
    files = {number: loteria.make_bets(tmp_path / f"{number}.csv", number, 10) for number in (1, 2)}
    agency = day.agency(1, files[1], "--patience", 3)
    agency.wait_for_log("action: espera_sorteo")
    with contextlib.ExitStack() as thawed:
        agency.signal(signal.SIGSTOP)
        thawed.callback(agency.signal, signal.SIGCONT)
        assert waiting(start, tmp_path, f"127.0.0.1:{loteria.free_port()}", "--patience", 5).wait() == 1
    loteria.assert_day_ends(day, files, {1: agency, 2: day.agency(2, files[2])})


def test_central_that_takes_less_than_it_did(central, tmp_path):
    """It is restarted while the agency, which has larger batches under way, is frozen in mid-sale."""
    day = central(agencies=1, arguments=("--message-bytes", 65536))
    files = {1: loteria.make_bets(tmp_path / "bets.csv", 1, 1500, winners=(1499,))}
    agency = day.agency(1, files[1], "--batch-bytes", 4096, "--window", 4, environment={"CLI_LOOP_PERIOD": "50ms"})
    day.wait_for_csv(4000)
    with contextlib.ExitStack() as thawed:
        agency.signal(signal.SIGSTOP)
        thawed.callback(agency.signal, signal.SIGCONT)
        day.arguments = ("--message-bytes", 1024, "--window", 1)
        day.restart()
    loteria.assert_day_ends(day, files, {1: agency})
