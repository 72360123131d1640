"""A Docker engine and compose projects on it, for the compose tests.

Every project is a copy of compose.yaml and etc/compose in a directory of its own, with a
name of its own; it is gone after its test. Waiting is for something that happens, with a
deadline that only a failure reaches.
"""

import contextlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import loteria
import wire

ROOT = loteria.ROOT
IMAGE = "loteria-test"
BASE_IMAGE = "debian:bookworm-slim"  # the Dockerfile's
APT_INSTALL = "apt-get -q -o Acquire::Retries=3 update && " \
    "DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 install -y --no-install-recommends"
DATA = "/var/lib/loteria"
DEADLINE = 120  # seconds; what gets there has failed
BUILD_DEADLINE = 900
PAUSE_S = 0.2  # between two questions to the engine: each is a process, and work for it

# Slow enough that a day is under way for minutes; a test ends it when it has seen enough.
SLOW = {"CLI_LOOP_PERIOD": "250ms", "CLI_BATCH_MAXAMOUNT": "20"}

# What the one-shot service `keys` says: a tool's answer, no line of a log.
KEYS_SAID = re.compile(r"^/keys: made \d+ keys? of the central, enrolled \d+ (?:agency|agencies)\n", re.M)

# Settings of whoever runs the tests must not reach the projects.
ENVIRONMENT = {
    name: value for name, value in loteria.ENVIRONMENT.items()
    if not re.match(r"COMPOSE_|AGENCIES$|DATA$|IMAGE$|MEMORY_", name)
}


def run(*command, check=True, timeout=DEADLINE, cwd=None, environment=None, text=True):
    result = subprocess.run(list(map(str, command)), cwd=cwd, env={**ENVIRONMENT, **(environment or {})},
                            stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    if check:
        assert result.returncode == 0, f"{command} ended with {result.returncode}:\n" \
            f"{result.stdout.decode(errors='replace')}\n{result.stderr.decode(errors='replace')}"
    if text:
        result.stdout, result.stderr = result.stdout.decode(), result.stderr.decode()
    return result


def docker(*arguments, **options):
    return run("docker", *arguments, **options).stdout


def engine_answers():
    try:
        return run("docker", "version", "--format", "{{.Server.Version}}", check=False).returncode == 0
    except FileNotFoundError:
        return False


def compose_command():
    """`docker compose` where there is one, else docker-compose."""
    if run("docker", "compose", "version", check=False).returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"]


def wait_until(condition, explain):
    return loteria.wait_until(condition, DEADLINE, explain, PAUSE_S)


def log_of(container):
    """What it wrote to stdout, and to stderr."""
    logs = run("docker", "logs", container)
    return logs.stdout, logs.stderr


def inspect(container):
    return json.loads(docker("inspect", container))[0]


def on_the_engine(script):
    """Run a line of shell among the engine's processes, as root: what kill -9 and /proc are there."""
    return docker("run", "--rm", "--pid", "host", "--network", "none", BASE_IMAGE, "bash", "-c", script)


def files_in(container, path):
    """The file at `path`, or all those below it, by name, of a container that may run or not. A link to one of them
    is that, too."""
    with tarfile.open(fileobj=io.BytesIO(docker("cp", "-L", f"{container}:{path}", "-", text=False))) as archive:
        members = list(archive)
        found = {name_below(member.name): archive.extractfile(member).read() for member in members if member.isfile()}
    for member in members:
        name = name_below(member.name)
        target = os.path.normpath(os.path.join(os.path.dirname(name), member.linkname))
        if member.issym() and target in found:
            found[name] = found[target]
    return found


def name_below(path):
    """A tar of `docker cp` begins all names with that of what was asked for."""
    top, *below = pathlib.PurePath(path).parts
    return "/".join(below) or top


class Machine:
    """A container that stands for a machine with Debian on it; it is gone after `with Machine(image) as machine:`."""

    def __init__(self, image, *options, command=()):
        self.id = docker("run", "--detach", *options, image, *command).strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        docker("rm", "--force", "--volumes", self.id)

    def do(self, script, user="root", check=True):
        """What lines of shell print, typed by somebody there who is at home."""
        home = "/root" if user == "root" else f"/home/{user}"
        return docker("exec", "--user", user, "--workdir", home, "--env", f"HOME={home}", self.id, "bash", "-c", script,
                      check=check, timeout=BUILD_DEADLINE)

    def put(self, path, there):
        """A file of this machine, or a folder with all that is in it."""
        docker("cp", path, f"{self.id}:{there}")


class Project:
    serial = 0

    """`with Project(...) as day:`"""

    def __init__(self, directory, compose_file=None, **settings):
        Project.serial += 1
        self.name = f"loteria-test-{os.getpid()}-{Project.serial}"
        self.directory = pathlib.Path(directory) / f"project-{Project.serial}"
        self.directory.mkdir()
        if compose_file is None:
            compose_file = self.directory / "compose.yaml"
            shutil.copy(ROOT / "compose.yaml", compose_file)
            shutil.copytree(ROOT / "etc/compose", self.directory / "etc/compose")
        self.port = loteria.free_port()
        self.command = [*compose_command(), "-f", compose_file]
        self.settings = {"IMAGE": IMAGE, "COMPOSE_PROJECT_NAME": self.name, "COMPOSE_PROFILES": "demo",
                         "SERVER_PORT": str(self.port), "WEB_PORT": str(loteria.free_port()),
                         "PROMETHEUS_PORT": str(loteria.free_port()), **settings}
        self.configuration = self.directory / "etc/compose/loteria.cfg"
        self.old_logs = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def compose(self, *arguments, **options):
        return run(*self.command, *arguments, cwd=self.directory, environment=self.settings, **options)

    def up(self, *arguments):
        """Start what has changed, or is not there. Agencies only when named, and what they need."""
        self.compose("up", "-d", *arguments)

    def central(self):
        self.up("storage", "state", "broker", "worker")

    def agencies(self, *numbers):
        self.compose("up", "-d", "--no-deps", *[f"agency{number}" for number in numbers])

    def scale(self, count):
        self.compose("up", "-d", "--no-deps", "--scale", f"worker={count}", "worker")

    def down(self, *arguments):
        self.compose("down", "--remove-orphans", *arguments)

    def remove(self):
        """All that belongs to it, the day's files too."""
        self.down("--volumes", "--timeout", "1")

    def containers(self, service=None):
        """Ids, also of containers that ended."""
        filters = ["--filter", f"label=com.docker.compose.project={self.name}"]
        if service:
            filters += ["--filter", f"label=com.docker.compose.service={service}"]
        return docker("ps", "-aq", "--no-trunc", *filters).split()

    def container(self, service):
        found = self.containers(service)
        assert len(found) == 1, f"{service}: {found}"
        return found[0]

    def logs(self):
        """Everything that was logged, as `compose logs` has it, but for the tool that made the keys."""
        lines = self.compose("logs", "--no-color", "--no-log-prefix").stdout.splitlines()
        if lines and lines[0].startswith("Attaching to "):  # docker-compose 1.29 says so itself
            del lines[0]
        return KEYS_SAID.sub("", "".join(f"{line}\n" for line in lines))

    def log(self, service):
        """What one service's containers have logged: the same, but quicker."""
        return "".join(text for container in self.containers(service) for text in log_of(container))

    def logged(self, service, pattern):
        """How many times."""
        return len(re.findall(pattern, self.log(service)))

    def wait_for_log(self, service, pattern, count=1):
        wait_until(lambda: self.logged(service, pattern) >= count,
                   lambda: f"{service} never logged {pattern!r} {count} times:\n{self.logs()}")

    @contextlib.contextmanager
    def leads_to(self, service, pattern, count=1):
        """What is done in the block has to get this logged, so many times more."""
        before = self.logged(service, pattern)
        yield
        self.wait_for_log(service, pattern, before + count)

    def stored(self):
        """Bets in bets.csv."""
        return files_in(self.container("storage"), f"{DATA}/bets.csv")["bets.csv"].count(b"\r\n")

    def wait_for_more(self, than=None, bets=100):
        """Wait until the day has gone on; say how many bets are stored then."""
        goal = (self.stored() if than is None else than) + bets
        return wait_until(lambda: (now := self.stored()) >= goal and now,
                          lambda: f"never {goal} bets, but {self.stored()}:\n{self.logs()}")

    def wait_for_exit(self, *services):
        """Exit codes, once all have ended."""
        return [self.exit_code(service) for service in services]

    def exit_code(self, service):
        container = self.container(service)
        state = wait_until(lambda: (now := inspect(container)["State"])["Status"] == "exited" and now,
                           lambda: f"{service} still runs:\n{self.logs()}")
        return state["ExitCode"]

    def wait_until_up(self, container):
        """Running, and by its own word well."""
        wait_until(
            lambda: (now := inspect(container)["State"])["Running"] and now["Health"]["Status"] == "healthy",
            lambda: f"never healthy:\n{inspect(container)['State']}\n{self.logs()}")

    def hurry(self, *agencies):
        """Start the slow agencies anew, without the slowness; they go on where they were."""
        self.old_logs += [self.log(f"agency{number}") for number in agencies]
        self.settings = {name: value for name, value in self.settings.items() if name not in SLOW}
        self.agencies(*agencies)

    def copy_data(self):
        """The day's files, copied to a directory."""
        directory = self.directory / "data"
        directory.mkdir(exist_ok=True)
        for name, content in files_in(self.container("storage"), DATA).items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(content)
        return directory

    def keys(self):
        """All files of keys, and the roll."""
        return files_in(self.container("keys"), "/keys")

    def copy_keys(self, holder):
        """A holder's folder of keys, copied to this machine."""
        folder = self.directory / f"keys-of-{holder}"
        folder.mkdir(exist_ok=True)
        docker("cp", f"{self.container('keys')}:/keys/{holder}/.", folder)
        return folder

    def front(self):
        """Who answers at the published port, when asked from this machine with the broker's own keys."""
        public, secret = wire.key_pair(self.copy_keys("broker"))
        with wire.Client(f"127.0.0.1:{self.port}", curve_serverkey=public, curve_publickey=public,
                         curve_secretkey=secret) as client:
            return client.ask(wire.message("PING")).process.decode()

    def told_winners(self, agency):
        """What the agency logged that it was told, as documents."""
        entries = loteria.parse_log(self.log(f"agency{agency}"))
        return [entry["dni"] for entry in entries if entry["action"] == "ganador"]

    def assert_day_right(self, files):
        """Every bet of the files stored once, one draw, all told their winners, logs that can be parsed."""
        assert self.wait_for_exit(*[f"agency{agency}" for agency in files]) == [0] * len(files), self.logs()
        loteria.assert_day_right(self.copy_data(), files, None)
        for agency, path in files.items():
            assert self.told_winners(agency) == loteria.winners_of(path)
        entries = loteria.parse_log("".join(self.old_logs) + self.logs())
        assert len([entry for entry in entries if entry["action"] == "sorteo"]) == 1

