"""What the README tells a newcomer to type works as it stands there, with nothing installed but what it says.

The commands are typed in a copy of the project, on this machine, from which is hidden what only testing needs: the
packages that `scripts/setup --test` adds to `scripts/setup`. Of those no command is found, and pkg-config, which CMake
asks, knows no library. Their headers and libraries stay where they are, so this would not see a program that includes
one without asking for it; the image's stage `build`, an empty Debian with what `scripts/setup` installs, would.
"""

import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

import loteria
from test_documents import example

README = (loteria.ROOT / "README.md").read_text()
MINUTES = 10 * loteria.DEADLINE  # for a build on a busy machine
FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin")

# Rights are not what is shown here: the prefix is the test's own.
SUDO = "#!/bin/sh\nexec \"$@\"\n"


def packages(name):
    """A list of scripts/setup."""
    text = (loteria.ROOT / "scripts/setup").read_text()
    return re.search(rf"^{name}=\((.*?)\)", text, re.M | re.S)[1].split()


def located(path):
    """The file's own name, and one name of its folder: /bin is /usr/bin."""
    return path.parent.resolve() / path.name


def files_of(package):
    done = subprocess.run(["dpkg-query", "--listfiles", package], capture_output=True, text=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    """A copy of the project, and a PATH and a PKG_CONFIG_LIBDIR without what only testing needs."""
    if not shutil.which("dpkg-query"):
        pytest.skip("no Debian system: which package a file is of is not known")
    place = tmp_path_factory.mktemp("newcomer")
    hidden = {located(pathlib.Path(path)) for package in packages("test_packages") for path in files_of(package)}
    hidden |= {located(path) for folder in FOLDERS for path in pathlib.Path(folder).glob("python3*")}
    commands, libraries = place / "commands", place / "libraries"
    link_all(commands, FOLDERS, "*", hidden)
    found = subprocess.run(["pkg-config", "--variable", "pc_path", "pkg-config"], capture_output=True, text=True, check=True)
    link_all(libraries, found.stdout.strip().split(":"), "*.pc", hidden)
    assert not (commands / "clang").exists() and not (libraries / "cmocka.pc").exists()
    sudo = commands / "sudo"
    sudo.unlink(missing_ok=True)
    sudo.write_text(SUDO)
    sudo.chmod(sudo.stat().st_mode | stat.S_IXUSR)
    shutil.copytree(loteria.ROOT, place / "loteria", ignore=shutil.ignore_patterns(".git", "build", ".data", ".env"))
    return place


def link_all(folder, sources, pattern, hidden):
    folder.mkdir()
    for source in sources:
        for path in pathlib.Path(source).glob(pattern):
            if located(path) not in hidden and not (folder / path.name).is_symlink():
                (folder / path.name).symlink_to(path)


def type_in(place, script, port):
    """Type the lines as they are, but for the port and the prefix, which are the test's own."""
    script = script.replace(":12345", f":{port}").replace("/usr/local", str(place / "prefix"))
    environment = {**loteria.ENVIRONMENT, "PATH": f"{place}/prefix/bin:{place}/commands",
                   "PKG_CONFIG_LIBDIR": str(place / "libraries")}  # fmt: skip
    environment.pop("LOTERIA_BUILD", None)
    script = f"set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n{script}"
    result = subprocess.run(["bash", "-c", script], cwd=place / "loteria", env=environment, capture_output=True,
                            text=True, timeout=MINUTES)  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.timeout(2 * MINUTES)
def test_use_it_without_what_only_tests_need(newcomer):
    port = loteria.free_port()
    built = type_in(newcomer, example("README.md", "build"), port)
    assert "scripts/setup: nothing is missing" in built
    assert "cmocka is not there, so there will be no unit tests" in built
    assert {path.name for path in (newcomer / "prefix/bin").iterdir()} >= {"loteria-central", "loteria-agency", "make-bets"}
    winners = type_in(newcomer, example("README.md", "by hand"), port).split()
    assert winners == loteria.winners_of(newcomer / "loteria/agency-1.csv")
    assert "agency 1: 10000 bets, sealed" in type_in(newcomer, example("README.md", "check"), port)


@pytest.mark.timeout(2 * MINUTES)
def test_try_it(newcomer):
    """scripts/test cannot be typed by a test of its own: whoever runs this has typed it."""
    run, test = example("README.md", "try").splitlines()
    assert re.sub(r" +#.*", "", test) == "scripts/test" and os.access(loteria.ROOT / "scripts/test", os.X_OK)
    printed = type_in(newcomer, run, loteria.free_port())
    table = [line.split() for line in printed.splitlines()]
    assert [row[0] for row in table if row and row[0].isdigit()] == ["1", "2", "3", "4", "5"]
    path, size = re.search(r"^bets\.csv: (.*) \((\d+) bytes\)$", printed, re.M).groups()
    assert os.path.getsize(path) == int(size) > 77000  # of the bets, not of the link to them


def test_a_test_without_tests_fails(newcomer):
    """CTest would find nothing, and say that all is well."""
    presets = (loteria.ROOT / "CMakePresets.json").read_text()
    assert '"noTestsAction": "error"' in presets


def test_every_command_of_the_readme_is_typed_by_a_test():
    blocks = re.findall(r"(?:<!-- tested: ([\w ]+) -->\n+)?```sh\n", README)
    assert blocks == ["try", "build", "by hand", "check", "draws", "compose", "compose ha"]
