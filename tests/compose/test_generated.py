"""scripts/generar-compose.sh: the names that users of the reference system rely on."""

import re
import subprocess

import pytest

import engine
import loteria

SCRIPT = engine.ROOT / "scripts/generar-compose.sh"


def generate(path, count, *flags):
    engine.run(SCRIPT, *flags, path, count)
    return path.read_text()


@pytest.fixture
def generated(project, tmp_path):
    """The project of a generated file; docker-compose 1.29 is not shown the line it does not know."""

    def starter(count):
        path = tmp_path / f"generated-{count}.yaml"
        generate(path, count, *([] if engine.compose_command()[0] == "docker" else ["--compose-1"]))
        made = project(compose_file=path)
        made.settings["WORKERS"] = "1"
        return made

    return starter


def client_names(count):
    return [f"client{number}" for number in range(1, count + 1)]


@pytest.mark.parametrize("count", [0, 1, 7, 20])
def test_generated_file(generated, count):
    listed = generated(count).compose("config", "--services").stdout.split()
    assert sorted(listed) == sorted(["keys", "server", "storage", "state", "worker", *client_names(count)])


@pytest.mark.parametrize("count", [0, 7])
def test_generated_day(generated, sample, count):
    day = generated(count)
    names = client_names(count)
    day.up()
    shown = engine.docker("ps", "-a", "--filter", f"network={day.name}_testing_net", "--format", "{{.Names}}").split()
    assert sorted(shown) == sorted(["server", *names])
    assert day.wait_for_exit(*names) == [0] * count
    files = {number: sample[(number - 1) % 5 + 1] for number in range(1, count + 1)}
    loteria.assert_day_right(day.copy_data(), files, None)
    entries = loteria.parse_log(day.logs())
    assert len([entry for entry in entries if entry["action"] == "sorteo"]) == min(count, 1)
    for number, path in files.items():
        entries = loteria.parse_log(day.log(f"client{number}"))
        assert [entry["dni"] for entry in entries if entry["action"] == "ganador"] == loteria.winners_of(path)


def test_project_has_the_references_name(tmp_path):
    text = generate(tmp_path / "compose.yaml", 2)
    assert text.startswith("name: tp0\n")
    assert text.split("\n", 2)[2] == generate(tmp_path / "compose-1.yaml", 2, "--compose-1")


def test_files_of_ones_own_are_taken_where_there_are_any(tmp_path):
    """In a copy of the project, since whoever runs the tests may have a .data."""
    root = tmp_path / "copy"
    (root / "scripts").mkdir(parents=True)
    (root / ".data").mkdir()
    script = root / "scripts/generar-compose.sh"
    script.write_bytes(SCRIPT.read_bytes())
    (root / ".data/agency-2.csv").touch()
    engine.run("sh", script, root / "docker-compose-dev.yaml", 2)
    text = (root / "docker-compose-dev.yaml").read_text()
    one, two = re.findall(r"container_name: client\d\n(.*?)volumes: (\[.*?\])\n", text, re.S)
    assert ".data/agency-1.csv" in one[0] and ".data" not in one[1]
    assert ".data/agency-2.csv" in two[0] and '"./.data/agency-2.csv:/.data/agency-2.csv:ro"' in two[1]


@pytest.mark.parametrize("arguments", [[], ["file"], ["file", "-1"], ["file", "x"], ["file", ""], ["file", "1", "2"],
                                       ["file", "1000000"]])
def test_wrong_use(tmp_path, arguments):
    result = subprocess.run([SCRIPT, *arguments], cwd=tmp_path, capture_output=True, text=True,
                            timeout=engine.DEADLINE)
    assert result.returncode == 2 and result.stderr
    assert list(tmp_path.iterdir()) == []
