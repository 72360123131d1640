"""What scripts/bench measures with works: each program that needs no peer, for a moment. Nothing
is timed here."""

import json
import os
import subprocess
import sys

import pytest

import loteria
import wire

PROGRAMS = ("bench-bare", "bench-load", "bench-rows", "bench-scan", "bench-verify")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """bench(NAME, ARGUMENT...): what it prints. From a build of its own, unless this build has them."""
    build = loteria.BUILD
    if not all((build / "bench" / name).exists() for name in PROGRAMS):
        build = tmp_path_factory.mktemp("build")
        for command in (["cmake", "-S", loteria.ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                         "-DLOTERIA_TESTS=OFF", "-DLOTERIA_BENCH=ON"],
                        ["cmake", "--build", build, "-j", "2", "--target", *PROGRAMS]):
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr

    def run(name, *arguments):
        done = subprocess.run([build / "bench" / name, *map(str, arguments)], env=loteria.ENVIRONMENT,
                              capture_output=True, text=True, timeout=loteria.DEADLINE)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    run.build = build
    yield run


@pytest.mark.parametrize("more", [(), ("--sync",), ("--curve",), ("--ipc",)])
def test_bare_moves_every_batch(bench, tmp_path, more):
    told = bench("bench-bare", "--clients", 3, "--count", 50, "--bytes", 1000, "--file", tmp_path / "batches", *more)
    assert told["batches"] == 150
    assert set(told["cpu_us_per_batch"]) == {"clients", "broker", "workers", "storage"}
    assert not (tmp_path / "batches").exists()


def test_bare_keeps_to_a_rate(bench, tmp_path):
    told = bench("bench-bare", "--clients", 2, "--count", 50, "--rate", 1000, "--file", tmp_path / "batches", "--sync")
    assert told["batches"] == 100 and told["seconds"] >= 0.098  # a client's last one is due 98 ms after the first


def test_rows_are_checked(bench):
    told = bench("bench-rows", "--batches", 2, "--milliseconds", 1)
    assert told["rows"] > 0


def test_a_day_of_load_is_right_and_can_be_searched(bench, central, tmp_path):
    bets = loteria.make_bets(tmp_path / "bets.csv", 1, 500, winners=[3, 499])
    day = central(workers=1, agencies=7)
    told = bench("bench-load", "--server", f"tcp://{day.server}", "--bets", bets, "--agencies", 7, "--count", 500,
                 "--results")
    assert day.stop() == 0
    assert told["bets"] == 3500 and len(told["winners"]) == 7
    right = bench("bench-verify", day.data / "bets.csv", 7, 500, bets)
    assert right["bets"] == 3500 and right["winners"] == told["winners"]
    assert right["winners"]["7"] == loteria.winners_of(bets)
    found = bench("bench-scan", "--data-dir", day.data, "--agencies", 7, "--repeat", 1)
    assert found["winners"] == 14


def test_load_is_spread_over_draws(bench, central, tmp_path):
    bets = loteria.make_bets(tmp_path / "bets.csv", 1, 500)
    day = central(workers=1, agencies=5)
    wire.wait_for_central(day.server)
    with wire.Client(f"ipc://{os.readlink(day.data / 'run')}/state") as operator:
        for name in ("draw-1", "draw-2"):
            assert operator.ask(wire.order("O", name, agencies=3, closes_ms=2**64 - 1)).name == "ORDERED"
    told = bench("bench-load", "--server", f"tcp://{day.server}", "--bets", bets, "--agencies", 5, "--count", 500,
                 "--draws", 2)
    assert told["bets"] == 2500
    assert day.stop() == 0
    for name, agencies in ("draw-1", 3), ("draw-2", 2):
        right = bench("bench-verify", day.data / "draws" / name / "bets.csv", agencies, 500, bets)
        assert right["bets"] == 500 * agencies


def test_draws_are_played_one_after_another(bench, tmp_path):
    """As scripts/bench does, some of them: each is opened, sold into, closed, drawn and put away."""
    bets = loteria.make_bets(tmp_path / "bets.csv", 1, 100)
    built = tmp_path / "built"  # as scripts/bench has it: one folder with the product and what measures it
    built.mkdir()
    (built / "bin").symlink_to(loteria.BUILD / "bin")
    (built / "bench").symlink_to(bench.build / "bench")
    done = subprocess.run([sys.executable, "-B", "-c", PLAY, loteria.ROOT / "tests/bench", tmp_path, bets],
                          env={**loteria.ENVIRONMENT, "LOTERIA_BUILD": str(built)}, capture_output=True,
                          text=True, timeout=4 * loteria.DEADLINE)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["draws"] == 24 and told["bets"] == 24 * 50
    assert set(told["memory_kib"]["many"]) == {"storage", "state"}


PLAY = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
import draws
draws.STARTS, draws.LOG_BYTES = 1, 0
print(json.dumps(draws.one_after_another(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), 24, 4, 10, 3)))
"""


def test_load_at_a_rate_begins_its_file_anew(bench, central, tmp_path):
    bets = loteria.make_bets(tmp_path / "bets.csv", 1, 500)
    day = central(workers=1, agencies=2)
    told = bench("bench-load", "--server", f"tcp://{day.server}", "--bets", bets, "--agencies", 2, "--count", 1700,
                 "--rows", 100, "--rate", 1000)
    assert day.stop() == 0
    assert told["bets"] == 3400 and told["batches"] == 34
    assert told["seconds"] >= 0.032  # the last one is due 33 ms after the first
    stored = loteria.stored_by_agency(day.data)
    assert stored[1] == stored[2] == (4 * loteria.rows_of(bets))[:1700]


@pytest.mark.parametrize("spoil, why", [
    (lambda rows: rows[1:], "not agency 1's next bet"),
    (lambda rows: rows + rows[-1:], "not agency 1's next bet"),
    (lambda rows: rows[:-1], "agency 1: bets are missing"),
    (lambda rows: [b"2" + rows[0][1:], *rows[1:]], "nobody's"),
    (lambda rows: [rows[0].replace(b",", b";", 2), *rows[1:]], "next bet"),
])  # fmt: skip
def test_what_is_wrong_is_found(bench, tmp_path, spoil, why):
    bets = loteria.make_bets(tmp_path / "bets.csv", 1, 100)
    rows = [b"1," + row for row in bets.read_bytes().splitlines(keepends=True)]
    stored = tmp_path / "stored.csv"
    stored.write_bytes(b"".join(rows))
    assert bench("bench-verify", stored, 1, 0, bets)["bets"] == 100
    stored.write_bytes(b"".join(spoil(rows)))
    with pytest.raises(AssertionError, match=why):
        bench("bench-verify", stored, 1, 0, bets)
