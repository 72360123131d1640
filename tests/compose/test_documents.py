"""What the documents tell a reader to type under compose works, line by line, as it stands there."""

import os
import re
import shutil
import stat

import pytest

import engine
import loteria

# For machines where it is docker-compose, which the documents say to type then.
DOCKER = """#!/bin/sh
if [ "$1" = compose ]; then
    shift
    exec docker-compose "$@"
fi
exec {docker} "$@"
"""

# The agency's program on this machine: the image's, on no network of compose, and with the reader's rights.
AGENCY = f"""#!/bin/sh
exec docker run --rm --network host --user "$(id -u):$(id -g)" -v "$PWD:$PWD:ro" -w "$PWD" {engine.IMAGE} \\
    loteria-agency "$@"
"""


def example(document, name):
    """The shell lines behind the mark `<!-- tested: NAME -->`."""
    found = re.search(rf"<!-- tested: {name} -->\n+```sh\n(.*?)```", (engine.ROOT / document).read_text(), re.S)
    assert found, f"{document} has no example {name!r}"
    return found[1].splitlines()


def write_program(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


class Reader(engine.Project):
    """Somebody with a fresh copy of the project, who types what is written."""

    def __init__(self, directory):
        super().__init__(directory)
        shutil.rmtree(self.directory)
        shutil.copytree(engine.ROOT, self.directory, ignore=shutil.ignore_patterns(".git", "build", ".data", ".env"))
        programs = directory / "bin"
        programs.mkdir()
        write_program(programs / "loteria-agency", AGENCY)
        if engine.compose_command()[0] != "docker":
            write_program(programs / "docker", DOCKER.format(docker=shutil.which("docker")))
        self.settings["PATH"] = f"{programs}:{os.environ['PATH']}"
        # The profile is in what they type; the name, the port and the image are not theirs to choose here.
        self.typed = {key: value for key, value in self.settings.items() if key != "COMPOSE_PROFILES"}

    def type(self, line):
        """What it prints. The port is the test's own."""
        line = line.replace(":12345", f":{self.port}")
        return engine.run("bash", "-c", line, cwd=self.directory, environment=self.typed,
                          timeout=engine.BUILD_DEADLINE).stdout


@pytest.fixture
def reader(image, tmp_path):
    made = Reader(tmp_path)
    yield made
    made.remove()


def without_prefix(logs):
    """Lines as they were logged: `compose logs` puts the container before each."""
    lines = re.findall(r"^(?:\x1b\[[\d;]+m)?[\w-]+ +\|(?:\x1b\[0m)? (.*\n)", logs, re.M)
    assert len(lines) >= logs.count("\n") - 1  # docker-compose 1.29 has a line of its own
    return engine.KEYS_SAID.sub("", "".join(lines))


def test_readme_says_the_same():
    commands = [re.sub(r" +#.*", "", line) for line in example("README.md", "compose")]
    assert commands == example("docs/compose.md", "compose")


def test_compose_document(reader, sample):
    def worker_count():
        return len(reader.containers("worker"))

    build, demo, eight, two, logs, down = example("docs/compose.md", "compose")
    reader.type("cp .env.example .env")
    reader.type(build)
    assert worker_count() == 4
    reader.type(demo)
    reader.type(eight)
    assert worker_count() == 8
    reader.type(two)
    assert worker_count() == 2
    reader.assert_day_right(sample)
    entries = loteria.parse_log(without_prefix(reader.type(logs)))
    assert {"sorteo", "consulta_ganadores", "worker_baja"} <= {entry["action"] for entry in entries}
    assert reader.type("\n".join(example("docs/compose.md", "ping"))) == "loteria-storage\n"

    results, copy, stop, check, again = example("docs/compose.md", "files")
    told = re.findall(r"^20.*\n", reader.type(results + " 2>&1"), re.M)  # compose has its say, too
    entries = loteria.parse_log("".join(told))
    assert [entry["dni"] for entry in entries if entry["action"] == "ganador"] == loteria.winners_of(sample[1])
    reader.type(copy)
    loteria.assert_day_right(reader.directory, sample, None)
    reader.type(stop)
    assert "agency 5: 1000 bets, sealed" in reader.type(check)
    reader.type(again)
    reader.wait_until_up(reader.container("storage"))

    fetch, sell = example("docs/compose.md", "outside")
    reader.type(fetch)
    shutil.copy(sample[1], reader.directory / "agency-1.csv")
    assert reader.type(sell).split() == loteria.winners_of(sample[1])
    revoke, enroll, fetch = example("docs/compose.md", "revoke")
    with reader.leads_to("broker", "action: padron .* result: success"):
        reader.type(revoke)
    assert reader.type(sell + " || echo $?") == "1\n"
    with reader.leads_to("broker", "action: padron .* result: success"):
        reader.type(enroll)
    reader.type(fetch)
    assert reader.type(sell.replace("--keys agency-1", "--keys agency-1-2")).split() == loteria.winners_of(sample[1])

    next_draw, sell, close, number, results, show = example("docs/compose.md", "draws")
    reader.wait_until_up(reader.container("state"))
    assert reader.type(next_draw).startswith("noche: open, 0 of 5 agencies have asked")
    reader.type(sell)
    assert reader.type(close).startswith("noche: closed ")
    assert "the number is 7574 (entered)" in reader.type(number)
    told = re.findall(r"^20.*\n", reader.type(results + " 2>&1"), re.M)
    entries = loteria.parse_log("".join(told))
    assert [entry["dni"] for entry in entries if entry["action"] == "ganador"] == loteria.winners_of(sample[2])
    assert [line.split()[:2] for line in reader.type(show).splitlines()[1:]] == [["first", "drawn"], ["noche", "drawn"]]
    stored = engine.files_in(reader.container("storage"), engine.DATA)
    assert stored["bets.csv"] == stored["draws/noche/bets.csv"] != stored["draws/first/bets.csv"]

    (generate,) = example("docs/compose.md", "generated")
    reader.type(generate)
    assert "container_name: client5" in (reader.directory / "docker-compose-dev.yaml").read_text()

    reader.type(down)
    assert reader.containers() == []
    volume = f"{reader.name}_data"
    assert engine.docker("volume", "ls", "-q", "--filter", f"name={volume}").split() == [volume]
