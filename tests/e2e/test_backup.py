"""`loteria-storage --backup`: a copy of a day while it sells, or later."""

import re
import shutil
import subprocess

import pytest

import loteria
import strace
import wire

COUNT = 150_000  # of an agency that sells as fast as it can
OWN = 500  # of one that notes what was acknowledged
NAMES = {"bets.csv", "bets.index", "bets.log", "checkpoint.a", "checkpoint.b", "draws"}


def storage(*arguments):
    return subprocess.run([loteria.program("loteria-storage"), *map(str, arguments)], env=loteria.ENVIRONMENT,
                          capture_output=True, text=True, timeout=loteria.DEADLINE)  # fmt: skip


def head_of(result):
    return re.search(r"^head: ([0-9a-f]{64})$", result.stdout, re.M)[1]


def backup(data, to):
    return storage("--backup", data, "--to", to)


@pytest.fixture
def sold(tmp_path, central):
    """A day that was stopped with two agencies' bets in it, one of them sealed."""
    day = central(agencies=2)
    with wire.Client(day.server) as client:
        for agency in (1, 2):
            client.hello(agency)
            assert client.store(agency, 0, wire.bets(100)) == 100
        assert client.ask(wire.simple("READY", 1, 100)).name == "WAITING"
    assert day.stop() == 0
    return day.data


@pytest.mark.asan
def test_a_day_that_sells_as_fast_as_it_can(tmp_path, central):
    """What was acknowledged before the backup began is in it; and a central goes on from there."""
    day, other = central(agencies=2), tmp_path / "other"
    other.mkdir()
    files = {1: loteria.make_bets(tmp_path / "1.csv", 1, COUNT, winners={3})}
    with wire.Client(day.server) as client:
        client.hello(2)
        day.sell(files)
        day.wait_for_csv(500_000)
        for offset in range(0, OWN, 50):
            assert client.store(2, offset, wire.bets(50, offset)) == offset + 50
        result = backup(day.data, other / "data")
        day.kill_clients()
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"records: \d+\nbets: \d+\nbytes: \d+\nhead: \w+\nsound\n", result.stdout)
    assert {path.name for path in (other / "data").iterdir()} == NAMES
    assert_has(other / "data", files[1], OWN)
    assert day.stop() == 0
    for data in (day.data, other / "data"):  # the day itself had that head, and goes on having had it
        assert storage("--check", data, "--expect", head_of(result)).returncode == 0
    went_on = loteria.Central(other, agencies=2)
    with loteria.stopped_at_the_end(went_on.process), wire.Client(went_on.server) as client:
        assert client.hello(2).next == OWN
        assert client.store(2, OWN, wire.bets(50, OWN)) == OWN + 50
        agencies = went_on.sell(files)
        assert client.ask(wire.simple("READY", 2, OWN + 50)).name in ("WAITING", "WINNERS")
        loteria.finish(agencies)
        assert went_on.stop() == 0
    stored = assert_has(other / "data", files[1], OWN + 50)
    assert len(stored[1]) == COUNT
    assert storage("--check", other / "data", "--expect", head_of(result)).returncode == 0


def assert_has(data, file, own):
    stored = loteria.stored_by_agency(data)
    assert len(stored[2]) == own
    assert stored[1] == loteria.rows_of(file)[: len(stored[1])]
    return stored


@pytest.mark.asan
def test_a_day_that_was_stopped(sold, tmp_path):
    to = tmp_path / "copy"
    to.mkdir()  # one that is empty will do
    result = backup(sold, to)
    assert (result.returncode, result.stderr) == (0, "")
    check = storage("--check", sold)
    assert head_of(result) == head_of(check)
    assert storage("--check", to).stdout == check.stdout
    for path in sold.rglob("*"):
        if path.is_file() and path.name not in ("bets.log", "checkpoint.a", "checkpoint.b"):
            assert (to / path.relative_to(sold)).read_bytes() == path.read_bytes()
    assert all(path.stat().st_mode & 0o77 == 0 for path in to.rglob("*") if not path.is_symlink())


def test_what_is_not_copied_leaves_nothing(sold, tmp_path):
    to = tmp_path / "copy"

    def refused(data, text, into=to):
        result = backup(data, into)
        assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
        assert text in result.stderr, result.stderr
        assert not to.exists()

    refused(tmp_path / "nothing", "nothing/bets.log: No such file or directory")
    refused(sold, "is not empty, it has ", sold)
    refused(sold, "No such file or directory", tmp_path / "no" / "folder")
    index = sold / "bets.index"
    raw = index.read_bytes()
    index.write_bytes(raw[:-1])
    refused(sold, "bets.index: has ")
    index.write_bytes(raw)
    (sold / "draws/first/bets.csv").rename(sold / "draws/first/away")
    refused(sold, "draws/first/bets.csv: No such file or directory")
    csv = bytearray((sold / "draws/first/away").read_bytes())
    csv[10] ^= 1  # what only reading all of it shows
    (sold / "draws/first/bets.csv").write_bytes(csv)
    refused(sold, "draws/first/bets.csv: bytes 0 to ")


CALLS = (("openat", 30), ("pwrite64", 2), ("pwrite64", 6), ("syncfs", 1), ("renameat", 1), ("renameat", 3),
         ("renameat", 5))  # fmt: skip


@pytest.mark.parametrize("call, which", CALLS)
def test_one_that_is_killed_leaves_no_day(sold, tmp_path, start, call, which):
    to = tmp_path / "copy"
    killed = start("loteria-storage", "--backup", sold, "--to", to, wrapper=strace.under(
        tmp_path / "trace", *strace.inject(call, "signal=KILL", which), "-e", f"trace={call}"))
    assert killed.wait() == -9
    assert storage("--check", to).returncode == 1
    left = {path.name for path in to.iterdir()} if to.exists() else set()
    if left - {"unfinished"}:  # some of it was in its place: a start refuses that
        result = start("loteria-storage", "--data-dir", to, "--listen", f"tcp://127.0.0.1:{loteria.free_port()}")
        assert result.wait() == 2 and "not there, though other files of a day are" in result.log
        shutil.rmtree(to)
    assert backup(sold, to).returncode == 0
    assert {path.name for path in to.iterdir()} == NAMES
    assert storage("--check", to).returncode == 0


@pytest.mark.parametrize("arguments, text", [
    (("--backup", "day"), "--backup: --to says where to"), (("--to", "day"), "--to: goes with --backup, --archive or --restore"),
    (("--backup", "day", "--to", "x", "--check", "day"), "--check, --backup, --archive, --restore: one at a time")])  # fmt: skip
def test_flags_that_do_not_go_together(arguments, text):
    result = storage(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"loteria-storage: {text}\n"
