"""A file is not what was sold, or does not stay as it is: an agency ends with 0 only if all of it is stored."""

import os
import re
import signal

import pytest

import loteria

BATCHES = ("--batch-count", 10, "--window", 2)
SLOWLY = {"CLI_LOOP_PERIOD": "20ms"}
SINGLE = {"NOMBRE": "Ana", "APELLIDO": "Paz", "DOCUMENTO": "30904465", "NACIMIENTO": "2000-01-01", "NUMERO": "7574"}


def row(number, name="Ana"):
    return f"{name},Paz,{30_000_000 + number},2000-01-01,{number % 5000}\r\n"


def write(path, numbers, **options):
    path.write_text("".join(row(number, **options) for number in numbers), newline="")
    return path


def reason_of(agency):
    """Why it failed, which is the last error; and where."""
    entry = [entry for entry in loteria.parse_log(agency.log) if entry["level"] == "ERROR"][-1]
    assert (entry["action"], entry["result"]) == ("agencia", "fail")
    assert entry["server_address"] == re.search(r"server_address: (\S+)", agency.log)[1]
    return entry["reason"]


def stored(day, agency=1):
    return loteria.stored_by_agency(day.data).get(agency, [])


def sell_only(day, file, *arguments):
    return day.agency(1, file, "--sell-only", *arguments)


# ---- what is stored is another file's --------------------------------------------------


def test_row_that_was_corrected_is_named(central, tmp_path):
    day, file = central(agencies=1), write(tmp_path / "bets.csv", range(1000))
    assert sell_only(day, file).wait() == 0
    before = day.csv()
    write(file, [*range(811), 5555, *range(812, 1200)])
    again = day.agency(1, file)
    assert again.wait() == 1
    assert reason_of(again).startswith(f"{file}, line 812 is not the bet that was sold"), again.log
    assert day.csv() == before and again.stdout == ""
    write(file, range(1200))  # put back, with more at its end
    assert day.agency(1, file).wait() == 0
    assert stored(day) == loteria.rows_of(file)


def test_file_that_was_shortened(central, tmp_path):
    day, file = central(agencies=1), write(tmp_path / "bets.csv", range(100))
    assert sell_only(day, file).wait() == 0
    write(file, range(70))
    again = day.agency(1, file)
    assert again.wait() == 1
    assert f"has 100 bets of agency 1, {file} has only 70" in reason_of(again)


def test_two_shops_sell_under_one_number(central, tmp_path):
    """Whoever is first sells all of its file; the other one is told, and sells nothing."""
    day = central(agencies=1)
    files = [write(tmp_path / f"{name}.csv", range(200), name=name) for name in ("Ana", "Eva")]
    shops = [sell_only(day, file, *BATCHES) for file in files]
    codes = [shop.wait() for shop in shops]
    assert sorted(codes) == [0, 1], [shop.log for shop in shops]
    winner = codes.index(0)
    assert stored(day) == loteria.rows_of(files[winner])
    assert "line 1 is not the bet that was sold" in reason_of(shops[1 - winner])


def test_agency_of_yesterday_meets_the_central_of_today(central, tmp_path):
    yesterday = central(agencies=2)
    agency = yesterday.agency(1, write(tmp_path / "bets.csv", range(5)))
    agency.wait_for_log("action: espera_sorteo")
    assert yesterday.stop() == 0
    os.rename(yesterday.data, tmp_path / "yesterday")
    yesterday.start()
    assert agency.wait() == 1
    assert "another draw" in reason_of(agency) and "5 bets of agency 1" in reason_of(agency)
    yesterday.process.wait_for_log("action: worker_alta", count=2)
    assert yesterday.csv_bytes() == 0


# ---- the file changes while it is sold -------------------------------------------------


@pytest.mark.parametrize("change, says", [
    (lambda file: os.truncate(file, 3), "was shortened since its sale began"),
    (lambda file: os.rename(write(file.with_suffix(".new"), range(300)), file), "was replaced by another file"),
    (lambda file: file.unlink(), "has gone since its sale began"),
    (lambda file: os.utime(file, (1, 1)), "was written over")], ids=["cut", "replaced", "removed", "touched"])  # fmt: skip
def test_file_that_changes_while_it_is_sold(central, tmp_path, change, says):
    day, file = central(agencies=1), write(tmp_path / "bets.csv", range(300))
    rows = loteria.rows_of(file)
    agency = day.agency(1, file, *BATCHES, environment=SLOWLY)
    day.wait_for_csv(1000)
    change(file)
    assert agency.wait() == 1
    assert says in reason_of(agency)
    assert stored(day) == rows[:len(stored(day))]
    assert "agencia_lista" not in day.log, "nothing was closed"


def test_rows_added_while_it_is_sold_are_sold(central, tmp_path):
    day, file = central(agencies=1), write(tmp_path / "bets.csv", range(100))
    agency = day.agency(1, file, *BATCHES, environment=SLOWLY)
    day.wait_for_csv(1000)
    with open(file, "a", newline="") as more:
        more.write(row(100) + row(101))
    assert agency.wait() == 0, agency.log
    assert stored(day) == loteria.rows_of(file) and len(stored(day)) == 102


def test_rows_added_while_it_waits_are_told_behind_the_winners(central, tmp_path):
    day = central(agencies=2)
    file, other = tmp_path / "bets.csv", write(tmp_path / "other.csv", range(2))
    file.write_text(row(1) + "Eva,Paz,1234,2000-01-01,7574\r\n", newline="")
    agency = day.agency(1, file)
    agency.wait_for_log("action: espera_sorteo")
    with open(file, "a", newline="") as more:
        more.write(row(2) + row(3))
    assert day.agency(2, other).wait() == 0
    assert agency.wait() == 3
    assert '"winners":["1234"]' in agency.stdout
    assert f"{file}: 2 rows were added too late, and are not stored" in reason_of(agency)
    assert len(stored(day)) == 2


# ---- the last row ----------------------------------------------------------------------


def test_last_row_without_line_end(central, tmp_path):
    day, file = central(agencies=1), tmp_path / "bets.csv"
    file.write_text(row(1) + row(2) + row(3)[:-4], newline="")
    half = sell_only(day, file)
    assert half.wait() == 1, "more of it may come"
    assert f"{file}, line 3: the last row has no line end" in reason_of(half)
    assert len(stored(day)) == 2
    file.write_text(row(1) + row(2) + row(3).rstrip(), newline="")
    whole = day.agency(1, file)
    assert whole.wait() == 0, whole.log
    assert stored(day) == loteria.rows_of(file)


def test_blank_lines_are_no_rows_but_lines(central, tmp_path):
    day, file = central(agencies=1), tmp_path / "bets.csv"
    file.write_text("\r\n" + row(1) + "\n\r\n" + row(2) + "no row\r\n", newline="")
    agency = day.agency(1, file)
    assert agency.wait() == 1
    assert f"{file}, line 6: " in reason_of(agency)
    assert len(stored(day)) == 2
    file.write_text("\r\n" + row(1) + "\n\r\n" + row(2) + "\r\n\r\n", newline="")
    assert day.agency(1, file).wait() == 0


@pytest.mark.parametrize("half", ["", "Ana,Paz,3"], ids=["whole", "half"])
def test_follows_a_file(central, tmp_path, half):
    day, file = central(agencies=1), write(tmp_path / "bets.csv", range(3))
    agency = day.agency(1, file, "--follow", "--log-bets")
    agency.wait_for_log("action: apuesta_enviada", count=3)
    with open(file, "a", newline="") as more:
        more.write(row(3) + row(4)[:12])
        more.flush()
        agency.wait_for_log("action: apuesta_enviada", count=4)
        more.write(row(4)[12:] + half)
    agency.wait_for_log("action: apuesta_enviada", count=5)
    assert agency.stop() == (1 if half else 0), agency.log
    assert [bet[2] for bet in stored(day)] == [str(30_000_000 + number) for number in range(5)]
    if half:
        assert "line 6: the last row has no line end" in reason_of(agency)


@pytest.mark.parametrize("arguments, environment, says", [
    (("--results",), {}, "--follow and --results: give one or the other"),
    ((), SINGLE, "--follow: needs a file")], ids=["results", "single"])  # fmt: skip
def test_follow_excludes_others(start, arguments, environment, says):
    agency = start("loteria-agency", "--id", 1, "--follow", *arguments, environment=environment)
    assert agency.wait() == 2
    assert says in agency.log


# ---- signals ---------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_in_mid_sale_says_how_far_it_came(central, tmp_path, number):
    day, file = central(agencies=1), write(tmp_path / "bets.csv", range(2000))
    agency = day.agency(1, file, *BATCHES, environment=SLOWLY)
    day.wait_for_csv(1000)
    agency.signal(number)
    assert agency.wait() == 1
    found = re.fullmatch(r"interrupted: (\d+) of the file's bets are stored: start again to go on", reason_of(agency))
    assert found and 0 < int(found[1]) <= len(stored(day)) < 2000
    assert loteria.parse_log(agency.log)[-1]["action"] == "shutdown"
    assert day.agency(1, file).wait() == 0
    assert stored(day) == loteria.rows_of(file)


# ---- single bets -----------------------------------------------------------------------


def sell_single_bets(day, count):
    return [day.agency(1, None, environment=SINGLE) for _ in range(count)]


def test_equal_bets_of_several_terminals_are_several(central):
    day = central(agencies=1)
    terminals = sell_single_bets(day, 6)
    assert [terminal.wait() for terminal in terminals] == [0] * 6, [terminal.log for terminal in terminals]
    assert stored(day) == [[*list(SINGLE.values())[:4], "7574"]] * 6


def test_equal_bets_while_the_central_is_killed(central):
    """What is sent again is the same bet, and is stored once."""
    day = central(agencies=1)
    terminals = sell_single_bets(day, 3)
    loteria.wait_until(day.csv_bytes)
    day.kill_all()
    day.start()
    terminals += sell_single_bets(day, 2)
    assert [terminal.wait() for terminal in terminals] == [0] * 5, [terminal.log for terminal in terminals]
    assert len(stored(day)) == 5
    assert all("apuesta_enviada" in terminal.log for terminal in terminals)
