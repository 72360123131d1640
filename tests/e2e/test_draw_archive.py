"""`loteria-storage --archive` and `--restore`: a draw in a file, and back."""

import hashlib
import re
import shutil
import tarfile

import pytest

import loteria
import strace
from test_backup import storage


@pytest.fixture
def drawn(tmp_path, central):
    """A day with a draw made, and the agencies' files; it still runs."""
    day = central(agencies=2)
    files = {agency: loteria.make_bets(tmp_path / f"{agency}.csv", agency, 300, winners={3}) for agency in (1, 2)}
    loteria.assert_day_ends(day, files, day.sell(files))
    return day


def archive(data, path):
    return storage("--archive", data, "--draw", "first", "--to", path)


@pytest.mark.asan
def test_there_and_back(drawn, tmp_path):
    """While it is served; any tar reads it; what was damaged is what it was, and the day is sound again."""
    path, folder = tmp_path / "first.tar", drawn.data / "draws/first"
    result = archive(drawn.data, path)
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(rf"draw first: drawn, 2 agencies, 600 bets, 0 cancelled\nhead: \w+\narchive: {path}\n",
                        result.stdout)  # fmt: skip
    assert path.stat().st_mode & 0o777 == 0o600
    result = storage("--restore", path, "--into", drawn.data)
    assert result.returncode == 1 and "a process is serving it; stop that first" in result.stderr
    assert drawn.stop() == 0
    assert_tar_reads(path, folder)
    whole = (folder / "bets.csv").read_bytes()
    shutil.rmtree(folder)
    assert storage("--check", drawn.data).returncode == 1
    result = storage("--restore", path, "--into", drawn.data)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("draws/first/bets.csv: restored\n")
    assert (folder / "bets.csv").read_bytes() == whole
    assert storage("--check", drawn.data).returncode == 0
    result = storage("--restore", path, "--into", drawn.data)
    assert result.stdout.startswith("draws/first/bets.csv: sound, left as it was\n")


def assert_tar_reads(path, folder):
    """And the manifest says of each file what anybody can work out."""
    with tarfile.open(path) as tar:
        found = {name.removeprefix("first/"): tar.extractfile(name).read() for name in tar.getnames()}
    assert set(found) == {"bets.csv", "records", "manifest"}
    assert found["bets.csv"] == (folder / "bets.csv").read_bytes()
    manifest = found["manifest"].decode()
    assert manifest.startswith("loteria draw 1\ndraw: first\nidentity: ")
    for name in ("bets.csv", "records"):
        assert f"\nfile: {hashlib.sha256(found[name]).hexdigest()} {len(found[name])} {name}\n" in manifest


def test_unpacked_to_look_at(drawn, tmp_path):
    path, to = tmp_path / "first.tar", tmp_path / "look"
    assert archive(drawn.data, path).returncode == 0
    result = storage("--restore", path, "--to", to)
    assert (result.returncode, result.stderr) == (0, "")
    assert {file.relative_to(to).as_posix() for file in to.rglob("*")} == {
        "first", "first/bets.csv", "first/records", "first/manifest"}  # fmt: skip
    assert (to / "first/bets.csv").read_bytes() == drawn.csv()
    result = storage("--restore", path, "--to", to)
    assert result.returncode == 1 and "is not empty, it has first" in result.stderr


def test_what_is_refused(drawn, tmp_path):
    path = tmp_path / "first.tar"

    def refused(*arguments, text):
        result = storage(*arguments)
        assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1), result
        assert text in result.stderr, result.stderr

    refused("--archive", drawn.data, "--draw", "other", "--to", path, text="has no draw of the name other")
    refused("--archive", tmp_path, "--draw", "first", "--to", path, text="bets.log: No such file or directory")
    refused("--archive", drawn.data, "--draw", "first", "--to", tmp_path / "no/first.tar", text="No such file or dir")
    assert not path.exists() and archive(drawn.data, path).returncode == 0
    refused("--archive", drawn.data, "--draw", "first", "--to", path, text="is there already")
    raw = bytearray(path.read_bytes())
    raw[700] ^= 1
    (tmp_path / "damaged").write_bytes(raw)
    refused("--restore", tmp_path / "damaged", "--to", tmp_path / "x", text="bets.csv is not what its records vouch for")
    refused("--restore", drawn.data / "bets.csv", "--to", tmp_path / "x", text="is no archive of a draw")
    refused("--restore", tmp_path / "nothing", "--to", tmp_path / "x", text="nothing: No such file or directory")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("call, which", [("pwrite64", 1), ("pwrite64", 3), ("fdatasync", 1), ("renameat", 1)])
def test_a_kill_leaves_nothing_that_looks_whole(drawn, tmp_path, start, call, which):
    path, csv = tmp_path / "first.tar", drawn.data / "draws/first/bets.csv"
    assert drawn.stop() == 0
    whole = csv.read_bytes()

    def killed(*arguments):
        wrapper = strace.under(tmp_path / "trace", *strace.inject(call, "signal=KILL", which), "-e", f"trace={call}")
        assert start("loteria-storage", *arguments, wrapper=wrapper).wait() == -9

    killed("--archive", drawn.data, "--draw", "first", "--to", path)
    if path.exists():  # the kernel had renamed it
        assert call == "renameat" and storage("--restore", path, "--to", tmp_path / "look").returncode == 0
    else:
        assert archive(drawn.data, path).returncode == 0
    csv.write_bytes(whole[:-1])
    if (call, which) != ("pwrite64", 3):  # it does not write so often
        killed("--restore", path, "--into", drawn.data)
    assert csv.read_bytes() in (whole, whole[:-1])
    assert storage("--restore", path, "--into", drawn.data).returncode == 0
    assert csv.read_bytes() == whole
    assert storage("--check", drawn.data).returncode == 0
