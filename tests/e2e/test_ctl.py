"""loteria-ctl ping: who is there, who is not, and who only looks like it."""

import signal
import socket

import pytest
import zmq

import loteria

REFUSED = "refused, nothing listens there or there is no route to it"
MUTE = "something listens there but does not answer, it hangs or is not part of Lotería"
PONG = b"LT\x02\x1f" + bytes(12)
PARTS = ["loteria-storage", "loteria-state", "loteria-broker", "loteria-worker"]


def part(start, tmp_path, name):
    """The process, and where it answers."""
    port, *others = (loteria.free_port() for _ in range(4))
    other = others[0]
    arguments = {
        "loteria-storage": ["--data-dir", tmp_path],
        "loteria-state": ["--storage", f"tcp://127.0.0.1:{other}"],
        "loteria-broker": ["--workers", f"tcp://127.0.0.1:{other}"],
        "loteria-worker": [value for flag, peer in zip(("--broker", "--storage", "--state"), others)
                           for value in (flag, f"tcp://127.0.0.1:{peer}")],
    }[name]
    endpoint = f"tcp://127.0.0.1:{port}"
    return start(name, "--listen", endpoint, *arguments), endpoint


@pytest.mark.parametrize("name", PARTS)
def test_says_who_is_there_unless_it_hangs(start, tmp_path, name):
    process, endpoint = part(start, tmp_path, name)
    ping = start("loteria-ctl", "ping", endpoint, "--timeout", "30s")  # it may have to wait for the start
    assert ping.wait() == 0, ping.log
    assert ping.stdout == f"{name}\n" and ping.log == ""

    process.signal(signal.SIGSTOP)
    hung = start("loteria-ctl", "ping", endpoint, "--timeout", "1s")
    assert hung.wait() == 1
    (line,) = loteria.parse_log(hung.log)
    assert line["result"] == "fail" and line["reason"] == MUTE
    assert hung.stdout == ""
    process.signal(signal.SIGCONT)


@pytest.mark.parametrize("name", PARTS)
def test_a_process_stays_when_a_child_ends(start, tmp_path, name):
    """It may have some that it never started: of the shell that became it, or as process 1 of a container."""
    process, endpoint = part(start, tmp_path, name)
    for number in (0, signal.SIGCHLD, 0):  # one that leaves may still answer in the round in which it is told to
        process.signal(number)
        ping = start("loteria-ctl", "ping", endpoint, "--timeout", "30s")
        assert ping.wait() == 0, ping.log
    assert process.stop() == 0
    assert process.log.count("action: shutdown | result: success") > 0


def test_says_that_nobody_is_there(start):
    ping = start("loteria-ctl", "ping", f"tcp://127.0.0.1:{loteria.free_port()}", "--timeout", "1s")
    assert ping.wait() == 1
    assert loteria.parse_log(ping.log)[0]["reason"] == REFUSED


def test_says_that_it_is_no_endpoint(start):
    ping = start("loteria-ctl", "ping", "127.0.0.1:12345")
    assert ping.wait() == 2
    assert "tcp://" in loteria.parse_log(ping.log)[0]["reason"]


@pytest.mark.parametrize("answer, name", [
    (PONG, ""), (PONG + b"\x1b[31m x\n", "?[31m?x?"), (b"LT\x02\x13" + bytes(21), None), (b"", None), (b"pong", None),
    (b"LT\x01" + PONG[3:] + b"it", None), (PONG + 65 * b"x", None)])
def test_trusts_no_answer(start, answer, name):
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        router.linger = 0
        port = router.bind_to_random_port("tcp://127.0.0.1")
        ping = start("loteria-ctl", "ping", f"tcp://127.0.0.1:{port}")
        assert router.poll(loteria.DEADLINE * 1000)
        router.send_multipart([router.recv_multipart()[0], answer])
        if name is None:
            assert ping.wait() == 1 and ping.stdout == ""
            assert loteria.parse_log(ping.log)[0]["reason"] == "something answers, but not Lotería"
        else:
            assert ping.wait() == 0 and ping.stdout == f"{name}\n"


def test_waits_no_longer_than_told_for_an_answer(start):
    with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
        router.linger = 0
        port = router.bind_to_random_port("tcp://127.0.0.1")
        ping = start("loteria-ctl", "ping", f"tcp://127.0.0.1:{port}", "--timeout", "5s")
        assert router.poll(loteria.DEADLINE * 1000)
        assert ping.wait() == 1
        assert loteria.parse_log(ping.log)[0]["reason"] == "no answer"


def test_a_port_that_speaks_no_zeromq_says_nothing(start):
    with socket.create_server(("127.0.0.1", 0)) as server:
        ping = start("loteria-ctl", "ping", f"tcp://127.0.0.1:{server.getsockname()[1]}", "--timeout", "1s")
        assert ping.wait() == 1
        assert loteria.parse_log(ping.log)[0]["reason"] == MUTE


def test_stops_when_told_to(start):
    ping = start("loteria-ctl", "ping", f"tcp://127.0.0.1:{loteria.free_port()}", "--timeout", "1h")
    ping.signal(signal.SIGTERM)
    assert ping.wait() in (1, -signal.SIGTERM)  # before or after it was ready for signals


@pytest.mark.parametrize("arguments", [[], ["ping"], ["ping", "--timeout", "1s"], ["pong", "tcp://127.0.0.1:9"],
                                       ["ping", "tcp://127.0.0.1:9", "more"]])
def test_wrong_use(start, arguments):
    ping = start("loteria-ctl", *arguments)
    assert ping.wait() == 2
    assert len(ping.log.splitlines()) == 1 and ping.stdout == ""


def test_a_worker_answers_only_when_there_is_one(start):
    worker = start("loteria-worker", "--count", "2", "--listen", f"tcp://127.0.0.1:{loteria.free_port()}")
    assert worker.wait() == 2
    assert "--listen" in worker.log
