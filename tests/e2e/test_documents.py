"""The documents are true: what they tell a reader to type works, every flag is in them."""

import pathlib
import re
import subprocess

import pytest

import loteria

DOCUMENTS = [loteria.ROOT / "README.md", loteria.ROOT / "CONTRIBUTING.md", *sorted((loteria.ROOT / "docs").glob("*.md"))]
PROGRAMS = ["loteria-central", "loteria-agency", "loteria-broker", "loteria-worker", "loteria-storage",
            "loteria-state", "loteria-ctl", "loteria-web", "loteria-keys", "make-bets"]


def example(document, name):
    """The shell lines behind the mark `<!-- tested: NAME -->`."""
    text = (loteria.ROOT / document).read_text()
    found = re.search(rf"<!-- tested: {name} -->\n+```sh\n(.*?)```", text, re.S)
    assert found, f"{document} has no example {name!r}"
    return found[1]


def run_shell(script, directory, port):
    """Run the example as it is but for the ports, which may be taken on this machine."""
    for offset in (5, 6, 7, 8):
        script = script.replace(f":1234{offset}", f":{port[offset]}")
    environment = {**loteria.ENVIRONMENT, "PATH": f"{loteria.BUILD}/bin:{loteria.ENVIRONMENT['PATH']}"}
    # the shell's background jobs end with it
    script = f"set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n{script}"
    return subprocess.run(["bash", "-c", script], cwd=directory, env=environment, capture_output=True, text=True,
                          timeout=loteria.DEADLINE)


@pytest.fixture
def port():
    return {offset: loteria.free_port() for offset in (5, 6, 7, 8)}


def test_readme_by_hand_and_check(tmp_path, port):
    day = run_shell(example("README.md", "by hand"), tmp_path, port)
    assert day.returncode == 0, day.stderr
    assert day.stdout.split() == loteria.winners_of(tmp_path / "agency-1.csv")
    check = run_shell(example("README.md", "check"), tmp_path, port)
    assert check.returncode == 0, check.stderr
    assert "agency 1: 10000 bets, sealed" in check.stdout


def test_operations_parts_one_by_one(tmp_path, port):
    bets = loteria.make_bets(tmp_path / "agency-1.csv", 1, 2000, winners=[7])
    sell = f"loteria-agency --id 1 --bets {bets} --server 127.0.0.1:12345\n"
    day = run_shell(example("docs/operations.md", "parts") + sell, tmp_path, port)
    assert day.returncode == 0, day.stderr
    assert day.stdout.split() == loteria.winners_of(bets)


def test_scripts_run_plays_and_shows(tmp_path):
    """The table that the README promises, from a build of its own."""
    for agency in (1, 2):
        loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 500, winners=[agency])
    result = subprocess.run(
        [loteria.ROOT / "scripts/run", "--workers", "2", "--data", tmp_path, "--out", tmp_path / "out"],
        env=loteria.ENVIRONMENT, capture_output=True, text=True, timeout=10 * loteria.DEADLINE)
    assert result.returncode == 0, result.stderr
    table = [line.split() for line in result.stdout.splitlines()]
    for agency in (1, 2):
        row = next(row for row in table if row and row[0] == str(agency))
        assert row[1:4] == ["500", "500", "1"]
        assert row[-1] == loteria.winners_of(tmp_path / f"agency-{agency}.csv")[0]
    path = re.search(r"bets.csv: (\S+)", result.stdout)[1]
    assert pathlib.Path(path).stat().st_size > 0


def test_scripts_run_says_why_it_failed(tmp_path):
    """What is wrong with a flag is no event, and without a level."""
    result = subprocess.run([loteria.ROOT / "scripts/run", "--workers", "abc", "--out", tmp_path / "out"],
                            env=loteria.ENVIRONMENT, capture_output=True, text=True, timeout=10 * loteria.DEADLINE)
    assert result.returncode == 1
    *_, reason, end = result.stderr.splitlines()
    assert reason.startswith("loteria-central: --workers: 'abc'"), result.stderr
    assert end.startswith("scripts/run: the day was not finished; all logs are in "), result.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_flag_is_documented(name):
    """Name, environment and default of each flag, in the program's own table."""
    text = (loteria.ROOT / "docs/operations.md").read_text()
    section = re.search(rf"^#+ {name}\n(.*?)(?=^#+ |\Z)", text, re.S | re.M)
    assert section, f"operations.md has no section on {name}"
    rows = {row[0]: row for row in (
        [cell.strip(" `") for cell in line.strip("|").split("|")] for line in section[1].splitlines()
        if line.startswith("| `--"))}
    shown = subprocess.run([loteria.program(name), "--help"], capture_output=True, text=True,
                           env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE).stdout
    flags = re.findall(r"^  (--[a-z-]+)(.*(?:\n {20,}.*)*)", shown, re.M)
    assert len(flags) > 3
    for flag, about in flags:
        if flag in ("--config", "--check-config", "--version", "--help"):
            continue
        assert flag in rows, f"{name} {flag} is not documented"
        environment = re.search(r"environment: (\w+)", about)
        assert rows[flag][1] == (environment[1] if environment else ""), f"{name} {flag}: environment"
        default = re.search(r"default: ([^;\n]+)", about)
        if default:
            assert rows[flag][2] == default[1].strip(), f"{name} {flag}: default"
    assert set(rows) <= {flag for flag, _ in flags}, f"{name}: documented, but not there"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_readme_is_short():
    assert len((loteria.ROOT / "README.md").read_text().splitlines()) <= 150


def test_each_of_storages_files_has_its_place_in_the_architecture():
    text = (loteria.ROOT / "docs/architecture.md").read_text()
    table = re.search(r"### Storage's files\n(.*?)\n## ", text, re.S)[1]
    named = re.findall(r"`(\w+)`", table)
    files = {path.stem for path in (loteria.ROOT / "worker/storage").glob("*.c")} - {"main"}
    assert sorted(named) == sorted(files)
