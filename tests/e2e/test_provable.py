"""A provable draw from end to end: real processes, real keys, and loteria-verify as the judge."""

import json
import shutil
import subprocess

import pytest

import loteria

COUNTS = {1: 300, 2: 700, 3: 50}


def run(name, *arguments):
    return subprocess.run([loteria.program(name), *map(str, arguments)], capture_output=True, text=True,
                          env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE, check=False)


@pytest.fixture
def keys(tmp_path):
    """For three agencies, whose signing keys the operator made: the draws are marked `demo`."""
    made = run("loteria-keys", "new", "--agencies", 3, "--demo", "--keys", tmp_path / "keys")
    assert made.returncode == 0, made.stderr
    return tmp_path / "keys"


@pytest.fixture
def files(tmp_path):
    return {agency: loteria.make_bets(tmp_path / f"{agency}.csv", agency, count) for agency, count in COUNTS.items()}


def open_day(central, keys, *arguments):
    return central(workers=2, agencies=3, keys=keys, arguments=("--number", "provable", *arguments))


def folder_of(tmp_path, agency):
    return tmp_path / f"receipts-{agency}"


def publish(day, tmp_path, *arguments):
    notes = tmp_path / "notes"
    told = run("loteria-ctl", "--data-dir", day.data, "draw", "notes", "first", notes, *arguments)
    assert told.returncode == 0, told.stderr
    return notes


def assert_holds(*arguments, phase="the draw is made"):
    checked = run("loteria-verify", *arguments)
    assert checked.returncode == 0 and checked.stdout.endswith(f"holds       {phase}\n"), checked.stdout + checked.stderr
    return checked.stdout


def test_a_whole_draw_holds(central, keys, files, tmp_path):
    day = open_day(central, keys)
    agencies = {agency: day.agency(agency, path, "--receipts", folder_of(tmp_path, agency)) for agency, path in files.items()}
    for agency in agencies.values():
        assert agency.wait() == 0, agency.log + day.log
    told = {agency: json.loads(process.stdout) for agency, process in agencies.items()}
    assert all(one["proven"] and one["committed"] for one in told.values())
    assert len({(one["open"], one["seal"], one["number"]) for one in told.values()}) == 1
    notes = publish(day, tmp_path, "--with-bets")
    said = assert_holds(notes, "--open", told[1]["open"])
    assert f"the number is {told[1]['number']}" in said and "1050 bets of 3 agencies are those that were sealed" in said
    for agency in agencies:
        folder = folder_of(tmp_path, agency)
        assert_holds(notes, "--receipt", folder / f"ready-{agency}.note")
        offset = next(i for i, row in enumerate((folder / "sold.csv").read_text().splitlines()) if not row.isascii())
        made = run("loteria-agency", "--ticket", offset, "--receipts", folder)
        assert made.returncode == 0, made.stderr
        assert f"bet {offset} of agency {agency} is in the seal" in assert_holds(notes, "--ticket", folder / f"ticket-{offset}.txt")
        read = subprocess.run(["zbarimg", "--quiet", "--raw", "--oneshot", folder / f"ticket-{offset}.png"],  # as a phone does: it is
                              capture_output=True, timeout=loteria.DEADLINE, check=True)  # not told which characters these are
        assert read.stdout == (folder / f"ticket-{offset}.txt").read_bytes()


def test_an_agency_that_is_killed_at_each_step_goes_on_with_the_same_notes(central, keys, files, tmp_path):
    day, folder = open_day(central, keys), folder_of(tmp_path, 3)
    others = [day.agency(agency, files[agency], "--receipts", folder_of(tmp_path, agency)) for agency in (1, 2)]
    steps, kept = ("open.note", "sold.csv", "commit", "ready-3.note", "seal.note", "seal-3.note"), {}
    for step in steps:
        agency = day.agency(3, files[3], "--receipts", folder)
        loteria.wait_until(lambda path=folder / step: path.exists() or agency.popen.poll() is not None, explain=lambda: agency.log)
        agency.kill()
        for note in folder.glob("*"):
            if note.suffix == ".note" or note.name == "commit":
                assert kept.setdefault(note.name, note.read_bytes()) == note.read_bytes()
    last = day.agency(3, files[3], "--receipts", folder)
    for agency in (last, *others):
        assert agency.wait() == 0, agency.log
    assert json.loads(last.stdout)["proven"]
    assert all((folder / name).read_bytes() == before for name, before in kept.items())
    assert_holds(publish(day, tmp_path, "--with-bets"), "--receipt", folder / "ready-3.note")


def test_a_folder_that_was_restored_signs_nothing(central, keys, files, tmp_path):
    day, folder, copy = open_day(central, keys), folder_of(tmp_path, 1), tmp_path / "copy"
    assert day.agency(1, files[1], "--sell-only", "--receipts", folder).wait() == 0
    shutil.copytree(folder, copy)
    agency = day.agency(1, files[1], "--receipts", folder)
    agency.wait_for_log(r"action: recibo \| result: success")
    agency.kill()
    older = day.agency(1, files[1], "--receipts", copy)
    assert older.wait() == 1 and "LOST: " in older.log, older.log
    assert not (copy / "commit").exists()
    agency = day.agency(1, files[1], "--receipts", folder)
    others = [day.agency(other, files[other], "--receipts", folder_of(tmp_path, other)) for other in (2, 3)]
    for process in (agency, *others):
        assert process.wait() == 0, process.log
    assert_holds(publish(day, tmp_path, "--with-bets"))


def test_without_a_folder_nothing_is_sold(central, keys, files, tmp_path):
    day, own = open_day(central, keys), keys / "agency-1"

    def tried(*arguments):
        done = run("loteria-agency", "--id", 1, "--keys", own, "--server", day.server, "--patience", loteria.DEADLINE, "--try", *arguments)
        return done.returncode, done.stdout.splitlines()[-1]

    wants = "draw  WRONG  draw first is provable, and nothing is sold in it: "
    assert tried() == (1, wants + "give a folder for its bets and what is signed with --receipts")
    assert tried("--receipts", tmp_path / "no") == (0, "draw  ok     draw first is on sale; 0 bets of agency 1 are stored")
    assert not (tmp_path / "no").exists()
    refused = day.agency(1, files[1])
    assert refused.wait() == 1
    assert "draw first is provable: every agency keeps its bets and what is signed, from the first sale on" in refused.log
    (own / "signing.key").rename(tmp_path / "away")
    code, said = tried("--receipts", tmp_path / "no")
    assert code == 1 and said.startswith(wants + "it signs with a key of its own"), said
    refused = day.agency(1, files[1], "--receipts", folder_of(tmp_path, 1))
    assert refused.wait() == 1 and "it signs with a key of its own, which loteria-keys pair makes" in refused.log
    assert not list(folder_of(tmp_path, 1).glob("*.note"))


def test_cancelled_and_single_bets_and_a_close_by_order(central, keys, files, tmp_path, start):
    """Each way to sell; the sale is closed by an operator, and whoever is there commits by itself."""
    day, folders = open_day(central, keys), {agency: folder_of(tmp_path, agency) for agency in COUNTS}
    single = {"NOMBRE": "Ana", "APELLIDO": "Paz", "DOCUMENTO": "30", "NACIMIENTO": "1999-03-17"}
    common = ("--id", 1, "--keys", keys / "agency-1", "--server", day.server, "--receipts", folders[1])
    for number in range(3):
        sold = start("loteria-agency", *common, environment={**single, "NUMERO": str(number)}, cwd=tmp_path)
        assert sold.wait() == 0, sold.log
    assert start("loteria-agency", *common, "--cancel", 1).wait() == 0
    following = day.agency(2, files[2], "--follow", "--receipts", folders[2])
    loteria.wait_until(lambda: len((folders[2] / "tickets.csv").read_bytes().splitlines()) == COUNTS[2]
                       if (folders[2] / "tickets.csv").exists() else False, explain=lambda: following.log)
    assert day.agency(3, files[3], "--sell-only", "--receipts", folders[3]).wait() == 0
    assert day.agency(3, None, "--cancel", 7, *("--keys", keys / "agency-3"), "--receipts", folders[3]).wait() == 0
    closed = run("loteria-ctl", "--data-dir", day.data, "draw", "close", "first", "--yes")
    assert closed.returncode == 0, closed.stderr
    following.wait_for_log(r"action: recibo \| result: success")
    waits = [day.agency(agency, None, "--close", "--keys", keys / f"agency-{agency}", "--receipts", folders[agency]) for agency in (1, 3)]
    for process in (following, *waits):
        assert process.wait() == 0, process.log
        assert json.loads(process.stdout)["proven"]
    notes = publish(day, tmp_path, "--with-bets")
    assert "753 bets of 3 agencies" in assert_holds(notes)
    assert run("loteria-agency", "--ticket", 7, "--receipts", folders[3]).returncode == 0
    assert "it is cancelled" in assert_holds(notes, "--ticket", folders[3] / "ticket-7.txt")


def test_who_comes_too_late_hears_of_its_winners(central, keys, files, tmp_path):
    day, folder = open_day(central, keys, "--least", 2, "--commits", 1), folder_of(tmp_path, 3)
    assert day.agency(3, files[3], "--sell-only", "--receipts", folder).wait() == 0
    others = [day.agency(agency, files[agency], "--receipts", folder_of(tmp_path, agency)) for agency in (1, 2)]
    for agency in others:
        agency.wait_for_log(r"action: recibo \| result: success")
    assert run("loteria-ctl", "--data-dir", day.data, "draw", "close", "first", "--yes").returncode == 0
    for agency in others:
        assert agency.wait() == 0, agency.log
    late = day.agency(3, files[3], "--receipts", folder)
    assert late.wait() == 0, late.log
    assert "action: compromiso | result: fail" in late.log
    assert not (folder / "seal-3.note").exists() and (folder / "result.note").exists()
    assert "agency 3 has not committed" in assert_holds(publish(day, tmp_path, "--with-bets"))


def test_the_first_bet_that_the_central_has_otherwise_is_named(central, keys, files, tmp_path):
    """Another bet is cancelled than the agency's folder says: as many, and with the same digest."""
    day, folder = open_day(central, keys), folder_of(tmp_path, 2)
    common = ("--keys", keys / "agency-2", "--receipts", folder)
    assert day.agency(2, files[2], "--sell-only", "--receipts", folder).wait() == 0
    assert day.agency(2, None, "--cancel", 411, *common).wait() == 0
    noted = (folder / "cancelled.csv").read_text()
    (folder / "cancelled.csv").write_text(noted.replace("first-2-411,", "first-2-500,"))
    agency = day.agency(2, None, "--close", *common)
    assert agency.wait() == 1
    assert "the first that differs is bet 411 (ticket first-2-411)" in agency.log, agency.log
    assert not (folder / "ready-2.note").exists()


def test_a_draw_that_is_called_off_is_so_in_a_note(central, keys, files, tmp_path):
    day, folder = open_day(central, keys), folder_of(tmp_path, 1)
    agency = day.agency(1, files[1], "--receipts", folder)
    agency.wait_for_log(r"action: recibo \| result: success")
    off = run("loteria-ctl", "--data-dir", day.data, "draw", "void", "first", "--reason", "a flood", "--yes")
    assert off.returncode == 0, off.stderr
    assert agency.wait() == 1 and "draw first is void: a flood" in agency.log, agency.log
    assert "called off by the operator: a flood" in assert_holds(publish(day, tmp_path), phase="the draw was called off")
    assert (folder / "void.note").read_bytes() == (tmp_path / "notes" / "void.note").read_bytes()
