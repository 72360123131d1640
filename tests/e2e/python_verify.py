#!/usr/bin/python3
"""usage: python_verify.py FOLDER [--open HASH] [--ticket FILE]

A second verifier of provable draws, beside loteria-verify: written from docs/fairness.md alone, to show that the
page says all that one needs. Ends with 0 when everything that is there holds, with 1 and the first thing that
does not, with 2 when it could not be read."""

import argparse, base64, csv, functools, hashlib, hmac, io, pathlib, re, struct, sys  # noqa: E401

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HASH, NUMBER, KEY, NAME = r"([0-9a-f]{64})", r"(0|[1-9][0-9]{0,19})", r"(\S+)", r"[A-Za-z0-9][A-Za-z0-9-]{0,39}"
TEXT, IDENTITY = r"([^\x00- \x7f](?:[^\x00-\x1f\x7f]*[^\x00- \x7f])?)", bytes([1, *bytes(31)])
SOLD, SEALED = rf"agency {NUMBER} {NUMBER} {HASH} {HASH}\n", rf"agency {NUMBER} {NUMBER} {HASH} (-|{HASH}) {HASH}\n"
REVEAL, WINNERS = rf"reveal {NUMBER} {HASH}( by auditor)?\n", rf"winners {NUMBER} {NUMBER} {HASH}\n"
NOTES = {  # lines that are repeated are one group, taken apart by their own pattern
    "open": rf"highest {NUMBER}\ncloses (?:{NUMBER}|all-asked|never)\ncommits {NUMBER} {NUMBER}\n"
            rf"operator {KEY} {HASH}\n((?:agency {NUMBER} {KEY}\n)+)(?:auditor {KEY} {HASH}\n)?(demo\n)?",
    "ready": rf"open {HASH}\n{SOLD}salts {HASH}\nbox (-|{HASH})\n",
    "seal": rf"open {HASH}\n((?:{SEALED})+)sealed {NUMBER}\n",
    "result": rf"seal {HASH}\n((?:{REVEAL})+)number {NUMBER}\n((?:{WINNERS})+)",
    "void": rf"open {HASH}\nreason {TEXT}\n",
    "ticket": rf"open {HASH}\nseal {HASH}\nbet {NUMBER} {NUMBER}\nfirst {TEXT}\nlast {TEXT}\ndocument {TEXT}\n"
              rf"born {TEXT}\nnumber {NUMBER}\nstate (stands|cancelled)\nsalt ([0-9a-f]{{32}})\n((?:path {HASH}\n)*)",
}


def require(holds, what):
    if not holds:
        raise ValueError(what)


def number(text, bits=64):
    require(int(text) < 1 << bits, f"{text} is too large")
    return int(text)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def salt_of(key, draw, agency, offset):
    place = struct.pack(f">{len(draw) + 1}pIQ", draw.encode(), agency, offset)
    return hmac.digest(key, b"LN-SALT-v1\0" + place, "sha256")[:16]


def leaf_of(draw, agency, offset, cancelled, salt, fields):
    texts = [field.encode() for field in fields]
    place = struct.pack(f">{len(draw) + 1}pIQB", draw.encode(), agency, offset, cancelled)
    return sha256(b"\0LN-BET-v1\0", place, salt, *(struct.pack(">H", len(text)) + text for text in texts))


def root_of(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1", root_of(leaves[:left]), root_of(leaves[left:]))


def root_by_path(leaf, index, count, path):
    """The root over `count` leaves, of the leaf at `index` and its audit path."""
    require((count > 1) == bool(path), "the path is not as long as it has to be")
    if count == 1:
        return leaf
    left, *below, last = 1 << (count - 1).bit_length() - 1, *path
    if index < left:
        return sha256(b"\1", root_by_path(leaf, index, left, below), last)
    return sha256(b"\1", last, root_by_path(leaf, index - left, count - left, below))


def commitment_of(draw, party, nonce):
    return sha256(b"LN-NONCE-v1\0", struct.pack(f">{len(draw) + 1}pI", draw.encode(), party), nonce)


def seed_of(seal, nonces):
    return sha256(b"LN-SEED-v1\0", seal, *nonces)


def number_of(seed, highest, attempt=0):
    value = int.from_bytes(sha256(b"LN-NUM-v1\0", seed, struct.pack(">II", 0, attempt))[:8], "big")
    counts = value <= 2**64 - 1 - 2**64 % (highest + 1)
    return value % (highest + 1) if counts else number_of(seed, highest, attempt + 1)


@functools.lru_cache
def is_sound(encoded):
    """Whether this encodes a point of the order L: the ladder of RFC 7748 comes to nothing at L times it."""
    prime, order = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
    y = int.from_bytes(encoded, "little") & (1 << 255) - 1
    u = (1 + y) * pow(1 - y, -1, prime) % prime if 1 < y < prime else y
    if y >= prime or pow(u * (u * u + 486662 * u + 1), (prime - 1) // 2, prime) != 1:
        return False  # a long spelling, or on no curve, or of small order
    low, high = (1, 0), (u, 1)  # neighbouring multiples, as fractions
    for bit in f"{order:b}":
        (a, b), (c, d) = (high, low) if bit == "1" else (low, high)
        twice = (a * a - b * b) ** 2 % prime, 4 * a * b * (a * a + 486662 * a * b + b * b) % prime
        both = (a * c - b * d) ** 2 % prime, u * (a * d - b * c) ** 2 % prime
        low, high = (both, twice) if bit == "1" else (twice, both)
    return low[1] == 0


def from_base64(text, length):
    data = base64.b64decode(text, validate=True)
    require(len(data) == length and base64.b64encode(data).decode() == text, f"not base64 of {length} bytes")
    return data


def key_of(written, name):
    """The verifier key NAME+ID+BASE64: its name, and what its signatures begin with, and the key."""
    found = re.fullmatch(r"([^+]+)\+([0-9a-f]{8})\+(.+)", written)
    require(found and found[1] == name, f"{name}: no key of this name")
    key = from_base64(found[3], 33)
    identity = sha256(name.encode(), b"\n", key)[:4]
    require(key[0] == 1 and identity.hex() == found[2] and is_sound(key[1:]), f"{name}: not a key to be trusted")
    return name, (identity, Ed25519PublicKey.from_public_bytes(key[1:]))


class Note:
    def __init__(self, path, kind, origin=None):
        text, self.name, self.signatures = path.read_bytes().decode(), path.name, []
        if kind != "ticket":
            text, _, lines = text.partition("\n\n")
            text += "\n"
            require(re.fullmatch(r"(?:— [!-*,-~]{1,127} \S+\n){1,8}", lines), f"{path.name}: not a signed note")
            self.signatures = [line.split(" ")[1:] for line in lines.split("\n")[:-1]]
        found = re.fullmatch(rf"(loteria/{NAME}/({NAME}))\n{kind} v1\n{NOTES[kind]}", text)
        require(found, f"{path.name}: not what a note of this kind says")
        self.origin, self.draw, *self.fields = found.groups()
        require(origin in (None, self.origin), f"{path.name}: of another draw")
        self.text, self.hash = text, sha256(text.encode()).hex()

    def require_signed(self, keys, *parties):
        """Signatures by others are no matter; each one by these has to fit."""
        signatures = [(name, from_base64(text, 68)) for name, text in self.signatures]
        for name in (f"{self.origin}/{party}" for party in parties):
            of = [signed[4:] for signer, signed in signatures if (signer, signed[:4]) == (name, keys[name][0])]
            require(of and all(signature[:32] != IDENTITY for signature in of), f"{self.name}: not signed by {name}")
            for signature in of:
                keys[name][1].verify(signature, self.text.encode())


class Draw:
    def __init__(self, folder, open_hash=None):
        self.folder, self.seal, self.result = pathlib.Path(folder), None, None
        self.names = {path.name for path in self.folder.iterdir()}
        self.check_open(open_hash)
        receipts = {agency: self.check_ready(agency) for agency in self.parties("ready-", ".note")}
        if "seal.note" in self.names:
            self.check_seal(receipts)
        self.countersigned = self.parties("seal-", ".note")
        for party in self.countersigned:
            note = self.note(f"seal-{party}.note", "seal", party if party == "auditor" else f"agency-{party}")
            require(self.seal and note.text == self.seal.text, f"{note.name}: another seal")
        if "result.note" in self.names:
            self.check_result()
        for party in self.parties("nonce-", ".txt") if self.seal and not self.result else []:
            self.check_nonce(party, self.secret(f"nonce-{party}.txt"))
        if "bets.csv" in self.names and self.seal:
            self.check_bets()
        if "void.note" in self.names:
            reason = self.note("void.note", "void").fields[1].encode()
            require(len(reason) <= 200 and not self.seal, "void.note: too long, or the draw was sealed")

    def parties(self, before, after):
        found = [re.fullmatch(rf"{before}({NUMBER}|auditor){after}", name) for name in sorted(self.names)]
        return [name[1] for name in found if name]

    def note(self, name, kind, *parties):
        note = Note(self.folder / name, kind, self.origin)
        require(note.fields[0] == (self.seal if kind == "result" else self.open).hash, f"{name}: of another note")
        note.require_signed(self.keys, "operator", *parties)
        return note

    def secret(self, name):
        found = name in self.names and re.fullmatch(rf"{HASH}\n", (self.folder / name).read_bytes().decode())
        require(found, f"{name}: 64 digits have to be there")
        return bytes.fromhex(found[1])

    def check_open(self, open_hash):
        require("open.note" in self.names, "open.note: is missing")
        note = self.open = Note(self.folder / "open.note", "open")
        highest, closes, seconds, least, operator, self.k0, lines, _, _, auditor, _, _ = note.fields
        self.origin, self.draw, self.highest, self.least = note.origin, note.draw, number(highest, 32), number(least)
        keys = re.findall(rf"agency {NUMBER} {KEY}\n", lines)
        self.agencies, numbers = [agency for agency, _ in keys], [number(agency, 32) for agency, _ in keys]
        require(numbers == sorted({*numbers} - {0}), "open.note: agencies do not ascend")
        require(1 <= self.least <= len(numbers), "open.note: as many agencies cannot commit")
        require(0 < number(closes or "1") < 2**64 - 1 and number(seconds, 32) >= 0, "open.note: no such time")
        keys = [("operator", operator), *((f"agency-{agency}", key) for agency, key in keys), ("auditor", auditor)]
        self.keys = dict(key_of(key, f"{self.origin}/{party}") for party, key in keys if key)
        note.require_signed(self.keys, "operator")
        require(open_hash in (None, note.hash), "open.note: not the one that others were shown")

    def check_ready(self, agency):
        fields = self.note(f"ready-{agency}.note", "ready", f"agency-{agency}").fields
        require(fields[1] == agency, f"ready-{agency}.note: of another agency")
        return number(fields[2]), *fields[3:6]

    def check_seal(self, receipts):
        self.seal = self.note("seal.note", "seal")
        rows, _ = re.findall(SEALED, self.seal.fields[1]), number(self.seal.fields[-1])
        self.rows = {row[0]: (number(row[1]), row[2], row[3], row[5]) for row in rows}
        require([row[0] for row in rows] == self.agencies, "seal.note: not the agencies of the open note")
        for agency, receipt in receipts.items():
            require(self.rows[agency] == receipt, f"seal.note: agency {agency} is not as its receipt says")
        self.commitments = {"0": self.k0} | {agency: row[2] for agency, row in self.rows.items() if row[2] != "-"}
        require(len(self.commitments) > self.least, "seal.note: too few agencies have committed")

    def check_result(self):
        require(self.seal, "result.note: but there is no seal")
        self.result = self.note("result.note", "result")
        reveals = re.findall(REVEAL, self.result.fields[1])
        require([row[0] for row in reveals] == [*self.commitments], "result.note: not the nonces of those in the seal")
        audited = f"{self.origin}/auditor" in self.keys
        require(not audited or "auditor" in self.countersigned, "result.note: the auditor has not signed the seal")
        for party, nonce, by_auditor in reveals:
            self.check_nonce(party, bytes.fromhex(nonce))
            signed = "auditor" if by_auditor else party
            require(signed in ("0", *self.countersigned), f"result.note: the seal is not signed by {signed}")
        seed = seed_of(bytes.fromhex(self.seal.hash), [bytes.fromhex(nonce) for _, nonce, _ in reveals])
        self.number = str(number_of(seed, self.highest))
        require(self.result.fields[5] == self.number, f"result.note: the number is {self.number}")
        self.winners = [(row[0], number(row[1]), row[2]) for row in re.findall(WINNERS, self.result.fields[6])]
        require([row[0] for row in self.winners] == self.agencies, "result.note: not the winners of each agency")
        require(all(count <= self.rows[agency][0] for agency, count, _ in self.winners), "result.note: too many win")

    def check_nonce(self, party, nonce):
        fits = commitment_of(self.draw, int(party), nonce).hex() == self.commitments.get(party)
        require(fits, f"the nonce of {party} is not what was committed to")

    def rows_of(self, name):
        text = (self.folder / name).read_bytes().decode() if name in self.names else ""
        rows, written = list(csv.reader(io.StringIO(text, newline=""), strict=True)), io.StringIO(newline="")
        csv.writer(written).writerows(rows)
        require(written.getvalue() == text, f"{name}: not as it is written")
        return rows

    def check_bets(self):
        bets, cancelled = {agency: [] for agency in self.agencies}, set()
        for agency, *fields in self.rows_of("bets.csv"):
            bets[agency].append(fields)
            require(len(fields) == 5 and re.fullmatch(NUMBER, fields[4]), "bets.csv: a row is none")
        for offset, agency, *fields in self.rows_of("cancelled.csv"):
            known = re.fullmatch(NUMBER, offset) and bets[agency][int(offset)] == fields
            require(known and (agency, int(offset)) not in cancelled, "cancelled.csv: a bet is not there, or twice")
            cancelled.add((agency, int(offset)))
        for place, (agency, (count, root, _, salts)) in enumerate(self.rows.items()):
            key = self.secret(f"salts-{agency}.txt")
            require(sha256(key).hex() == salts, f"salts-{agency}.txt: not the key of the seal")
            leaves = [leaf_of(self.draw, int(agency), offset, (agency, offset) in cancelled,
                              salt_of(key, self.draw, int(agency), offset), fields)
                      for offset, fields in enumerate(bets[agency])]
            require((len(leaves), root_of(leaves).hex()) == (count, root), f"bets.csv: not the bets of agency {agency}")
            won = [leaf for offset, leaf in enumerate(leaves) if self.result and (agency, offset) not in cancelled
                   and bets[agency][offset][4] == self.number]
            require(not self.result or (agency, len(won), root_of(won).hex()) == self.winners[place],
                    f"result.note: the winners of agency {agency} are others")

    def check_ticket(self, path):
        """Whether the bet wins; None as long as nobody knows."""
        note = Note(path, "ticket", self.origin)
        open_hash, seal, agency, offset, *fields, state, salt, lines, _ = note.fields
        require(self.seal and (open_hash, seal) == (self.open.hash, self.seal.hash), "the ticket is of another seal")
        count, root = self.rows[agency][:2]
        require(number(offset) < count and number(fields[4], 32) >= 0, "the ticket is of no bet")
        leaf = leaf_of(self.draw, int(agency), int(offset), state == "cancelled", bytes.fromhex(salt), fields)
        hashes = [bytes.fromhex(line) for line in re.findall(rf"path {HASH}\n", lines)]
        require(root_by_path(leaf, int(offset), count, hashes).hex() == root, "the ticket's bet was not sealed")
        return state == "stands" and fields[4] == self.number if self.result else None


def verify(folder, open_hash=None, ticket=None):
    """The status, and what there is to say."""
    try:
        draw = Draw(folder, open_hash)
        wins = draw.check_ticket(pathlib.Path(ticket)) if ticket else None
        waits = "pending" if draw.seal else "void" if "void.note" in draw.names else "selling"
        return 0, f"holds: {f'the number is {draw.number}' if draw.result else waits}; the ticket wins: {wins}"
    except OSError as error:
        return 2, f"cannot be read: {error}"
    except (ValueError, LookupError, InvalidSignature, csv.Error) as fault:
        return 1, f"does not hold: {fault!r}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(usage=__doc__)
    for argument in ("folder", "--open", "--ticket"):
        parser.add_argument(argument)
    options = parser.parse_args()
    status, said = verify(options.folder, options.open, options.ticket)
    print(said)
    sys.exit(status)
