"""Hostile clients against a central with keys. While each attack goes on an enrolled agency sells: it
is never kept waiting for more than five seconds, loses no acknowledgement, and no process grows beyond
its cap.

The caps are on a process's peak of resident memory during one attack (VmHWM, reset before it), in MB.
"""

import collections
import contextlib
import pathlib
import re
import statistics
import struct
import threading
import time

import pytest
import zmq

import loteria
import wire
import zmtp
from test_strangers import RAW, endpoint, last_count, processes_that_ended

AGENCIES = 12
HOSTILE = 2  # the agency that attacks; its key is good
WAIT_MAX = 5.0  # seconds
CAPS = {"loteria-broker": 48, "loteria-worker": 24, "loteria-storage": 24, "loteria-state": 24}
MEMORY_MB = 64  # what the broker may have; the default is more
RESEND_SECONDS = 1


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Parts on tcp, so that every hop has CURVE and every port can be attacked."""
    day = loteria.Parts(tmp_path_factory.mktemp("hostile"), workers=2, agencies=AGENCIES, keys=True, start=False)
    day.commands["loteria-broker"] += ("--memory-mb", MEMORY_MB)
    for name in reversed(day.commands):
        day.start(name)
    with loteria.stopped_at_the_end(*day.processes):
        with client_of(day, 1) as client:
            client.hello(1)
        day.proofs = []  # of what only the counts at the end can tell
        yield day
        assert all(process.popen.poll() is None for process in day.processes), "a process ended"
        assert processes_that_ended(day.log) == []
        assert day.stop() == 0
        day.assert_sound()
        assert all(proof(day) for proof in day.proofs)
        loteria.parse_log(day.log)


@pytest.fixture
def attacked(shared):
    """An honest agency sells from here on, until the test is over."""
    with contextlib.ExitStack() as stack:
        for pid in (pid for part in shared.parts.values() for pid in pids_of(part)):
            pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is what it is now
        shared.caps = dict(CAPS)
        honest = stack.enter_context(Honest(shared, next(HONEST)))
        yield shared
        honest.go_on(20)
    peaks = {name: max(memory(pid, "VmHWM") for pid in pids_of(part)) for name, part in shared.parts.items()}
    print(f"longest wait: {max(honest.waits):.2f} s of {len(honest.waits)}; peaks in MB: {peaks}")
    assert max(honest.waits) < WAIT_MAX, f"the honest agency waited for {max(honest.waits):.1f} s"
    assert {name: peak for name, peak in peaks.items() if peak > shared.caps[name] * sanitizer_factor()} == {}
    with client_of(shared, honest.number) as client:
        assert client.hello(honest.number).next == honest.sold, "an acknowledgement was lost"


HONEST = iter(list(range(3, AGENCIES + 1)) * 100)  # each sells for some of the tests


class Honest(threading.Thread):
    """An agency that sells one bet after another, each once the one before is acknowledged."""

    def __init__(self, day, number):
        super().__init__()
        self.day, self.number, self.error = day, number, None
        self.waits, self.stopping, self.moved = [], threading.Event(), threading.Condition()

    def __enter__(self):
        self.client = client_of(self.day, self.number)
        self.sold = self.client.hello(self.number).next
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join()
        self.client.__exit__()
        assert self.error is None, self.error

    def run(self):
        try:
            while not self.stopping.is_set():
                self.sell_one()
        except BaseException as error:
            self.error = error

    def sell_one(self):
        start, frame = time.monotonic(), wire.batch(self.number, self.sold, wire.bets(1, self.sold))
        answer = None
        while answer is None or answer.name != "STORED" or answer.next <= self.sold:
            if answer is None:
                assert time.monotonic() - start < loteria.DEADLINE, "nothing is acknowledged"
                self.client.send(frame)
            answer = self.client.receive_within(RESEND_SECONDS)
            assert answer is None or answer.name == "STORED" or answer.code in ("BUSY", "UNAVAILABLE", "GAP"), answer
        assert answer.next == self.sold + 1
        with self.moved:
            self.sold += 1
            self.waits.append(time.monotonic() - start)
            self.moved.notify()

    def go_on(self, count):
        """Wait until it has sold so many more."""
        target = len(self.waits) + count
        with self.moved:
            assert self.moved.wait_for(lambda: len(self.waits) >= target or self.error, loteria.DEADLINE)
        assert self.error is None, self.error


def client_of(day, agency, **options):
    return wire.Client(day.server, **wire.curve(day.keys / f"agency-{agency}"), **options)


def raw_of(day, agency=HOSTILE, **options):
    folder = day.keys / f"agency-{agency}"
    return zmtp.Curve(day.server, wire.read_key(folder / "broker.key"), wire.key_pair(folder), **options)


def pids_of(part):
    """With those of the workers, which are the children of what was started."""
    return [part.pid, *loteria.children_of(part.pid)]


def memory(pid, name):
    """VmRSS, now, or VmHWM, its peak; in MB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+)", status)[1]) // 1024


def sanitizer_factor():
    """What a build with sanitizers needs is not what is measured."""
    return 8 if "asan" in loteria.BUILD.name else 1


def descriptors(part):
    return len(list(pathlib.Path(f"/proc/{part.pid}/fd").iterdir()))


def ports(day):
    return {"front": f"tcp://{day.server}", "back": endpoint(day, "loteria-broker", "--workers"),
            "storage": endpoint(day, "loteria-storage", "--listen"),
            "state": endpoint(day, "loteria-state", "--listen")}  # fmt: skip


# ---- Who is not enrolled -------------------------------------------------------------


@pytest.mark.asan
def test_strangers_get_nowhere(attacked):
    """With a key of one's own, with no key, with a user name and a password, with another server's key."""
    sound = wire.curve(attacked.keys / "agency-1")
    for _ in range(20):
        public, secret = zmq.curve_keypair()
        assert not wire.let_in(attacked.server, **{**sound, "curve_publickey": public, "curve_secretkey": secret})
    assert not wire.let_in(attacked.server)
    assert not wire.let_in(attacked.server, plain_username=b"agency-1", plain_password=b"1")
    assert not wire.let_in(attacked.server, **{**sound, "curve_serverkey": sound["curve_publickey"]})
    assert not wire.let_in(attacked.server, **{**sound, "curve_secretkey": zmq.curve_keypair()[1]})
    assert wire.let_in(attacked.server, **sound)


@pytest.mark.parametrize("port", ["front", "back", "storage", "state"])
@pytest.mark.parametrize("mechanism", [b"NULL", b"PLAIN", b"GSSAPI", b"", b"CURVE\0\0x"])
def test_no_mechanism_but_curve(attacked, port, mechanism):
    """A downgrade: the connection is closed, and nothing but the greeting was ever said."""
    for behind in (b"", zmtp.frame(b"\5READY" + zmtp.metadata([(b"Socket-Type", b"DEALER")]), zmtp.COMMAND)
                   + zmtp.frame(wire.simple("HELLO", 1)), zmtp.frame(b"\5HELLO\1a\1b", zmtp.COMMAND)):  # fmt: skip
        with zmtp.Raw(ports(attacked)[port]) as raw:
            raw.write(zmtp.greeting(mechanism) + behind)
            assert raw.ends()
            assert len(raw.received) <= 64, raw.received


@pytest.mark.parametrize("start", [b"\xff" + bytes(8) + b"\x7f\1\5", b"\xff" + bytes(8) + b"\x7f\0\5", b"\1\0\x09\0" + b"x" * 8])
def test_no_version_without_security(attacked, start):
    """ZMTP 2.0 and 1.0 know no mechanism."""
    with zmtp.Raw(attacked.server) as raw:
        raw.write(start + zmtp.frame(b"") + zmtp.frame(wire.simple("HELLO", 1)))
        assert raw.ends()
        assert b"LT" not in raw.received


@pytest.mark.asan
def test_garbage_on_every_port(attacked):
    """What is written is no handshake: the connection is closed, at the latest when the time for one is over."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(zmtp.Raw(port)) for port in ports(attacked).values() for _ in RAW]
        for connection, data in zip(connections, 4 * list(RAW.values()), strict=True):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # as it should be
                connection.write(data)
        for connection in connections:
            assert connection.ends()


def handshake_bodies(raw):
    """A CURVE handshake with something wrong in each of its steps."""
    hello = b"\5HELLO\1\0" + bytes(72) + raw.short_public + raw.next_nonce()
    yield [hello + bytes(80)]
    yield [hello + bytes(79)]
    yield [b"\5HELLO\2\0" + hello[8:] + bytes(80)]
    yield [b"\x08INITIATE" + bytes(300)]
    yield [b"\7MESSAGE" + bytes(60)]
    yield [b"\5HELLO"]
    yield [b""]
    yield [b"\5READY" + bytes(40)]


def test_handshakes_that_are_none(attacked):
    with raw_of(attacked) as raw:
        bodies = list(handshake_bodies(raw))
    for frames in bodies:
        with raw_of(attacked) as raw:
            raw.greet(b"CURVE")
            for body in frames:
                raw.write(zmtp.frame(body, zmtp.COMMAND))
            assert raw.ends()
            assert len(raw.received) <= 64
    for size in (0, 1, 96, 200, 60_000):  # behind a sound HELLO
        with raw_of(attacked) as raw:
            raw.greet(b"CURVE")
            raw.hello()
            raw.welcome()
            raw.write(zmtp.frame(b"\x08INITIATE" + (raw.cookie + bytes(size))[:size], zmtp.COMMAND))
            assert raw.ends()


# ---- Who says he is another ----------------------------------------------------------


FORGED = {
    "User-Id": [(b"User-Id", b"{victim}")],
    "User-Id before the rest": [(b"User-Id", b"{victim}"), (b"Socket-Type", b"DEALER")],
    "user-id": [(b"user-id", b"{victim}"), (b"USER-ID", b"{victim}")],
    "an agency's number": [(b"User-Id", b"1"), (b"X-Agency", b"1")],
    "nobody": [(b"User-Id", b"")],
    "twice": [(b"User-Id", b"{victim}")] * 2,
    "Peer-Address": [(b"Peer-Address", b"127.0.0.1"), (b"__fd", b"0"), (b"Resource", b"x")],
    "a thousand properties": [(b"X-%d" % i, b"x" * 50) for i in range(600)],
}


@pytest.mark.asan
@pytest.mark.parametrize("name", FORGED)
def test_forged_user_id_and_metadata(attacked, name):
    """Whatever a handshake says of itself, the connection is its key's owner."""
    victim, _ = wire.key_pair(attacked.keys / "agency-1")
    properties = [(key, value.replace(b"{victim}", victim)) for key, value in FORGED[name]]
    if properties[-1][0] != b"Socket-Type":
        properties.insert(0, (b"Socket-Type", b"DEALER"))
    with raw_of(attacked) as raw:
        raw.shake(properties)
        for request in ("HELLO", "READY", "RESULTS", "DONE"):
            raw.send(wire.simple(request, 1))
            assert wire.decode(raw.receive()).code == "KEY"
        raw.send(wire.simple("HELLO", HOSTILE))
        assert wire.decode(raw.receive()).name == "WELCOME"


@pytest.mark.asan
def test_forged_agency_number(attacked):
    with client_of(attacked, HOSTILE) as client:
        for agency in (0, 1, 3, 100_000, 2**32 - 1):
            for request in ("HELLO", "READY", "RESULTS", "DONE"):
                answer = client.refused(wire.simple(request, agency))
                assert (answer.code, answer.agency) == ("KEY", agency)
            assert client.refused(wire.batch(agency, 0, wire.bets(1))).code == "KEY"
        assert client.hello(HOSTILE)


@pytest.mark.asan
def test_own_routing_ids_are_turned_out(attacked):
    """Nobody names himself, so that nobody has the id that another had, or has: his connection is ended."""
    for name in (b"me", b"\0me", b"abcde", b"\xff" * 255, b"x" * 256, b"y" * 1000, b"z" * 60_000):
        with raw_of(attacked) as raw:
            raw.shake([(b"Socket-Type", b"DEALER"), (b"Identity", b""), (b"Identity", name)])
            raw.send(wire.simple("HELLO", HOSTILE))
            assert raw.ends()
    loteria.wait_until(lambda: "it gave itself a routing id" in attacked.parts["loteria-broker"].log)


@pytest.mark.asan
def test_an_id_that_was_anothers_is_clean(attacked):
    """An id that looks like ZeroMQ's own, which nobody can see is none: an agency with it asks and leaves, and
    the next one with it is another agency. Each hears what is its own, and nothing else."""
    named = [(b"Socket-Type", b"DEALER"), (b"Identity", b"\0abcd")]
    with client_of(attacked, 1) as other:
        for agency in (HOSTILE, 1) * 6:
            with raw_of(attacked, agency) as raw:
                port = raw.socket.getsockname()[1]
                raw.shake(named)
                raw.send(wire.simple("HELLO", agency))
                answer = wire.decode(raw.receive())
                assert (answer.name, answer.agency) == ("WELCOME", agency)
                raw.send(wire.simple("READY", agency, 10**6, draw=answer.draw))  # answered to nobody
            # ZeroMQ lets no second one have the id while it has not noticed that the first one has gone
            loteria.wait_until(lambda: not holds_connection(attacked, port))
            for _ in range(2):  # its threads tell each other in the order in which they serve connections
                assert other.ask(wire.message("PING")).name == "PONG"


def holds_connection(day, port):
    """Whether the broker's end of the connection from this port is there still."""
    lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
    ends = [(line.split()[1].split(":")[1], line.split()[2].split(":")[1]) for line in lines]
    return (f"{day.port:04X}", f"{port:04X}") in ends


# ---- Who says it again ---------------------------------------------------------------


def test_replayed_messages(attacked):
    """The same batch again is stored once; other rows in its place are refused, and not stored."""
    with client_of(attacked, HOSTILE) as client:
        start = client.hello(HOSTILE).next
        batches = [(start + 5 * i, wire.bets(5, start + 5 * i)) for i in range(4)]
        for offset, rows in batches:
            assert client.store(HOSTILE, offset, rows) == offset + 5
        for offset, rows in batches * 5:
            assert client.store(HOSTILE, offset, rows) == start + 20
        assert client.refused(wire.batch(HOSTILE, start, wire.bets(5, start, number=2))).code == "CONFLICT"
        assert client.hello(HOSTILE).next == start + 20


@pytest.mark.asan
def test_replayed_bytes(attacked):
    """All that a connection has sent, sent again over another one: its handshake comes to nothing."""
    with raw_of(attacked) as raw, client_of(attacked, HOSTILE) as client:
        raw.shake()
        welcome = client.hello(HOSTILE)
        start, draw = welcome.next, welcome.draw
        raw.send(wire.batch(HOSTILE, start, wire.bets(1, start), draw=draw, digest=welcome.digest))
        stored = wire.decode(raw.receive())
        assert stored.next == start + 1
        with zmtp.Raw(attacked.server) as again:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                again.write(raw.sent)
            assert again.ends()
            assert b"READY" not in again.received
        # a sealed message again, on its own connection: its nonce is used
        sealed = raw.seal(wire.batch(HOSTILE, start + 1, wire.bets(1, start + 1), draw=draw, digest=stored.digest))
        raw.write(sealed)
        assert wire.decode(raw.receive()).next == start + 2
        raw.write(sealed)
        assert raw.ends()
        assert client.hello(HOSTILE).next == start + 2


# ---- Who sends too much --------------------------------------------------------------


@pytest.mark.asan
def test_oversize_frames(attacked):
    """What announces itself as too long is not waited for, and what is too long is not kept."""
    for size in (2**63, 2**31, 10**9, 2 * 65536 + 34):
        with raw_of(attacked) as raw:
            raw.shake()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                raw.write(bytes([zmtp.LONG]) + size.to_bytes(8, "big") + bytes(200_000))
            assert raw.ends()
    with raw_of(attacked) as raw:
        raw.shake()
        for size in (65536 + 1, 2 * 65536):  # what is not much too long can be told so
            raw.send(wire.message("BATCH", HOSTILE, bytes(size - wire.HEADER)))
            assert wire.decode(raw.receive()).code == "SIZE"
        with pytest.raises((zmtp.NotAdmitted, BrokenPipeError, ConnectionResetError)):
            raw.send(wire.message("BATCH", HOSTILE, bytes(2 * 65536 + 1 - wire.HEADER)))
            raw.receive()


@pytest.mark.asan
def test_messages_of_many_frames(attacked):
    with raw_of(attacked) as raw:
        raw.shake()
        for _ in range(3):
            raw.send(*[b"x" * 100] * 3000)
            assert wire.decode(raw.receive()).code == "FRAMES"
        raw.send(wire.simple("HELLO", HOSTILE))
        assert wire.decode(raw.receive()).name == "WELCOME"


def test_a_message_that_never_ends(attacked):
    """ZeroMQ keeps the frames of a message until the last has come, so the broker sees nothing of it but its
    memory: beyond what it may have it cuts who has sent most."""
    with raw_of(attacked) as raw, pytest.raises((BrokenPipeError, ConnectionResetError)):
        raw.shake()
        for _ in range(10 * MEMORY_MB * 1024 * 1024 // 60_000):  # it is cut long before
            raw.write(raw.seal(bytes(60_000), zmtp.MORE))
            raw.sent = b""
    broker = attacked.parts["loteria-broker"]
    loteria.wait_until(lambda: memory(broker.pid, "VmRSS") < CAPS["loteria-broker"], explain=lambda: "it keeps the memory")
    cuts = [entry for entry in loteria.parse_log(broker.log) if entry["action"] == "memoria"]
    assert {cut["connections_cut"] for cut in cuts} == {"1"}, cuts
    attacked.caps["loteria-broker"] = MEMORY_MB + 100  # what may come in until it looks again, at 1 GB/s


def test_a_message_that_never_ends_when_no_descriptor_is_left(start):
    """What tells the broker of its memory, and of its connections, is open from the start."""
    front, back = (f"tcp://127.0.0.1:{loteria.free_port()}" for _ in range(2))
    broker = start("loteria-broker", "--listen", front, "--workers", back, "--memory-mb", MEMORY_MB)
    broker.wait_for_log("action: broker .*result: success")
    with zmtp.Raw(front) as raw, pytest.raises((BrokenPipeError, ConnectionResetError)):
        raw.shake_null()
        with loteria.no_descriptor_left(broker.pid):
            for _ in range(10 * MEMORY_MB * 1024 * 1024 // 60_000):  # it is cut long before
                raw.write(zmtp.frame(bytes(60_000), zmtp.MORE))
                raw.sent = b""
    assert broker.stop() == 0


def test_half_open_connections(attacked):
    """500 that stop in the midst of a handshake, at each of its steps. New agencies come in meanwhile, and
    when the time for a handshake is over all of the 500 are gone."""
    broker = attacked.parts["loteria-broker"]
    before = descriptors(broker)
    with contextlib.ExitStack() as stack:
        half_open = [stack.enter_context(raw_of(attacked)) for _ in range(500)]
        # on a busy machine the first are closed before the last are open
        loteria.wait_until(lambda: descriptors(broker) > before + 50, explain=lambda: "they were not open at once")
        for number, raw in enumerate(half_open):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                if number % 4 >= 1:
                    raw.write(zmtp.greeting(b"CURVE")[:20 if number % 4 == 1 else 64])
                if number % 4 == 3:
                    raw.hello()
        with client_of(attacked, 1) as client:
            client.hello(1)
        for raw in half_open:
            assert raw.ends()
    loteria.wait_until(lambda: descriptors(broker) <= before, explain=lambda: "descriptors stay behind")


def test_reconnect_storm(attacked):
    """Come, say HELLO, go; and come, and go before anything was said."""
    broker = attacked.parts["loteria-broker"]
    before = descriptors(broker)
    for _ in range(100):
        with raw_of(attacked) as raw:
            raw.shake()
            raw.send(wire.simple("HELLO", HOSTILE))
        for _ in range(10):
            with zmtp.Raw(attacked.server):
                pass
    loteria.wait_until(lambda: descriptors(broker) <= before, explain=lambda: "descriptors stay behind")


def test_slow_reader(attacked):
    """It asks and asks, and reads nothing: its answers are dropped, and nobody waits for it."""
    with raw_of(attacked, SO_RCVBUF=4096) as deaf:
        deaf.shake()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its heartbeats are not answered, either
            for _ in range(120):
                deaf.write(b"".join(deaf.seal(wire.simple("HELLO", 1)) for _ in range(500)))
                deaf.sent = b""
    attacked.proofs.append(lambda day: last_count(day.parts["loteria-broker"].log, "undelivered") > 1000)


# ---- Who takes what is the others' ---------------------------------------------------


FLOOD_CONNECTIONS = 30
SELLERS, WINDOW, CREDIT, TURNS = 4, 8, 4, 400
SHARE_MIN, WAIT_RATIO_MAX = 0.8, 2


@pytest.fixture
def flooder(tmp_path):
    """flooder(DAY, AGENCY): starts a process of flooder.py; the file with its counts."""
    with contextlib.ExitStack() as stack:
        def starter(day, agency):
            counts = tmp_path / "counts"
            counts.write_bytes(bytes(16))
            process = loteria.Process(tmp_path, "/usr/bin/python3", pathlib.Path(__file__).with_name("flooder.py"),
                                      day.server, day.keys / f"agency-{agency}", agency, FLOOD_CONNECTIONS, counts)
            stack.enter_context(loteria.stopped_at_the_end(process))
            return counts

        yield starter


def flooded(counts):
    """How often STORED, how often BUSY."""
    return struct.unpack("=QQ", counts.read_bytes())


class Seller:
    """Has a window of batches of one bet waiting at the broker."""

    def __init__(self, client, number):
        self.client, self.number = client, number
        self.taken = self.sent = 0
        self.since, self.waits = {}, []  # in turns

    def fill(self, turn):
        """The window, and wait until the broker has all of it."""
        while self.sent < self.taken + WINDOW:
            self.since[self.sent] = turn
            self.client.send(wire.batch(self.number, self.sent, wire.bets(1, self.sent)))
            self.sent += 1
        self.client.send(wire.message("PING"))
        while self.client.receive().name != "PONG":
            pass

    def take(self, turn):
        """A worker has got the next one."""
        self.waits.append(turn - self.since.pop(self.taken))
        self.taken += 1


class Worker:
    """Speaks to the broker as a worker does, and answers in storage's place as if all were stored. It is the test's
    own, so that the test decides when there is another turn."""

    def __init__(self, client, storage, state):
        self.client, self.storage, self.held = client, storage, []
        for peer, role in ((client, "worker"), (storage, "storage"), (state, "state")):
            peer.send(wire.joining(role, CREDIT))
            (joined, _), = peer.receive(decode=wire.opened)
            assert wire.decode(joined).name == "JOINED"
            peer.send(wire.enveloped(wire.sound("BEAT")))  # it has heard so

    def answer(self):
        """All that it holds; as many more turns are available."""
        for batch, envelope in self.held:
            agency, draw, offset = struct.unpack(">IQQ", batch[4:24])
            following = offset + 1 if agency <= SELLERS else 0  # the flood's is the same one every time
            self.storage.send(wire.enveloped(wire.simple("STORED", agency, following, draw=draw), envelope))
        self.held = []

    def take(self):
        """The agencies of the batches that it was given in as many turns as it has credit."""
        while len(self.held) < CREDIT:
            self.held += self.client.receive(decode=wire.opened)
        return [struct.unpack(">I", batch[4:8])[0] for batch, _ in self.held]


def serve(worker, sellers, turns, before_each=lambda: None):
    """How many turns each agency got, and the median wait of the sellers' batches, in turns."""
    got = collections.Counter()
    for seller in sellers:
        seller.waits.clear()
    for turn in range(0, turns, CREDIT):
        for seller in sellers:
            seller.fill(turn)
        before_each()
        worker.answer()
        for number, agency in enumerate(worker.take()):
            got[agency] += 1
            if agency <= SELLERS:
                sellers[agency - 1].take(turn + number)
    return got, statistics.median(wait for seller in sellers for wait in seller.waits)


def test_flood_over_many_connections_takes_nobodys_turn(parts, flooder):
    """Four agencies with eight batches waiting each, and one that sends without a pause over 30 connections.
    By connection the flood would have 30 turns of 34; by agency it has one in five at most, and fewer when what
    it is refused is charged to it. It is turns that are counted, of a worker that is the test's own: a wait in
    seconds would also be the machine's."""
    day = parts(agencies=SELLERS + 1, keys=True, start=False)
    broker = day.start("loteria-broker")
    with contextlib.ExitStack() as stack:
        worker = Worker(*(stack.enter_context(wire.Client(ports(day)["back"], **wire.curve(day.keys / role)))
                          for role in ("worker", "storage", "state")))  # fmt: skip
        sellers = [Seller(stack.enter_context(client_of(day, number)), number) for number in range(1, SELLERS + 1)]
        broker.wait_for_log("action: worker_alta")
        alone, wait_alone = serve(worker, sellers, TURNS)
        assert min(alone.values()) >= SHARE_MIN * TURNS / SELLERS, alone
        counts = flooder(day, SELLERS + 1)

        def flooding():
            """Its queue is full: it is told BUSY, and then told so again."""
            busy = flooded(counts)[1]
            loteria.wait_until(lambda: flooded(counts)[1] > busy, explain=lambda: broker.log)

        serve(worker, sellers, 2 * WINDOW * SELLERS, flooding)  # until all that wait began to beside the flood
        got, wait = serve(worker, sellers, TURNS, flooding)
        shares = {agency: count / (TURNS / (SELLERS + 1)) for agency, count in sorted(got.items())}
        print(f"shares: {shares}, BUSY {flooded(counts)[1]} times, wait: {wait / wait_alone:.2f} times that without a flood")
        assert min(shares[seller.number] for seller in sellers) >= SHARE_MIN, shares
        assert wait <= WAIT_RATIO_MAX * wait_alone
