"""An agency of a day: loteria-agency or client.py, in all its lives."""

import pathlib
import random
import sys

import loteria

from . import invariants
from .house import Actor

CLIENT = pathlib.Path(__file__).with_name("client.py")
NAMES = ("Ana,Pérez", '"Núñez, hijo",Gómez', "José María,Ñandú", '"El ""Turco""",Díaz', "Li,O'Higgins")


class Seller(Actor):
    """An agency, and what it was told in each life."""

    def __init__(self, day, agency):
        super().__init__(agency.name, self.run)
        self.agency, self.day = agency, day
        self.file = day.directory / f"agency-{agency.number}.csv"
        write_bets(self.file, agency, day.plan.seed)
        self.sent = invariants.Sent.read(self.file, agency.number)
        self.records = day.directory / f"agency-{agency.number}.records"
        self.processes = []
        self.link = day.relay.link(day.port)

    def run(self, *more):
        agency, server = self.agency, f"127.0.0.1:{self.link.port}"
        keys = self.day.key_flags(f"agency-{agency.number}")
        if agency.thin:
            process = loteria.Process(self.day.directory, CLIENT, agency.number, self.file, server, self.records,
                                      agency.window, agency.rows, agency.period_ms, *keys[1:],
                                      wrapper=[sys.executable])
        else:
            bets = more or ("--bets", self.file, "--window", agency.window, "--batch-count", agency.rows,
                            "--loop-period", f"{agency.period_ms}ms")
            process = loteria.Process(self.day.directory, "loteria-agency", "--id", agency.number, "--server", server,
                                      "--json", "--quiet", "--log-bets", *keys, *bets)
        self.processes.append(process)
        return process

    def ask_again(self):
        """For results only; a thin one has its file, and nothing to sell."""
        self.process, self.away = self.run("--results"), False

    def lives(self):
        if self.agency.thin:
            return invariants.lives_of_thin(self.records)
        return [invariants.life_of_real(process.stderr_path, process.stdout_path, self.sent)
                for process in self.processes]

    def under_way(self):
        """So many bets are to be acknowledged soon, as this life may have sent them."""
        life = self.lives()[-1:]
        if not life or life[0].welcome is None:
            return 0  # nobody is there to hear of it
        if life[0].sent is not None:
            return life[0].sent
        window = self.agency.window * self.agency.rows
        return min(len(self.sent.rows), life[0].acknowledged + window)

    def left_s(self):
        """What its own pace needs for what it has not sold yet."""
        left = len(self.sent.rows) - invariants.acknowledged(self.lives())
        return left / self.agency.rows * self.agency.period_ms / 1000


def write_bets(path, agency, seed):
    """Sound rows; a document is nobody else's, so that it tells which bet it is."""
    dice = random.Random(f"{seed} {agency.number}")
    with open(path, "w", newline="", encoding="utf-8") as file:
        for index in range(agency.bets):
            number = loteria.WINNING_NUMBER if dice.random() < 0.02 else dice.randint(0, 7573)
            file.write(f"{dice.choice(NAMES)},{10_000_000 * agency.number + index},"
                       f"19{dice.randint(10, 99)}-0{dice.randint(1, 9)}-{dice.randint(10, 28)},{number}\r\n")
