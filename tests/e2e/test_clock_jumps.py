"""The clock on the wall jumps by hours while a draw is on sale that it is to close: real programs, which
libfaketime tells another time. (tests/sim does the same at every step, without them.)"""

import datetime
import glob
import json
import os
import pathlib
import subprocess

import pytest

import loteria

LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)
CLOSED = 3  # loteria-agency's status: the draw closed before all of its file was in

pytestmark = pytest.mark.skipif(not LIBRARY, reason="libfaketime is not installed: scripts/setup --test")


class Clock:
    """What processes with its environment are told; the clock that is never set is left alone."""

    def __init__(self, directory):
        self.path = pathlib.Path(directory) / "clock"
        self.day = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.environment = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(self.path), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
                            "TZ": "UTC"}

    def set(self, hour, minute=0):
        """To that time of one day, as UTC has it. In one step: it is read at any moment."""
        ahead = self.day.replace(hour=hour, minute=minute, second=0) - datetime.datetime.now(datetime.timezone.utc)
        draft = self.path.with_suffix(".new")
        draft.write_text(f"{ahead.total_seconds():+.0f}")
        os.replace(draft, self.path)


def ctl(day, *words):
    loteria.wait_until(lambda: (day.data / "run").is_symlink(), explain=lambda: "no way to the central")
    ended = subprocess.run([loteria.program("loteria-ctl"), "--data-dir", day.data, "--timeout", f"{loteria.DEADLINE}s", "draw",
                            *words, "--yes"], capture_output=True, text=True, timeout=2 * loteria.DEADLINE,
                           env=loteria.ENVIRONMENT)
    assert ended.returncode == 0, ended
    return ended.stdout


def first_rows(path, count, into):
    rows = path.read_bytes().split(b"\r\n")
    into.write_bytes(b"".join(row + b"\r\n" for row in rows[:count]))
    return into


def test_the_hour_comes_once_however_the_clock_jumps(central, tmp_path):
    clock = Clock(tmp_path)
    clock.set(20)
    files = {n: loteria.make_bets(tmp_path / f"{n}.csv", n, 60, seed=n, winners=[5, 25, 45]) for n in (1, 2)}
    day = central(agencies=2, arguments=("--closes", "21:00", "--number", "entered"), environment=clock.environment)
    assert day.agency(1, first_rows(files[1], 20, tmp_path / "a.csv"), "--sell-only").wait() == 0
    clock.set(15)  # it has time again, and that is all
    assert day.agency(1, first_rows(files[1], 40, tmp_path / "b.csv"), "--sell-only").wait() == 0
    clock.set(21, 1)
    day.process.wait_for_log("action: cierre")
    late = {n: day.agency(n, files[n]) for n in files}
    for agency in late.values():
        agency.wait_for_log("action: espera_sorteo")
    clock.set(16)  # what is closed stays so
    assert day.agency(2, files[2], "--sell-only").wait() == CLOSED
    day.restart()
    assert "7574" in ctl(day, "number", "7574")
    for agency in late.values():
        assert agency.wait() == CLOSED, agency.log
    results = {n: json.loads(agency.stdout) for n, agency in late.items()}
    assert {n: result["bets"] for n, result in results.items()} == {1: 40, 2: 0}
    winners = loteria.winners_of(files[1])
    assert results[1]["winners"] == winners[:2] and results[2]["winners"] == []
    assert day.stop() == 0, day.log
    day.assert_sound()
