"""The units in etc/systemd: how little they leave open, and that the programs can live with that.

There is no systemd to start them here. What a unit forbids is compared with what its program does in a day.
"""

import re
import subprocess

import pytest

import loteria

UNITS = loteria.ROOT / "etc/systemd"
SCORES = {"loteria-storage.service": 0.5, "loteria-state.service": 0.5, "loteria-worker@.service": 0.5,
          "loteria-broker.service": 1.4}  # docs/security.md says these


def settings(unit):
    """Of [Service]: {name: [value, ...]}, in their order."""
    found = {}
    for line in (UNITS / unit).read_text().split("[Service]")[1].split("[Install]")[0].splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    return found


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True,
                          env={**loteria.ENVIRONMENT, "SYSTEMD_EMOJI": "0", "LC_ALL": "C.UTF-8"}, timeout=loteria.DEADLINE)


@pytest.mark.parametrize("unit", SCORES)
def test_exposure_is_what_the_documents_say(unit):
    shown = analyze("security", "--offline=true", UNITS / unit)
    score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", shown.stdout)
    assert score, shown.stderr
    assert float(score[1]) == SCORES[unit], shown.stdout
    row = re.search(rf"\| `{re.escape(unit)}` \| ([0-9.]+) \|", (loteria.ROOT / "docs/security.md").read_text())
    assert row and float(row[1]) == SCORES[unit]


@pytest.mark.parametrize("unit", SCORES)
def test_units_are_understood(unit, tmp_path):
    """With the programs of this build in the place of those installed."""
    text = (UNITS / unit).read_text().replace("/usr/local/bin", str(loteria.BUILD / "bin"))
    (tmp_path / unit).write_text(text)
    (tmp_path / "loteria.target").write_text((UNITS / "loteria.target").read_text())
    shown = analyze("verify", "--man=no", "--recursive-errors=no", tmp_path / unit)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert settings(unit)["User"] == ["loteria"]


def allowed_calls(unit):
    """What SystemCallFilter leaves, by the names of the kernel's calls."""
    allowed = set()
    for value in settings(unit)["SystemCallFilter"]:
        named = {name for group in value.lstrip("~").split() for name in members(group)}
        allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed


def members(group):
    if not group.startswith("@"):
        return {group}
    listed = re.findall(r"^    (\S+)", analyze("syscall-filter", group).stdout, re.M)
    assert listed, group
    return set().union(*(members(name) for name in listed))


def test_a_day_needs_no_more_than_its_units_allow(tmp_path):
    """Every system call of each part, and every kind of socket, over a day from its start to its end."""
    (tmp_path / "run").mkdir()
    (tmp_path / "data").mkdir()
    port = loteria.free_port()
    commands = {unit: re.search(r"ExecStart=\S+/(\S+) (.*)", (UNITS / unit).read_text()) for unit in SCORES}
    keys = tmp_path / "keys"
    subprocess.run([loteria.program("loteria-keys"), "new", "--agencies", "1", "--keys", keys], check=True,
                   env=loteria.ENVIRONMENT, capture_output=True)
    parts, traces = [], {}
    for number, (unit, command) in enumerate(commands.items()):
        arguments = command[2].replace("/run/loteria", f"{tmp_path}/run").replace("/var/lib/loteria", f"{tmp_path}/data")
        arguments = arguments.replace("/etc/loteria/keys", str(keys)).replace("0.0.0.0:12345", f"127.0.0.1:{port}")
        traces[unit] = tmp_path / f"trace-{number}"
        parts.append(loteria.Process(tmp_path, command[1], *arguments.split(), environment={"TOTAL_AGENCIES": "1"},
                                     wrapper=["strace", "-D", "-f", "-o", str(traces[unit])]))
    bets = loteria.make_bets(tmp_path / "bets.csv", 1, 2000, winners=[7])
    agency = loteria.Process(tmp_path, "loteria-agency", "--id", 1, "--keys", keys / "agency-1", "--bets", bets,
                             "--server", f"127.0.0.1:{port}")
    assert agency.wait() == 0, agency.log
    assert agency.stdout.split() == loteria.winners_of(bets)
    for part in reversed(parts):
        assert part.stop() == 0, part.log
    for unit, trace in traces.items():
        loteria.wait_until(lambda: trace.read_text().endswith("+++ exited with 0 +++\n"))
        text = trace.read_text()
        calls = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", text, re.M))
        assert len(calls) > 20
        assert calls <= allowed_calls(unit), f"{unit} forbids {calls - allowed_calls(unit)}"
        families = set(re.findall(r"socket\((AF_\w+)", text))
        permitted = set(settings(unit)["RestrictAddressFamilies"][0].split())
        assert families and families <= permitted, f"{unit} forbids {families - permitted}"
