"""docs/operator.md is true: its commands, typed in its order, print what it shows, but for the figures."""

import os
import re
import signal
import subprocess

import pytest

import loteria

DOCUMENT = (loteria.ROOT / "docs/operator.md").read_text()
TIME = r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d"
UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def example(name, kind):
    found = re.search(rf"<!-- tested: {name} -->\n+```{kind}\n(.*?)```", DOCUMENT, re.S)
    assert found, f"docs/operator.md has no example {name!r}"
    return found[1]


def shape(text):
    """What is the same on any machine, at any moment: words, and which words stand where."""
    for pattern, word in [
        (UTC, "TIME"), (TIME, "TIME"), (r"\b[0-9a-f]{64}\b", "HEAD"), (r"^[\w.-]+/\d+(?=  )", "WORKER"),
        (r"\d[\d.,]* (?:B|[KMGTPE]iB)\b", "SIZE"), (r"\d+ (?:d \d+ h|h \d+ min|min \d+ s)", "SPAN"),
        (r"\d[\d.]* (?:m?s)\b", "SPAN"), (r"\d[\d.,]*", "#"), (r" +", " "), (r"^ ", ""), (r" $", ""),
    ]:  # fmt: skip
        text = re.sub(pattern, word, text, flags=re.M)
    return text.replace("\r", "").splitlines()


def test_figures_alone_are_passed_over():
    assert shape("a  1,234 7.2 MiB 5 s 2 h 3 min\n") == ["a # SIZE SPAN SPAN"]
    assert shape("vm/12  up 21:00:05\n") == ["WORKER up TIME"]


@pytest.fixture
def typed(tmp_path):
    """Runs a command of the document; it may have begun a day, which ends with the test."""
    port = loteria.free_port()
    environment = {**loteria.ENVIRONMENT, "PATH": f"{loteria.BUILD}/bin:{loteria.ENVIRONMENT['PATH']}", "TZ": "<-03>3",
                   "SERVER_PORT": str(port), "CLI_SERVER_ADDRESS": f"127.0.0.1:{port}", "TERM": "dumb"}
    begun = []

    class Typed:
        def begin(self, script):
            with open(tmp_path / "day.log", "wb") as log:
                begun.append(subprocess.Popen(["bash", "-c", f"{script}wait"], cwd=tmp_path, env=environment, stdout=log,
                                              stderr=log, start_new_session=True))

        def run(self, command):
            return subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True,
                                  timeout=loteria.DEADLINE)

        def shows(self, name, besides="refused "):
            """The example's commands, each with the output that is told; and lines `besides`, such as of what was refused
            for a moment while the day began."""
            for part in re.split(r"^\$ ", example(name, "console"), flags=re.M)[1:]:
                command, _, told = part.partition("\n")
                done = self.run(command)
                assert done.returncode == 0, done.stdout + done.stderr
                shown = [line for line in shape(done.stdout) if line in shape(told) or not re.match(besides, line)]
                assert shown == shape(told), f"{command}:\n{done.stdout}"

        def log(self):
            return (tmp_path / "day.log").read_text()

    yield Typed()
    for process in begun:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_day_looked_at(typed):
    def holds(name, command, *words):
        def so():
            text = typed.run(f"loteria-ctl --data-dir day --timeout 30s {command}").stdout
            return all(re.search(word, text) for word in words)

        loteria.wait_until(so, pause_s=0.1, explain=lambda: f"{name}: {typed.log()}")

    typed.begin(example("day", "sh"))
    # Agency 1 waits, and agency 2 sells, each over a connection that was heard of.
    holds("sells", "agencies --json", r'"agency":1,"state":"ready".*"address":"127', r'"agency":2,.*"bets":[1-9].*"address":"127')
    for name in ("status", "top", "agencies", "missing", "workers"):
        typed.shows(name)
    assert typed.run(example("bad", "sh")).returncode == 1
    holds("refused", "refused", "DATE")
    typed.shows("refused", besides=r"TIME # first (?!DATE)")
    holds("events", "events --last 1 --once", "apuesta_recibida")
    events = typed.run("loteria-ctl --data-dir day events --last 50 --once")
    assert shape(example("events", "console").split("\n", 1)[1])[0] in shape(events.stdout)
    typed.shows("files")
    close, report = example("report", "console").split("$ loteria-ctl --data-dir day report", 1)
    done = typed.run(close.split("\n")[0].removeprefix("$ "))
    assert done.returncode == 0 and done.stdout.startswith("first: "), done.stderr
    holds("fetched", "report first", "2 of 3")
    for part in re.split(r"^\$ ", "$ loteria-ctl --data-dir day report" + report, flags=re.M)[1:]:
        command, _, told = part.partition("\n")
        shown = typed.run(command)
        assert shown.returncode == 0 and shape(shown.stdout)[0] == shape(told)[0], shown.stdout + shown.stderr
        assert shape(shown.stdout)[-1] == shape(told)[-1]
    typed.shows("archive")
