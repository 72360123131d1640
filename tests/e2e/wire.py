"""The messages of docs/protocol.md, for tests that speak to a central themselves.

`message` and its kind build frames, also wrong ones; `decode` reads what comes back.
Independent of common/wire/wire.c on purpose.
"""

import collections
import csv
import io
import pathlib
import re
import struct
import time
import types

import xxhash
import zmq
import zmq.utils.monitor

import loteria

COMMANDS = {
    "HELLO": 0x01, "BATCH": 0x02, "READY": 0x03, "RESULTS": 0x04, "DONE": 0x05, "CHECK": 0x06,
    "BATCHES": 0x07, "CANCEL": 0x08, "FETCH": 0x09, "PING": 0x0F,
    "WELCOME": 0x11, "STORED": 0x12, "WAITING": 0x13, "WINNERS": 0x14, "GOODBYE": 0x15, "DIGEST": 0x16,
    "CANCELLED": 0x17, "NOTE": 0x18, "REFUSED": 0x1E, "PONG": 0x1F,
    "JOIN": 0x21, "BEAT": 0x22, "LEAVE": 0x23, "REJOIN": 0x24, "JOINED": 0x25,
    "STORE": 0x31, "ADMIT": 0x32, "FIND": 0x34, "HELD": 0x36,
    "REGISTER": 0x37, "REPLAY": 0x38, "RECORD": 0x39, "EVENT": 0x3A, "REGISTERED": 0x3B,
    "LOOKUP": 0x3C, "ORDER": 0x41, "ORDERED": 0x42, "LIST": 0x43, "DRAW": 0x44,
    "STATUS": 0x45, "REPORT": 0x46, "SCALE": 0x48, "SCALED": 0x49,
}  # fmt: skip
CODES = {
    1: "SIGNATURE", 2: "VERSION", 3: "COMMAND", 4: "FRAMES", 5: "SIZE", 6: "BODY",
    10: "EMPTY", 11: "ROWS", 12: "COUNT", 13: "FIELDS", 14: "QUOTES", 15: "MISSING", 16: "LONG",
    17: "UTF8", 18: "CONTROL", 19: "DATE", 20: "NUMBER", 21: "RANGE", 22: "BLANK", 23: "CHARACTER",
    30: "AGENCY", 31: "HELLO", 32: "GAP", 33: "CONFLICT", 34: "CLOSED", 35: "TALLY", 36: "UNDRAWN", 37: "KEY",
    38: "DRAW", 39: "SUPERSEDED",
    40: "BUSY", 41: "NOSPACE", 42: "UNAVAILABLE",
    50: "VOID", 51: "NAME", 52: "PHASE", 53: "DRAWS", 54: "NOTE", 55: "ROOT",
}  # fmt: skip

STANDING = ("next digest window message_bytes_max rows_max bundle_bytes agencies ready day highest closes_ms cancelled"
            " sequence head")  # fmt: skip
HAPPENED = "kind source event_agency agencies number highest cancelled count digest closes_ms time_ms"
LISTED = ("index total phase source agencies ready excused served number highest opened_ms closes_ms closed_ms"
          " drawn_ms")  # fmt: skip

# A body's layout, the names of its fields, and the name of the rest where there is one.
LAYOUTS = {
    "HELLO": ("IIII", "window message_bytes_max rows_max bundle_bytes", "draw_name"),
    "BATCH": ("QQQI", "offset digest writer count", "rows"),
    "BATCHES": ("", "", "batches"),
    "READY": ("QQI", "count digest cancelled", None),
    "RESULTS": ("Q", "cursor", None),
    "CHECK": ("Q", "count", None),
    "CANCEL": ("Q", "offset", None),
    "FETCH": ("BIQ", "which of from", None),
    "NOTE": ("BIII", "which of total from", "page"),
    "WELCOME": ("QQIIIIIIBIQIQ32s", STANDING, "draw_name"),
    "STORED": ("QQ", "next digest", None),
    "DIGEST": ("QQ", "count digest", None),
    "CANCELLED": ("QI", "offset cancelled", None),
    "WAITING": ("IIBIIIIIIII", "ready agencies day " + " ".join(f"missing_{place}" for place in range(1, 9)), None),
    "WINNERS": ("QQIIQ32s", "cursor next number count sequence head", "documents"),
    "REFUSED": ("HBBIQQ", "code command field row offset expected", "text"),
    "PONG": ("", "", "process"),
    "JOIN": ("BII", "role credit heartbeat_ms", "worker_name"),
    "BEAT": ("QQQQQ", "batches bets refused cpu_ms memory_bytes", None),
    "JOINED": ("I", "boot", None),
    "STORE": ("QQQI", "offset digest writer count", "rows"),
    "ADMIT": ("QQQIIIIIIBIQIQ32s", f"epoch {STANDING}", "draw_name"),
    "FIND": ("QQQI", "epoch cursor count number", None),
    "REGISTER": ("Q", "state", None),
    "REPLAY": ("QQ", "epoch from", None),
    "LOOKUP": ("Q", "epoch", "draw_name"),
    "RECORD": ("QQBBIIIIIQQQQ", f"epoch seen {HAPPENED}", "text"),
    "EVENT": ("QQQBBIIIIIQQQQ", f"sequence ordinal events {HAPPENED}", "text"),
    "REGISTERED": ("QQI", "epoch identity draws", None),
    "ORDER": ("BBIIIQB", "order source agencies number highest closes_ms name_size", "name_and_note"),
    "ORDERED": ("Q", "sequence", "draw_name"),
    "LIST": ("I", "from", None),
    "DRAW": ("IIBBIIIIIIQQQQ", LISTED, "draw_name"),
    "STATUS": ("BQ", "subject from", None),
    "REPORT": ("BBQQ", "subject more next lost", "text"),
    "SCALE": ("I", "workers", None),
    "SCALED": ("I", "workers", None),
}
HEADER = 16  # bytes: signature, version, command, agency, draw
ROLES = {"worker": 1, "storage": 2, "state": 3}
VERSION = 2
RECORD_BYTES = 128  # of an index's or a journal's header, and of each of its records
RECORD = ">BxHIQQQIIIIQQ"  # the first 64 bytes of a record of storage
Record = collections.namedtuple("Record", "kind count agency draw offset position size previous jump number digest writer")


def message(command, agency=0, body=b"", version=VERSION, signature=b"LT", draw=0):
    """A frame; `command` is a name or a number, `body` its bytes."""
    return signature + struct.pack(">BBIQ", version, COMMANDS.get(command, command), agency, draw) + body


def simple(command, agency, *values, draw=0, rest=b""):
    """A frame whose body has these values, missing ones are 0, and `rest` behind them."""
    layout, _, _ = LAYOUTS.get(command, ("", "", None))
    missing = kinds(layout)[len(values):]
    body = struct.pack(f">{layout}", *values, *[b"" if "s" in kind else 0 for kind in missing])
    return message(command, agency, body + rest, draw=draw)


def sound(command, agency=0, draw=0):
    """The least that decodes as this command, whatever it would mean."""
    kinds = {"RECORD": (0, 0, ord("D")), "EVENT": (0, 0, 0, ord("D")), "ORDER": (ord("C"),), "JOIN": (1,),
             "FETCH": (ord("N"),), "NOTE": (ord("N"),)}
    named = command in ("WELCOME", "ADMIT", "LOOKUP", "ORDERED")
    return simple(command, agency, *kinds.get(command, ()), draw=draw, rest=b"first" if named else b"")


def order(kind, name="", note="", agency=0, source="F", agencies=0, number=0, highest=9999, closes_ms=0):
    """An ORDER to state: O, C, N, X or W."""
    opens = kind == "O"
    values = (ord(source), agencies, number, highest, closes_ms) if opens else (0, 0, number, 0, 0)
    return simple("ORDER", agency, ord(kind), *values, len(name), rest=name.encode() + note.encode())


def kinds(layout):
    """Its fields, one by one."""
    return re.findall(r"\d*[A-Za-z]", layout)


def batch(agency, offset, rows, count=None, command="BATCH", draw=0, digest=0, writer=0):
    """`rows` is a list of rows without line ends, as text or bytes; or bytes, as they are. A draw or a digest that is 0
    is filled in by the client that sends it, if it knows better."""
    if not isinstance(rows, bytes):
        count = len(rows) if count is None else count
        rows = b"".join((row.encode() if isinstance(row, str) else row) + b"\r\n" for row in rows)
    return message(command, agency, struct.pack(">QQQI", offset, digest, writer, count) + rows, draw=draw)


def batches(agency, *frames, draw=0):
    """Several BATCHes in one message; what is enclosed may be any bytes."""
    return message("BATCHES", agency, b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames), draw=draw)


def enclosed(bundle):
    """The frames in a BATCHES, as far as its sizes are right."""
    rest = bundle[HEADER:]
    while len(rest) >= 4 and (size := int.from_bytes(rest[:4], "big")) <= len(rest) - 4:
        yield rest[4:4 + size]
        rest = rest[4 + size:]


def bets(count, first=0, number=1):
    """Sound rows, each different, that go on at `first`."""
    return [f"Ana,Pérez,{30_000_000 + i},1990-05-17,{number}" for i in range(first, first + count)]


def canonical(row):
    """A row without its line end as storage has it, without its agency; bytes. What is no row stays as it is."""
    row = row.encode() if isinstance(row, str) else row
    try:
        fields, = csv.reader([row.decode()], strict=True)
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow([*fields[:4], int(fields[4])])
        return out.getvalue().encode()
    except (ValueError, IndexError, csv.Error):
        return row


def digest(rows, before=0):
    """The digest of rows without their line ends, behind others with the digest `before`."""
    for row in rows:
        before = xxhash.xxh3_64_intdigest(canonical(row), seed=before)
    return before


class History:
    """An agency's bets as one client knows them: the digest before each offset.

    What the central says is taken for true, and what was sent for probable until then."""

    def __init__(self):
        self.known, self.sent = {0: 0}, {}

    def at(self, offset):
        return self.known.get(offset, self.sent.get(offset, 0))

    def send(self, offset, before, rows):
        for row in rows.splitlines():
            offset, before = offset + 1, digest([row], before)
            self.sent[offset] = before

    def learn(self, following, told):
        if self.sent.get(following) == told:
            self.known.update((offset, value) for offset, value in self.sent.items() if offset <= following)
        self.known[following] = told


def decode(frame):
    """A message: `name`, `agency`, `draw`, its fields; a refusal also has the `code` by its name."""
    assert frame[:3] == b"LT\x02", frame
    number, agency, draw = struct.unpack(">BIQ", frame[3:HEADER])
    name = {value: key for key, value in COMMANDS.items()}[number]
    layout, fields, rest = LAYOUTS.get(name, ("", "", None))
    size = HEADER + struct.calcsize(">" + layout)
    assert len(frame) == size or (rest and len(frame) > size), (name, frame)
    answer = types.SimpleNamespace(name=name, agency=agency, draw=draw, frame=frame)
    vars(answer).update(zip(fields.split(), struct.unpack(">" + layout, frame[HEADER:size]), strict=True))
    if rest:
        setattr(answer, rest, frame[size:])
    if name == "REFUSED":
        answer.code = CODES[answer.code]
    return answer


def standing(data, agency):
    """(draw, next, digest) of an agency, from bets.index, which nobody is writing now."""
    bets, told = 0, 0
    for record in records(data):
        if record.kind == b"B" and record.agency == agency:
            bets, told = record.offset + record.count, record.digest
    return draw_of(data), bets, told


def draw_of(data):
    """The draw that was opened last, as bets.index has it."""
    return [record.draw for record in records(data) if record.kind == b"O"][-1]


def records(data):
    """Those of bets.index, as far as they are whole."""
    index = (pathlib.Path(data) / "bets.index").read_bytes()
    return [parse_record(index[at:at + RECORD_BYTES])
            for at in range(RECORD_BYTES, len(index) - RECORD_BYTES + 1, RECORD_BYTES)]


def parse_record(raw):
    fields = struct.unpack(RECORD, raw[:struct.calcsize(RECORD)])
    return Record(bytes([fields[0]]), *fields[1:])


NOBODY = bytes(16)  # the envelope of what a process says for itself


def envelope(client=1, ticket=1, boot=1):
    return struct.pack(">IIQ", boot, ticket, client)


def enveloped(message, envelope=NOBODY, size=None):
    """As processes of a central send it to each other; `size` where it is to be a wrong one."""
    return (20 + len(message) if size is None else size).to_bytes(4, "big") + envelope + message


def opened(bundle):
    """(message, envelope) of each in a bundle."""
    found = []
    while bundle:
        size = int.from_bytes(bundle[:4], "big")
        found.append((bundle[20:size], bundle[4:20]))
        bundle = bundle[size:]
    return found


def joining(role, credit=0, heartbeat_ms=60_000):
    """What a process of this role says to a broker's door for workers at first."""
    return enveloped(simple("JOIN", 0, ROLES[role], credit, heartbeat_ms))


def read_key(path, name="public-key"):
    return re.search(rf'^ +{name} = "(.{{40}})"$', pathlib.Path(path).read_text(), re.MULTILINE)[1].encode()


def key_pair(folder):
    """The public and the secret key in a folder of loteria-keys."""
    return read_key(folder / "secret.key"), read_key(folder / "secret.key", "secret-key")


def curve(folder, server="broker"):
    """Options for a Client that goes to `server` with the keys in `folder`."""
    public, secret = key_pair(folder)
    return {"curve_serverkey": read_key(folder / f"{server}.key"), "curve_publickey": public, "curve_secretkey": secret}


class Client:
    """A connection of one's own. `with Client(ENDPOINT) as client: ...`

    All share one context, which is never ended: a context that Python's collector finds before its
    sockets, as it may behind a test that failed, waits for them, and for ever."""

    def __init__(self, endpoint, kind=zmq.DEALER, **options):
        self.socket = zmq.Context.instance().socket(kind)
        self.draw, self.histories = 0, {}
        self.socket.linger = 0
        self.socket.sndhwm = self.socket.rcvhwm = 0  # a test wants what it sends to be sent
        for name, value in options.items():
            setattr(self.socket, name, value)
        self.socket.connect(endpoint if "://" in endpoint else f"tcp://{endpoint}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.disable_monitor()
        self.socket.close(linger=0)

    def watch(self):
        """From here on `ends` tells whether its connection was ended."""
        self.monitor = self.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)

    def ends(self, timeout=loteria.DEADLINE):
        return bool(self.monitor.poll(timeout * 1000))

    def send(self, *frames):
        self.socket.send_multipart([self.fill_in(frame) for frame in frames])

    def fill_in(self, frame):
        """The draw and the digest where they are 0, if they are known."""
        name = {number: name for name, number in COMMANDS.items()}.get(frame[3] if len(frame) > 3 else None)
        layout, fields, _ = LAYOUTS.get(name, ("", "", None))
        size = HEADER + struct.calcsize(">" + layout)
        if name not in ("BATCH", "BATCHES", "READY", "RESULTS", "DONE", "CHECK", "CANCEL") or len(frame) < size:
            return frame
        agency, draw = struct.unpack(">IQ", frame[4:HEADER])
        header = frame[:8] + (draw or self.draw).to_bytes(8, "big")
        if name == "BATCHES":
            within = list(enclosed(frame))
            known = batches(0, *within)[HEADER:] == frame[HEADER:]
            return header + (batches(0, *map(self.fill_in, within)) if known else frame)[HEADER:]
        body = dict(zip(fields.split(), struct.unpack(">" + layout, frame[HEADER:size]), strict=True))
        history = self.histories.setdefault(agency, History())
        if "digest" in body:
            body["digest"] = body["digest"] or history.at(body["offset"] if name == "BATCH" else body["count"])
        if name == "BATCH":
            history.send(body["offset"], body["digest"], frame[size:])
        return header + struct.pack(">" + layout, *body.values()) + frame[size:]

    def learn(self, answer):
        if answer.name == "WELCOME":
            self.draw = answer.draw
        if answer.name in ("WELCOME", "STORED"):
            self.histories.setdefault(answer.agency, History()).learn(answer.next, answer.digest)

    def receive(self, timeout=loteria.DEADLINE, decode=decode):
        answer = self.receive_within(timeout, decode)
        assert answer, f"no answer within {timeout} s"
        return answer

    def receive_within(self, seconds, decode=decode):
        """The next answer, or None."""
        if not self.socket.poll(max(0, int(seconds * 1000))):
            return None
        frames = self.socket.recv_multipart()
        assert len(frames) == 1, frames
        answer = decode(frames[0])
        if isinstance(answer, types.SimpleNamespace):
            self.learn(answer)
        return answer

    def ask(self, *frames):
        """Send, and the answer. What is UNAVAILABLE, as while a central starts, is asked again."""
        deadline = time.monotonic() + loteria.DEADLINE
        while True:
            self.send(*frames)
            answer = self.receive(deadline - time.monotonic())
            if answer.name != "REFUSED" or answer.code != "UNAVAILABLE":
                return answer
            held = self.receive_within(0.02)  # nothing else is under way
            assert held is None, held

    def refused(self, *frames):
        """The refusal that the frames are answered with."""
        answer = self.ask(*frames)
        assert answer.name == "REFUSED", answer
        return answer

    def hello(self, agency):
        answer = self.ask(simple("HELLO", agency))
        assert answer.name == "WELCOME", answer
        return answer

    def store(self, agency, offset, rows):
        """Sell a batch, which must be stored; the agency's next offset."""
        answer = self.ask(batch(agency, offset, rows))
        assert (answer.name, answer.agency) == ("STORED", agency), answer
        return answer.next


class Broker:
    """A broker's door for workers, and no more: for who wants to hear what storage or state answers."""

    def __init__(self, boot=7, endpoint=None):
        self.boot = boot
        self.endpoint = endpoint or f"tcp://127.0.0.1:{loteria.free_port()}"
        self.joined, self.beaten = [], False  # roles, in the order they came
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.linger = 0
        # where another one has just been, ZeroMQ may not have closed it yet
        loteria.wait_until(self.bound, explain=lambda: f"{self.endpoint} stays in use")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close(linger=0)

    def bound(self):
        try:
            self.socket.bind(self.endpoint)
        except zmq.ZMQError as error:
            assert error.errno == zmq.EADDRINUSE, error
            return False
        return True

    def wait_for(self, role):
        """Until somebody has joined in this role, and has heard that he has: then he beats."""
        while ROLES[role] not in self.joined or not self.beaten:
            assert self.hear() == []

    def receive(self):
        """The next answers, (decoded message, envelope) of each; who joins is let in meanwhile."""
        deadline = time.monotonic() + loteria.DEADLINE
        while time.monotonic() < deadline:
            answers = self.hear()
            if answers:
                return answers
        raise AssertionError("nothing is answered, and there are beats")

    def hear(self):
        assert self.socket.poll(loteria.DEADLINE * 1000), "nothing is heard"
        peer, bundle = self.socket.recv_multipart()
        heard = [(decode(message), envelope) for message, envelope in opened(bundle)]
        for message, _ in heard:
            self.beaten = self.beaten or message.name == "BEAT"
            if message.name == "JOIN":
                self.joined.append(message.role)
                self.socket.send_multipart([peer, enveloped(simple("JOINED", 0, self.boot))])
        return [item for item in heard if item[1] != NOBODY]


def let_in(endpoint, **options):
    """Whether the handshake succeeds. One that is refused, or broken off, is waited for no longer."""
    ends = (zmq.EVENT_HANDSHAKE_SUCCEEDED, zmq.EVENT_HANDSHAKE_FAILED_AUTH, zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
            zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)  # fmt: skip
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        for name, value in options.items():
            setattr(dealer, name, value)
        with dealer.get_monitor_socket(sum(ends)) as monitor:
            dealer.connect(endpoint if "://" in endpoint else f"tcp://{endpoint}")
            assert monitor.poll(loteria.DEADLINE * 1000), "neither let in nor turned away"
            event = zmq.utils.monitor.recv_monitor_message(monitor)["event"]
            dealer.disable_monitor()
    return event == zmq.EVENT_HANDSHAKE_SUCCEEDED


def wait_for_central(server):
    """Until a worker takes requests and reaches storage and state. (Agency 0 never gets in.)"""
    with Client(server) as client:
        assert client.refused(batch(0, 0, bets(1))).code == "HELLO"
        assert client.refused(simple("HELLO", 0)).code == "AGENCY"
