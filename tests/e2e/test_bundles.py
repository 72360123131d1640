"""Several batches in one message (BATCHES): what an agency sends, and what a broker makes of it."""

import struct

import pytest
import zmq

import loteria
import wire
import zmtp
from test_hostile import HOSTILE, attacked, client_of, raw_of, shared  # noqa: F401 (fixtures)

BUSY = next(number for number, name in wire.CODES.items() if name == "BUSY")
GRANTED = 65536
WINDOW_MAX = 256


def offsets(bundle):
    """(offset, count) of each batch in a BATCHES."""
    return [struct.unpack(">Q16xI", frame[16:44]) for frame in wire.enclosed(bundle)]


class Broker:
    """A broker and all that is behind it, played by the test: it says what it is told to say."""

    def __init__(self, context):
        self.socket = context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.server = f"127.0.0.1:{self.socket.bind_to_random_port('tcp://127.0.0.1')}"

    def hear(self):
        assert self.socket.poll(loteria.DEADLINE * 1000), "the agency says nothing"
        self.peer, frame = self.socket.recv_multipart()
        return frame

    def say(self, command, *values, rest=b""):
        self.socket.send_multipart([self.peer, wire.simple(command, 1, *values, draw=5, rest=rest)])

    def welcome(self, next_offset, told, bundle_bytes):
        frame = self.hear()
        assert frame[3] == wire.COMMANDS["HELLO"], frame
        assert int.from_bytes(frame[28:32], "big") == GRANTED, "it would send bundles"
        self.say("WELCOME", next_offset, told, 4, 8192, 2, bundle_bytes, 1, 0, 0, rest=b"first")


@pytest.fixture
def broker():
    with zmq.Context() as context:
        played = Broker(context)
        yield played
        played.socket.close()


@pytest.fixture
def rows(tmp_path):
    file = loteria.make_bets(tmp_path / "agency-1.csv", 1, 10)
    return file, file.read_bytes().decode().split("\r\n")[:-1]


def test_an_agency_packs_what_is_ready(broker, rows, start):
    """And goes on from the first batch that was refused for want of room."""
    file, bets = rows
    agency = start("loteria-agency", "--id", 1, "--bets", file, "--server", broker.server, "--sell-only")
    broker.welcome(0, 0, GRANTED)
    bundle = broker.hear()
    assert bundle[3] == wire.COMMANDS["BATCHES"]
    assert offsets(bundle) == [(0, 2), (2, 2), (4, 2), (6, 2)], "a window of 4, of 2 rows each"
    broker.say("REFUSED", BUSY, wire.COMMANDS["BATCH"], 0, 0, 4)
    assert offsets(broker.hear()) == [(4, 2), (6, 2)]
    broker.say("STORED", 6, wire.digest(bets[:6]))
    last = broker.hear()
    assert last[3] == wire.COMMANDS["BATCH"], "one goes alone"
    assert struct.unpack(">Q16xI", last[16:44]) == (8, 2)
    broker.say("STORED", 10, wire.digest(bets))
    assert agency.wait() == 0


def test_an_agency_sends_batches_alone_where_no_bundles_are_taken(broker, rows, start):
    file, bets = rows
    agency = start("loteria-agency", "--id", 1, "--bets", file, "--server", broker.server, "--sell-only")
    broker.welcome(2, wire.digest(bets[:2]), 0)
    for offset in (2, 4, 6, 8):
        frame = broker.hear()
        assert frame[3] == wire.COMMANDS["BATCH"]
        assert struct.unpack(">Q16xI", frame[16:44]) == (offset, 2)
    broker.say("STORED", 10, wire.digest(bets))
    assert agency.wait() == 0


def sell_bundle(client, offset, batches, rows_each=3):
    """A bundle of sound batches, which must all be stored; the next offset."""
    frames, end = [], offset
    for _ in range(batches):
        frames.append(wire.batch(HOSTILE, end, wire.bets(rows_each, end)))
        end += rows_each
    client.send(wire.batches(HOSTILE, *frames))
    while True:
        answer = client.receive()
        if answer.name == "STORED" and answer.next == end:
            return end
        assert answer.name == "STORED" or answer.code in ("BUSY", "UNAVAILABLE"), answer
        if answer.name == "REFUSED":  # the attack of another test may fill the queue still
            client.send(wire.batches(HOSTILE, *frames))


def test_bundles_that_are_none(attacked):  # noqa: F811
    """Nothing of them is taken, whatever is right in them."""
    with client_of(attacked, HOSTILE) as client:
        begun = client.hello(HOSTILE).next
        good = wire.batch(HOSTILE, begun, wire.bets(2, begun))
        others = wire.batch(HOSTILE + 1, 0, wire.bets(2))
        empty, whole = wire.batches(HOSTILE), wire.batches(HOSTILE, good)
        bad = [
            empty, whole[:-1], whole + b"\0", whole + b"\0\0\0\0", whole + (2**32 - 1).to_bytes(4, "big"),
            whole + (2**31).to_bytes(4, "big") + good, wire.batches(HOSTILE, good, others), wire.batches(HOSTILE, good, whole),
            wire.batches(HOSTILE, good, good[:20]), wire.batches(HOSTILE, good, wire.simple("READY", HOSTILE)),
            wire.batches(HOSTILE, good, b"LT\1" + good[3:]), wire.batches(HOSTILE, good, b"x" * 60_000)]  # fmt: skip
        for frame in bad:
            client.socket.send(frame)
            refusal = client.receive()
            assert (refusal.name, refusal.code, refusal.command) == ("REFUSED", "BODY", wire.COMMANDS["BATCHES"]), refusal
        client.socket.send(wire.batches(HOSTILE + 1, others))
        assert client.receive().code == "KEY"
        large = wire.batch(HOSTILE, begun, wire.bets(50, begun))
        fill = (GRANTED - wire.HEADER) // (4 + len(large)) + 1
        client.socket.send(wire.batches(HOSTILE, *[large] * fill))
        refusal = client.receive()
        assert (refusal.code, refusal.command) == ("SIZE", wire.COMMANDS["BATCHES"])
        assert client.hello(HOSTILE).next == begun
        sell_bundle(client, begun, 5)
    with raw_of(attacked) as raw:  # far too long: its connection ends
        raw.shake()
        with pytest.raises((zmtp.NotAdmitted, BrokenPipeError, ConnectionResetError)):
            raw.send(wire.message("BATCHES", HOSTILE, bytes(2 * 65536 + 1 - wire.HEADER)))
            raw.receive()


def test_thousands_of_tiny_batches(attacked):  # noqa: F811
    """As many batches of one byte as a bundle may have: a prefix is taken, as much as its queue holds, and one
    BUSY for the rest. One with more is none. The honest agency and the memory of the parts notice nothing."""
    with client_of(attacked, HOSTILE) as client:
        welcome = client.hello(HOSTILE)
        tiny = [wire.batch(HOSTILE, welcome.next + at, b"x", 1, draw=welcome.draw) for at in range(1300)]
        assert len(wire.batches(HOSTILE, *tiny, draw=welcome.draw)) <= GRANTED
        bundle = wire.batches(HOSTILE, *tiny[:WINDOW_MAX], draw=welcome.draw)
        for count in (WINDOW_MAX + 1, len(tiny)):
            client.socket.send(wire.batches(HOSTILE, *tiny[:count], draw=welcome.draw))
            assert client.receive().code == "BODY"
        for _ in range(20):  # no queue of answers is ever longer than one for its peer may be
            client.socket.send(bundle)
            while (answer := client.receive()).code != "BUSY":
                assert answer.command == wire.COMMANDS["BATCH"], answer
                assert answer.code not in ("BODY", "SIZE", "KEY"), answer
            assert answer.command == wire.COMMANDS["BATCH"]
            assert 0 <= answer.offset - welcome.next < WINDOW_MAX
    with client_of(attacked, HOSTILE) as client:
        sell_bundle(client, client.hello(HOSTILE).next, 5)


def test_a_day_of_bundles(central, tmp_path):
    """Small batches, so that most go in bundles, of agencies that sell at one time."""
    day = central(agencies=3, workers=2)
    files = {number: loteria.make_bets(tmp_path / f"{number}.csv", number, 2000, winners=(7, 1999)) for number in (1, 2, 3)}
    agencies = day.sell(files, "--batch-count", 7, "--window", 64)
    loteria.assert_day_ends(day, files, agencies)
