"""Damage on disk: what `loteria-storage --check` says of it, and what the next start does."""

import json
import re
import shutil
import struct
import subprocess
import types

import pytest

import loteria
import wire

pytestmark = pytest.mark.asan

RECORD = wire.RECORD_BYTES  # bytes of a journal's header, and of each of its records
RUNS, ROWS = 4, 10  # runs of the agency, each a group of its own; rows in each
FILES = ("bets.csv", "bets.journal", "draw.journal")


@pytest.fixture(scope="module")
def sold(tmp_path_factory):
    """A data directory with two agencies' bets, written in several groups; neither is sealed."""
    directory = tmp_path_factory.mktemp("sold")
    central = loteria.Central(directory, workers=1, agencies=2)
    with loteria.stopped_at_the_end(central.process), wire.Client(central.server) as client:
        for agency in (1, 2):
            client.hello(agency)
            for offset in range(0, RUNS * ROWS, ROWS):
                assert client.store(agency, offset, wire.bets(ROWS, offset)) == offset + ROWS
        assert central.stop() == 0
    return central.data


@pytest.fixture
def data(sold, tmp_path):
    """A copy of it, for a test to damage."""
    return shutil.copytree(sold, tmp_path / "data")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A data directory with a draw made."""
    directory = tmp_path_factory.mktemp("drawn")
    central = loteria.Central(directory, workers=1, agencies=2)
    with loteria.stopped_at_the_end(central.process):
        files = {agency: loteria.make_bets(directory / f"{agency}.csv", agency, 30, winners={3}) for agency in (1, 2)}
        loteria.assert_day_ends(central, files, central.sell(files))
        assert central.stop() == 0
    return types.SimpleNamespace(data=central.data, files=files)


def check(data):
    result = subprocess.run([loteria.program("loteria-storage"), "--check", data], env=loteria.ENVIRONMENT,
                            capture_output=True, text=True, timeout=loteria.DEADLINE)  # fmt: skip
    return result


def contents(data):
    return {name: (data / name).read_bytes() for name in FILES if (data / name).exists()}


def change(path, at, size=1):
    """Other bits there."""
    raw = bytearray(path.read_bytes())
    raw[at : at + size] = bytes(byte ^ 0x20 for byte in raw[at : at + size])
    path.write_bytes(raw)


def truncate(path, size):
    path.write_bytes(path.read_bytes()[:size])


def append(path, raw):
    path.write_bytes(path.read_bytes() + raw)


def start_storage(start, data):
    return start("loteria-storage", "--data-dir", data, "--listen", f"tcp://127.0.0.1:{loteria.free_port()}")


def assert_storage_refuses(start, data, *says):
    """It ends with one line that says so, and every file is as it was."""
    before = contents(data)
    storage = start_storage(start, data)
    assert storage.wait() == 2
    (entry,) = loteria.parse_log(storage.log)
    assert (entry["level"], entry["action"], entry["result"]) == ("CRITICAL", "almacenamiento", "fail")
    assert all(text in entry["reason"] for text in says), entry
    assert contents(data) == before


# ---- nothing is wrong ----------------------------------------------------------------


def test_sound_directory(sold):
    before = contents(sold)
    result = check(sold)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(
        f"agency 1: {RUNS * ROWS} bets\nagency 2: {RUNS * ROWS} bets\nrecords: {2 * RUNS}\nbets: {2 * RUNS * ROWS}\n"
        f"bytes: {len(before['bets.csv'])}\nhash: [0-9a-f]{{16}}\nsound\n", result.stdout)  # fmt: skip
    assert contents(sold) == before


def test_sealed_agencies_are_named(drawn):
    result = check(drawn.data)
    assert result.returncode == 0
    assert "agency 1: 30 bets, sealed\nagency 2: 30 bets, sealed\n" in result.stdout


def test_hash_depends_on_what_is_stored(sold, drawn, data):
    def hash_of(directory):
        return re.search(r"hash: (\w+)", check(directory).stdout)[1]

    assert hash_of(data) == hash_of(sold) != hash_of(drawn.data)


def test_empty_directory_has_nothing_to_check(tmp_path):
    result = check(tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert str(tmp_path) in result.stderr and result.stderr.count("\n") == 1


def test_directory_that_is_none(tmp_path):
    result = check(tmp_path / "nowhere")
    assert (result.returncode, result.stdout) == (1, "")
    assert str(tmp_path / "nowhere") in result.stderr


def test_not_while_storage_runs(start, data):
    storage = start_storage(start, data)
    storage.wait_for_log(r"action: almacenamiento \| result: success")
    result = check(data)
    assert (result.returncode, result.stdout) == (1, "")
    assert "another process is using it" in result.stderr
    assert storage.stop() == 0
    assert check(data).returncode == 0


# ---- a tail that was never acknowledged ----------------------------------------------


def record_of(data, index):
    return (data / "bets.journal").read_bytes()[RECORD * (index + 1) : RECORD * (index + 2)]


TORN = {
    "half a row": lambda data: append(data / "bets.csv", b"1,Ana,P"),
    "whole rows": lambda data: append(data / "bets.csv", b"1,Ana,Paz,1,2000-01-01,7\r\n" * 100),
    "zeros behind bets.csv": lambda data: append(data / "bets.csv", bytes(5000)),
    "half a record": lambda data: append(data / "bets.journal", record_of(data, 0)[:30]),
    "garbage for a record": lambda data: append(data / "bets.journal", b"\x7f" * RECORD),
    "zeros behind bets.journal": lambda data: append(data / "bets.journal", bytes(RECORD * 3 + 5)),
    "both": lambda data: (append(data / "bets.csv", b"1,Ana"), append(data / "bets.journal", b"\1" * 100)),
}  # fmt: skip


@pytest.mark.parametrize("how", TORN)
def test_torn_tail_is_told_and_cut_off_at_the_next_start(start, data, how):
    sound = contents(data)
    TORN[how](data)
    torn = contents(data)
    result = check(data)
    assert result.returncode == 0, result.stderr
    assert f"bets: {2 * RUNS * ROWS}\n" in result.stdout and result.stdout.endswith("sound\n")
    told = re.search(r"tail: (\d+) bytes, unfinished and never acknowledged", result.stdout)
    assert told and int(told[1]) > 0
    assert contents(data) == torn, "checking changes nothing"

    storage = start_storage(start, data)
    storage.wait_for_log(r"action: almacenamiento \| result: success")
    recovered = [entry for entry in loteria.parse_log(storage.log) if entry["action"] == "recuperacion"]
    assert [(entry["level"], entry["result"]) for entry in recovered] == [("WARNING", "success")]
    assert recovered[0]["cut_off"].startswith(f"{told[1]} bytes")
    assert storage.stop() == 0
    assert contents(data) == sound
    assert "tail" not in check(data).stdout


def test_record_without_its_rows_is_cut_off(start, data):
    """The journal got to the disk and the rows did not, in the last group: as far as can be known, nobody was told."""
    sound = contents(data)
    truncate(data / "bets.csv", len(sound["bets.csv"]) - 1)
    result = check(data)
    assert result.returncode == 0 and "tail: " in result.stdout
    assert f"records: {2 * RUNS - 1}\n" in result.stdout
    storage = start_storage(start, data)
    storage.wait_for_log(r"action: recuperacion \| result: success")
    assert storage.stop() == 0
    after = contents(data)
    assert all(sound[name].startswith(after[name]) for name in ("bets.csv", "bets.journal"))
    assert after["bets.csv"].count(b"\n") == 2 * RUNS * ROWS - ROWS


# ---- damage --------------------------------------------------------------------------


@pytest.mark.parametrize("record", range(2 * RUNS - 1))
@pytest.mark.parametrize("where", ["first", "last"])
def test_changed_byte_in_bets_csv(start, data, record, where):
    """Named are the record, and the bytes of bets.csv that it stands for."""
    offset, size = rows_place(data, record)
    change(data / "bets.csv", offset if where == "first" else offset + size - 1)
    place = f"bets.csv: bytes {offset} to {offset + size}"
    result = check(data)
    assert (result.returncode, result.stdout) == (1, "")
    assert place in result.stderr and result.stderr.count("\n") == 1
    assert f"bets.journal: byte {RECORD * (record + 1)}: record {record} is damaged" in result.stderr
    assert_storage_refuses(start, data, place, str(data))


def rows_place(data, record):
    """Where a record's rows lie in bets.csv: offset and size. (docs/storage.md)"""
    position, size = struct.unpack(">16xQI", record_of(data, record)[:28])
    return position, size


@pytest.mark.parametrize("record", [0, 1, RUNS, 2 * RUNS - 2])
@pytest.mark.parametrize("byte", [0, 5, 20, 47, 49, 53, 63])
def test_changed_byte_in_bets_journal(start, data, record, byte):
    at = RECORD * (record + 1)
    change(data / "bets.journal", at + byte)
    result = check(data)
    assert (result.returncode, result.stdout) == (1, "")
    place = f"bets.journal: byte {at}: record {record} is damaged"
    assert place in result.stderr
    assert_storage_refuses(start, data, place)


@pytest.mark.parametrize("byte", [0, 15, 17, 20, 35, 60])
def test_changed_byte_in_the_header(start, data, byte):
    change(data / "bets.journal", byte)
    result = check(data)
    assert (result.returncode, result.stdout) == (1, "")
    assert "bets.journal: byte 0: " in result.stderr
    assert_storage_refuses(start, data, "bets.journal: byte 0: ")


@pytest.mark.parametrize("record", range(1, 2 * RUNS - 1))
def test_records_that_changed_places(start, data, record):
    journal = data / "bets.journal"
    raw = journal.read_bytes()
    at = RECORD * record
    journal.write_bytes(raw[:at] + raw[at + RECORD : at + 2 * RECORD] + raw[at : at + RECORD] + raw[at + 2 * RECORD :])
    assert check(data).returncode == 1
    assert_storage_refuses(start, data, f"bets.journal: byte {at}: record {record - 1} is damaged")


@pytest.mark.parametrize("left", [0.5, 0.1, 0])
def test_bets_csv_truncated_by_a_lot(start, data, left):
    size = int(len((data / "bets.csv").read_bytes()) * left)
    truncate(data / "bets.csv", size)
    result = check(data)
    assert (result.returncode, result.stdout) == (1, "")
    assert "bets.csv: bytes " in result.stderr
    assert_storage_refuses(start, data, "bets.csv: bytes ")


def test_bets_csv_is_missing(start, data):
    (data / "bets.csv").unlink()
    result = check(data)
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{data}/bets.csv: No such file" in result.stderr
    storage = start_storage(start, data)
    assert storage.wait() == 2
    assert "record 0 is damaged" in loteria.parse_log(storage.log)[-1]["reason"]
    assert check(data).returncode == 1, "still"


@pytest.mark.parametrize("whose", ["ours", "the reference's"])
def test_bets_csv_without_a_journal(start, data, whose):
    """Nobody knows what its bets are worth: it is neither cut off nor gone on with."""
    (data / "bets.journal").unlink()
    if whose != "ours":
        (data / "bets.csv").write_bytes(b"1,Santiago Lionel,Lorca,30904465,1999-03-17,2201\r\n" * 1000)
    before = (data / "bets.csv").read_bytes()
    result = check(data)
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{data}/bets.journal: No such file" in result.stderr
    for _ in range(2):  # also when the first try left an empty journal behind
        storage = start_storage(start, data)
        assert storage.wait() == 2
        entry = loteria.parse_log(storage.log)[-1]
        assert f"bets.csv: byte 0: {len(before)} bytes behind what the journal covers" in entry["reason"]
        assert "move the file away" in entry["reason"]
        assert (data / "bets.csv").read_bytes() == before


def test_journal_of_another_day(start, data, drawn):
    shutil.copy(drawn.data / "bets.journal", data / "bets.journal")
    assert check(data).returncode == 1
    assert_storage_refuses(start, data, "bets.csv: bytes 0 to ")


def test_draw_journal_for_a_bets_journal(start, data):
    shutil.copy(data / "draw.journal", data / "bets.journal")
    assert "no bets journal" in check(data).stderr
    assert_storage_refuses(start, data, "no bets journal")


# ---- state's journal -----------------------------------------------------------------


@pytest.fixture
def day(drawn, tmp_path):
    return shutil.copytree(drawn.data, tmp_path / "day")


def start_state(start, data, *arguments):
    listen, storage = (f"tcp://127.0.0.1:{loteria.free_port()}" for _ in range(2))
    return start("loteria-state", "--data-dir", data, "--listen", listen, "--storage", storage, *(
        arguments or ("--agencies", 2)))  # fmt: skip


def assert_state_refuses(start, data, *says, arguments=()):
    before = contents(data)
    state = start_state(start, data, *arguments)
    assert state.wait() == 2
    (entry,) = loteria.parse_log(state.log)
    assert (entry["level"], entry["action"], entry["result"]) == ("CRITICAL", "estado", "fail")
    assert all(text in entry["reason"] for text in says), entry
    assert contents(data) == before


def records_in(path):
    return path.stat().st_size // RECORD - 1


def test_sound_draw_journal(start, day):
    before = contents(day)
    state = start_state(start, day)
    state.wait_for_log(r"action: estado \| result: success .*agencies: 2 \| ready: 2 \| drawn: yes")
    assert state.stop() == 0
    assert contents(day) == before
    assert loteria.draws(state.log) == 0


@pytest.mark.parametrize("record", range(3))
def test_changed_byte_in_draw_journal(start, day, record):
    assert records_in(day / "draw.journal") == 6  # opened, two sealed, drawn, two served
    change(day / "draw.journal", RECORD * (record + 1) + 5)
    assert_state_refuses(start, day, f"{day}/draw.journal: byte {RECORD * (record + 1)}: record {record} is damaged")


def test_changed_byte_in_the_header_of_draw_journal(start, day):
    change(day / "draw.journal", 3)
    assert_state_refuses(start, day, f"{day}/draw.journal: byte 0: no draw journal")


def test_bets_journal_for_a_draw_journal(start, day):
    shutil.copy(day / "bets.journal", day / "draw.journal")
    assert_state_refuses(start, day, "no draw journal")


def test_torn_tail_of_draw_journal(start, day):
    sound = contents(day)
    append(day / "draw.journal", b"\x01\x02\x03")
    state = start_state(start, day)
    state.wait_for_log(r"action: estado \| result: success .*ready: 2 \| drawn: yes")
    assert state.stop() == 0
    recovered = [entry for entry in loteria.parse_log(state.log) if entry["action"] == "recuperacion"]
    assert [(entry["level"], entry["result"]) for entry in recovered] == [("WARNING", "success")]
    assert recovered[0]["cut_off"].startswith("3 bytes")
    assert contents(day) == sound


@pytest.mark.parametrize("arguments", [("--agencies", 3), ("--agencies", 1), ("--agencies", 2, "--winning-number", 7575)])
def test_other_terms_than_the_day_began_with(start, day, arguments):
    other = "has another winning number" if "--winning-number" in arguments else "is one of 2 agencies, not "
    assert_state_refuses(start, day, other, "another data directory", arguments=arguments)


def test_central_with_other_terms_gives_up_with_a_clear_line(tmp_path, drawn):
    shutil.copytree(drawn.data, tmp_path / "data")
    before = contents(tmp_path / "data")
    central = loteria.Central(tmp_path, workers=1, agencies=3)
    with loteria.stopped_at_the_end(central.process):
        assert central.process.wait() == 2
    entries = loteria.parse_log(central.log)
    assert any("is one of 2 agencies, not 3" in entry.get("reason", "") for entry in entries)
    assert [entry["name"] for entry in entries if (entry["level"], entry["action"]) == ("CRITICAL", "proceso")] == ["state"]
    assert contents(tmp_path / "data") == before


def test_day_goes_on_from_a_copy_of_its_directory(central, tmp_path, drawn):
    """What --check calls sound is what a central starts with, and tells the same winners from."""
    shutil.copytree(drawn.data, tmp_path / "data")
    made = central(workers=1, agencies=2)
    for agency, path in drawn.files.items():
        again = made.agency(agency, None, "--results")
        assert again.wait() == 0, again.log
        assert json.loads(again.stdout)["winners"] == loteria.winners_of(path)
    assert loteria.draws(made.log) == 0
