"""Days of real processes under fire (chaos/), a few of fixed seeds; scripts/soak plays more of them.
And that what makes them, and what judges them, does so."""

import concurrent.futures
import dataclasses
import json
import selectors
import socket
import struct
import time

import pytest

import loteria
import wire
from chaos import day, invariants, plan, relay, soak

SEEDS = (2, 3, 6, 8, 10, 14, 16, 17)
JOBS = 4  # most of a day is waiting


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Reports to come, by seed."""
    place = tmp_path_factory.mktemp("chaos")
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        yield {seed: pool.submit(soak.play_apart, seed, place) for seed in SEEDS}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_under_fire(played, seed):
    report = played[seed].result()
    assert not report["violations"], soak.line_of(report)
    assert report["counts"]["acknowledged"] == report["counts"]["bets"] > 0


def test_these_days_have_seen_everything(played):
    """What was to befall them is their plans'; whom it found there, and at what, depends on how quick the machine is."""
    plans = [plan.draw(seed) for seed in SEEDS]
    faults = [fault for each in plans for fault in each.faults]
    assert {fault.kind for fault in faults} == set(plan.KINDS)
    killed = {name.split()[0] for fault in faults if fault.kind.startswith("kill") for name in fault.targets}
    assert killed == {"storage", "state", "broker", "worker", "agency", "central"}
    for what in ("central", "keyed", "inner", "again"):
        assert {getattr(each, what) for each in plans} == {True, False}, what

    summary = soak.summarise([future.result() for future in played.values()], 0)
    for what in ("days", "kills", "lives of agencies", "bets sold", "acknowledged", "draws", "results told"):
        assert summary[what] > 0, summary


def test_a_plan_is_its_seed():
    plans = [plan.draw(seed) for seed in range(100)]
    assert plans == [plan.draw(seed) for seed in range(100)]
    assert len({repr(each) for each in plans}) == 100


# the relay


@pytest.fixture
def wires():
    """(near, far): connections through a link, and the link. open() makes another pair."""
    with relay.Relay() as made, socket.create_server(("127.0.0.1", 0)) as server:
        link, ends = made.link(server.getsockname()[1]), []
        server.settimeout(loteria.DEADLINE)

        def pair():
            near = socket.create_connection(("127.0.0.1", link.port), timeout=loteria.DEADLINE)
            far = server.accept()[0]
            far.settimeout(loteria.DEADLINE)
            ends.extend((near, far))
            return near, far

        yield made, link, pair
        for end in ends:
            end.close()


def assert_passes(sender, receiver, whether=True):
    """Or not."""
    sender.sendall(b"hello")
    assert receives(receiver, whether) == (b"hello" if whether else None)


def receives(receiver, something=True):
    """Bytes, or b"" for an end; or None when there is nothing: for a moment, if nothing is to come."""
    with selectors.DefaultSelector() as selector:
        selector.register(receiver, selectors.EVENT_READ)
        if not selector.select(loteria.DEADLINE if something else 0.2):
            return None
    try:
        return receiver.recv(100)
    except ConnectionResetError:
        return b""


def test_a_sound_link(wires):
    _, _, pair = wires
    near, far = pair()
    assert_passes(near, far)
    assert_passes(far, near)
    big = bytes(range(256)) * 20_000
    with concurrent.futures.ThreadPoolExecutor(1) as pool:  # more than the relay and the kernel hold
        sent = pool.submit(near.sendall, big)
        received = b""
        while len(received) < len(big):
            received += far.recv(65536)
        sent.result()
    assert received == big
    near.sendall(b"last")
    near.close()
    assert far.recv(100) == b"last" and far.recv(100) == b""


def test_a_cut_tells_both_ends(wires):
    _, link, pair = wires
    near, far = pair()
    assert_passes(near, far)
    link.cut()
    assert receives(near) == receives(far) == b""
    assert_passes(*pair())


@pytest.mark.parametrize("way, up, down", [("up", False, True), ("down", True, False), ("both", False, False)])
def test_a_half_open_link_swallows_and_tells_nobody(wires, way, up, down):
    made, link, pair = wires
    old = pair()
    assert_passes(*old)
    link.half_open(way)
    new = pair()
    link.half_open(None)
    sound = pair()
    for near, far in (old, new):  # bytes were lost, or will be: TCP does not go on from there
        assert_passes(near, far, up)
        assert_passes(far, near, down)
    assert_passes(*sound)
    assert_passes(*sound[::-1])
    new[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, relay.RESET)
    new[0].close()
    assert receives(new[1], up) == (b"" if up else None)
    made.heal()
    assert receives(old[0]) == receives(old[1]) == b""
    assert_passes(*sound)


def test_a_slow_link_delays_and_keeps_the_order(wires):
    _, link, pair = wires
    near, far = pair()
    assert_passes(near, far)
    link.slow(0.3)
    began = time.monotonic()
    near.sendall(b"1")
    pipe = next(iter(link.connections)).pipes["up"]
    loteria.wait_until(lambda: pipe.chunks, explain=lambda: "the relay never held it back")
    link.slow(0)
    near.sendall(b"2")
    received = b""
    while len(received) < 2:
        received += far.recv(100)
    assert received == b"12" and time.monotonic() - began >= 0.3


# the judge: a sound day, and what is wrong with it


ROWS = ["Ana,Pérez,100,1990-05-17,7574", "Li,Wu,101,1991-05-17,12", '"A, b",C,102,1992-05-17,7574']


@dataclasses.dataclass
class Sound:
    """A small day of two agencies, on disk and in their evidence."""

    directory: object
    csv: bytes
    records: list  # of bets.index
    lives: dict

    @classmethod
    def make(cls, directory):
        rows = [f"{agency},{row}\r\n".encode() for agency in (1, 2) for row in ROWS]
        size = sum(map(len, rows[:3]))
        lives = {agency: [invariants.Life(welcome=0, acknowledged=2),
                          invariants.Life(welcome=2, acknowledged=3, results=[(7574, ["100", "102"])], bets=[3],
                                          pages=[(0, 0, 7574, ("100", "102"))], late=["CLOSED"])]
                 for agency in (1, 2)}
        return cls(directory, b"".join(rows), [
            record("R"), record("O", number=7574), bets(1, 0, size), bets(2, size, size),
            record("S", 1, 3, 2 * size), record("S", 2, 3, 2 * size), record("D", number=7574), record("V", 1)], lives)

    def violations(self, whole=True):
        for name, content in (("bets.csv", self.csv), ("bets.index", header(24) + b"".join(self.records))):
            (self.directory / name).write_bytes(content)
        (self.directory / "agency.csv").write_text("".join(f"{row}\r\n" for row in ROWS), newline="")
        agencies = {agency: (invariants.Sent.read(self.directory / "agency.csv", agency), lives)
                    for agency, lives in self.lives.items()}
        wrong = invariants.stored_wrongly(agencies, self.directory, whole)
        if whole:
            wrong += invariants.drawn_wrongly(agencies, self.directory)
        for agency, (sent, lives) in agencies.items():
            wrong += invariants.told_wrongly(agency, sent, lives)
        return wrong


DRAW = 0xD1CE


def header(at):
    return bytes(at) + DRAW.to_bytes(8, "big") + bytes(wire.RECORD_BYTES - 8 - at)


def record(kind, agency=0, offset=0, begin=0, number=0, count=0, size=0, draw=DRAW, writer=1):
    digest = wire.digest(ROWS[:offset + count])
    writer = 0 if kind == "B" else writer
    draw = 0 if kind == "R" else draw
    raw = struct.pack(wire.RECORD, ord(kind), count, agency, draw, offset, begin, size, 0, 0, number, digest, writer)
    return raw.ljust(wire.RECORD_BYTES, b"\0")


def bets(agency, begin, size):
    return record("B", agency, 0, begin, count=3, size=size)


def at(index, *records):
    """In place of the record there."""
    return lambda sound: sound.records.__setitem__(slice(index, index + 1), records)


def change(**fields):
    """In agency 1's last life."""
    return lambda sound: vars(sound.lives[1][-1]).update(fields)


def swap(before, after):
    def action(sound):
        assert before in sound.csv
        sound.csv = sound.csv.replace(before, after)
    return action


WRONGS = {
    "a row is gone": ("I1", swap("1,Li,Wu,101,1991-05-17,12\r\n".encode(), b"")),
    "a row is another": ("I1", swap(b"101,1991-05-17,12\r\n", b"101,1991-05-17,13\r\n")),
    "the last row is torn": ("I3", lambda sound: setattr(sound, "csv", sound.csv[:-1])),
    "a row is there twice": ("I2", lambda sound: setattr(
        sound, "csv", sound.csv + f"1,{ROWS[0]}\r\n".encode())),
    "a row that nobody sent": ("I3", lambda sound: setattr(sound, "csv", sound.csv + b"1,X,Y,9,1990-01-01,1\r\n")),
    "an agency that is none": ("I3", lambda sound: setattr(sound, "csv", sound.csv + b"3,X,Y,9,1990-01-01,1\r\n")),
    "two rows change places": ("I2", swap("Ana,Pérez,100,1990-05-17,7574\r\n1,Li,Wu,101,1991-05-17,12".encode(),
                                          "Li,Wu,101,1991-05-17,12\r\n1,Ana,Pérez,100,1990-05-17,7574".encode())),
    "the index covers less": ("I1", at(2)),
    "a digest of other bets": ("I2", lambda sound: sound.records.__setitem__(
        4, sound.records[4][:48] + bytes(8) + sound.records[4][56:])),
    "a seal of another draw": ("I6", lambda sound: at(4, record("S", 1, 3, len(sound.csv), draw=7))(sound)),
    "the index has no seal": ("I6", at(5)),
    "sealed twice": ("I6", lambda sound: at(4, *2 * [sound.records[4]])(sound)),
    "a seal that counts less": ("I6", lambda sound: at(4, record("S", 1, 2, len(sound.csv)))(sound)),
    "an event of a state that is not heard": ("I6", at(7, record("V", 1, writer=9))),
    "no draw": ("I4", at(6)),
    "two draws": ("I4", at(7, record("D", number=7574))),
    "another number on disk": ("I4", at(1, record("O", number=7))),
    "another number is drawn": ("I4", at(6, record("D", number=7))),
    "a seal after the draw": ("I6", lambda sound: sound.records.append(sound.records.pop(4))),
    "the central forgets": ("I1", change(welcome=1)),
    "more acknowledged than sold": ("I6", change(acknowledged=4)),
    "another number is told": ("I4", change(results=[(7, ["100", "102"])])),
    "a winner is missing": ("I5", change(results=[(7574, ["100"])])),
    "another's winner": ("I5", change(results=[(7574, ["100", "102", "200"])])),
    "another result the second time": ("I5", change(results=[(7574, ["100", "102"]), (7574, ["102"])])),
    "a page told differently": ("I4", change(pages=[(0, 0, 7574, ("100",)), (0, 0, 7574, ("100", "102"))])),
    "a bet after READY is stored": ("I6", change(late=["STORED"])),
    "it counts other bets": ("I6", change(bets=[2])),
    "closed with other bets": ("I6", change(closed_at=2)),
}


def test_the_judge_finds_nothing_wrong_with_a_sound_day(tmp_path):
    assert Sound.make(tmp_path).violations() == []


@pytest.mark.parametrize("name", WRONGS)
def test_the_judge_finds_what_is_wrong(tmp_path, name):
    number, spoil = WRONGS[name]
    sound = Sound.make(tmp_path)
    spoil(sound)
    assert any(violation.startswith(number) for violation in sound.violations()), sound.violations()


def test_in_mid_day_a_tail_may_be_torn_but_nothing_acknowledged_missing(tmp_path):
    sound = Sound.make(tmp_path)
    for lives in sound.lives.values():
        del lives[1:]
    sound.csv, sound.records = sound.csv[:-40], sound.records[:3] + [bytes(wire.RECORD_BYTES)]
    # bets.csv and the index both have too little of agency 2
    assert [violation[:2] for violation in sound.violations(whole=False)] == ["I1", "I1"]
    sound.lives[2][0].acknowledged = 0
    assert sound.violations(whole=False) == []


def test_evidence_is_read_as_far_as_it_is_whole(tmp_path):
    log, printed, records = (tmp_path / name for name in ("log", "printed", "records"))
    sent = invariants.Sent([b"x"] * 3, ["100", "101", "102"], [])
    date = "2026-11-23 12:00:00 INFO     action: "
    log.write_text(f"{date}conexion | result: success | server_address: x | next: 1 | draw: first | agency: 1\n"
                   f"{date}apuesta_enviada | result: success | dni: 101 | numero: 7\n"
                   f"{date}apuesta_enviada | result: success | dni: 102 | nu")
    printed.write_text('{"agency":1,"bets":3,"number":7574,"winners":["1')
    life = invariants.life_of_real(log, printed, sent)
    assert (life.welcome, life.acknowledged, life.results) == (1, 2, [])
    entries = [{"life": 1}, {"welcome": 0, "day": 0}, {"sent": 5}, {"stored": 4}, {"life": 2},
               {"welcome": 4, "day": 1}, {"page": [0, 0, 7574, ["1"]]}, {"winners": ["1"], "number": 7574},
               {"late": "CLOSED"}]
    records.write_text("".join(json.dumps(entry) + "\n" for entry in entries) + '{"stored": 9')
    first, second = invariants.lives_of_thin(records)
    assert (first.welcome, first.sent, first.acknowledged, first.closed_at) == (0, 5, 4, None)
    assert (second.closed_at, second.results, second.late) == (4, [(7574, ["1"])], ["CLOSED"])
    assert second.pages == [(0, 0, 7574, ("1",))]


def test_a_day_that_breaks_an_invariant_is_told(tmp_path, monkeypatch):
    """A central whose disk is tampered with: the judge of the whole day says so."""
    agency = plan.Agency(1, bets=40, window=4, rows=5, period_ms=5, thin=True)
    short = plan.Plan(seed=0, central=False, workers=1, inner=False, keyed=False, agencies=(agency,), seconds=0.5,
                      faults=(), again=False)

    def stop(self, stop=day.House.stop):
        code = stop(self)
        csv = self.data / "bets.csv"
        csv.write_bytes(csv.read_bytes().replace(b",19", b",18", 1))
        return code

    assert day.play(short, tmp_path / "1").violations == []
    monkeypatch.setattr(day.House, "stop", stop)
    told = day.play(short, tmp_path / "2").violations
    assert {violation[:2] for violation in told} == {"I1", "I2", "I3"}, told
