"""Programs under strace: calls traced, failed and delayed."""

import pathlib
import re
import shutil

import loteria


def under(trace, *arguments):
    """A wrapper for loteria.Process; lines go to the file `trace`. It is the tracer that is the child
    (-D): the pid and the exit code are the program's own. Other threads than the first only with -f."""
    return ("strace", "-D", "-y", "-o", trace, *arguments)


def attach(process, trace, *arguments):
    """Trace all threads of a process that runs, and those to come; returns the tracer."""
    tracer = loteria.Process(pathlib.Path(trace).parent, shutil.which("strace"), "-f", "-y", "-o", trace,
                             "-p", process.pid, *arguments)
    tracer.wait_for_log("attached")
    return tracer


def only_on(*paths):
    """Calls on these files are traced, counted and injected into, and no others."""
    return [word for path in paths for word in ("-P", path)]


def inject(call, how, which):
    """`which` counts calls of this name in its thread, or is a range like 3..4."""
    return ("-e", f"inject={call}:{how}:when={which}")


def calls_of(process, trace):
    """(thread, line) for each call that the process made, in the order in which they began, once it
    has ended and all of them are there."""
    def whole():
        text = pathlib.Path(trace).read_text()
        return re.search(rf"^({process.pid} +)?\+\+\+ (exited|killed)", text, re.M) and text

    text = loteria.wait_until(whole, explain=lambda: f"the trace has no end:\n{pathlib.Path(trace).read_text()}")
    calls, begun = [], {}
    for line in text.splitlines():
        thread, line = re.match(r"(\d+)? *(.*)", line).groups()
        thread = int(thread or process.pid)
        # ???( is a thread that was stopped on its way into a call when all ended
        if line.startswith(("---", "+++", "???(")):
            continue
        if rest := re.match(r"<\.\.\. \w+ resumed>(.*)", line):
            begun.pop(thread)[1] += rest[1]
        else:
            calls.append([thread, line.removesuffix("<unfinished ...>")])
            begun[thread] = calls[-1]
    return calls
