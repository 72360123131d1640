"""Whoever connects and speaks nonsense, or too much, or never listens: nobody dies of it, nobody else waits for it."""

import contextlib
import datetime
import random
import re
import socket
import struct
import threading

import pytest
import zmq

import loteria
import wire

pytestmark = pytest.mark.asan

STRANGER = 0xAAAAAAAA  # an agency that no changed byte makes one of the roll


def hello(agency=1):
    return wire.simple("HELLO", agency)


# name: frames, and the code of their refusal
NO_REQUESTS = {
    "nothing": ([b""], "SIGNATURE"),
    "one byte": ([b"L"], "SIGNATURE"),
    "half a header": ([hello()[:7]], "SIGNATURE"),
    "another signature": ([b"TL" + hello()[2:]], "SIGNATURE"),
    "small letters": ([b"lt" + hello()[2:]], "SIGNATURE"),
    "HTTP": ([b"GET / HTTP/1.1\r\nHost: loteria\r\n\r\n"], "SIGNATURE"),
    "JSON": ([b'{"command": "HELLO", "agency": 1}'], "SIGNATURE"),
    "zeros": ([bytes(8000)], "SIGNATURE"),
    "version 0": ([wire.message("HELLO", 1, bytes(12), version=0)], "VERSION"),
    "version 1": ([wire.message("HELLO", 1, bytes(12), version=1)], "VERSION"),
    "version 255 and nothing behind": ([wire.message("HELLO", 1, version=255)], "VERSION"),
    **{f"command {number:#04x}": ([wire.message(number, 1, bytes(12))], "COMMAND")
       for number in (0x00, 0x0D, 0x0E, 0x10, 0x19, 0x20, 0x30, 0x33, 0x40, 0x4A, 0x7F, 0xFF)},
    **{f"{name} from outside": ([wire.sound(name, 1)], "COMMAND")
       for name, number in wire.COMMANDS.items() if number > 0x0F},
    "STORE with a row": ([wire.message("STORE", 1, bytes(27) + b"\1" + b"1,a,b,1,2000-01-01,1\r\n")], "COMMAND"),
    "HELLO without its body": ([wire.message("HELLO", 1)], "BODY"),
    "HELLO cut short": ([hello()[:-1]], "BODY"),
    "HELLO and a byte": ([hello() + b"\0"], "BODY"),
    "HELLO to a draw that leads elsewhere": ([hello() + b"../first"], "BODY"),
    "BATCH without a count": ([wire.message("BATCH", 1, bytes(24))], "BODY"),
    "READY cut short": ([wire.message("READY", 1, bytes(19))], "BODY"),
    "READY and a byte": ([wire.message("READY", 1, bytes(21))], "BODY"),
    "RESULTS without a cursor": ([wire.message("RESULTS", 1)], "BODY"),
    "DONE with a body": ([wire.message("DONE", 1, bytes(8))], "BODY"),
    "CHECK without a count": ([wire.message("CHECK", 1)], "BODY"),
    "PING with a body": ([wire.message("PING", 0, b"x")], "BODY"),
    "an empty frame before": ([b"", hello()], "FRAMES"),
    "two messages at once": ([hello(), hello()], "FRAMES"),
    "two empty frames": ([b"", b""], "FRAMES"),
    "a thousand frames": ([hello()] * 1000, "FRAMES"),
}  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    day = loteria.Central(tmp_path_factory.mktemp("strangers"), workers=1, agencies=2)
    with loteria.stopped_at_the_end(day.process):
        yield day
        assert day.stop() == 0
        assert processes_that_ended(day.log) == []


def processes_that_ended(log):
    return [entry for entry in loteria.parse_log(log) if entry["action"] == "proceso"]


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_frames_that_are_no_request(shared, name):
    frames, code = NO_REQUESTS[name]
    with wire.Client(shared.server) as client:
        refusal = client.refused(*frames)
        assert refusal.code == code
        if code in ("COMMAND", "BODY"):
            assert refusal.command == frames[0][3]
        assert (refusal.row, refusal.field) == (0, 0) and 0 < len(refusal.text) <= 255
        # the connection is as good as before, and nothing more was answered
        assert client.ask(wire.message("PING")).name == "PONG"
        assert client.hello(1).next == 0


def test_request_socket_with_its_empty_frame(central):
    """A REQ socket gets no answer that it would take, and is told so in the log."""
    day = central(workers=1, agencies=1)
    with wire.Client(day.server, zmq.REQ) as client:
        client.send(hello())
        day.process.wait_for_log(r"action: mensaje_recibido \| result: fail \| code: FRAMES")


def garbage(count, seed):
    """Random bytes, and messages with a few bytes changed, cut off or added."""
    chance = random.Random(seed)
    sound = [wire.sound(name, STRANGER) for name in ("HELLO", "READY", "RESULTS", "DONE", "PING", "WELCOME")]
    sound.append(wire.batch(STRANGER, 0, wire.bets(5)))
    for _ in range(count):
        if chance.random() < 0.3:
            yield chance.randbytes(chance.choice((0, 1, 7, 8, 20, 300, 3000)))
            continue
        frame = bytearray(chance.choice(sound))
        for _ in range(chance.randrange(4)):
            at = chance.randrange(len(frame))
            change = chance.choice(("set", "cut", "insert"))
            if change == "set" and not 4 <= at < 8:
                frame[at] = chance.randrange(256)
            elif change == "cut" and at > 8:
                del frame[at:]
            elif change == "insert" and at > 8:
                frame[at:at] = chance.randbytes(chance.randrange(1, 30))
        yield bytes(frame)


def test_every_piece_of_garbage_is_answered_once(shared):
    frames, portion = list(garbage(6000, seed=1)), 100
    names = set()
    with wire.Client(shared.server) as client:
        assert client.refused(hello(STRANGER)).code == "AGENCY"
        for start in range(0, len(frames), portion):
            for frame in frames[start : start + portion]:
                client.send(frame)
            names.update(getattr(answer, "code", answer.name)
                         for answer in (client.receive() for _ in range(portion)))  # fmt: skip
        assert client.ask(wire.message("PING")).name == "PONG"
        assert client.receive_within(0) is None, "something was answered twice"
    assert names >= {"SIGNATURE", "VERSION", "COMMAND", "BODY", "AGENCY", "HELLO", "PONG"}


# ---- every port, by hand -------------------------------------------------------------


def endpoint(parts, name, flag):
    words = parts.commands[name]
    return words[words.index(flag) + 1]


def endpoints(parts):
    return {"front": endpoint(parts, "loteria-broker", "--listen"),
            "back": endpoint(parts, "loteria-broker", "--workers"),
            "storage": endpoint(parts, "loteria-storage", "--listen"),
            "state": endpoint(parts, "loteria-state", "--listen")}  # fmt: skip


def greeting(mechanism=b"NULL", version=b"\3\0", server=b"\0"):
    return b"\xff" + bytes(8) + b"\x7f" + version + mechanism.ljust(20, b"\0") + server + bytes(31)


READY = b"\x04\x26\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00"

RAW = {
    "nothing": b"",
    "HTTP": b"GET / HTTP/1.1\r\nHost: loteria\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(range(200)),
    "random": random.Random(2).randbytes(100_000),
    "zeros": bytes(100_000),
    "ones": b"\xff" * 100_000,
    "half a greeting": greeting()[:30],
    "a greeting": greeting(),
    "another mechanism": greeting(b"PLAIN"),
    "no mechanism": greeting(b""),
    "ZMTP 9": greeting(version=b"\x09\x09"),
    "ZMTP 1": b"\x01\x00" + b"\x0f\x00some old message",
    "READY cut short": greeting() + READY[:20],
    "READY with random properties": greeting() + b"\x04\x40\x05READY" + random.Random(3).randbytes(58),
    "ERROR": greeting() + b"\x04\x0b\x05ERROR\x05never",
    "a frame of 2^63 bytes": greeting() + READY + b"\x02\x80" + bytes(7),
    "a frame of 2^31 bytes": greeting() + READY + b"\x02" + (2**31).to_bytes(8, "big") + bytes(1000),
    "frames that never end": greeting() + READY + b"\x01\x08" * 5000,
    "reserved flags": greeting() + READY + b"\xf8\x05hello",
    "an unknown command": greeting() + READY + b"\x04\x06\x05LARGE",
}  # fmt: skip


@contextlib.contextmanager
def raw_connections(address):
    """One for each of RAW, still open inside."""
    host, port = address.removeprefix("tcp://").split(":")
    with contextlib.ExitStack() as stack:
        for data in RAW.values():
            connection = stack.enter_context(socket.create_connection((host, int(port)), loteria.DEADLINE))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # as it should be
                connection.sendall(data)
        yield


def ping(address):
    with wire.Client(address) as client:
        answer = client.ask(wire.message("PING"))
        return answer.name, answer.process.decode()


PONGS = {"front": ("PONG", "loteria-broker"), "back": ("PONG", "loteria-broker"),
         "storage": ("PONG", "loteria-storage"), "state": ("PONG", "loteria-state")}  # fmt: skip


def inner_garbage(seed):
    """What no process of ours sends to another: each a list of frames."""
    chance = random.Random(seed)
    yield from ([frame] for frame in garbage(1000, seed))
    yield from ([wire.enveloped(frame, chance.randbytes(16))]
                for frame in garbage(1000, seed + 1) if frame[4:8] == STRANGER.to_bytes(4, "big"))
    yield from ([wire.enveloped(hello(), size=size)] for size in (0, 1, 3, 4, 19, 20, 39, 41, 2**31, 2**32 - 1))
    yield from ([wire.enveloped(b"LT\2" + bytes([number]) + bytes(4), wire.envelope())] for number in range(256) if number not in (0x21, 0x23))
    yield from ([wire.enveloped(wire.sound(name, STRANGER), wire.envelope())] for name in wire.COMMANDS if name not in ("JOIN", "LEAVE"))
    yield [wire.enveloped(b"")]
    yield [b"", wire.enveloped(hello(), wire.envelope())]
    yield [wire.enveloped(hello(), wire.envelope())] * 3
    yield [wire.enveloped(hello(STRANGER), wire.envelope()) * 500]


def test_ping_and_garbage_on_every_port_while_a_day_runs(parts, tmp_path):
    day = parts(workers=2, agencies=3)
    files = {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 3000, winners={agency})
             for agency in (1, 2, 3)}  # fmt: skip
    assert {name: ping(address) for name, address in endpoints(day).items()} == PONGS
    with contextlib.ExitStack() as stack:
        for address in endpoints(day).values():
            stack.enter_context(raw_connections(address))
        strangers = [stack.enter_context(wire.Client(address)) for address in endpoints(day).values()]
        for number, stranger in enumerate(strangers):
            for frames in inner_garbage(10 * number):
                stranger.send(*frames)
        agencies = day.sell(files, "--batch-count", 20)
        assert {name: ping(address) for name, address in endpoints(day).items()} == PONGS
        loteria.assert_day_ends(day, files, agencies)
        assert all(process.popen.poll() is None for process in day.processes), "a process ended"
        assert {name: ping(address) for name, address in endpoints(day).items()} == PONGS
    assert day.stop() == 0
    assert [last_count(day.parts[name].log, "strays") > 1000
            for name in ("loteria-broker", "loteria-storage", "loteria-state")] == [True] * 3  # fmt: skip
    assert processes_that_ended(day.log) == []


def any_message(chance):
    """A sound layout with any values, as no process of ours fills it in."""
    def number(size):
        return chance.choice((0, 1, 2, 3, 5, 2**size - 1, 2 ** (size - 1), chance.getrandbits(16), chance.getrandbits(size))) % 2**size

    name = chance.choice([name for name in wire.COMMANDS if name != "REGISTER"])  # it makes sense: test_state.py
    layout, _, rest = wire.LAYOUTS.get(name, ("", "", None))
    body = b"".join(number(8 * size).to_bytes(size, "big")
                    for size in (struct.calcsize(">" + kind) for kind in wire.kinds(layout)))
    if name in ("BATCH", "STORE"):
        count = chance.randrange(4)
        rows = b"".join(b"50,a,b,%d,2000-01-01,7574\r\n" % row for row in range(count))
        body = struct.pack(">QQQI", chance.choice((0, 0, 1, 2, 3, 2**64 - 1, 2**63)), number(64), number(64),
                           chance.choice((count, count, number(32))))
        body += chance.choice((rows, rows, rows[:-1], b'"\r\n' * count, chance.randbytes(30)))
    elif rest:
        body += chance.choice((b"", b"first", b"first", chance.randbytes(chance.randrange(40))))
    if name in ("RECORD", "EVENT", "ORDER"):
        at = {"RECORD": 16, "EVENT": 24, "ORDER": 0}[name]
        body = body[:at] + bytes((chance.choice(b"OSXCDVWN"), chance.choice(b"FER\0"))) + body[at + 2:]
    return wire.message(name, chance.choice((0, 1, 2, 3, 50, 51, 100_000, 100_001, 2**32 - 1)), body, draw=number(64))


@pytest.mark.parametrize("seed", range(3))
def test_sound_messages_that_make_no_sense_kill_nobody(parts, seed):
    """The inner hops trust what they are told; that may spoil a day, and never ends a process."""
    day, chance = parts(workers=2, agencies=3), random.Random(seed)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(wire.Client(address))
                   for name, address in endpoints(day).items() if name != "front"]  # fmt: skip
        for _ in range(700):
            for client in clients:
                client.send(b"".join(
                    wire.enveloped(any_message(chance), chance.choice((wire.NOBODY, wire.envelope(), chance.randbytes(16))))
                    for _ in range(chance.choice((1, 1, 2, 5, 64)))))  # fmt: skip
        # each port is served in turn with all that came before
        for client in clients:
            client.send(wire.message("PING"))
            answer = b""
            while not answer.startswith(wire.message("PONG")):
                assert client.socket.poll(loteria.DEADLINE * 1000), day.log
                answer = client.socket.recv()
        assert ping(day.server) == PONGS["front"]
    assert processes_that_ended(day.log) == []
    assert day.stop() == 0
    assert day.check()[0] == 0


def last_count(log, name):
    return int(re.findall(rf"\| {name}: (\d+)", log)[-1])


# ---- too much, and too little --------------------------------------------------------


def test_what_a_stranger_causes_is_logged_once_a_second_and_counted(parts):
    """Lines against the time between the log's own stamps, while the garbage comes without a pause."""
    day = parts(workers=1, agencies=1)
    broker = day.parts["loteria-broker"]
    sent = 0
    with wire.Client(day.server) as stranger:
        while len(refusals_logged(broker.log)) < 3:
            for _ in range(100):
                stranger.send(b"nonsense")
            sent += 100
            for _ in range(100):
                assert stranger.receive().code == "SIGNATURE"
    assert day.stop() == 0
    lines = refusals_logged(broker.log)
    stamps = [datetime.datetime.fromisoformat(line[:19]) for line in broker.log.splitlines() if "mensaje_recibido" in line]
    # one more for the first, and one for a stamp's fraction of a second
    assert len(lines) <= (stamps[-1] - stamps[0]).total_seconds() + 2
    assert all(entry["level"] == "WARNING" and entry["code"] == "SIGNATURE" for entry in lines)
    assert last_count(broker.log, "refused") == sent
    logged = len(lines) + sum(int(entry["not_logged_before"]) for entry in lines)
    assert 100 <= logged <= sent


def refusals_logged(log):
    return [entry for entry in loteria.parse_log(log) if entry["action"] == "mensaje_recibido"]


def test_full_queue_is_answered_busy_and_only_for_who_filled_it(start):
    """No worker is there, so whatever is accepted waits: twice the window for each connection."""
    front, back = (f"tcp://127.0.0.1:{loteria.free_port()}" for _ in range(2))
    broker = start("loteria-broker", "--listen", front, "--workers", back, "--window", 4)
    with wire.Client(front) as greedy, wire.Client(front) as other:
        for _ in range(11):
            greedy.send(hello(1))
        refused = [greedy.receive() for _ in range(3)]
        assert {(answer.name, answer.code, answer.agency) for answer in refused} == {("REFUSED", "BUSY", 1)}
        greedy.send(wire.message("PING"))
        assert greedy.receive().name == "PONG", "the other eight wait"
        for _ in range(8):
            other.send(hello(2))
        other.send(wire.message("PING"))
        assert other.receive().name == "PONG", "none of its own was refused"
    assert broker.stop() == 0


def test_each_of_a_burst_is_answered(parts):
    """As many as the connection takes answers without being read: what has no room is told so."""
    day = parts(workers=1, agencies=1)
    with wire.Client(day.server) as client:
        client.hello(1)
        for _ in range(250):
            client.send(hello(1))
        answers = [client.receive() for _ in range(250)]
        assert {getattr(answer, "code", answer.name) for answer in answers} <= {"WELCOME", "BUSY"}
    assert day.stop() == 0
    assert last_count(day.parts["loteria-broker"].log, "undelivered") == 0


def test_flood_is_told_busy_while_others_finish_their_day(central, tmp_path):
    day = central(workers=2, agencies=3)
    files = {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 3000, winners={7})
             for agency in (1, 2, 3)}  # fmt: skip
    stop, busy = threading.Event(), threading.Event()

    def flood():
        with wire.Client(day.server) as greedy:
            while not stop.is_set():
                for _ in range(500):
                    greedy.send(hello(3))
                while answer := greedy.receive_within(0):
                    if answer.name == "REFUSED" and answer.code == "BUSY":
                        busy.set()

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        assert busy.wait(loteria.DEADLINE), "it was never refused"
        sellers = day.sell({agency: files[agency] for agency in (1, 2)}, "--batch-count", 20)
        for seller in sellers.values():
            seller.wait_for_log(r"action: espera_sorteo \| result: in_progress")
    finally:
        stop.set()
        flooding.join()
    loteria.assert_day_ends(day, files, {**sellers, **day.sell({3: files[3]})})


def test_client_that_never_reads_stops_nobody(parts, tmp_path):
    day = parts(workers=2, agencies=2)
    files = {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 3000, winners={7})
             for agency in (1, 2)}  # fmt: skip
    broker = day.parts["loteria-broker"]
    with wire.Client(day.server, rcvhwm=1, rcvbuf=4096) as deaf:
        for _ in range(200_000):
            deaf.send(b"nonsense")
        loteria.assert_day_ends(day, files, day.sell(files, "--batch-count", 20))
        assert day.stop() == 0
    assert last_count(broker.log, "refused") > 1000
    assert last_count(broker.log, "undelivered") > 1000, "it was not deaf"


def test_batches_ahead_do_not_hold_up_others(parts):
    """An agency that left a gap, and sends on behind it, takes no worker away from the others."""
    # a worker that is not taken for dead, however busy this machine is: its letters would go round
    day = parts(workers=1, agencies=2, worker_arguments=("--heartbeat-ms", 60_000))
    with wire.Client(day.server) as hasty, wire.Client(day.server) as other:
        for agency, client in enumerate((hasty, other), 1):
            client.hello(agency)
            assert client.store(agency, 0, wire.bets(1)) == 1
        for offset in range(2, 102):  # bet 1 is missing
            hasty.send(wire.batch(1, offset, wire.bets(1, offset)))
        # more than the broker takes in a row, so that it has also given away what it could
        for _ in range(200):
            hasty.send(wire.message("PING"))
        assert {hasty.receive().name for _ in range(200)} == {"PONG"}
        assert other.store(2, 1, wire.bets(1, 1)) == 2
    assert day.stop() == 0
    assert last_count(day.parts["loteria-broker"].log, "given_up") == 0
