"""The messages of docs/protocol.md, for tests that speak to a central themselves.

`message` and its kind build frames, also wrong ones; `decode` reads what comes back.
Independent of common/wire.c on purpose.
"""

import pathlib
import re
import struct
import time
import types

import zmq
import zmq.utils.monitor

import loteria

COMMANDS = {
    "HELLO": 0x01, "BATCH": 0x02, "READY": 0x03, "RESULTS": 0x04, "DONE": 0x05, "PING": 0x0F,
    "WELCOME": 0x11, "STORED": 0x12, "WAITING": 0x13, "WINNERS": 0x14, "GOODBYE": 0x15,
    "REFUSED": 0x1E, "PONG": 0x1F,
    "JOIN": 0x21, "BEAT": 0x22, "LEAVE": 0x23, "REJOIN": 0x24,
    "STORE": 0x31, "ADMIT": 0x32, "SEAL": 0x33, "FIND": 0x34, "SEALED": 0x35, "HELD": 0x36,
}  # fmt: skip
CODES = {
    1: "SIGNATURE", 2: "VERSION", 3: "COMMAND", 4: "FRAMES", 5: "SIZE", 6: "BODY",
    10: "EMPTY", 11: "ROWS", 12: "COUNT", 13: "FIELDS", 14: "QUOTES", 15: "MISSING", 16: "LONG",
    17: "UTF8", 18: "CONTROL", 19: "DATE", 20: "NUMBER", 21: "RANGE", 22: "BLANK", 23: "CHARACTER",
    30: "AGENCY", 31: "HELLO", 32: "GAP", 33: "CONFLICT", 34: "CLOSED", 35: "TALLY", 36: "UNDRAWN", 37: "KEY",
    40: "BUSY", 41: "NOSPACE", 42: "ASIDE",
}  # fmt: skip

# A body's layout, the names of its fields, and the name of the rest where there is one.
LAYOUTS = {
    "HELLO": ("III", "window message_bytes_max rows_max", None),
    "BATCH": ("QI", "offset count", "rows"),
    "READY": ("Q", "count", None),
    "RESULTS": ("Q", "cursor", None),
    "WELCOME": ("QIIIIIB", "next window message_bytes_max rows_max agencies ready day", None),
    "STORED": ("Q", "next", None),
    "WAITING": ("II", "ready agencies", None),
    "WINNERS": ("QQII", "cursor next number count", "documents"),
    "REFUSED": ("HBBIQQ", "code command field row offset expected", "text"),
    "PONG": ("", "", "process"),
    "JOIN": ("II", "credit heartbeat_ms", None),
    "STORE": ("QI", "offset count", "rows"),
    "ADMIT": ("QIIIIIB", "next window message_bytes_max rows_max agencies ready day", None),
    "SEAL": ("Q", "count", None),
    "FIND": ("QQI", "cursor count number", None),
    "SEALED": ("Q", "count", None),
}


def message(command, agency=0, body=b"", version=1, signature=b"LT"):
    """A frame; `command` is a name or a number, `body` its bytes."""
    return signature + struct.pack(">BBI", version, COMMANDS.get(command, command), agency) + body


def simple(command, agency, *values):
    """A frame whose body is of fixed size; missing values are 0."""
    layout = LAYOUTS.get(command, ("",))[0]
    return message(command, agency, struct.pack(f">{layout}", *values, *[0] * (len(layout) - len(values))))


def batch(agency, offset, rows, count=None, command="BATCH"):
    """`rows` is a list of rows without line ends, as text or bytes; or bytes, as they are."""
    if not isinstance(rows, bytes):
        count = len(rows) if count is None else count
        rows = b"".join((row.encode() if isinstance(row, str) else row) + b"\r\n" for row in rows)
    return message(command, agency, struct.pack(">QI", offset, count) + rows)


def bets(count, first=0, number=1):
    """Sound rows, each different, that go on at `first`."""
    return [f"Ana,Pérez,{30_000_000 + i},1990-05-17,{number}" for i in range(first, first + count)]


def decode(frame):
    """An answer: `name`, `agency`, its fields; a refusal also has the `code` by its name."""
    assert frame[:3] == b"LT\x01", frame
    number, agency = struct.unpack(">BI", frame[3:8])
    name = {value: key for key, value in COMMANDS.items()}[number]
    layout, fields, rest = LAYOUTS.get(name, ("", "", None))
    size = 8 + struct.calcsize(">" + layout)
    assert len(frame) == size or (rest and len(frame) > size), (name, frame)
    answer = types.SimpleNamespace(name=name, agency=agency, frame=frame)
    vars(answer).update(zip(fields.split(), struct.unpack(">" + layout, frame[8:size]), strict=True))
    if rest:
        setattr(answer, rest, frame[size:])
    if name == "REFUSED":
        answer.code = CODES[answer.code]
    return answer


def letter(message, client=b"\0abcd", ticket=0, via=b"", size=None):
    """As processes of a central send it to each other; `size` where it is to be a wrong one."""
    rest = ticket.to_bytes(8, "big") + bytes([len(client)]) + client + bytes([len(via)]) + via + message
    return (4 + len(rest) if size is None else size).to_bytes(4, "big") + rest


def letters(bundle):
    """(message, client, ticket) of each letter in a bundle."""
    found = []
    while bundle:
        (size, ticket), via = struct.unpack(">IQ", bundle[:12]), 13 + bundle[12]
        found.append((bundle[via + 1 + bundle[via]:size], bundle[13:via], ticket))
        bundle = bundle[size:]
    return found


def answers(bundle):
    """What is in the letters of a bundle, decoded."""
    return [decode(frame) for frame, _, _ in letters(bundle)]


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
        self.socket.linger = 0
        self.socket.sndhwm = self.socket.rcvhwm = 0  # a test wants what it sends to be sent
        for name, value in options.items():
            setattr(self.socket, name, value)
        self.socket.connect(endpoint if "://" in endpoint else f"tcp://{endpoint}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close(linger=0)

    def send(self, *frames):
        self.socket.send_multipart(frames)

    def receive(self, timeout=loteria.DEADLINE, decode=decode):
        answer = self.receive_within(timeout, decode)
        assert answer, f"no answer within {timeout} s"
        return answer

    def receive_within(self, seconds, decode=decode):
        """The next answer, or None. From storage and state `answers` decodes it."""
        if not self.socket.poll(max(0, int(seconds * 1000))):
            return None
        frames = self.socket.recv_multipart()
        assert len(frames) == 1, frames
        return decode(frames[0])

    def ask(self, *frames):
        """Send, and the answer. What is ASIDE, as while a central starts, is asked again."""
        deadline = time.monotonic() + loteria.DEADLINE
        while True:
            self.send(*frames)
            answer = self.receive(deadline - time.monotonic())
            if answer.name != "REFUSED" or answer.code != "ASIDE":
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
