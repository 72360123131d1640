"""Programs under strace: calls traced, failed and delayed."""

import pathlib
import re

import loteria


def under(trace, *arguments):
    """A wrapper for loteria.Process; lines go to the file `trace`. It is the tracer that is the child
    (-D): the pid and the exit code are the program's own."""
    return ("strace", "-D", "-f", "-y", "-o", trace, *arguments)


def only_on(*paths):
    """Calls on these files are traced, counted and injected into, and no others."""
    return [word for path in paths for word in ("-P", path)]


def inject(call, how, which):
    """`which` is the how-manieth of its name, or a range like 3..4."""
    return ("-e", f"inject={call}:{how}:when={which}")


def calls_of(process, trace):
    """A line for each call that the process made, once it has ended and all of them are there."""
    def whole():
        text = pathlib.Path(trace).read_text()
        return re.search(rf"^{process.pid} +\+\+\+ (exited|killed)", text, re.M) and text

    text = loteria.wait_until(whole, explain=lambda: f"the trace has no end:\n{pathlib.Path(trace).read_text()}")
    # one line of what another thread's line divided
    text = re.sub(r" <unfinished \.\.\.>\n(.*(---|\+\+\+).*\n)*\d+ +<\.\.\. \w+ resumed>", "", text)
    lines = [line.split(maxsplit=1)[1] for line in text.splitlines()]
    # ???( is a thread that was stopped on its way into a call when all ended
    return [line for line in lines if not line.startswith(("---", "+++", "???("))]
