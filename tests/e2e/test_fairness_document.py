"""docs/fairness.md is true: a provable draw with an auditor and an agency that is lost, typed as it is there, shows what is there."""

import os
import re
import signal
import subprocess

import pytest

import loteria

DOCUMENT = (loteria.ROOT / "docs/fairness.md").read_text()


def example(name, kind):
    found = re.search(rf"<!-- tested: {name} -->\n+```{kind}\n(.*?)```", DOCUMENT, re.S)
    assert found, f"docs/fairness.md has no example {name!r}"
    return found[1]


def shape(text):
    """What is the same for any keys and bets, at any moment."""
    for pattern, word in [(r"\b[0-9a-f]{64}\b", "HASH"), (r"ed25519:\S{44}", "KEY"), (r"(number is|winning bets:) \d+", r"\1 #")]:
        text = re.sub(pattern, word, text, flags=re.M)
    return text.splitlines()


def test_hashes_and_numbers_alone_are_passed_over():
    assert shape("result      the number is 6733: it\nresult      winning bets: 12\n3 of 3\n") == [
        "result      the number is #: it", "result      winning bets: #", "3 of 3"]


@pytest.fixture
def desk(tmp_path):
    """Where everybody's folders are: what is typed there, and what goes on behind it until the test ends."""
    port = loteria.free_port()
    environment = {**loteria.ENVIRONMENT, "PATH": f"{loteria.BUILD}/bin:{loteria.ENVIRONMENT['PATH']}", "SERVER_PORT": str(port),
                   "CLI_SERVER_ADDRESS": f"127.0.0.1:{port}", "WORKERS": "1"}  # fmt: skip
    begun = []

    class Desk:
        def begin(self, script, log):
            with open(tmp_path / log, "wb") as file:
                begun.append(subprocess.Popen(["bash", "-c", script], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
                                              stdout=subprocess.DEVNULL, stderr=file, start_new_session=True))
            return begun[-1]

        def end(self, process):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

        def run(self, command):
            done = subprocess.run(["bash", "-ec", command], cwd=tmp_path, env=environment, capture_output=True, text=True,
                                  timeout=loteria.DEADLINE)
            assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
            return done.stdout

        def shows(self, name):
            for part in re.split(r"^\$ ", example(name, "console"), flags=re.M)[1:]:
                command, _, told = part.partition("\n")
                shown = self.run(command)
                assert shape(shown) == shape(told), f"{command}:\n{shown}"

        def wait(self, log, pattern):
            loteria.wait_until(lambda: re.search(pattern, (tmp_path / log).read_text()),
                               explain=lambda: f"no {pattern} in {log}:\n{(tmp_path / log).read_text()}")

        def wait_for_notes(self, what):
            """`loteria-ctl draw notes` tells how far it is, and writes what there is, here beside what the document has."""
            loteria.wait_until(lambda: what in self.run("loteria-ctl --data-dir day --timeout 30s draw notes noche probe"),
                               explain=lambda: f"the notes never had: {what}", pause_s=0.05)

    yield Desk()
    for process in begun:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_an_auditor_at_work(desk, tmp_path):
    for agency in (1, 2, 3):
        loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, 50)
    desk.run(example("keys", "sh"))
    central = desk.begin(example("central", "sh"), "central.log")
    desk.wait("central.log", r"action: estado \| result: success")
    selling = {agency: desk.begin(example("agency", "sh").replace("-1", f"-{agency}").replace("--id 1", f"--id {agency}"),
                                  f"agency-{agency}.log") for agency in (1, 2, 3)}
    for agency in selling:
        desk.wait(f"agency-{agency}.log", r"action: sello \| result: success")
    desk.end(selling[3])  # with its folder
    desk.shows("look")
    desk.shows("attest")
    desk.wait_for_notes("2 have revealed")
    desk.shows("pending")
    desk.run(example("escrow", "sh"))
    desk.wait_for_notes(", result")
    desk.shows("drawn")
    assert [selling[agency].wait(loteria.DEADLINE) for agency in (1, 2)] == [0, 0]
    assert central.poll() is None


def test_what_cannot_be_done_is_said(tmp_path):
    """Of the auditor's commands, without a central."""
    def keys(*arguments):
        return subprocess.run([loteria.program("loteria-keys"), *map(str, arguments)], cwd=tmp_path, env=loteria.ENVIRONMENT,
                              capture_output=True, text=True, timeout=loteria.DEADLINE)

    made = keys("escrow", "new", "auditor")
    assert made.returncode == 0 and re.fullmatch(r"ed25519:\S{44}\n", made.stdout)
    assert keys("show", "auditor").stdout == made.stdout
    golden = loteria.ROOT / "tests/vectors/fair/draw"
    for arguments, status, why in [
            (("new", "auditor"), 1, "auditor/signing.key: File exists"),
            (("sign", "auditor", golden / "seal.note"), 1, "is not the auditor of this draw: its open note has no auditor"),
            (("sign", "auditor", "nowhere"), 1, "nowhere: No such file"),
            (("sign", "nobody", golden / "seal.note"), 1, "nobody: No such file"),
            (("open", "auditor", golden / "seal.note", "box-1.txt", golden / "ready-1.note"), 1, "is not the auditor of this draw"),
            (("sign", "auditor"), 2, "loteria-keys escrow sign FOLDER SEAL"), (("open", "auditor", "a", "b"), 2, "escrow open FOLDER SEAL BOX READY"),
            (("close", "auditor"), 2, "usage: loteria-keys escrow new FOLDER; "), ((), 2, "usage: loteria-keys escrow new FOLDER; ")]:
        done = keys("escrow", *arguments)
        assert (done.returncode, done.stdout) == (status, "") and why in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert {path.name for path in (tmp_path / "auditor").iterdir()} == {"signing.key"}
