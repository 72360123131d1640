"""Draws in a row, and some side by side, while every process is killed again and again (chaos/season.py);
`scripts/soak --draws 200` plays as many as it is told to. And that what judges them does so."""

import struct

import pytest

import wire
from chaos import season


@pytest.mark.parametrize("seed", (1, 2))
def test_draws_under_fire(tmp_path, seed):
    counts = season.play(tmp_path, seed, draws=10, kills_a_second=5)
    assert counts["draws"] + counts["void"] == 10 and counts["parts killed"] > 0 and counts["orders"] > 0, counts


def test_a_season_is_its_seed():
    plans = [season.plan(seed, 8) for seed in range(50)]
    assert plans == [season.plan(seed, 8) for seed in range(50)]
    assert {draw.ends for each in plans for draw in each} == set(season.ENDS)
    assert len({repr(each) for each in plans}) == 50


DRAW = 0xD1CE


def record(kind, agency=0, offset=0, count=0, number=0, text=b""):
    raw = struct.pack(wire.RECORD, ord(kind), count, agency, DRAW, offset, 0, 0, 0, 0, number, 0, 0)
    return (raw.ljust(72, b"\0") + text).ljust(wire.RECORD_BYTES, b"\0")


SOUND = [record("O", text=b"first"), record("B", 1, 0, 3), record("K", 1, 1, 1), record("B", 2, 0, 2),
         record("S", 1, 3), record("X", 2), record("C"), record("S", 2, 2), record("D", number=7), record("V", 1)]
WRONGS = {
    "a bet after the seal": ("I9", 6, record("B", 1, 3, 1)),
    "a bet after it was excused": ("I9", 6, record("B", 2, 2, 1)),
    "a bet after the close": ("I9", 8, record("B", 2, 2, 1)),
    "a bet stored twice": ("I2", 2, record("B", 1, 0, 3)),
    "a seal that counts less": ("I9", 4, record("S", 2, 1)),
    "two numbers": ("I10", 9, record("D", number=8)),
    "two closes": ("I10", 7, record("C")),
    "cancelled twice": ("I11", 3, record("K", 1, 1, 1)),
    "cancelled after the seal": ("I11", 5, record("K", 1, 0, 1)),
    "cancelled before it is stored": ("I11", 3, record("K", 1, 3, 1)),
}


def faults(directory, records):
    (directory / "bets.index").write_bytes(bytes(wire.RECORD_BYTES) + b"".join(records))
    told = season.history(directory)["first"]
    return told.faults(), told


def test_the_judge_finds_nothing_wrong_with_a_sound_draw(tmp_path):
    wrong, told = faults(tmp_path, SOUND)
    assert wrong == [] and told.number == 7 and told.stored == {1: 3, 2: 2} and told.cancelled[1] == {1}


@pytest.mark.parametrize("name", WRONGS)
def test_the_judge_finds_what_is_wrong(tmp_path, name):
    invariant, at, extra = WRONGS[name]
    wrong, _ = faults(tmp_path, [*SOUND[:at], extra, *SOUND[at:]])
    assert any(sentence.startswith(invariant) for sentence in wrong), wrong
