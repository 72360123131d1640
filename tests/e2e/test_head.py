"""The head of the central's log, as an agency keeps it: what it says of a day later on."""

import re
import subprocess

import loteria


def expect(data, head):
    return subprocess.run([loteria.program("loteria-storage"), "--check", data, "--expect", head], env=loteria.ENVIRONMENT,
                          capture_output=True, text=True, timeout=loteria.DEADLINE)


def head_of(agency):
    """(records, head) that it logged, once, with its results."""
    (entry,) = [entry for entry in loteria.parse_log(agency.log) if entry["action"] == "cabeza"]
    assert re.fullmatch("[0-9a-f]{64}", entry["head"])
    return int(entry["records"]), entry["head"]


def test_each_agencys_head_is_one_of_the_logs(central, tmp_path):
    day = central(agencies=2)
    files = {number: loteria.make_bets(tmp_path / f"{number}.csv", number, 50, winners=(3,)) for number in (1, 2)}
    agencies = day.sell(files)
    loteria.assert_day_ends(day, files, agencies)
    assert day.stop() == 0
    for agency in agencies.values():
        records, head = head_of(agency)
        result = expect(day.data, head)
        assert result.returncode == 0, result.stderr
        assert f"expected: record {records}\n" in result.stdout
        other = ("1" if head[0] == "0" else "0") + head[1:]
        assert expect(day.data, other).returncode == 1
