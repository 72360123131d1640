"""Two verifiers of provable draws, loteria-verify and python_verify.py, of which the second was written from
docs/fairness.md alone: whatever is put before them, either both say that it holds, or neither."""

import itertools
import random
import re
import subprocess

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
import pytest

import loteria
import python_verify as second

SOURCE = loteria.ROOT / "tests/e2e/python_verify.py"
VECTORS = loteria.ROOT / "tests/vectors/fair"
TICKET = "ticket.txt"
ORIGIN = "loteria/nacional/noche"
EMPTY = second.sha256().hex()


def vectors(name):
    """Each as a list of (name, value)."""
    text = re.sub("^#.*\n", "", (VECTORS / name).read_text(), flags=re.M)
    return [[tuple(line.split(": ", 1)) for line in vector.strip("\n").split("\n")] for vector in text.split("\n\n")]


def golden():
    return {path.name: path.read_bytes() for path in [*(VECTORS / "draw").iterdir(), VECTORS / TICKET]}


class Folder:
    """One folder for all, so that only what differs is written; the ticket lies beside it."""

    def __init__(self, path):
        self.path, self.ticket, self.files = path / "draw", path / TICKET, {}
        self.path.mkdir()

    def put(self, files):
        for name in {*self.files, *files}:
            path = self.ticket if name == TICKET else self.path / name
            if name not in files:
                path.unlink()
            elif files[name] != self.files.get(name):
                path.write_bytes(files[name])
        self.files = dict(files)

    def verify(self, *options):
        """What the first says, its status, what the second says, its status."""
        ticket = self.ticket if TICKET in self.files else None
        command = [loteria.program("loteria-verify"), self.path, *(["--ticket", ticket] if ticket else []), *options]
        first = subprocess.run(command, capture_output=True, text=True, timeout=loteria.DEADLINE)
        status, said = second.verify(self.path, options[1] if options else None, ticket)
        return first.stdout + first.stderr, first.returncode, said, status

    def assert_agreed(self, what, files):
        """The status of both."""
        self.put(files)
        first, status, said, other = self.verify()
        assert status == other, f"{what}: {first}{said}"
        return status


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def test_it_is_short():
    assert sum(bool(line) for line in SOURCE.read_text().splitlines()) < 250


def test_leaves():
    for vector in map(dict, vectors("leaves.txt")):
        agency, offset, state = (int(vector[key]) for key in ("agency", "offset", "state"))
        salt = second.salt_of(bytes.fromhex(vector["salt_key"]), vector["draw"], agency, offset)
        assert salt.hex() == vector["salt"]
        fields = [vector[key] for key in ("first_name", "last_name", "document", "birthdate", "number")]
        assert second.leaf_of(vector["draw"], agency, offset, state, salt, fields).hex() == vector["leaf"]


def test_trees():
    for vector in vectors("trees.txt"):
        count, root = int(vector[0][1]), vector[1][1]
        leaves = [second.sha256(b"\0", bytes([index])) for index in range(count)]
        assert second.root_of(leaves).hex() == root
        if count > 0:
            index, path = int(vector[2][1]), [bytes.fromhex(node) for _, node in vector[3:]]
            assert second.root_by_path(leaves[index], index, count, path).hex() == root


def test_numbers():
    for vector in vectors("numbers.txt"):
        one, nonces = dict(vector), [bytes.fromhex(value) for name, value in vector if name == "nonce"]
        parties = [int(value) for name, value in vector if name == "party"]
        assert [second.commitment_of(one["draw"], party, nonce).hex() for party, nonce in zip(parties, nonces)] \
            == [value for name, value in vector if name == "commitment"]
        seed = second.seed_of(bytes.fromhex(one["seal"]), nonces)
        assert (seed.hex(), second.number_of(seed, int(one["highest"]))) == (one["seed"], int(one["number"]))


def test_both_hold_the_golden_draw_and_its_ticket(folder):
    folder.put(golden())
    first, status, said, other = folder.verify()
    assert (status, other) == (0, 0), first + said
    assert "the number is 6:" in first and "it does not win" in first
    assert said == "holds: the number is 6; the ticket wins: False"
    digest = re.search("O = ([0-9a-f]{64})", first)[1]
    assert folder.verify("--open", digest)[1::2] == (0, 0)
    assert folder.verify("--open", digest[::-1])[1::2] == (1, 1)


def change_file(dice, files):
    """Change one file a little, or exchange, or remove it. What was done."""
    name, other = dice.choice(sorted(files)), dice.choice(sorted(files))
    lines = files[name].split(b"\n")
    at, to = dice.randrange(len(lines)), dice.randrange(len(lines))
    how = dice.choice(["flip", "flip", "flip", "drop", "double", "exchange", "borrow", "end", "byte", "remove", "swap"])
    if how == "flip":
        bit = dice.randrange(8 * len(files[name]) or 1)
        data = bytearray(files[name] or b"\0")
        data[bit // 8] ^= 1 << bit % 8
        lines = [bytes(data)]
    elif how == "drop":
        del lines[at]
    elif how == "double":
        lines.insert(to, lines[at])
    elif how == "exchange":
        lines[at], lines[to] = lines[to], lines[at]
    elif how == "borrow":
        lines.insert(at, dice.choice(files[other].split(b"\n")))
    elif how == "end":
        lines[-1] += dice.choice([b"\n", b"\r\n", b" ", b"x", b"\0", b"0,9,a,b,1,1990-01-01,1\r\n"])
    elif how == "byte":
        lines[at] = dice.choice([b"0", b" ", b'"', b"\r", b"-"]).join(dice.choice([(b"", lines[at]), (lines[at], b"")]))
    files[name] = b"\n".join(lines)
    if how == "remove":
        del files[name]
    elif how == "swap":
        kind = [one for one in sorted(files) if re.sub("[0-9]", "", one) == re.sub("[0-9]", "", name)]
        other = dice.choice(kind if len(kind) > 1 else [other])
        files[name], files[other] = files[other], files[name]
    return how, name, other


def test_they_agree_on_changed_files(folder):
    found = []
    for seed in range(300):
        dice, files = random.Random(seed), golden()
        done = [change_file(dice, files) for _ in range(dice.choice([1, 1, 1, 2]))]
        found.append(folder.assert_agreed((seed, done), files))
    assert {*found} == {0, 1}, "some changes are none, and most are found"


# ---- Draws with other texts, well signed: what no signature finds --------------------------


class Maker:
    """Makes a whole draw, of texts of which `change` may make others before they are signed."""

    def __init__(self, dice, change):
        self.dice, self.change, self.files = dice, change, {}
        parties = ["operator", "agency-1", "agency-4", "agency-7", "auditor"]
        self.keys = {party: Ed25519PrivateKey.from_private_bytes(second.sha256(party.encode())) for party in parties}
        self.secrets = {party: second.sha256(b"%d" % party) for party in (0, 1, 4, 7)}
        self.roots = {1: self.leaf(1), 4: self.leaf(4), 7: EMPTY}
        self.make()

    def leaf(self, agency):
        salt = second.salt_of(self.secrets[agency], "noche", agency, 0)
        return second.leaf_of("noche", agency, 0, 0, salt, ["Ana", "Paz", "1", "1990-01-01", "0"]).hex()

    def identity(self, party):
        key = self.keys[party].public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        identity = second.sha256(f"{ORIGIN}/{party}\n".encode(), b"\1", key)[:4]
        return identity, second.base64.b64encode(b"\1" + key).decode()

    def key(self, party):
        identity, text = self.identity(party)
        return f"{ORIGIN}/{party}+{identity.hex()}+{text}"

    def commitment(self, party):
        return second.commitment_of("noche", party, self.secrets[party]).hex()

    def salts(self, agency):
        return second.sha256(self.secrets[agency]).hex()

    def note(self, name, lines, *parties):
        """The hash of its text."""
        text = self.change(self.dice, name, "\n".join([ORIGIN, *lines, ""])).encode()
        return self.sign(name, text, *parties)

    def sign(self, name, text, *parties):
        lines = [(party, self.identity(party)[0] + self.keys[party].sign(text)) for party in parties]
        self.files[name] = text + b"\n" + b"".join(
            f"— {ORIGIN}/{party} ".encode() + second.base64.b64encode(line) + b"\n" for party, line in lines)
        return second.sha256(text).hex()

    def make(self):
        opened = self.note("open.note", [
            "open v1", "highest 0", f"closes {self.dice.choice(['never', 'all-asked', 1764104400])}", "commits 600 2",
            f"operator {self.key('operator')} {self.commitment(0)}",
            *(f"agency {agency} {self.key(f'agency-{agency}')}" for agency in (1, 4, 7)),
            f"auditor {self.key('auditor')} {EMPTY}", *self.dice.choice([[], ["demo"]])], "operator")
        stakes = [f"agency {agency} {int(agency != 7)} {self.roots[agency]}" for agency in (1, 4, 7)]
        for agency, stake in zip((1, 4), stakes):
            self.note(f"ready-{agency}.note", [
                "ready v1", f"open {opened}", f"{stake} {self.commitment(agency)}", f"salts {self.salts(agency)}",
                f"box {EMPTY}"], "operator", f"agency-{agency}")
        rows = [f"{stake} {self.commitment(agency) if agency != 7 else '-'} {self.salts(agency)}"
                for agency, stake in zip((1, 4, 7), stakes)]
        seal = self.note("seal.note", ["seal v1", f"open {opened}", *rows, "sealed 1764104977"], "operator")
        text = self.files["seal.note"].split(b"\n\n")[0] + b"\n"
        for name, party in (("seal-1", "agency-1"), ("seal-auditor", "auditor")):
            self.sign(f"{name}.note", text, "operator", party)
        self.note("result.note", [
            "result v1", f"seal {seal}", f"reveal 0 {self.secrets[0].hex()}", f"reveal 1 {self.secrets[1].hex()}",
            f"reveal 4 {self.secrets[4].hex()} by auditor", "number 0",
            *(f"winners {agency} {int(agency != 7)} {self.roots[agency]}" for agency in (1, 4, 7))], "operator")
        self.files["bets.csv"] = b"".join(b"%d,Ana,Paz,1,1990-01-01,0\r\n" % agency for agency in (4, 1))
        self.files.update({f"salts-{agency}.txt": self.secrets[agency].hex().encode() + b"\n" for agency in (1, 4, 7)})
        self.ticket(opened, seal)
        self.extras(opened)

    def selling(self):
        return {name: data for name, data in self.files.items() if name in ("open.note", "ready-1.note")}

    def ticket(self, opened, seal):
        salt = second.salt_of(self.secrets[4], "noche", 4, 0).hex()
        lines = ["ticket v1", f"open {opened}", f"seal {seal}", "bet 4 0", "first Ana", "last Paz", "document 1",
                 "born 1990-01-01", "number 0", "state stands", f"salt {salt}", ""]
        self.files[TICKET] = self.change(self.dice, TICKET, "\n".join([ORIGIN, *lines])).encode()

    def extras(self, opened):
        """Sometimes: a draw that is pending, with nonces; a draw that was called off; notes of nobody; no bets."""
        chance = self.dice.randrange(12)
        if chance < 2:
            del self.files["result.note"]
            self.files[f"nonce-{self.dice.choice([0, 1, 4, 7, 9])}.txt"] = self.secrets[
                self.dice.choice([0, 1, 4])].hex().encode() + b"\n"
        if chance == 2:
            self.files = self.selling()
        if chance in (2, 3):
            self.note("void.note", ["void v1", f"open {opened}", "reason no hay nadie"], "operator")
        if chance == 4:
            name = self.dice.choice(["ready-1.note", "seal-1.note"])
            self.files[name.replace("1", self.dice.choice(["4", "7", "9", "04"]))] = self.files[name]
        if chance in (5, 6):
            for name in ("bets.csv", *(["seal-auditor.note"] if chance == 6 else [])):
                del self.files[name]


def unchanged(_dice, _name, text):
    return text


def change_text(target, how):
    """A change of the note `target`: of a word, or of a line."""
    def change(dice, name, text):
        if name != target:
            return text
        lines = text.split("\n")
        at, to = dice.randrange(len(lines) - 1), dice.randrange(len(lines) - 1)
        words = lines[at].split(" ")
        word = dice.randrange(len(words))
        if how == "word":
            words[word] = dice.choice([*lines[to].split(" "), "-", *map(str, (0, 1, 2, 3, 2**32, 2**64 - 1, 2**64))])
        elif how == "character":
            place, old = dice.randrange(len(words[word]) + 1), words[word]
            words[word] = old[:place] + dice.choice("0123456789af- A+\t") + old[place + dice.randrange(2):]
        elif how == "count":
            words[word] = str(int(words[word]) + dice.choice([-1, 1])) if words[word].isdigit() else words[word]
        elif how == "less":
            del words[word]
        lines[at] = " ".join(words)
        if how == "drop":
            del lines[at]
        elif how == "double":
            lines.insert(to, lines[at])
        elif how == "exchange":
            lines[at], lines[to] = lines[to], lines[at]
        return "\n".join(lines)
    return change


def test_they_agree_on_texts_that_are_well_signed(folder):
    found = [folder.assert_agreed(seed, Maker(random.Random(seed), unchanged).files) for seed in range(24)]
    assert {*found} == {0, 1} and found.count(0) > 8, "most are nothing but whole draws"
    targets = ["open.note", "ready-1.note", "seal.note", "result.note", "void.note", TICKET]
    hows = ["word", "character", "count", "less", "drop", "double", "exchange"]
    for seed, (target, how) in enumerate(5 * [*itertools.product(targets, hows)]):
        files = Maker(random.Random(seed), change_text(target, how)).files
        found.append(folder.assert_agreed((seed, target, how), files))
    assert found.count(0) > 30, "some changes are as good"


def public_keys():
    """Encodings, and whether they are keys."""
    prime, base, eighth = 2**255 - 19, 4 * pow(5, -1, 2**255 - 19) % (2**255 - 19), bytes.fromhex(
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")  # a point of order 8
    yield base, 0
    yield base | 1 << 255, 0
    yield prime - base, 1  # the sum of that one and the point of order 2
    for y in (0, 1, 2, prime - 1, prime, prime + 1, 2**255 - 1, int.from_bytes(eighth, "little")):  # 2 is no point
        yield y, 1
        yield y | 1 << 255, 1


def test_they_agree_on_keys(folder):
    for encoded, status in public_keys():
        key = b"\1" + encoded.to_bytes(32, "little")
        identity = second.sha256(f"{ORIGIN}/agency-7\n".encode(), key)[:4].hex()
        line = f"{ORIGIN}/agency-7+{identity}+{second.base64.b64encode(key).decode()}"
        maker = Maker(random.Random(24), lambda _dice, _name, text: re.sub(r"\S+agency-7\+\S+", line, text))
        assert folder.assert_agreed(hex(encoded), maker.selling()) == status, hex(encoded)


def signed_with_nothing(text, party, maker):
    """A signature whose R is the neutral point, which one who has the key can make."""
    order = 2**252 + 27742317777372353535851937790883648493
    seed = second.hashlib.sha512(second.sha256(party.encode())).digest()
    scalar = int.from_bytes(seed[:32], "little") & (1 << 254) - 8 | 1 << 254
    key = second.base64.b64decode(maker.identity(party)[1])[1:]
    neutral = second.IDENTITY
    challenge = int.from_bytes(second.hashlib.sha512(neutral + key + text).digest(), "little")
    signature = neutral + (challenge * scalar % order).to_bytes(32, "little")
    maker.keys[party].public_key().verify(signature, text)  # of others' libraries it holds
    return signature


def test_they_agree_on_what_signature_lines_say(folder):
    """Lines too many, of others, that do not fit, and of no value."""
    maker = Maker(random.Random(24), unchanged)
    files = maker.selling()
    assert folder.assert_agreed("selling", files) == 0
    text, lines = files["ready-1.note"].split(b"\n\n")
    operator, agency = lines.splitlines(keepends=True)
    wrong = agency[:-12] + b"AAAA" + agency[-8:]
    other = Maker(random.Random(1), unchanged).files["open.note"].split(b"\n\n")[1].replace(b"operator", b"agency-4")
    low = b"".join((f"— {ORIGIN}/agency-1 ".encode(), second.base64.b64encode(
        maker.identity("agency-1")[0] + signed_with_nothing(text + b"\n", "agency-1", maker)), b"\n"))
    for what, block, status in [
            ("the other order", agency + operator, 0), ("twice", operator + 2 * agency, 0),
            ("eight", operator + 7 * agency, 0), ("nine", operator + 8 * agency, 1),
            ("one that does not fit", operator + agency + wrong, 1), ("that before", operator + wrong + agency, 1),
            ("another's", operator + agency + other, 0), ("none", b"", 1), ("one only", operator, 1),
            ("an empty line", operator + agency + b"\n", 1), ("no end", operator + agency[:-1], 1),
            ("of no value", operator + low, 1),
            ("a + in a name", operator + agency + other.replace(b"cy-4", b"cy+4"), 1)]:
        assert folder.assert_agreed(what, files | {"ready-1.note": text + b"\n\n" + block}) == status, what
