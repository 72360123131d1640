"""compose.ha.yaml: containers are killed one after another, and a day comes to its end as if nothing had been."""

import fcntl
import re
import shutil

import pytest

import engine
import loteria

AGENCIES = (1, 2, 3)
CENTRALS = ("central-a", "central-b")
NODES = ("node1", "node2", "node3")


class Pair(engine.Project):
    def __init__(self, directory, **settings):
        super().__init__(directory, SERVER_PORT_B=str(loteria.free_port()), **settings)
        shutil.copy(engine.ROOT / "compose.ha.yaml", self.directory)
        self.command = [*engine.compose_command(), "-f", self.directory / "compose.ha.yaml"]

    def rows(self, central):
        """Its bets.csv."""
        files = engine.files_in(self.container(central), engine.DATA)
        return files.get("bets.csv", b"")

    def stored(self):
        """Bets that some central has; one that follows may have fewer for a moment."""
        return max(self.rows(central).count(b"\r\n") for central in CENTRALS)

    def is_primary(self, node):
        told = engine.run("docker", "exec", self.container(node), "bash", "-c",
                          'PGPASSFILE=/run/secrets/passfile psql -XAtd "host=$NODE user=postgres sslmode=verify-full '
                          'sslrootcert=/run/secrets/ca.crt" -c "SELECT pg_is_in_recovery()"', check=False)
        return told.stdout.strip() == "f"

    def primary(self):
        return engine.wait_until(
            lambda: next((node for node in NODES if engine.inspect(self.container(node))["State"]["Running"]
                          and self.is_primary(node)), None), lambda: f"no primary:\n{self.logs()}")

    def active(self):
        """The central that serves."""
        return engine.wait_until(
            lambda: next((central for central in CENTRALS if self.serves(central)), None),
            lambda: f"no central serves:\n{self.logs()}")

    def serves(self, central):
        """By the last thing that it logged about its role."""
        roles = re.findall(r"action: relevo \| result: \w+ \| role: (\w+)", self.log(central))
        return roles[-1:] == ["active"] and engine.inspect(self.container(central))["State"]["Running"]

    def lose(self, service):
        """It is killed, the day goes on, and it comes back."""
        self.compose("kill", service)
        self.wait_for_more()
        self.compose("up", "-d", "--no-deps", service)


@pytest.fixture
def day(image, tmp_path):
    with open(engine.ROOT / "etc/compose/ha/Dockerfile", encoding="utf-8") as lock, \
            Pair(tmp_path, AGENCIES=str(len(AGENCIES)), **engine.SLOW) as made:
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine.run(*engine.compose_command(), "-f", engine.ROOT / "compose.ha.yaml", "build", "node1", cwd=engine.ROOT,
                   environment={"IMAGE": engine.IMAGE}, timeout=engine.BUILD_DEADLINE)
        yield made


def test_any_container_is_killed_and_the_day_goes_on(day, sample):
    files = {agency: sample[agency] for agency in AGENCIES}
    day.up(*NODES, "watch", *CENTRALS)
    day.agencies(*AGENCIES)
    day.wait_for_more(than=0)
    day.lose(day.active())
    day.lose(day.primary())  # promoted by the watcher, and rewound by its own start
    engine.wait_until(lambda: "is a standby of" in day.log("node1"), lambda: f"it was not rewound:\n{day.logs()}")
    day.lose(next(node for node in NODES if not day.is_primary(node)))
    day.hurry(*AGENCIES)

    assert day.wait_for_exit(*(f"agency{agency}" for agency in AGENCIES)) == [0] * len(AGENCIES), day.logs()
    engine.wait_until(lambda: day.rows("central-a") == day.rows("central-b"), lambda: f"they differ:\n{day.logs()}")
    for agency, path in files.items():
        assert day.told_winners(agency) == loteria.winners_of(path)
    day.compose("stop", *CENTRALS)
    for central in CENTRALS:
        copied = day.directory / central
        for name, content in engine.files_in(day.container(central), engine.DATA).items():
            (copied / name).parent.mkdir(parents=True, exist_ok=True)
            (copied / name).write_bytes(content)
        loteria.assert_day_right(copied, files, None)
