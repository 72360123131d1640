"""loteria-agency --try: each step with its own answer, and nothing sold."""

import pytest

import loteria

STEPS = ("name", "port", "key", "roll", "draw")


def tried(start, server, *arguments, agency=1, patience=60):
    """The exit code, and {step: (result, text)}."""
    process = start("loteria-agency", "--id", agency, "--server", server, "--try", "--patience", patience, *arguments)
    code = process.wait()
    lines = [line.split(maxsplit=2) for line in process.stdout.splitlines()]
    assert tuple(line[0] for line in lines) == STEPS, process.stdout
    return code, {step: (result, text) for step, result, text in lines}


def assert_wrong(answer, step, says):
    """That step is, those before are well, those behind are not known."""
    code, found = answer
    at = STEPS.index(step)
    assert [found[each][0] for each in STEPS] == ["ok"] * at + ["WRONG"] + ["-"] * (4 - at), found
    assert code == 1 and says in found[step][1], found


def test_all_is_well_and_nothing_is_sold(central, start):
    day = central(workers=1, agencies=2)
    day.process.wait_for_log("action: apertura")
    code, found = tried(start, f"localhost:{day.port}")
    assert code == 0 and {result for result, _ in found.values()} == {"ok"}, found
    assert "127.0.0.1" in found["name"][1] and "draw first is on sale; 0 bets" in found["draw"][1]
    assert_wrong(tried(start, day.server, agency=3), "roll", "--id")
    assert_wrong(tried(start, day.server, "--draw", "other"), "draw", "see --draw")
    assert day.csv_bytes() == 0


def test_keys(central, start, tmp_path):
    day = central(workers=1, agencies=2, keys=True)
    day.process.wait_for_log("action: apertura")
    code, found = tried(start, day.server, *day.keys_of("agency-1"))
    assert code == 0 and "admits this agency's key" in found["key"][1], found
    assert_wrong(tried(start, day.server, *day.keys_of("agency-2")), "key", "--id")
    others = loteria.make_keys(tmp_path / "others", 1)
    code, found = tried(start, day.server, "--keys", others / "agency-1", patience=2)
    assert code == 1 and found["name"][0] == "ok" and found["roll"][0] == "-", found


@pytest.mark.parametrize("server, step, says", [
    ("no-such-host.invalid:12345", "name", "see whether"), (None, "port", "see whether")])
def test_nobody_is_there(start, server, step, says):
    assert_wrong(tried(start, server or f"127.0.0.1:{loteria.free_port()}", patience=1), step, says)
