"""Damage on disk: what `loteria-storage --check` says of it, and what the next start does."""

import hashlib
import json
import operator
import re
import shutil
import struct
import subprocess
import types

import pytest
import xxhash

import loteria
import wire
from test_histories import forge

pytestmark = pytest.mark.asan

RECORD = wire.RECORD_BYTES  # bytes of the header of an index, and of each record
OPENED = 2  # records before the first batch: a state registered, the draw was opened
RUNS, ROWS = 4, 10  # runs of the agency, each a group of its own; rows in each
CSV = "draws/first/bets.csv"  # DIR/bets.csv leads there
FILES = ("bets.log", "bets.index", CSV, "checkpoint.a", "checkpoint.b")


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
    return shutil.copytree(sold, tmp_path / "data", symlinks=True)


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


def check(data, *arguments):
    result = subprocess.run([loteria.program("loteria-storage"), "--check", data, *arguments], env=loteria.ENVIRONMENT,
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
        f"draw first: open, 2 agencies, {2 * RUNS * ROWS} bets, 0 cancelled\n"
        f"agency 1: {RUNS * ROWS} bets\nagency 2: {RUNS * ROWS} bets\nrecords: {OPENED + 2 * RUNS}\nbets: {2 * RUNS * ROWS}\n"
        f"bytes: {len(before[CSV])}\nhead: [0-9a-f]{{64}}\nsound\n", result.stdout)  # fmt: skip
    assert contents(sold) == before


def test_sealed_agencies_are_named(drawn):
    result = check(drawn.data)
    assert result.returncode == 0
    assert "agency 1: 30 bets, sealed\nagency 2: 30 bets, sealed\n" in result.stdout


def head_of(directory):
    return re.search(r"^head: (\w+)$", check(directory).stdout, re.MULTILINE)[1]


def test_the_head_is_the_chain_of_all_records(sold, drawn, data):
    """As docs/storage.md says: whoever has the index can work it out."""
    assert head_of(data) == head_of(sold) == chain(data)[-1].hex() != head_of(drawn.data)


def chain(data):
    """The heads after 0, 1, 2, ... records."""
    index = (data / "bets.index").read_bytes()
    heads = [hashlib.sha256(b"LOTERIA CHAIN 2\n" + index[24:32]).digest()]
    for at in range(RECORD, len(index), RECORD):
        heads.append(hashlib.sha256(heads[-1] + index[at:at + RECORD]).digest())
    return heads


def test_a_head_that_the_day_had_is_found(data):
    for at, head in enumerate(chain(data)):
        result = check(data, "--expect", head.hex().upper() if at % 2 else head.hex())
        assert (result.returncode, result.stderr) == (0, "")
        assert f"\nexpected: record {at}\n" in result.stdout
    result = check(data, "--expect", "0" * 64)
    assert result.returncode == 1
    assert result.stderr == f"loteria-storage: {data}: never had the head {'0' * 64}\n"
    assert result.stdout.endswith("\nsound, but the head that was expected is not among those that it had\n")


@pytest.mark.parametrize("head", ["0" * 63, "0" * 65, "g" * 64])
def test_what_is_no_head_is_no_setting(data, head):
    result = check(data, "--expect", head)
    assert result.returncode == 2 and "--expect" in result.stderr


def test_a_head_is_for_a_check(start):
    storage = start("loteria-storage", "--expect", "0" * 64)
    assert storage.wait() == 2
    assert storage.log == "loteria-storage: --expect: goes with --check\n"


def test_empty_directory_has_nothing_to_check(tmp_path):
    result = check(tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert str(tmp_path) in result.stderr and result.stderr.count("\n") == 1


def test_directory_that_is_none(tmp_path):
    result = check(tmp_path / "nowhere")
    assert (result.returncode, result.stdout) == (1, "")
    assert str(tmp_path / "nowhere") in result.stderr


def test_while_storage_serves_the_day(start, data):
    """What is safe by then is checked, and it is said that this is so."""
    storage = start_storage(start, data)
    storage.wait_for_log(r"action: almacenamiento \| result: success")
    result = check(data)
    assert result.returncode == 0, result.stderr
    assert f"bets: {2 * RUNS * ROWS}\n" in result.stdout and "served: " in result.stdout
    assert storage.stop() == 0
    assert "served: " not in check(data).stdout


def test_a_day_is_sound_while_it_is_sold(central, tmp_path):
    """Looked at again and again, with checkpoints and a log that goes round meanwhile."""
    files = {agency: loteria.make_bets(tmp_path / f"{agency}.csv", agency, 60_000) for agency in (1, 2)}
    day = central(workers=2, agencies=2)
    day.process.wait_for_log("action: worker_alta", count=2)
    agencies = [day.agency(agency, path, "--sell-only") for agency, path in files.items()]
    looks = 0
    while any(agency.popen.poll() is None for agency in agencies) or looks < 3:
        result = check(day.data)
        assert result.returncode == 0, result.stderr
        looks += 1
    assert [agency.wait() for agency in agencies] == [0, 0]
    assert "bets: 120000\n" in check(day.data).stdout


# ---- a tail that was never acknowledged ----------------------------------------------


def record_of(data, index):
    return (data / "bets.index").read_bytes()[RECORD * (index + 1) : RECORD * (index + 2)]


TORN = {
    "half a row": lambda data: append(data / CSV, b"1,Ana,P"),
    "whole rows": lambda data: append(data / CSV, b"1,Ana,Paz,1,2000-01-01,7\r\n" * 100),
    "zeros behind bets.csv": lambda data: append(data / CSV, bytes(5000)),
    "half a record": lambda data: append(data / "bets.index", record_of(data, 0)[:30]),
    "garbage for a record": lambda data: append(data / "bets.index", b"\x7f" * RECORD),
    "zeros behind bets.index": lambda data: append(data / "bets.index", bytes(RECORD * 3 + 5)),
    "both": lambda data: (append(data / CSV, b"1,Ana"), append(data / "bets.index", b"\1" * 100)),
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
    assert told and int(told[1]) == sum(len(torn[name]) - len(sound[name]) for name in (CSV, "bets.index"))
    assert contents(data) == torn, "checking changes nothing"

    storage = start_storage(start, data)
    storage.wait_for_log(r"action: almacenamiento \| result: success")
    recovered = [entry for entry in loteria.parse_log(storage.log) if entry["action"] == "recuperacion"]
    assert [(entry["level"], entry["result"]) for entry in recovered] == [("WARNING", "success")]
    cut = {name: len(torn[name]) - len(sound[name]) for name in (CSV, "bets.index")}
    assert recovered[0]["cut_off"].strip() == (
        f"bets.log 0 bytes, draws {cut[CSV]} bytes, bets.index {cut['bets.index']} bytes")
    assert storage.stop() == 0
    after = contents(data)
    assert all(after[name] == sound[name] for name in (CSV, "bets.index"))
    assert "tail" not in check(data).stdout


# ---- damage --------------------------------------------------------------------------


@pytest.mark.parametrize("record", [0, 1, RUNS, 2 * RUNS - 1])
@pytest.mark.parametrize("where", ["first", "last"])
def test_changed_byte_in_bets_csv(data, record, where):
    """Named are the bytes of bets.csv that a record stands for."""
    offset, size = rows_place(data, OPENED + record)
    change(data / CSV, offset if where == "first" else offset + size - 1)
    assert_check_names(data, f"{CSV}: bytes {offset} to {offset + size}: the rows are not what was stored")


def assert_check_names(data, place):
    before = contents(data)
    result = check(data)
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{data}/{place}" in result.stderr and result.stderr.count("\n") == 1, result.stderr
    assert contents(data) == before


def rows_place(data, record):
    """Where a record's rows lie in bets.csv: offset and size. (docs/storage.md)"""
    found = wire.parse_record(record_of(data, record))
    return found.position, found.size


@pytest.mark.parametrize("record", [0, 1, RUNS, 2 * RUNS - 1])
@pytest.mark.parametrize("byte", [0, 5, 20, 47, 60, 90, 124])
def test_changed_byte_in_bets_index(data, record, byte):
    at = RECORD * (record + 1)
    change(data / "bets.index", at + byte)
    assert_check_names(data, f"bets.index: byte {at}: record {record + 1} is damaged")


@pytest.mark.parametrize("byte", [0, 15, 17, 24, 60, 121])
def test_changed_byte_in_the_header(start, data, byte):
    change(data / "bets.index", byte)
    assert_check_names(data, "bets.index: byte 0: ")
    assert_storage_refuses(start, data, "bets.index: byte 0: ")


@pytest.mark.parametrize("record", [OPENED + 1, OPENED + RUNS, OPENED + 2 * RUNS - 2])
def test_records_that_changed_places(data, record):
    """Each is whole, but they are not chained like this."""
    index = data / "bets.index"
    raw = index.read_bytes()
    at = RECORD * record
    index.write_bytes(raw[:at] + raw[at + RECORD : at + 2 * RECORD] + raw[at : at + RECORD] + raw[at + 2 * RECORD :])
    assert_check_names(data, f"bets.index: record {record}: ")


def test_a_record_that_was_forged_breaks_the_chain(data):
    """Each record is whole and says nothing that cannot be; but it is not the one that was recorded."""
    for record in range(OPENED + 2 * RUNS):
        sound = contents(data)
        forge(data, record, lambda raw: operator.setitem(raw, 71, raw[71] ^ 1))  # its time
        assert_check_names(data, "bets.index: its records do not have the chain of checkpoint.")
        (data / "bets.index").write_bytes(sound["bets.index"])
    assert check(data).returncode == 0


@pytest.mark.parametrize("at", [119, 143, 191, 231], ids=["last draw", "epoch", "bytes of bets.csv", "a cursor's digest"])
def test_a_checkpoint_that_was_forged_contradicts_the_records(data, at):
    slot = max((data / name for name in FILES[3:]), key=lambda path: path.read_bytes()[32:40])  # the newest
    raw = bytearray(slot.read_bytes())
    (size,) = struct.unpack_from(">Q", raw, 40)
    raw[at] ^= 1
    struct.pack_into(">Q", raw, size - 8, xxhash.xxh3_64_intdigest(bytes(raw[:size - 8])))
    slot.write_bytes(raw)
    assert_check_names(data, f"{slot.name}: ")
    assert "says otherwise than the records of bets.index" in check(data).stderr


# ---- state, on a day that was drawn --------------------------------------------------


@pytest.fixture
def day(drawn, tmp_path):
    return shutil.copytree(drawn.data, tmp_path / "day", symlinks=True)


@pytest.fixture
def start_state(start, day):
    """A state with these arguments, on the storage of that day."""
    listen, storage = (f"tcp://127.0.0.1:{loteria.free_port()}" for _ in range(2))
    start("loteria-storage", "--data-dir", day, "--listen", storage)
    return lambda *arguments: start("loteria-state", "--listen", listen, "--storage", storage, *arguments)


def assert_state_refuses(state, *says):
    assert state.wait() == 2
    entry = loteria.parse_log(state.log)[-1]
    assert (entry["level"], entry["action"], entry["result"]) == ("CRITICAL", "estado", "fail")
    assert all(text in entry["reason"] for text in says), entry


def test_a_draw_is_told_to_a_state_that_starts(start_state):
    state = start_state("--agencies", 2)
    state.wait_for_log(r"action: estado \| result: success .*agencies: 2 \| ready: 2 \| drawn: yes")
    assert state.stop() == 0
    assert loteria.draws(state.log) == 0


@pytest.mark.parametrize("arguments", [("--agencies", 3), ("--agencies", 1), ("--agencies", 2, "--winning-number", 7575)])
def test_other_terms_than_the_day_began_with(start_state, arguments):
    other = "has another winning number" if "--winning-number" in arguments else "has 2 agencies, not "
    assert_state_refuses(start_state(*arguments), other, "another data directory")


def test_central_with_other_terms_gives_up_with_a_clear_line(tmp_path, drawn):
    shutil.copytree(drawn.data, tmp_path / "data", symlinks=True)
    central = loteria.Central(tmp_path, workers=1, agencies=3)
    with loteria.stopped_at_the_end(central.process):
        assert central.process.wait() == 2
    entries = loteria.parse_log(central.log)
    assert "has 2 agencies, not 3" in entries[-1]["reason"]
    assert [entry["process"] for entry in entries if entry["level"] == "CRITICAL"] == ["state"]
    assert loteria.draws(central.log) == 0
    central.assert_sound()


def test_day_goes_on_from_a_copy_of_its_directory(central, tmp_path, drawn):
    """What --check calls sound is what a central starts with, and tells the same winners from."""
    shutil.copytree(drawn.data, tmp_path / "data", symlinks=True)
    made = central(workers=1, agencies=2)
    for agency, path in drawn.files.items():
        again = made.agency(agency, None, "--results")
        assert again.wait() == 0, again.log
        assert json.loads(again.stdout)["winners"] == loteria.winners_of(path)
    assert loteria.draws(made.log) == 0
