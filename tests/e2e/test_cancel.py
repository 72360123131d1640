"""An agency takes a bet back, while its sale is open: the bet stays stored, and does not win."""

import csv
import json

import pytest

import loteria

BETS = [f"Ana,Paz,{30_000_000 + number},2000-01-01,{7574 if number in (1, 3) else number}\r\n" for number in range(5)]


@pytest.fixture
def day(central, tmp_path):
    made = central(agencies=2)
    made.file = tmp_path / "bets.csv"
    made.file.write_text("".join(BETS), newline="")
    assert made.agency(1, made.file, "--sell-only").wait() == 0
    return made


def cancel(day, offset, *arguments):
    return day.agency(1, None, "--cancel", offset, *arguments)


def reason_of(agency):
    return [entry for entry in loteria.parse_log(agency.log) if entry["level"] == "ERROR"][-1]["reason"]


def test_a_cancelled_bet_does_not_win(day, tmp_path):
    before = day.csv()
    for _ in range(2):  # the second time changes nothing
        agency = cancel(day, 3)
        assert agency.wait() == 0, agency.log
        assert json.loads(agency.stdout) == {"agency": 1, "draw": "first", "bets": 5, "cancelled": 1, "offset": 3}
        assert "action: apuesta_cancelada | result: success | offset: 3 | cancelled: 1 | draw: first | agency: 1\n" in agency.log
    day.restart()
    assert json.loads(loteria.finish({1: cancel(day, 0)})[1])["cancelled"] == 2
    assert day.csv() == before
    selling = day.agency(1, day.file)  # all of it is stored
    assert day.agency(2, None, "--close").wait() == 0
    assert selling.wait() == 0, selling.log
    result = json.loads(selling.stdout)
    assert (result["winners"], result["cancelled"]) == (["30000001"], 2)
    with open(day.data / "draws/first/cancelled.csv", newline="") as file:
        assert [(row[0], row[4]) for row in csv.reader(file)] == [("3", "30000003"), ("0", "30000000")]
    day.stop()
    day.assert_sound()


def test_what_cannot_be_cancelled(day):
    agency = cancel(day, 5)
    assert agency.wait() == 1 and agency.stdout == ""
    assert reason_of(agency).startswith("bet 5 of agency 1 in draw first was not cancelled: ")
    assert agency.log.count("agencia") == 1 and "(GAP)" in agency.log
    closing = day.agency(1, None, "--close")
    closing.wait_for_log("action: listo")
    late = cancel(day, 2)
    assert late.wait() == 1
    assert reason_of(late).startswith("bet 2 of agency 1 in draw first was not cancelled: ")
    assert reason_of(late).endswith("the agency's sale in this draw is closed (CLOSED)")
