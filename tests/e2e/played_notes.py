"""A state and a storage that are only played: they have one provable draw, whose notes are a folder's files."""

import re

import wire
from played_parts import Parts

DRAW, PAGE = 0x0102030405060708, 7168
FILES = {"N": "open.note", "Y": "ready-{}.note", "L": "seal.note", "A": "seal-{}.note", "U": "seal-auditor.note",
         "Q": "result.note", "W": "void.note", "K": "salts-{}.txt", "B": "box-{}.txt"}
PHASES = {"open": 1, "closed": 2, "drawn": 3, "void": 4, "sealed": 5}


class Notes(Parts):
    """`with Notes(files) as central:` where files are {name: bytes}, which may be changed meanwhile. Who has committed and revealed is
    what they say; `phase` is what state says."""

    def __init__(self, files, name="noche", phase="drawn", source="P"):
        super().__init__("storage", "state")
        self.files, self.name, self.phase, self.source, self.asked, self.page = files, name, phase, source, [], PAGE
        self.source_word = "provable"
        self.told = {"attest": None, "reveal": None}
        self.arguments = ("--storage", self.storage, "--state", self.state)

    def answer(self, part, asked):
        return getattr(self, f"answer_{asked.name.lower()}")(asked, part)

    def agencies(self, begin):
        found = [re.fullmatch(rf"{begin}-([1-9][0-9]*)\.note", name) for name in self.files]
        return {int(name[1]) for name in found if name}

    def answer_status(self, asked, part):
        draw, committed, revealed = f'draw="{self.name}"', self.agencies("ready"), self.agencies("seal")
        roll = sorted({int(number) for number in re.findall(rb"^agency ([0-9]+) ", self.files.get("open.note", b""), re.M)})
        lines = [f'loteria_bets_total{{{draw}}} 21'] if part == "storage" else [
            f'loteria_draw_info{{{draw},source="{self.source_word}",closes="all"}} 1', f"loteria_draw_phase{{{draw}}} {PHASES[self.phase]}",
            f"loteria_draw_agencies{{{draw}}} {len(roll)}", f"loteria_draw_agencies_ready{{{draw}}} {len(committed)}",
            f"loteria_draw_agencies_revealed{{{draw}}} {len(revealed)}", f"loteria_draw_opened_timestamp_seconds{{{draw}}} 1764100000",
            *(f'loteria_agency_state{{{draw},agency="{agency}"}} {4 if agency in revealed else int(agency in committed)}' for agency in roll)]
        return wire.simple("REPORT", 0, 0, 0, 0, 0, rest="".join(f"{line}\n" for line in lines).encode() if asked.subject == 0 else b"")

    def answer_lookup(self, asked, _part):
        if asked.draw_name.decode() != self.name:
            return wire.simple("REFUSED", 0, 38, wire.COMMANDS["LOOKUP"], rest=b"there is no such draw")
        return wire.simple("DRAW", 0, 0, 1, PHASES[self.phase], ord(self.source), 3, 2, 0, 0, 0, 9, 1, 0, 1, 1, rest=asked.draw_name, draw=DRAW)

    def answer_results(self, asked, _part):
        return wire.simple("WINNERS", asked.agency, 0, 0, 1, 1, 1, bytes(32), rest=b"105\n", draw=asked.draw)

    def answer_list(self, _asked, _part):
        return wire.simple("DRAW", 0, 0, 1, PHASES[self.phase], ord(self.source), 3, 2, 0, 0, 0, 9, 1, 0, 1, 1, rest=self.name.encode(), draw=DRAW)

    def answer_order(self, asked, _part):
        self.told[chr(asked.order)] = asked
        return wire.simple("ORDERED", asked.agency, 7, rest=self.name.encode())

    def answer_fetch(self, asked, _part):
        which, start = chr(asked.which), getattr(asked, "from")
        note = self.files.get(FILES[which].format(asked.of))
        self.asked.append((which, asked.of, start))
        if asked.draw != DRAW or note is None:
            return wire.simple("REFUSED", 0, 54, wire.COMMANDS["FETCH"], rest=b"there is no such note yet", draw=asked.draw)
        note = bytes.fromhex(note.decode()) if which in "KB" else note
        return wire.simple("NOTE", 0, asked.which, asked.of, len(note), start, rest=note[start:start + self.page], draw=asked.draw)
