"""Days on which everything goes well, and what an agency may do differently."""

import json
import re

import pytest

import loteria

COUNTS = {1: 1500, 2: 1000, 3: 700, 4: 300, 5: 40}
WINNERS = {1: (0, 700, 1499), 2: (1, 2), 3: (350,), 4: (299,), 5: ()}
REAL_BYTES, REAL_WINNERS = 3_814_423, {1: 2, 2: 3, 3: 3, 4: 2, 5: 0}


def sample(directory, counts=COUNTS, winners=WINNERS):
    """Files by agency."""
    return {agency: loteria.make_bets(directory / f"agency-{agency}.csv", agency, count,
                                      winners=winners.get(agency, ())) for agency, count in counts.items()}


def winners_told(result):
    return json.loads(result)["winners"]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.asan), 8])
def test_sample_day(central, tmp_path, workers):
    files = sample(tmp_path)
    texts = "".join(path.read_text() for path in files.values())
    assert all(awkward in texts for awkward in (', hijo"', '""', "'", " #2", "é")), "the sample lost its awkward rows"
    day = central(workers=workers)
    day.processes[0].wait_for_log("action: worker_alta", count=workers)
    results = loteria.assert_day_ends(day, files, day.sell(files))
    assert {agency: len(winners_told(result)) for agency, result in results.items()} == {1: 3, 2: 2, 3: 1, 4: 1, 5: 0}
    assert day.stop() == 0
    day.assert_sound()


def test_real_day(central):
    files = {agency: loteria.REAL_DATA / f"agency-{agency}.csv" for agency in REAL_WINNERS}
    missing = [str(path) for path in files.values() if not path.exists()]
    if missing:
        pytest.skip(f"the real bets are not here: {', '.join(missing)}")
    day = central(workers=2)
    results = loteria.assert_day_ends(day, files, day.sell(files))
    assert len(day.csv()) == REAL_BYTES
    assert {agency: len(winners_told(result)) for agency, result in results.items()} == REAL_WINNERS


def test_one_agency(central, tmp_path):
    files = sample(tmp_path, {1: 100}, {1: (99,)})
    day = central(agencies=1)
    loteria.assert_day_ends(day, files, day.sell(files))


def test_two_hundred_agencies(central, tmp_path):
    numbers = range(1, 201)
    files = sample(tmp_path, {n: 40 for n in numbers}, {n: (n % 40,) for n in numbers if n % 3 == 0})
    day = central(agencies=200)
    results = loteria.assert_day_ends(day, files, day.sell(files))
    assert sum(len(winners_told(result)) for result in results.values()) == 66


def test_no_winner_at_all(central, tmp_path):
    files = sample(tmp_path, winners={})
    day = central()
    results = loteria.assert_day_ends(day, files, day.sell(files))
    assert all(winners_told(result) == [] for result in results.values())
    assert "cant_ganadores: 0" in day.clients[0].log


def test_an_empty_file(central, tmp_path):
    files = sample(tmp_path, {1: 100, 2: 0}, {1: (5,)})
    assert files[2].stat().st_size == 0
    day = central(agencies=2)
    loteria.assert_day_ends(day, files, day.sell(files))


def test_nothing_is_told_before_the_draw(central, tmp_path):
    files = sample(tmp_path, {1: 100, 2: 100}, {1: (5,), 2: (6,)})
    day = central(agencies=2)
    first = day.agency(1, files[1])
    first.wait_for_log("action: espera_sorteo")
    assert first.stdout == "" and loteria.draws(day.log) == 0
    second = day.agency(2, files[2])
    loteria.assert_day_ends(day, files, {1: first, 2: second})


@pytest.mark.parametrize("stop", [pytest.param("stopped", marks=pytest.mark.asan), "killed"])
def test_results_after_everything_was_restarted(central, tmp_path, stop):
    files = sample(tmp_path)
    day = central()
    told = {n: winners_told(result) for n, result in loteria.assert_day_ends(day, files, day.sell(files)).items()}
    stored = day.csv()
    if stop == "killed":
        day.kill_all()
        day.start()
    else:
        day.restart()
    again = loteria.finish({n: day.agency(n, None, "--results") for n in files})
    assert {n: winners_told(result) for n, result in again.items()} == told
    # the whole program again, with its file: there is nothing more to sell
    results = loteria.assert_day_ends(day, files, day.sell(files))
    assert all(json.loads(result)["sent"] == 0 for result in results.values())
    assert day.csv() == stored


def test_exit_when_done(central, tmp_path):
    files = sample(tmp_path)
    day = central(arguments=["--exit-when-done"])
    loteria.assert_day_ends(day, files, day.sell(files))
    assert day.process.wait() == 0
    assert loteria.parse_log(day.process.log)[-1] == {
        "level": "INFO", "action": "shutdown", "result": "success", "process": "central"}
    day.assert_sound()


def test_exit_when_done_waits_for_the_last(central, tmp_path):
    files = sample(tmp_path, {1: 50, 2: 50}, {})
    day = central(agencies=2, arguments=["--exit-when-done"])
    first, second = day.agency(1, files[1]), day.agency(2, files[2], "--sell-only")
    assert second.wait() == 0
    first.wait_for_log("action: espera_sorteo")
    assert day.process.popen.poll() is None
    second = day.agency(2, files[2])
    loteria.assert_day_ends(day, files, {1: first, 2: second})
    assert day.process.wait() == 0


@pytest.mark.parametrize("drawn", [False, True], ids=["before-the-draw", "after-the-draw"])
def test_a_late_bet_is_refused(central, tmp_path, drawn):
    files = sample(tmp_path, {1: 100, 2: 100}, {1: (5,)})
    day = central(agencies=2)
    first = day.agency(1, files[1])
    first.wait_for_log("action: espera_sorteo")
    agencies = {1: first}
    if drawn:
        agencies[2] = day.agency(2, files[2])
        loteria.assert_day_ends(day, files, agencies)
    stored = day.csv()

    grown = tmp_path / "grown.csv"
    grown.write_bytes(files[1].read_bytes() + b"Late,Bet,30000000,2000-01-01,7574\r\n")
    late = day.agency(1, grown)
    late.wait_for_log(r"action: cierre \| result: fail \| draw: first \| agency: \d+ \| reason: the sale in draw first is closed: "
                      rf"100 bets of {grown} are in, and the first that is not is on line 101\n")
    if not drawn:
        agencies[2] = day.agency(2, files[2])
    assert late.wait() == 3
    assert re.search(r"agencia \| result: fail .*reason: the sale .* line 101\n\Z", late.log), late.log
    assert json.loads(late.stdout)["winners"] == loteria.winners_of(files[1])
    assert day.csv().startswith(stored) and b"Late" not in day.csv()
    loteria.assert_day_ends(day, files, agencies)


@pytest.mark.parametrize("arguments", [(), ("--batch-count", 7)], ids=["same-batches", "other-batches"])
def test_the_same_agency_twice_at_once(central, tmp_path, arguments):
    files = sample(tmp_path, {1: 1000}, {1: (0, 999)})
    day = central(agencies=1)
    common = ("--batch-count", 10, "--loop-period", "5ms")
    twins = {"one": day.agency(1, files[1], *common), "two": day.agency(1, files[1], *common, *arguments)}
    for result in loteria.finish(twins).values():
        loteria.assert_day_right(day.data, files, {1: result})
    assert loteria.draws(day.log) == 1
    assert "conflicto" not in day.log


def batches(day):
    return [int(entry["cantidad"]) for entry in loteria.parse_log(day.log)
            if (entry["action"], entry["result"]) == ("apuesta_recibida", "success")]


@pytest.mark.parametrize("arguments, most", [
    ("--window 1", 300), ("--batch-bytes 1024", 30), ("--batch-count 1", 1),
    ("--window 1 --batch-count 1 --batch-bytes 1024", 1), ("--window 256 --batch-bytes 1048576", 400)])
def test_limits_of_the_agency(central, tmp_path, arguments, most):
    files = sample(tmp_path, {1: 400, 2: 300}, {1: (0,), 2: (299,)})
    day = central(agencies=2, arguments=["--log-batches"])
    loteria.assert_day_ends(day, files, day.sell(files, *arguments.split()))
    assert sum(batches(day)) == 700 and max(batches(day)) <= most


@pytest.mark.parametrize("arguments, most", [("--window 1", 300), ("--message-bytes 1024", 30), ("--batch-count 3", 3)])
def test_limits_of_the_central(central, tmp_path, arguments, most):
    files = sample(tmp_path, {1: 400, 2: 300}, {1: (0,), 2: (299,)})
    day = central(agencies=2, arguments=["--log-batches", *arguments.split()])
    loteria.assert_day_ends(day, files, day.sell(files))
    assert sum(batches(day)) == 700 and max(batches(day)) <= most


def test_a_small_batch_is_enough_for_the_largest_bet(central, tmp_path):
    row = ",".join(['"' + '""' * 128 + '"'] * 2 + ['"' + '""' * 32 + '"', "2000-02-29", "0000007574"]) + "\r\n"
    path = tmp_path / "large.csv"
    path.write_bytes(3 * row.encode())
    day = central(agencies=1)
    loteria.assert_day_ends(day, {1: path}, {1: day.agency(1, path, "--batch-bytes", 1024)})


def test_sell_only_then_a_later_run(central, tmp_path):
    files = sample(tmp_path, {1: 300, 2: 100}, {1: (5, 250)})
    part = tmp_path / "part.csv"
    part.write_bytes(b"".join(files[1].read_bytes().splitlines(keepends=True)[:200]))
    day = central(agencies=2)
    early = json.loads(loteria.finish({1: day.agency(1, part, "--sell-only")})[1])
    assert (early["sent"], early["winners"]) == (200, None)
    assert "agencia_lista" not in day.log
    day.restart()
    results = loteria.assert_day_ends(day, files, day.sell(files))
    assert json.loads(results[1])["sent"] == 100


def test_results_of_what_others_sold(central, tmp_path):
    files = sample(tmp_path, {1: 300, 2: 100}, {1: (5,), 2: (99,)})
    day = central(agencies=2)
    loteria.finish(day.sell(files, "--sell-only"))
    loteria.assert_day_ends(day, files, {n: day.agency(n, None, "--close") for n in files})


def test_an_agency_that_ends_in_mid_file_goes_on_where_it_was(central, tmp_path):
    files = sample(tmp_path, {1: 600}, {1: (0, 599)})
    day = central(agencies=1)
    for ending in ("stop", "kill"):
        early = day.agency(1, files[1], "--batch-count", 10, environment={"CLI_LOOP_PERIOD": "20ms"})
        size = day.csv_bytes()
        day.wait_for_csv(size + 5000)
        if ending == "stop":
            assert early.stop() == 1, "not all of its file is stored"
        else:
            early.kill()
        assert early.stdout == ""
    stored = day.csv().count(b"\n")
    assert 200 <= stored < 600
    results = loteria.assert_day_ends(day, files, day.sell(files))
    assert 0 < json.loads(results[1])["sent"] <= 600 - stored


def test_each_agency_is_told_its_own_winners_only(central, tmp_path):
    """Two agencies with the same bets of the same people, but for who wins."""
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    rows = "Ana,Paz,{0},2000-01-01,{1}\r\n"
    one.write_text("".join(rows.format(n, 7574 if n % 2 else 1) for n in range(1, 50)), newline="")
    two.write_text("".join(rows.format(n, 1 if n % 2 else 7574) for n in range(1, 50)), newline="")
    day = central(agencies=2)
    loteria.assert_day_ends(day, {1: one, 2: two}, {1: day.agency(1, one), 2: day.agency(2, two)})


def test_more_winners_than_a_page_holds(central, tmp_path):
    files = sample(tmp_path, {1: 3000, 2: 10}, {1: range(3000)})
    day = central(agencies=2)
    results = loteria.assert_day_ends(day, files, day.sell(files))
    assert len(winners_told(results[1])) == 3000


def test_a_line_for_each_bet(central, tmp_path):
    files = sample(tmp_path, {1: 300}, {})
    day = central(agencies=1, arguments=["--log-bets"])
    agencies = day.sell(files, "--log-bets")
    loteria.assert_day_ends(day, files, agencies)
    bets = [(row[2], row[4]) for row in loteria.rows_of(files[1])]
    for log, action in ((agencies[1].log, "apuesta_enviada"), (day.log, "apuesta_almacenada")):
        logged = [(entry["dni"], entry["numero"]) for entry in loteria.parse_log(log) if entry["action"] == action]
        assert logged == bets
