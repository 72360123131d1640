"""Histories are compared: whose bets these are, which draw they are of, and who wrote them. Raw clients, real processes."""

import os
import signal
import struct
import subprocess

import pytest
import xxhash

import loteria
import wire

COMMON = [f"Ana,Paz,{100 + i},2000-01-01,7" for i in range(20)]
FILES = {name: COMMON + [f"{name},Gil,{200 + i},2000-01-01,7" for i in range(20)] for name in ("Eva", "Luz")}
BET = ["Ana,Paz,1,2000-01-01,7"]


@pytest.fixture
def day(central):
    return central(workers=1, agencies=2)


class Writer(wire.Client):
    """Sells a file, and takes for stored only what STORED has the right digest for."""

    def __init__(self, server, rows):
        super().__init__(server)
        self.rows, self.stored, self.refused_with = rows, 0, None
        self.digests = [wire.digest(rows[:count]) for count in range(len(rows) + 1)]
        self.hello(1)

    def sell(self, offset, count):
        """A batch of its file; whether that was acknowledged."""
        rows = self.rows[offset:offset + count]
        answer = self.ask(wire.batch(1, offset, rows, digest=self.digests[offset]))
        if answer.name == "REFUSED":
            self.refused_with = answer.code
            return False
        end = offset + len(rows)
        if answer.next == end:
            assert answer.digest == self.digests[end], "somebody else's bets are acknowledged as its own"
        self.stored = max(self.stored, end)
        return True


def test_two_writers_with_different_files(day):
    """The first to come beyond what both have sells its file; the other is refused, wherever it tries."""
    with Writer(day.server, FILES["Eva"]) as eva, Writer(day.server, FILES["Luz"]) as luz:
        for offset in range(0, 20, 5):  # in turn, and each says everything twice
            assert all(writer.sell(offset, 5) for writer in (eva, luz, luz, eva))
        assert eva.sell(20, 5)
        for offset, count in ((20, 5), (25, 5), (20, 3)):
            assert not luz.sell(offset, count)
            assert luz.refused_with == "CONFLICT"
        assert luz.sell(10, 10), "what both have is stored, whoever asks"
        for offset in range(25, 40, 5):
            assert eva.sell(offset, 5) and not luz.sell(offset, 5)
        assert (eva.stored, luz.stored) == (40, 20)
        # nor is its account closed by who has sold something else
        assert luz.refused(wire.simple("READY", 1, 40, luz.digests[40])).code == "CONFLICT"
        assert luz.ask(wire.simple("CHECK", 1, 20)).digest == luz.digests[20]
        assert luz.ask(wire.simple("CHECK", 1, 21)).digest != luz.digests[21]
        assert eva.ask(wire.simple("READY", 1, 40, eva.digests[40])).name == "WAITING"
        assert luz.refused(wire.simple("READY", 1, 40, luz.digests[40])).code == "CONFLICT"
    assert day.csv().decode().splitlines() == [f"1,{row}" for row in FILES["Eva"]]


def test_a_seal_with_other_bets_seals_nothing(day):
    with wire.Client(day.server) as client:
        client.hello(1)
        assert client.store(1, 0, COMMON) == 20
        wrong = wire.digest(sorted(COMMON, reverse=True))
        for _ in range(2):
            assert client.refused(wire.simple("READY", 1, 20, wrong)).code == "CONFLICT"
        assert client.hello(1).day == 0
        assert client.store(1, 20, BET) == 21, "it may go on selling"
        assert client.ask(wire.simple("READY", 1, 21)).name == "WAITING"


def test_yesterdays_process_meets_todays_central(central, tmp_path):
    """Whatever it asks, before and after today's draw, it is told that this is another one."""
    day = central(workers=1, agencies=1)
    with wire.Client(day.server) as client:
        yesterday = client.hello(1)
        client.store(1, 0, COMMON)
        assert day.stop() == 0
        day.data = tmp_path / "today"
        day.start()

        def asks_for(draw, count):
            return {"BATCH": wire.batch(1, count, BET, draw=draw, digest=yesterday.digest),
                    "READY": wire.simple("READY", 1, count, draw=draw),
                    "CHECK": wire.simple("CHECK", 1, 0, draw=draw),
                    **{name: wire.simple(name, 1, draw=draw) for name in ("RESULTS", "DONE") if drawn}}

        drawn = False
        wire.wait_for_central(day.server)
        answers = {name: client.refused(frame).code for name, frame in asks_for(yesterday.draw, 20).items()}
        assert set(answers.values()) <= {"DRAW", "HELLO"}, answers
        today = client.hello(1)
        assert (today.next, today.draw != yesterday.draw) == (0, True)
        client.store(1, 0, BET)
        assert client.ask(wire.simple("READY", 1, 1)).name == "WINNERS"
        drawn = True
        for draw in (yesterday.draw, today.draw ^ 1, 2**64 - 1):
            answers = {name: client.refused(frame).code for name, frame in asks_for(draw, 1).items()}
            assert set(answers.values()) <= {"DRAW", "HELLO"} and len(answers) == 5, answers
    assert day.csv().decode() == f"1,{BET[0]}\r\n"


def test_equal_single_bets_are_two_and_a_repeated_one_is_one(day):
    """Also when storage was killed in between."""
    with wire.Client(day.server) as client:
        client.hello(1)

        def sell(writer, offset):
            return client.ask(wire.batch(1, offset, BET, digest=wire.digest(offset * BET), writer=writer))

        assert sell(11, 0).next == 1
        for again in range(2):
            assert sell(11, 0).next == 1, "one that is repeated"
            assert sell(12, 0).code == "CONFLICT", "another's is there: it says HELLO"
            assert sell(0, 0).code == "CONFLICT", "nor is it a file's"
            if not again:
                os.kill(day.pid("loteria-storage"), signal.SIGKILL)
                loteria.wait_until(lambda: day.process.log.count("action: almacenamiento | result: success") == 2)
        assert client.hello(1).next == 1
        assert sell(12, 1).next == 2
        assert sell(12, 1).next == 2
    assert day.csv().decode().splitlines() == 2 * [f"1,{BET[0]}"]


# ---- on disk -------------------------------------------------------------------------


def forge(data, index, change):
    """Change a record, and make its check right again, as somebody would who can write the files."""
    path, size = data / "bets.index", wire.RECORD_BYTES
    raw = bytearray(path.read_bytes())
    at = size * (index + 1)
    record = raw[at:at + size]
    change(record)
    record[124:] = struct.pack(">I", xxhash.xxh3_64_intdigest(bytes(record[:124])) & 0xFFFFFFFF)
    raw[at:at + size] = record
    path.write_bytes(raw)


def test_check_recomputes_the_digests(day):
    with wire.Client(day.server) as client:
        client.hello(1)
        for offset in range(0, 20, 5):
            client.store(1, offset, COMMON[offset:offset + 5])
    assert day.stop() == 0
    draw, bets, digest = wire.standing(day.data, 1)
    assert (draw != 0, bets, digest) == (True, 20, wire.digest(COMMON))

    def check():
        return subprocess.run([loteria.program("loteria-storage"), "--check", day.data], env=loteria.ENVIRONMENT,
                              capture_output=True, text=True, timeout=loteria.DEADLINE)  # fmt: skip

    second_batch = 3  # records before it: a state registered, the draw was opened, a batch
    forge(day.data, second_batch, lambda record: None)
    assert check().returncode == 0, check().stderr

    def another_digest(record):
        record[55] ^= 1

    forge(day.data, second_batch, another_digest)
    result = check()
    assert result.returncode == 1
    assert "bets.index: record 4: draw first: its rows are not those of its count and digest" in result.stderr
