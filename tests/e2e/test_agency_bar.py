"""The agency's progress bar, on a terminal."""

import re

import pytest

import loteria
import terminal


@pytest.fixture
def seller(central, tmp_path):
    """seller(ARGUMENT...): an agency that sells 600 bets, six at a time, on a terminal."""
    made = []

    def sell(*arguments, **options):
        day = central(workers=1, agencies=1)
        bets = loteria.make_bets(tmp_path / "bets.csv", 1, 600)
        made.append(terminal.Terminal("loteria-agency", "--id", 1, "--server", day.server, "--bets", bets,
                                      "--batch-count", 6, "--loop-period", "10ms", *arguments, **options))
        made[-1].day, made[-1].bets = day, bets
        return made[-1]

    yield sell
    for one in made:
        one.close()


def drawn(text):
    return re.findall(r"agency 1  \[[#.]+\]  \d+%", text)


def assert_lines_only(seller):
    """Nothing but whole lines of the log is left on the screen."""
    entries = loteria.parse_log("\n".join(seller.shown()) + "\n")
    assert entries[-1]["action"] == "cabeza"
    return entries


def test_no_line_tears_it(seller):
    agency = seller("--log-bets")
    assert agency.finish() == 0
    assert len(drawn(agency.text)) > 3
    assert len([entry for entry in assert_lines_only(agency) if entry["action"] == "apuesta_enviada"]) == 600


@pytest.mark.parametrize("columns", [60, 31, 12])
def test_nothing_of_it_is_left_when_the_window_narrows(seller, columns):
    """While it is drawn, several times: what is behind the new edge is broken onto the next line then."""
    agency = seller(columns=100)
    for width in (columns, 100, columns):
        agency.read_until(drawn if width > 31 else lambda text: "agency 1" in text)
        agency.resize(width)
    assert agency.finish() == 0
    assert_lines_only(agency)


def test_it_says_what_was_there_before(seller, tmp_path):
    agency = seller(columns=120)
    agency.read_until(lambda text: re.search(r"  [1-8]\d%  ", text))
    agency.process.kill()
    again = terminal.Terminal("loteria-agency", "--id", 1, "--server", agency.day.server, "--bets", agency.bets,
                              "--batch-count", 6, "--loop-period", "10ms", columns=120)
    try:
        assert again.finish() == 0
        found = re.findall(r"  (\d+) of ~?(\d+) bets \((\d+) resumed\)", again.text)
        assert len({resumed for _, _, resumed in found}) == 1 and int(found[0][2]) > 60
        assert all(int(stored) <= int(total) and 540 < int(total) < 660 for stored, total, _ in found), "worked out"
    finally:
        again.close()


@pytest.mark.parametrize("how", [{"environment": {"TERM": "dumb"}}, {"quiet": True}])
def test_it_can_be_off(seller, how):
    agency = seller(*(["--quiet"] if how.pop("quiet", False) else []), **how)
    assert agency.finish() == 0
    assert "\x1b" not in agency.text and not drawn(agency.text)
