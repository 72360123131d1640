"""make-bets: the same rows everywhere for the same seed, all sound, some awkward."""

import csv
import datetime
import hashlib
import io
import os
import re
import subprocess

import pytest

BIN = os.path.join(os.environ["LOTERIA_BUILD"], "bin")
ROWS = 100000
USAGE = 2


def run(*arguments, **how):
    return subprocess.run([os.path.join(BIN, "make-bets"), *map(str, arguments)],
                          stderr=subprocess.PIPE, **{"stdout": subprocess.PIPE, **how})


def make(agency, count, *arguments):
    done = run("--agency", agency, "--count", count, *arguments)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.fixture(scope="module")
def rows():
    return make(1, ROWS, "--seed", 1)


@pytest.fixture(scope="module")
def bets(rows):
    return list(csv.reader(io.StringIO(rows.decode(), newline=""), strict=True))


def test_same_rows_on_every_machine():
    some = make(1, 1000, "--seed", 1)
    assert some.splitlines()[:3] == [
        b"Tiago Diego,Castro,28863529,1961-12-10,1084",
        b"Carolina Olivia,Torres,46961057,2005-08-11,1433",
        "Gastón Rodrigo,Franco,27553584,1971-01-04,6293".encode()]
    assert hashlib.sha256(some).hexdigest() == (
        "f32b6769282e60879b51093009c4afde4749fde5b04481bc71be882b793b4fe1")


def test_more_rows_begin_with_the_same_rows(rows):
    assert rows.startswith(make(1, 1000, "--seed", 1))
    assert make(1, ROWS) == rows  # 1 is the default seed


def test_other_agency_or_seed_other_rows():
    made = [make(agency, 100, "--seed", seed)
            for agency in (1, 2, 3, 4294967295) for seed in (0, 1, 2, 2**64 - 1)]
    lines = [line for rows in made for line in rows.splitlines()]
    assert len(lines) == len(set(lines)) == len(made) * 100


def test_count():
    assert make(1, 0) == b""
    assert make(1, 1).count(b"\r\n") == 1


def test_central_accepts_all(rows):
    driver = subprocess.run([os.path.join(BIN, "bet_csv_driver"), "1"],
                            input=b"%d %d\n%s" % (ROWS, len(rows), rows),
                            stdout=subprocess.PIPE, check=True)
    answer, _, canonical = driver.stdout.partition(b"\n")
    assert answer.startswith(b"ok ")
    assert canonical == re.sub(rb"(?m)^", b"1,", rows)[:len(canonical)]
    assert len(canonical) == len(rows) + 2 * ROWS


def test_plausible(bets):
    assert len(bets) == ROWS
    for _, _, document, birthdate, number in bets:
        assert 20000000 <= int(document) <= 47999999 and len(document) == 8
        assert 1940 <= datetime.date.fromisoformat(birthdate).year <= 2006
        assert 0 <= int(number) <= 9999 and str(int(number)) == number
    assert len({bet[4] for bet in bets}) > 9900  # any number, 7574 like the others
    assert 1 <= sum(bet[4] == "7574" for bet in bets) <= 40
    assert any(bet[3].endswith("02-29") for bet in bets)
    assert any(" " in bet[0] for bet in bets) and any(" " not in bet[0] for bet in bets)
    accented = sum(not (bet[0] + bet[1]).isascii() for bet in bets)
    assert ROWS * 0.2 < accented < ROWS * 0.8


def test_about_one_in_200_is_awkward(bets):
    kinds = [sum(mark in bet[0] + bet[1] for bet in bets) for mark in ',"\'#']
    assert all(ROWS / 200 / 8 < kind < ROWS / 200 / 2 for kind in kinds)
    assert ROWS / 300 < sum(kinds) < ROWS / 100


@pytest.mark.parametrize("arguments, naming", [
    ([], "--agency"),
    (["--agency", "1"], "--count"),
    (["--count", "1"], "--agency"),
    (["--agency", "0", "--count", "1"], "'0'"),
    (["--agency", "4294967296", "--count", "1"], "'4294967296'"),
    (["--agency", "1", "--count", "many"], "'many'"),
    (["--agency", "1", "--count", "-1"], "'-1'"),
    (["--agency", "1", "--count", "18446744073709551616"], "'18446744073709551616'"),
    (["--agency", "1", "--count", "1", "--seed", "1x"], "'1x'"),
    (["--agency", "1", "--count", "1", "--seed", ""], "''"),
    (["--agency", "1", "--count"], "--count"),
    (["--agency", "1", "--count", "1", "more"], "'more'"),
    (["--bogus"], "--bogus"),
])
def test_wrong_usage(arguments, naming):
    done = run(*arguments)
    assert done.returncode == USAGE and done.stdout == b""
    told = done.stderr.decode()
    assert naming in told and told.count("\n") == 1 and told.endswith("\n")


def test_help_and_version():
    told = run("--help")
    assert (told.returncode, told.stderr) == (0, b"")
    assert all(flag in told.stdout for flag in (b"--agency", b"--count", b"--seed"))
    told = run("--version")
    assert told.returncode == 0
    assert re.fullmatch(rb"make-bets [0-9]+\.[0-9]+\.[0-9]+\n", told.stdout)


def test_full_disk():
    with open("/dev/full", "wb") as full:
        done = run("--agency", 1, "--count", ROWS, stdout=full)
    assert done.returncode == 1
    assert done.stderr == b"make-bets: cannot write: No space left on device\n"
