"""The example client of docs/protocol.md, beside the real ones."""

import json
import os
import signal
import sys

import pytest

import loteria

SOURCE = loteria.ROOT / "tests/e2e/python_agency.py"


@pytest.fixture
def python_agency(start):
    """python_agency(DAY, NUMBER, FILE)"""
    def starter(day, number, bets):
        return start(SOURCE, number, bets, day.server, wrapper=[sys.executable])
    return starter


@pytest.fixture
def files(tmp_path):
    return {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 400 * agency,
                                      winners=(0, 10 * agency, 400 * agency - 1)) for agency in (1, 2, 3)}


def assert_day_ends(day, files, process, others):
    """`process`, of agency 1, is told its winners; the others are, too."""
    for agency, printed in loteria.finish(others).items():
        assert json.loads(printed)["winners"] == loteria.winners_of(files[agency])
    assert (process.wait(), process.log) == (0, "")
    assert process.stdout.splitlines() == loteria.winners_of(files[1])
    loteria.assert_day_right(day.data, files, None)
    assert loteria.draws(day.log) == 1


def test_it_is_short():
    assert len(SOURCE.read_text().splitlines()) < 80


def test_it_sells_beside_the_others(central, python_agency, files):
    day = central(agencies=3)
    process = python_agency(day, 1, files[1])
    assert_day_ends(day, files, process, day.sell({2: files[2], 3: files[3]}))
    again = python_agency(day, 1, files[1])
    assert_day_ends(day, files, again, {})


def test_more_winners_than_a_page_holds(central, python_agency, tmp_path):
    files = {1: loteria.make_bets(tmp_path / "agency-1.csv", 1, 2500, winners=range(2500))}
    day = central(agencies=1)
    assert_day_ends(day, files, python_agency(day, 1, files[1]), {})


def test_no_bets_at_all(central, python_agency, tmp_path):
    files = {1: loteria.make_bets(tmp_path / "agency-1.csv", 1, 0)}
    day = central(agencies=1)
    assert_day_ends(day, files, python_agency(day, 1, files[1]), {})


def test_it_goes_on_where_it_was(central, python_agency, files, tmp_path):
    half = tmp_path / "half.csv"
    half.write_bytes(b"".join(files[1].read_bytes().splitlines(keepends=True)[:123]))
    day = central(agencies=3)
    loteria.finish({1: day.agency(1, half, "--sell-only")})
    process = python_agency(day, 1, files[1])
    assert_day_ends(day, files, process, day.sell({2: files[2], 3: files[3]}))


def test_it_waits_for_a_central_that_comes_later(parts, python_agency, files):
    """First for any answer, then for storage; the draw it waits for without a broker."""
    day = parts(agencies=3, start=False)
    process = python_agency(day, 1, files[1])
    for name in ("loteria-broker", "loteria-worker", "loteria-state"):
        day.start(name).wait_for_log("result: success")
    day.start("loteria-storage")
    day.parts["loteria-state"].wait_for_log("action: agencia_lista")
    day.parts["loteria-broker"].kill()
    day.start("loteria-broker")
    assert_day_ends(day, files, process, day.sell({2: files[2], 3: files[3]}))


def test_it_says_why_it_was_refused(central, python_agency, files):
    rows = files[1].read_bytes().splitlines(keepends=True)
    rows[2] = b"Ana,Paz,30000000,2000-02-30,1\r\n"
    files[1].write_bytes(b"".join(rows))
    day = central(agencies=1)
    for number, reason in ((1, "line 3, field 4: "), (2, "the agency is not on the roll")):
        process = python_agency(day, number, files[number])
        assert process.wait() == 1
        assert process.stdout == ""
        assert process.log.startswith("refused, code ") and reason in process.log
    assert day.csv() == b""


def test_a_signal_ends_it(central, python_agency, files):
    """No more than Python's own ending is asked of an example, but the bets are kept."""
    day = central(agencies=3)
    process = python_agency(day, 1, files[1])
    day.process.wait_for_log("action: agencia_lista")
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait() == -signal.SIGTERM
    assert_day_ends(day, files, python_agency(day, 1, files[1]), day.sell({2: files[2], 3: files[3]}))
