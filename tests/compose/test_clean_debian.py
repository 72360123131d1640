"""What the README says about building, typed as it stands there on a Debian 12 that has nothing else."""

import re
import shutil

import engine


def example(name):
    """The shell lines behind the README's mark `<!-- tested: NAME -->`."""
    found = re.search(rf"<!-- tested: {name} -->\n+```sh\n(.*?)```", (engine.ROOT / "README.md").read_text(), re.S)
    assert found, f"README.md has no example {name!r}"
    return found[1].splitlines()


def test_readme_on_a_clean_debian(tmp_path):
    """By a user who may use sudo; then the programs are there, with their pages, and sell."""
    clone = tmp_path / "loteria"
    shutil.copytree(engine.ROOT, clone, ignore=shutil.ignore_patterns(".git", "build", ".data", ".env", "__pycache__"))
    with engine.Machine(engine.BASE_IMAGE, command=("sleep", "infinity")) as machine:
        machine.do(f"{engine.APT_INSTALL} sudo && useradd --create-home --groups sudo reader && "
                   "echo 'reader ALL = NOPASSWD: ALL' >/etc/sudoers.d/reader")
        machine.put(clone, "/home/reader/loteria")
        machine.do("chown -R reader: /home/reader/loteria")
        for line in example("build"):
            machine.do(f"cd ~/loteria && {line}", user="reader")
        assert machine.do("command -v loteria-central make-bets", user="reader").split() == \
            ["/usr/local/bin/loteria-central", "/usr/local/bin/make-bets"]
        machine.do("ls /usr/local/share/man/man8/loteria-central.8", user="reader")
        # As the README goes on; without the agency's end nothing would end.
        told = machine.do("cd && " + "\n".join(example("by hand")) + "\nkill %1 && wait", user="reader")
        csv = machine.do("cat ~reader/agency-1.csv")
    assert told.split() == [row.split(",")[2] for row in csv.splitlines() if row.split(",")[4] == "7574"]
