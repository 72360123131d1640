"""Names and documents are nobody's business: not in a log, not in an error, not in a file that others may read."""

import csv
import os
import stat

import pytest

import loteria
import wire

# Everything personal in these is a word of its own, which nothing else says.
BAD_ROWS = {
    "no date": "Zacariasa,Quintanillab,99887701,1999-02-30,12",
    "no number": "Zacariasc,Quintanillad,99887702,1999-02-01,doce",
    "a field too many": "Zacariase,Quintanillaf,99887703,1999-02-01,12,Sobrantegh",
    "a quote": 'Zacariasi,"Quintanillaj"k,99887704,1999-02-01,12',
}


def personal(paths):
    """Every name and document in these files."""
    words = set()
    for path in paths:
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                words |= {row[0], row[1], row[2]}
    return words


def assert_silent(text, words):
    said = {word for word in words if word in text}
    assert not said, said


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_a_day_tells_nothing_and_leaves_its_files_to_their_owner(central, tmp_path, umask):
    files = {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 400, seed=agency, winners=[agency])
             for agency in (1, 2)}
    before = os.umask(umask)
    try:
        day = central(agencies=2, arguments=("--log-level", "DEBUG"))
        results = loteria.finish(day.sell(files, "--log-level", "DEBUG"))
        assert day.stop() == 0
    finally:
        os.umask(before)
    words = personal(files.values())
    assert len(words) > 900
    assert_silent(day.log, words)
    for client in day.clients:
        assert_silent(client.log, words)
    loteria.assert_day_right(day.data, files, results)
    for path in (day.data, *day.data.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("row", BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_row_that_is_refused_is_named_by_its_place(central, tmp_path, row):
    path = tmp_path / "agency-1.csv"
    path.write_text("Ana,Gil,1,1990-01-01,1\n" + row + "\n")
    day = central(agencies=1, arguments=("--log-level", "DEBUG"))
    agency = day.agency(1, path, "--log-level", "DEBUG")
    assert agency.wait() == 1
    assert f"{path}, line 2" in agency.log
    with wire.Client(day.server) as client:  # whoever looks at the wire's own words
        client.hello(1)
        refusal = client.refused(wire.batch(1, 0, [row]))
    words = [word for word in row.replace('"', "").split(",") if word[:4] in ("Zaca", "Quin", "9988", "Sobr")]
    assert len(words) >= 3
    for text in (day.log, agency.log, agency.stdout, refusal.text.decode()):
        assert_silent(text, words)


def test_two_writers_are_told_without_their_bets(central):
    day = central(agencies=1, arguments=("--log-level", "DEBUG"))
    first, second = "Zacariasl,Quintanillam,99887705,1999-02-01,12", "Zacariasn,Quintanillao,99887706,1999-02-01,13"
    with wire.Client(day.server) as client:
        client.hello(1)
        client.store(1, 0, [first])
        assert client.refused(wire.batch(1, 0, [second])).code == "CONFLICT"
    day.process.wait_for_log("action: conflicto")
    assert_silent(day.log, ["Zacarias", "Quintanilla", "998877"])
