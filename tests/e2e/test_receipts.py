"""loteria-agency --receipts: a ticket for each acknowledged bet, whatever happens, and the winners' tickets."""

import csv
import json
import re

import pytest

import loteria

COUNT = 12000  # more bytes than an agency holds of its file
PACE = ("--batch-count", 60, "--loop-period", "2ms")  # a batch at a time: it may be killed anywhere


@pytest.fixture
def bets(tmp_path):
    return loteria.make_bets(tmp_path / "bets.csv", 1, COUNT, winners=(3, 11500))


def tickets(folder):
    with open(folder / "tickets.csv", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def assert_complete(folder, bets, draw="first", agency=1):
    """A line for each bet, in order, with its number."""
    rows, found = loteria.rows_of(bets), tickets(folder)
    assert [(line[0], line[2]) for line in found] == [
        (f"{draw}-{agency}-{offset}", row[4]) for offset, row in enumerate(rows)]
    assert len({line[3] for line in found}) == 1 and re.fullmatch(r"[0-9a-f]{16}", found[0][3])
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line[1]) for line in found)


def test_each_bet_has_a_ticket_and_so_have_winners(central, start, tmp_path, bets):
    day, folder = central(workers=1, agencies=1), tmp_path / "receipts"
    winners = loteria.winners_of(bets)
    agency = day.agency(1, bets, "--receipts", folder)
    assert agency.wait() == 0, agency.log
    assert_complete(folder, bets)
    told = json.loads(agency.stdout)
    assert (told["winners"], told["tickets"]) == (winners, [["first-1-3"], ["first-1-11500"]])
    again = start("loteria-agency", "--id", 1, "--server", day.server, "--results", "--receipts", folder, "--log-level", "ERROR")
    assert again.wait() == 0, again.log
    assert again.stdout == f"{winners[0]}\tfirst-1-3\n{winners[1]}\tfirst-1-11500\n", "without the file of bets"
    before = (folder / "tickets.csv").read_bytes()
    assert day.agency(1, bets, "--receipts", folder).wait() == 0
    assert (folder / "tickets.csv").read_bytes() == before


def test_a_run_that_is_killed_neither_doubles_nor_loses_lines(central, tmp_path, bets):
    day, folder = central(workers=1, agencies=1), tmp_path / "receipts"
    for part in (5, 3, 2):
        agency = day.agency(1, bets, "--receipts", folder, *PACE)
        loteria.wait_until(lambda: (folder / "tickets.csv").exists() and len(tickets_so_far(folder)) >= COUNT // part - 300,
                           explain=lambda: agency.log)
        agency.kill()
        torn = (folder / "tickets.csv").read_bytes()
        (folder / "tickets.csv").write_bytes(torn[:len(torn) - 7 * part])  # what a power cut takes
    agency = day.agency(1, bets, "--receipts", folder)
    assert agency.wait() == 0, agency.log
    assert_complete(folder, bets)


def tickets_so_far(folder):
    return (folder / "tickets.csv").read_bytes().splitlines()


def test_receipts_that_begin_later_are_completed(central, tmp_path, bets):
    day, folder = central(workers=1, agencies=1), tmp_path / "receipts"
    assert day.agency(1, bets, "--sell-only").wait() == 0
    assert day.agency(1, bets, "--sell-only", "--receipts", folder).wait() == 0
    assert_complete(folder, bets)


def test_a_pipe_and_a_file_that_is_followed(central, tmp_path, bets):
    day = central(workers=1, agencies=2)
    with open(bets, "rb") as stdin:
        piped = day.agency(1, "-", "--receipts", tmp_path / "piped", stdin=stdin)
    growing = tmp_path / "growing.csv"
    head, tail = bets.read_bytes().split(b"\r\n", 700)[:700], bets.read_bytes()
    growing.write_bytes(b"\r\n".join(head) + b"\r\n")
    followed = day.agency(2, growing, "--follow", "--receipts", tmp_path / "followed")
    loteria.wait_until(lambda: (tmp_path / "followed/tickets.csv").exists() and len(tickets_so_far(tmp_path / "followed")) == 700,
                       explain=lambda: followed.log)
    with open(growing, "ab") as file:
        file.write(tail[growing.stat().st_size:])
    loteria.wait_until(lambda: len(tickets_so_far(tmp_path / "followed")) == COUNT, explain=lambda: followed.log)
    assert followed.stop() == 0, followed.log
    assert day.agency(2, growing, "--close", "--receipts", tmp_path / "other").wait() == 0
    assert piped.wait() == 0, piped.log
    assert_complete(tmp_path / "piped", bets)
    assert_complete(tmp_path / "followed", bets, agency=2)


def test_single_bets_and_one_that_is_cancelled(central, start, tmp_path):
    day, folder = central(workers=1, agencies=2), tmp_path / "receipts"
    single = {"NOMBRE": "Ana", "APELLIDO": "Paz", "DOCUMENTO": "30", "NACIMIENTO": "1999-03-17", "NUMERO": "07574"}
    common = ("--id", 1, "--server", day.server, "--receipts", folder)
    for _ in range(3):
        agency = start("loteria-agency", *common, environment=single, cwd=tmp_path)
        assert agency.wait() == 0, agency.log
    assert [(line[0], line[2]) for line in tickets(folder)] == [(f"first-1-{offset}", "7574") for offset in range(3)]
    for _ in range(2):
        assert start("loteria-agency", *common, "--cancel", 1).wait() == 0
    assert len((folder / "cancelled.csv").read_text().splitlines()) == 1
    assert (folder / "cancelled.csv").read_text().startswith("first-1-1,")
    waits = start("loteria-agency", *common, "--close", "--json")
    waits.wait_for_log("espera_sorteo")
    assert day.agency(2, loteria.make_bets(tmp_path / "2.csv", 2, 5)).wait() == 0
    assert waits.wait() == 0, waits.log
    told = json.loads(waits.stdout)
    assert (told["winners"], told["tickets"]) == (["30", "30"], [["first-1-0"], ["first-1-2"]]), "both, and not the cancelled one"


def test_what_is_wrong_with_a_folder_is_told(central, start, tmp_path, bets):
    day, folder = central(workers=1, agencies=2), tmp_path / "receipts"
    few = loteria.make_bets(tmp_path / "few.csv", 1, 5)
    assert day.agency(1, few, "--sell-only", "--receipts", folder).wait() == 0
    other = day.agency(2, few, "--sell-only", "--receipts", folder)
    assert other.wait() == 1 and "has tickets of agency 1, and this is agency 2" in other.log
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "tickets.csv").write_bytes(few.read_bytes())
    refused = day.agency(1, few, "--sell-only", "--receipts", foreign)
    assert refused.wait() == 1 and "tickets.csv, line 1: is not the ticket that belongs there" in refused.log
    assert (foreign / "tickets.csv").read_bytes() == few.read_bytes()
    following = day.agency(1, few, "--follow", "--receipts", folder)
    following.wait_for_log("action: conexion")
    busy = day.agency(1, few, "--sell-only", "--receipts", folder)
    assert busy.wait() == 1 and "another process is using it" in busy.log
    assert following.stop() == 0


def test_a_full_disk(central, tmp_path, bets):
    """The bets are stored; the next run has the missing tickets."""
    day, folder = central(workers=1, agencies=1), tmp_path / "receipts"
    agency = day.agency(1, bets, "--receipts", folder, *PACE, wrapper=["prlimit", "--fsize=60000"])
    assert agency.wait() == 1
    assert "tickets.csv: cannot be written: File too large: the bets are stored" in agency.log
    assert (folder / "tickets.csv").read_bytes().endswith(b"\n")
    assert day.agency(1, bets, "--receipts", folder).wait() == 0
    assert_complete(folder, bets)
