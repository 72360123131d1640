"""docs/draws.md and the README on draws are true: what they tell an operator to type works, in their order."""

import re
import subprocess

import pytest

import loteria

WINNER = 1234
DRAWS = ("docs/draws.md", "etc/draws.cfg", "etc/compose/loteria.cfg")


def example(document, name, kind="sh"):
    found = re.search(rf"<!-- tested: {name} -->\n+```{kind}\n(.*?)```", (loteria.ROOT / document).read_text(), re.S)
    assert found, f"{document} has no example {name!r}"
    return found[1]


@pytest.fixture
def typed(tmp_path):
    """Runs lines in a shell in which nothing but the port is another; what it starts ends with it."""
    port = loteria.free_port()

    def run(script):
        environment = {**loteria.ENVIRONMENT, "PATH": f"{loteria.BUILD}/bin:{loteria.ENVIRONMENT['PATH']}", "TZ": "<-03>3",
                       "SERVER_PORT": str(port), "CLI_SERVER_ADDRESS": f"127.0.0.1:{port}", "WORKERS": "1"}
        script = f"set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n{script}"
        return subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True,
                              timeout=2 * loteria.DEADLINE)

    return run


def test_an_evening(typed, tmp_path):
    bets = loteria.make_bets(tmp_path / "agency-1.csv", 1, 500)
    with open(bets, "a", newline="") as file:
        file.write(f"Ana,Paz,30111222,1990-01-01,{WINNER}\r\n")
    done = typed(example("docs/draws.md", "evening") + example("docs/draws.md", "excuse"))
    assert done.returncode == 0, done.stdout + done.stderr
    heading, listed, closed, drawn, winner, opened, excused = done.stdout.splitlines()
    assert heading.split() == ["NAME", "PHASE", "ASKED", "EXCUSED", "SERVED", "NUMBER", "OPENED", "CLOSES"]
    assert listed.split()[:6] == ["tarde", "open", "0/2", "0", "0", "entered"] and listed.endswith("by order")
    assert closed.startswith("tarde: closed at ") and closed.endswith("loteria-ctl draw number tarde NUMBER")
    assert drawn.startswith("tarde: drawn at ") and f"the number is {WINNER} (entered)" in drawn
    assert winner == "30111222"
    assert re.match(r"noche: open, 0 of 2 agencies have asked, closes \S+ 21:00:00 \(\S+T00:00:00Z\), number random", opened)
    assert "0 of 2 agencies have asked, 1 excused, closes " in excused
    check = typed("loteria-storage --check day")
    assert check.returncode == 0, check.stdout + check.stderr
    assert "draw tarde: drawn" in check.stdout and "draw noche: open" in check.stdout


def test_readme(typed, tmp_path):
    loteria.make_bets(tmp_path / "agency-1.csv", 1, 10)
    done = typed("loteria-central --agencies 1 --data-dir day &\n"
                 f"loteria-agency --id 1 --bets agency-1.csv --sell-only\n{example('README.md', 'draws')}")
    assert done.returncode == 0, done.stdout + done.stderr
    *_, first, noche = done.stdout.splitlines()
    assert first.split()[:2] == ["first", "open"] and noche.split()[:2] == ["noche", "open"]


@pytest.mark.parametrize("program", ["loteria-central", "loteria-state"])
@pytest.mark.parametrize("document", DRAWS)
def test_schedules_are_sound(tmp_path, document, program):
    text = (loteria.ROOT / document).read_text() if document.endswith(".cfg") else example(document, "schedule", "")
    file = tmp_path / "loteria.cfg"
    draws = re.sub(r"^#(?=draw| {4}\S| {8}\S)", "", text, flags=re.M) if "compose" in document else text
    assert re.search("^draw$", draws, re.M)
    file.write_text(draws)
    checked = subprocess.run([loteria.program(program), "--config", file, "--check-config", "--data-dir", tmp_path][:(
        None if program == "loteria-central" else -2)], env={**loteria.ENVIRONMENT, "LOTERIA_INSECURE": "yes"},
                             capture_output=True, text=True, timeout=loteria.DEADLINE)
    assert checked.returncode == 0, checked.stderr
    assert "draw = (default)" in checked.stdout, "no draw of its own"
