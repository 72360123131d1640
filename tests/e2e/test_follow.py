"""An agency that sells what is added to its file, or comes through a pipe, until there is no more to sell."""

import json
import os

import pytest

import loteria


def row(number, name="Ana"):
    return f"{name},Paz,{30_000_000 + number},2000-01-01,{7574 if number == 3 else number % 5000}\r\n"


def rows(numbers, **options):
    return "".join(row(number, **options) for number in numbers)


def write(path, numbers, mode="w"):
    with open(path, mode, newline="") as file:
        file.write(rows(numbers))
    return path


def reason_of(agency):
    return [entry for entry in loteria.parse_log(agency.log) if entry["level"] == "ERROR"][-1]["reason"]


def stored(day, agency=1):
    return [bet[2] for bet in loteria.stored_by_agency(day.data).get(agency, [])]


def documents(numbers):
    return [str(30_000_000 + number) for number in numbers]


def sold(agency, count):
    agency.wait_for_log("action: apuesta_enviada", count=count)


# ---- a file ----------------------------------------------------------------------------


def test_a_file_is_followed_until_its_sale_is_closed(central, tmp_path):
    day, file = central(agencies=2), write(tmp_path / "bets.csv", range(3))
    agency = day.agency(1, file, "--follow", "--log-bets")
    sold(agency, 3)
    write(file, range(3, 5), "a")
    sold(agency, 5)
    closing = day.agency(1, None, "--close")  # somewhere else
    closing.wait_for_log("action: listo")
    agency.wait_for_log("action: listo")  # it heard of it
    assert day.agency(2, write(tmp_path / "other.csv", range(2))).wait() == 0
    assert agency.wait() == 0, agency.log
    assert json.loads(agency.stdout)["winners"] == documents([3])
    assert stored(day) == documents(range(5))


def test_what_is_added_after_the_close_is_told(central, tmp_path):
    day, file = central(agencies=2), write(tmp_path / "bets.csv", range(4))
    agency = day.agency(1, file, "--follow", "--log-bets")
    sold(agency, 4)
    closing = day.agency(1, None, "--close")
    closing.wait_for_log("action: listo")
    write(file, range(4, 6), "a")  # before or after it heard of it
    assert day.agency(2, write(tmp_path / "other.csv", range(2))).wait() == 0
    assert agency.wait() == 3
    assert json.loads(agency.stdout)["winners"] == documents([3])
    assert "line 5" in reason_of(agency) or "2 rows were added too late" in reason_of(agency)
    assert stored(day) == documents(range(4))


def test_a_half_row_at_the_close_is_told_at_once(central, tmp_path):
    """While there is time to do something about it; and once."""
    day, file = central(agencies=2), tmp_path / "bets.csv"
    file.write_bytes((rows(range(3)) + row(3)[:20]).encode())
    agency = day.agency(1, file, "--follow", "--log-bets")
    sold(agency, 3)
    day.agency(1, None, "--close").wait_for_log("action: listo")
    reason = f"the sale in draw first is closed: 3 bets of {file} are in, and the first that is not is on line 4, which"
    agency.wait_for_log(rf"action: cierre \| result: fail .*reason: {reason} has no line end\n")
    assert agency.popen.poll() is None, "the draw is not made yet"
    assert day.agency(2, write(tmp_path / "other.csv", range(2))).wait() == 0
    assert agency.wait() == 3 and reason in reason_of(agency)
    assert agency.log.count("action: cierre") == 1


@pytest.mark.parametrize("change, says", [
    (lambda file: os.truncate(file, 3), "was shortened since its sale began"),
    (lambda file: os.rename(file, file.with_suffix(".1")), "has gone since its sale began"),
    (lambda file: os.rename(write(file.with_suffix(".new"), range(9)), file), "was replaced by another file")],
    ids=["cut", "rotated", "replaced"])  # fmt: skip
def test_a_followed_file_that_changes_is_told(central, tmp_path, change, says):
    day, file = central(agencies=1), write(tmp_path / "bets.csv", range(3))
    agency = day.agency(1, file, "--follow", "--log-bets")
    sold(agency, 3)
    change(file)
    assert agency.wait() == 1
    assert says in reason_of(agency)
    assert stored(day) == documents(range(3)) and "agencia_lista" not in day.log


# ---- a pipe ----------------------------------------------------------------------------


class Piped:
    """An agency whose bets come from here."""

    def __init__(self, day, *arguments):
        read, self.end = os.pipe()
        self.agency = day.agency(1, "-", "--log-bets", *arguments, stdin=read)
        os.close(read)

    def write(self, text):
        os.write(self.end, text.encode())

    def close(self):
        os.close(self.end)


def test_a_pipe_is_sold_as_it_comes_and_its_end_closes_the_sale(central):
    day = central(agencies=1)
    piped = Piped(day)
    piped.write(rows(range(3)) + row(3)[:12])
    sold(piped.agency, 3)
    piped.write(row(3)[12:])
    sold(piped.agency, 4)
    assert "agencia_lista" not in day.log
    piped.write(row(4).rstrip())  # the last row may lack its line end
    piped.close()
    assert piped.agency.wait() == 0, piped.agency.log
    assert json.loads(piped.agency.stdout)["winners"] == documents([3])
    assert stored(day) == documents(range(5))


def test_a_pipe_is_compared_with_what_is_stored(central):
    day = central(agencies=1)
    first = Piped(day, "--sell-only")
    first.write(rows(range(200)) + row(200)[:9])
    sold(first.agency, 200)
    first.close()
    assert first.agency.wait() == 1, "half a row is none"
    assert "standard input, line 201: the last row has no line end" in reason_of(first.agency)

    other = Piped(day)
    other.write(rows(range(5)) + row(5, name="Eva"))
    assert other.agency.wait() == 1, "it does not wait for the rest"
    assert "standard input, line 6 is not the bet that was sold" in reason_of(other.agency)
    other.close()

    again = Piped(day)
    again.write(rows(range(150)))
    again.write(rows(range(150, 201)))
    again.close()
    assert again.agency.wait() == 0, again.agency.log
    assert stored(day) == documents(range(201))
    assert json.loads(again.agency.stdout)["sent"] == 1


def test_a_pipe_survives_its_central(central):
    """What came through it can be sent again."""
    day = central(agencies=1)
    piped = Piped(day, "--batch-count", 10, "--window", 2, "--loop-period", "5ms")
    piped.write(rows(range(500)))
    sold(piped.agency, 10)
    day.kill_all()
    day.start()
    piped.write(rows(range(500, 600)))
    piped.close()
    assert piped.agency.wait() == 0, piped.agency.log
    assert stored(day) == documents(range(600))


def test_a_pipe_is_stopped_before_its_end(central):
    day = central(agencies=1)
    piped = Piped(day)
    piped.write(rows(range(3)))
    sold(piped.agency, 3)
    assert piped.agency.stop() == 1
    assert reason_of(piped.agency).startswith("interrupted: 3 of the file's bets are stored")
    piped.close()
    assert stored(day) == documents(range(3)) and "agencia_lista" not in day.log
