"""What an agency sees of draws: which one it sells to, and what it says when that is closed, or void."""

import json
import os
import re
import subprocess

import pytest

import loteria


def row(number):
    return f"Ana,Paz,{30_000_000 + number},2000-01-01,{7574 if number % 100 == 3 else number % 5000}\r\n"


def write(path, numbers, mode="w"):
    with open(path, mode, newline="") as file:
        file.write("".join(map(row, numbers)))
    return path


def winners(stored):
    return [str(30_000_000 + number) for number in range(3, stored, 100)]


def ctl(day, *arguments):
    made = subprocess.run([loteria.program("loteria-ctl"), "--data-dir", day.data, "draw", *map(str, arguments)],
                          capture_output=True, text=True, env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)
    assert made.returncode == 0, made.stderr


def reason_of(agency):
    return [entry for entry in loteria.parse_log(agency.log) if entry["level"] == "ERROR"][-1]["reason"]


def stored(day, draw="first", agency=1):
    text = (day.data / "draws" / draw / "bets.csv").read_text()
    return sum(line.startswith(f"{agency},") for line in text.splitlines())


@pytest.fixture
def day(central):
    """With a draw that closes by order alone."""
    made = central(agencies=2, arguments=("--closes", "never"))
    made.process.wait_for_log("action: apertura")
    return made


def test_a_draw_that_closes_in_mid_sale(day, tmp_path):
    file = write(tmp_path / "bets.csv", range(5000))
    agency = day.agency(1, file, "--batch-count", 10, "--window", 2, "--loop-period", "50ms")
    day.wait_for_csv(2000)
    ctl(day, "close", "first", "--yes")
    assert agency.wait() == 3
    found = re.fullmatch(rf"the sale in draw first is closed: (\d+) bets of {file} are in, and the first that is not is "
                         r"on line (\d+)", reason_of(agency))  # fmt: skip
    count = int(found[1])
    assert int(found[2]) == count + 1 and count == stored(day) < 5000
    result = json.loads(agency.stdout)
    assert (result["draw"], result["bets"], result["winners"]) == ("first", count, winners(count))
    again = day.agency(1, file)  # with the same end
    assert again.wait() == 3 and reason_of(again) == reason_of(agency)
    assert json.loads(again.stdout)["winners"] == winners(count)
    assert loteria.draws(day.log) == 1


def test_a_file_is_followed_until_the_draw_closes(day, tmp_path):
    file = write(tmp_path / "bets.csv", range(3))
    agency = day.agency(1, file, "--follow", "--log-bets")
    agency.wait_for_log("action: apuesta_enviada", count=3)
    write(file, range(3, 200), "a")
    agency.wait_for_log("action: apuesta_enviada", count=200)
    ctl(day, "close", "--yes")
    assert agency.wait() == 0, agency.log
    assert json.loads(agency.stdout)["winners"] == winners(200)
    assert "action: consulta_ganadores | result: success | cant_ganadores: 2 | draw: first | agency: 1\n" in agency.log


def test_a_followed_row_without_its_end_is_not_in_when_the_draw_closes(day, tmp_path):
    file = write(tmp_path / "bets.csv", range(3))
    with open(file, "a", newline="") as more:
        more.write("Ana,Paz,3")
    agency = day.agency(1, file, "--follow", "--log-bets")
    agency.wait_for_log("action: apuesta_enviada", count=3)
    ctl(day, "close", "--yes")
    assert agency.wait() == 3, agency.log
    assert reason_of(agency) == (f"the sale in draw first is closed: 3 bets of {file} are in, and the first that is "
                                 "not is on line 4, which has no line end")  # fmt: skip
    assert json.loads(agency.stdout)["winners"] == winners(3)


def test_a_pipe_that_has_not_ended_does_not_keep_the_agency(day, tmp_path):
    rows = write(tmp_path / "bets.csv", range(3)).read_bytes()
    read, end = os.pipe()
    agency = day.agency(1, "-", "--log-bets", stdin=read)
    os.close(read)
    os.write(end, rows)
    agency.wait_for_log("action: apuesta_enviada", count=3)
    ctl(day, "close", "--yes")
    assert agency.wait() == 0, agency.log
    assert json.loads(agency.stdout)["winners"] == winners(3)
    os.close(end)


def test_one_file_for_each_of_several_draws(day, tmp_path):
    ctl(day, "open", "late", "--closes", "never", "--highest", 4999, "--number", "fixed:3")
    file = write(tmp_path / "bets.csv", range(2))
    unclear = day.agency(1, file)
    assert unclear.wait() == 1
    assert reason_of(unclear).endswith(" (DRAW): choose a draw with --draw")
    assert "first" in reason_of(unclear) and "late" in reason_of(unclear)
    unknown = day.agency(1, file, "--draw", "lost")
    assert unknown.wait() == 1
    assert reason_of(unknown).startswith("there is no draw lost: ")
    for draw in ("first", "late"):
        assert day.agency(1, file, "--draw", draw, "--sell-only").wait() == 0
        assert stored(day, draw) == 2
    write(file, range(2, 5), "a")  # the fourth bet is on 7574
    high = day.agency(1, file, "--draw", "late")
    assert high.wait() == 1
    assert reason_of(high) == f"{file}, line 4: number 7574 is above 4999, the highest of draw late (RANGE)"
    assert stored(day, "late") == 3
    ctl(day, "close", "late", "--yes")
    asked = day.agency(1, None, "--draw", "late", "--results")
    assert asked.wait() == 0, asked.log
    assert (json.loads(asked.stdout)["draw"], json.loads(asked.stdout)["number"]) == ("late", 3)
    assert stored(day, "first") == 2


def test_a_draw_that_is_void(day, tmp_path):
    waiting = day.agency(1, write(tmp_path / "bets.csv", range(2)))
    waiting.wait_for_log("action: espera_sorteo")
    following = day.agency(2, write(tmp_path / "other.csv", range(2)), "--follow", "--log-bets")
    following.wait_for_log("action: apuesta_enviada", count=2)
    ctl(day, "void", "first", "--reason", "the machine broke", "--yes")
    late = day.agency(2, tmp_path / "other.csv", "--draw", "first")
    for agency in (waiting, following, late):
        assert agency.wait() == 1
        assert reason_of(agency) == "draw first is void: the machine broke"
        assert agency.stdout == ""


def test_an_excused_agency_that_comes_back(central, tmp_path):
    day = central(agencies=2)
    files = {n: write(tmp_path / f"{n}.csv", range(n * 10)) for n in (1, 2)}
    assert day.agency(1, files[1], "--sell-only").wait() == 0
    ctl(day, "excuse", "first", 1, "--reason", "no power", "--yes")
    assert day.agency(2, files[2]).wait() == 0, "the draw goes on without it"
    same = day.agency(1, files[1])
    assert same.wait() == 0, same.log
    assert json.loads(same.stdout)["winners"] == winners(10)
    write(files[1], [10], "a")
    more = day.agency(1, files[1])
    assert more.wait() == 3
    assert json.loads(more.stdout)["winners"] == winners(10)
    assert reason_of(more).endswith("the first that is not is on line 11")
