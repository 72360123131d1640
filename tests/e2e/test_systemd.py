"""The units in etc/systemd: how little they leave open, and that the programs can live with that.

There is no systemd to start them here. What a unit forbids is compared with what its program does in a day.
"""

import re
import subprocess

import pytest

import loteria

UNITS = loteria.ROOT / "etc/systemd"
PARTS = ["loteria-storage.service", "loteria-state.service", "loteria-worker@.service", "loteria-broker.service"]
SCORES = {**dict.fromkeys(PARTS, 0.5), "loteria-broker.service": 1.4, "loteria-central.service": 1.4,
          "loteria-web.service": 1.4}  # docs/security.md says these


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
    for other in {*SCORES} - {unit}:
        (tmp_path / other).write_text((UNITS / other).read_text().replace("/usr/local/bin", str(loteria.BUILD / "bin")))
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


@pytest.mark.parametrize("unit", SCORES)
def test_what_hangs_or_ends_is_started_again_however_often(unit):
    service = settings(unit)
    assert (service["Type"], service["Restart"]) == (["notify"], ["always"])
    assert re.fullmatch(r"\d+s", service["WatchdogSec"][0])
    assert "StartLimitIntervalSec=0\n" in (UNITS / unit).read_text().split("[Service]")[0]
    # one directory for all of them, which none takes away
    assert (service["RuntimeDirectory"], service["RuntimeDirectoryPreserve"]) == (["loteria"], ["yes"])


def traced(tmp_path, unit, number, port, environment):
    """The unit's program, with what it is started with by it, in this test's folders; and where its trace is."""
    command = re.search(r"ExecStart=\S+/(\S+) (.*)", (UNITS / unit).read_text())
    arguments = command[2].replace("/run/loteria", f"{tmp_path}/run").replace("/var/lib/loteria", f"{tmp_path}/data")
    arguments = arguments.replace("/etc/loteria/keys", f"{tmp_path}/keys").replace("0.0.0.0:12345", f"127.0.0.1:{port}")
    trace = tmp_path / f"trace-{number}"
    return loteria.Process(tmp_path, command[1], *arguments.split(), environment={"TOTAL_AGENCIES": "1", **environment},
                           wrapper=["strace", "-D", "-f", "-o", str(trace)]), trace


def play(tmp_path, units, environment=None):
    """A day of these units, whose processes need no more than they allow."""
    for name in ("run", "data"):
        (tmp_path / name).mkdir(mode=0o700)
    port, keys = loteria.free_port(), loteria.make_keys(tmp_path / "keys", 1)
    started = {unit: traced(tmp_path, unit, number, port, environment or {}) for number, unit in enumerate(units)}
    bets = loteria.make_bets(tmp_path / "bets.csv", 1, 2000, winners=[7])
    agency = loteria.Process(tmp_path, "loteria-agency", "--id", 1, "--keys", keys / "agency-1", "--bets", bets,
                             "--server", f"127.0.0.1:{port}")
    assert agency.wait() == 0, agency.log
    assert agency.stdout.split() == loteria.winners_of(bets)
    for part, _ in reversed(started.values()):
        assert part.stop() == 0, part.log
    for unit, (_, trace) in started.items():
        loteria.wait_until(lambda: trace.read_text().endswith("+++ exited with 0 +++\n"))
        assert_within(unit, trace.read_text())


def assert_within(unit, text):
    calls = set(re.findall(r"^\d+ +([a-z_0-9]+)\(", text, re.M))
    assert len(calls) > 20
    assert calls <= allowed_calls(unit), f"{unit} forbids {calls - allowed_calls(unit)}"
    families = set(re.findall(r"socket\((AF_\w+)", text))
    permitted = set(settings(unit)["RestrictAddressFamilies"][0].split())
    assert families and families <= permitted, f"{unit} forbids {families - permitted}"


def test_a_day_needs_no_more_than_its_units_allow(tmp_path):
    """Every system call of each part, and every kind of socket, over a day from its start to its end."""
    play(tmp_path, PARTS)


def test_a_central_and_its_page_need_no_more_than_its_unit_allows(tmp_path):
    """With its parts, and the page; whose own unit allows the same."""
    listen = f"127.0.0.1:{loteria.free_port()}"
    play(tmp_path, ["loteria-central.service"], {"RUNTIME_DIRECTORY": f"{tmp_path}/run", "LOTERIA_WEB": listen})
    assert "exec" in (tmp_path / "trace-0").read_text() and "loteria-web" in (tmp_path / "trace-0").read_text()
    for name in ("SystemCallFilter", "RestrictAddressFamilies"):
        assert settings("loteria-web.service")[name] == settings("loteria-central.service")[name]
