"""A terminal for tests: what a program writes to it, and what a person would see of that."""

import fcntl
import os
import pty
import re
import selectors
import struct
import subprocess
import termios
import time

import loteria

PIECE = re.compile(r"\x1b\[(\?7[lh]|[0-9]*[JK])|[\r\n]|[^\x1b\r\n]+")


class Screen:
    """What is shown, as lines of text of any length: where the window breaks them is worked out from its width. A line
    that was longer than a new width is broken anew, and the cursor stays at its character, as in most terminals."""

    def __init__(self, columns):
        self.columns, self.lines, self.line, self.at, self.wraps = columns, [""], 0, 0, True

    def write(self, text):
        for piece in PIECE.finditer(text):
            self.take(piece[0])

    def take(self, piece):
        row = self.at - self.at % self.columns
        if piece == "\r":
            self.at = row
        elif piece == "\n" and row + self.columns < len(self.lines[self.line]):
            self.at += self.columns  # the next row of the same line
        elif piece == "\n":
            self.line, self.at = self.line + 1, self.at - row
            self.lines.extend([""] * (self.line + 1 - len(self.lines)))
        elif piece in ("\x1b[?7l", "\x1b[?7h"):
            self.wraps = piece.endswith("h")
        elif piece.endswith("J"):
            del self.lines[self.line + 1:]
            self.lines[self.line] = self.lines[self.line][:self.at]
        elif piece.endswith("K"):
            text = self.lines[self.line]
            self.lines[self.line] = text[:self.at] + text[row + self.columns:]
        else:
            self.put(piece if self.wraps else piece[:self.columns - self.at % self.columns])

    def put(self, text):
        line = self.lines[self.line].ljust(self.at)
        self.lines[self.line] = line[:self.at] + text + line[self.at + len(text):]
        self.at += len(text)


class Terminal:
    """A program of ours whose stderr is a terminal."""

    def __init__(self, name, *arguments, columns=80, environment=None):
        self.ours, theirs = pty.openpty()
        self.screen, self.text = Screen(columns), ""
        self.resize(columns)
        self.process = subprocess.Popen([loteria.program(name), *map(str, arguments)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=theirs,
                                        env={**loteria.ENVIRONMENT, "TERM": "xterm", **(environment or {})})
        os.close(theirs)

    def resize(self, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.screen.columns = columns

    def read_until(self, condition):
        """Read until `condition(text)` or the end; text is what came since the last call."""
        deadline, start = time.monotonic() + loteria.DEADLINE, len(self.text)
        with selectors.DefaultSelector() as selector:
            selector.register(self.ours, selectors.EVENT_READ)
            while not condition(self.text[start:]):
                assert time.monotonic() < deadline, self.text
                if selector.select(1) and not self.read():
                    return

    def read(self):
        try:
            text = os.read(self.ours, 4096).decode(errors="replace")
        except OSError:  # the last one who had it open has closed it
            return False
        self.text += text
        self.screen.write(text)
        return bool(text)

    def finish(self):
        """Read to the end; the exit code."""
        self.read_until(lambda text: False)
        return self.process.wait(loteria.DEADLINE)

    def shown(self):
        """The lines of the screen that are not empty."""
        return [line for line in self.screen.lines if line.strip()]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)
