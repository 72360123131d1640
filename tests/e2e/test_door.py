"""The broker's door: who is cut, and what the log tells of those who come."""

import contextlib
import pathlib
import re
import socket
import struct

import zmq

import loteria
import wire
import zmtp

MEMORY_MB = 64
QUIET, FRAMES, FRAME_BYTES = 60, 30, 60_000  # 108 MB in all
SENT_BY_DECOY = 4 * FRAMES * FRAME_BYTES


def resident_mb(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) // 1024


def test_memory_is_taken_from_who_holds_it(start):
    """Sixty connections hold messages that never end, while one sends far more than any of them, each of
    its messages whole: it is not the one that is cut."""
    front, back = (f"tcp://127.0.0.1:{loteria.free_port()}" for _ in range(2))
    broker = start("loteria-broker", "--listen", front, "--workers", back, "--memory-mb", MEMORY_MB)
    broker.wait_for_log("action: broker .*result: success")
    with contextlib.ExitStack() as stack:
        decoy = stack.enter_context(wire.Client(front))
        for _ in range(SENT_BY_DECOY // FRAME_BYTES):
            decoy.send(bytes(FRAME_BYTES))
            assert decoy.receive().code == "SIGNATURE"
        decoy.watch()
        unfinished = zmtp.frame(bytes(FRAME_BYTES), zmtp.MORE) * FRAMES
        quiet = [stack.enter_context(zmtp.Raw(front)) for _ in range(QUIET)]
        for connection in quiet:
            connection.shake_null()
        for connection in quiet:  # all before the first is missed for its heartbeats
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.socket.sendall(unfinished)
        broker.wait_for_log("action: memoria")
        loteria.wait_until(lambda: resident_mb(broker.pid) < MEMORY_MB, explain=lambda: broker.log)
        decoy.send(wire.message("PING"))
        assert decoy.receive().name == "PONG"
        assert not decoy.ends(0), broker.log
    assert broker.stop() == 0


def test_who_hangs_up_on_a_full_queue_ends_nobody(start):
    """Many small messages and heartbeats among them, and the line is cut: where a queue of what came in is full,
    ZeroMQ fails an assertion of its own (within some twenty to a hundred such calls)."""
    front, back = (f"tcp://127.0.0.1:{loteria.free_port()}" for _ in range(2))
    broker = start("loteria-broker", "--listen", front, "--workers", back)
    broker.wait_for_log("action: broker .*result: success")
    burst = 20 * (100 * zmtp.frame(wire.message("PING")) + zmtp.frame(b"\4PING\0\0", zmtp.COMMAND))
    for _ in range(300):
        with zmtp.Raw(front) as raw:
            raw.shake_null()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                raw.write(burst)
            raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with wire.Client(front) as client:
        assert client.ask(wire.message("PING")).name == "PONG"
    assert broker.stop() == 0


def test_who_is_not_let_in_is_told_in_the_log(central):
    """With the address, and of a key its beginning."""
    day = central(workers=1, agencies=1, keys=True)
    public, secret = zmq.curve_keypair()
    sound = wire.curve(day.keys / "agency-1")
    assert not wire.let_in(day.server, **{**sound, "curve_publickey": public, "curve_secretkey": secret})
    start = re.escape(public[:8].decode().replace("|", "/"))
    day.process.wait_for_log(rf"action: conexion \| result: fail \| door: agencies \| address: 127.0.0.1 \| key: {start}\.\.\.")
    assert not wire.let_in(day.server)
    day.process.wait_for_log(r"door: agencies \| address: (127.0.0.1|unknown) \| reason: it does not speak ZeroMQ")


def test_a_key_has_so_many_connections_and_the_newest_stays(central):
    """Who was silent longest is cut; whoever comes back gets in."""
    day = central(workers=1, agencies=1, keys=True)
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(65):  # one after the other: of those that say nothing there may be 64, too
            clients.append(stack.enter_context(wire.Client(day.server, **wire.curve(day.keys / "agency-1"))))
            if len(clients) == 1:
                clients[0].watch()
            clients[-1].hello(1)
        assert clients[0].ends()
        assert clients[-1].hello(1).next == 0
