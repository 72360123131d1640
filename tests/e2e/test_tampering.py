"""A day's files removed, exchanged, put back from a copy, or cut, alone or several: the next start and --check
notice it and name a file, and nothing is changed; and what is done to files under a running storage ends it."""

import itertools
import os
import re
import shutil

import pytest

import loteria
import wire
from test_check import CSV, FILES, change, check, contents, start_storage

ROWS = 40


def sell(central, agency, offset, count):
    with wire.Client(central.server) as client:
        client.hello(agency)
        assert client.store(agency, offset, wire.bets(count, offset)) == offset + count


@pytest.fixture(scope="module")
def days(tmp_path_factory):
    """By name: a day that was stopped, a copy of it from before, a day that was killed, and another day."""
    made = {}
    for name in ("day", "other"):
        directory = tmp_path_factory.mktemp(name)
        central = loteria.Central(directory, workers=1, agencies=2)
        with loteria.stopped_at_the_end(central.process):
            sell(central, 1, 0, ROWS)
            assert central.stop() == 0
        if name == "other":
            made[name] = central.data
            break
        made["before"] = shutil.copytree(central.data, directory / "before", symlinks=True)
        central = loteria.Central(directory, workers=1, agencies=2)
        with loteria.stopped_at_the_end(central.process):
            sell(central, 1, ROWS, ROWS)
            sell(central, 2, 0, ROWS)
            central.kill_all()
        made["killed"] = shutil.copytree(central.data, directory / "killed", symlinks=True)
        central = loteria.Central(directory, workers=1, agencies=2)
        with loteria.stopped_at_the_end(central.process):
            wire.wait_for_central(central.server)
            assert central.stop() == 0
        made["stopped"] = central.data
    return made


@pytest.fixture
def copy(days, tmp_path):
    return lambda name: shutil.copytree(days[name], tmp_path / name, symlinks=True)


def assert_refused(start, data, names, note):
    """By --check and by a start, with one of these names, and nothing is changed."""
    before = contents(data)
    result = check(data)
    assert (result.returncode, result.stdout) == (1, ""), (note, result.stdout)
    assert any(name in result.stderr for name in names), (note, result.stderr)
    storage = start_storage(start, data)
    assert storage.wait() == 2, (note, storage.log)
    (entry,) = loteria.parse_log(storage.log)
    assert (entry["level"], entry["action"]) == ("CRITICAL", "almacenamiento"), note
    assert any(f"{data}/{name}" in entry["reason"] for name in names), (note, entry)
    assert "nothing was changed" in entry["consequence"], note
    assert contents(data) == before, note


def subsets(files, sizes):
    return [subset for size in sizes for subset in itertools.combinations(files, size)]


@pytest.mark.parametrize("state", ["stopped", "killed"])
@pytest.mark.parametrize("removed", subsets(FILES, (1, 2, 4)), ids="-".join)
def test_removed_files_are_named(start, copy, state, removed):
    data = copy(state)
    for name in removed:
        (data / name).unlink()
    assert_refused(start, data, removed, removed)


ALL_BUT_ROWS = tuple(name for name in FILES if name != CSV)


@pytest.mark.parametrize("exchanged", [files for files in subsets(FILES, (1, 2, 4)) if files != ALL_BUT_ROWS], ids="-".join)
def test_files_of_another_day_are_named(start, copy, days, exchanged):
    data = copy("stopped")
    for name in exchanged:
        shutil.copy(days["other"] / name, data / name)
    assert_refused(start, data, FILES, exchanged)


def test_rows_that_nothing_else_knows_of_are_told(start, copy, days):
    """When all but bets.csv is an older copy there are more rows than records, as after a crash: it is said how many
    bytes that are, before they are cut off and then."""
    data = copy("stopped")
    more = (data / "bets.csv").stat().st_size - (days["before"] / "bets.csv").stat().st_size
    for name in ALL_BUT_ROWS:
        shutil.copy(days["before"] / name, data / name)
    assert f"tail: {more} bytes, " in check(data).stdout
    storage = start_storage(start, data)
    storage.wait_for_log(rf"WARNING .*action: recuperacion .*cut_off: .*draws {more} bytes")


@pytest.mark.parametrize("older", subsets(FILES, (1, 2, 3)), ids="-".join)
def test_older_copies_of_some_files_are_named(start, copy, days, older):
    """Unless what is missing is in the log still, as between two checkpoints: then it is completed from there."""
    data = copy("stopped")
    for name in older:
        shutil.copy(days["before"] / name, data / name)
    if all((data / name).read_bytes() == (days["before"] / name).read_bytes() for name in ALL_BUT_ROWS):
        return  # as in the test above
    if check(data).returncode == 0:
        assert "bets.log" not in older
        storage = start_storage(start, data)
        storage.wait_for_log(r"action: almacenamiento \| result: success")
        assert storage.stop() == 0
        assert wire.standing(data, 1)[1:] == (2 * ROWS, wire.digest(wire.bets(2 * ROWS)))
        assert (data / "bets.csv").read_bytes() == (days["stopped"] / "bets.csv").read_bytes()
        return
    assert_refused(start, data, FILES, older)


@pytest.mark.parametrize("name", FILES[:3])
@pytest.mark.parametrize("left", [0.6, 0.1, 0])
def test_files_cut_short_are_named(start, copy, days, name, left):
    for state in ("stopped", "killed"):
        data = copy(state)
        size = (data / name).stat().st_size
        if name == "bets.log":  # room was made ahead: of what is used
            size = len((data / name).read_bytes().rstrip(b"\0"))
        os.truncate(data / name, int(size * left))
        if state == "killed" and name != "bets.log" and check(data).returncode == 0:
            assert_completed(start, data, name, days["stopped"])  # it is all above the checkpoint
        else:
            assert_refused(start, data, (name,), (state, left))


def assert_completed(start, data, name, sound):
    """What the log has is written again, and that is said."""
    told = "draws" if name == CSV else name
    assert re.search(rf"^behind: .*[1-9]\d* (?:bytes )?of {told}", check(data).stdout, re.MULTILINE), check(data).stdout
    storage = start_storage(start, data)
    storage.wait_for_log(r"action: almacenamiento \| result: success")
    assert re.search(rf"recuperacion .*completed: .*{told} [1-9]\d* bytes", storage.log), storage.log
    assert storage.stop() == 0
    assert (data / "bets.csv").read_bytes() == (sound / "bets.csv").read_bytes()
    # in the sound one another state has registered since
    assert (sound / "bets.index").read_bytes().startswith((data / "bets.index").read_bytes())


def test_an_emptied_day_is_not_begun_anew(start, copy):
    """The log is enough to know that there was one."""
    data = copy("killed")
    for name in ("bets.index", CSV, "checkpoint.a"):
        os.truncate(data / name, 0)
    (data / "checkpoint.b").unlink()
    assert_refused(start, data, ("checkpoint.b",), "emptied")


@pytest.mark.parametrize("name", ["bets.journal", "draw.journal"])
def test_a_day_of_an_older_version_is_refused_by_name(start, tmp_path, name):
    data = tmp_path / "old"
    data.mkdir()
    (data / name).write_bytes(b"LOTERIA JOURNAL\n" + bytes(112))
    (data / "bets.csv").write_bytes(b"")
    before = (data / name).read_bytes()
    assert f"{name} is of format 2" in check(data).stderr
    storage = start_storage(start, data)
    assert storage.wait() == 2
    assert f"{name}: is of format 2" in storage.log and "version that began it" in storage.log
    assert sorted(path.name for path in data.iterdir()) == sorted(["bets.csv", name])
    assert (data / name).read_bytes() == before


def test_a_part_of_an_older_version_beside_a_day_is_refused(start, copy):
    """Even then: it may be that it was put there on purpose, and whoever did expects it to count."""
    data = copy("stopped")
    (data / "draw.journal").write_bytes(b"LOTERIA JOURNAL\n" + bytes(112))
    assert_refused(start, data, ("draw.journal",), "beside")


# ---- under a running storage ---------------------------------------------------------


@pytest.fixture
def day(tmp_path):
    """Its storage does not end well, so all of it is killed."""
    made = loteria.Parts(tmp_path, agencies=1, workers=1)
    try:
        sell(made, 1, 0, ROWS)
        yield made
    finally:
        for process in made.processes:
            if process.popen.poll() is None:
                process.kill()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["unlinked", "cut"])
def test_files_taken_away_from_a_running_storage_end_it(day, name, how):
    """Within a group: the next batch is not acknowledged."""
    if how == "unlinked":
        (day.data / name).unlink()
    else:
        os.truncate(day.data / name, 100)
    with wire.Client(day.server) as client:
        client.hello(1)
        client.send(wire.batch(1, ROWS, wire.bets(1, ROWS)))
        assert day.parts["loteria-storage"].wait() == 1
        answer = client.receive_within(0.1)
        assert answer is None or answer.name != "STORED", vars(answer)
    entry = loteria.parse_log(day.parts["loteria-storage"].log)[-1]
    assert entry["level"] == "CRITICAL" and f"{day.data}/{name} " in entry["reason"], entry


def test_a_row_changed_in_place_is_noticed_when_winners_are_searched(day):
    """Nobody is told winners of bets that were not sold."""
    with wire.Client(day.server) as client:
        client.hello(1)
        change(day.data / CSV, day.csv().index(b",") + 1)
        client.send(wire.simple("READY", 1, ROWS))
        assert day.parts["loteria-storage"].wait() == 1
    entry = loteria.parse_log(day.parts["loteria-storage"].log)[-1]
    assert f"{day.data}/{CSV}: bytes 0 to " in entry["reason"] and "not what was stored" in entry["reason"], entry
    assert check(day.data).returncode == 0, "it is above the checkpoint: the next start takes it from the log"
    day.start("loteria-storage")
    with wire.Client(day.server) as client:
        assert client.hello(1).next == ROWS
    assert day.csv() == b"".join(b"1,%s\r\n" % row.encode() for row in wire.bets(ROWS))
