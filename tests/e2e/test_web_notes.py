"""The page of a provable draw's notes: what fair.js finds in a real browser, against the golden vectors and against a
verifier that was written from docs/fairness.md alone; and what is shown of it. The notes are handed to the page here."""

import itertools
import json
import random
import re

import pytest

import loteria
import played_notes
import python_verify as second
import test_second_verifier as others
import web
from browser import Browser

VECTORS = loteria.ROOT / "tests/vectors/fair"


@pytest.fixture
def browser(start, tmp_path):
    """At the page, of a loteria-web that finds no central; it names no draw, so that it asks for nothing itself."""
    served = web.Web(start, "--data-dir", tmp_path / "nothing")
    with Browser(tmp_path) as made:
        made.open(f"{served.url}/notes.html")
        made.wait_for(lambda: made.text("#verdict") == "no draw is named")
        yield made
        assert made.complaints() == []
        asked = made.requests()
        assert asked and all(address.startswith((served.url + "/", "data:")) for address in asked), asked


def told_of(files):
    """A folder of notes, as /api/v1/notes tells it; without a ticket."""
    text = {name: data.decode() for name, data in files.items() if name.endswith(".note")}

    def of_agencies(begin):
        found = [name[len(begin):-len(".note")] for name in text if name.startswith(begin)]
        return [(number, text[f"{begin}{number}.note"]) for number in sorted(found) if re.fullmatch("0|[1-9][0-9]*", number)]

    def lines(note):
        return note.partition("\n\n")[2]

    return {"open": text.get("open.note"), "seal": text.get("seal.note"), "result": text.get("result.note"),
            "void": text.get("void.note"), "auditor": lines(text["seal-auditor.note"]) if "seal-auditor.note" in text else None,
            "receipts": [{"agency": number, "text": note} for number, note in of_agencies("ready-")],
            "countersigned": [{"agency": number, "text": lines(note)} for number, note in of_agencies("seal-")]}


def golden():
    return {path.name: path.read_bytes() for path in (VECTORS / "draw").iterdir()}


def run(browser, script, *arguments):
    return browser.run("return (async (...given) => { const able = await fair.ability(crypto.subtle);" + script + "})(...arguments)", *arguments)


def check(browser, told, ticket=None, able="able"):
    """The steps, whether they hold, what the ticket comes to."""
    return run(browser, f"const draw = await fair.check(given[0], crypto.subtle, {able});"
               "return { holds: draw.holds, steps: draw.steps, ticket: given[1] && await fair.checkTicket(draw, given[1]) };", told, ticket)


def show(browser, told):
    """As the page does when notes came."""
    browser.run("shown.told = arguments[0]; drawTexts(arguments[0]); return check(arguments[0], crypto.subtle)", told)


def test_golden_vectors(browser):
    run(browser, "globalThis.does = fair.parts.checker(crypto.subtle, able);")
    for vector in others.vectors("numbers.txt"):
        one = dict(vector)
        nonces, parties = ([value for name, value in vector if name == wanted] for wanted in ("nonce", "party"))
        found = run(browser, """const [seal, nonces, highest, draw, parties] = given;
            return [await fair.parts.numberOf(does, seal, nonces, BigInt(highest)),
                    await Promise.all(parties.map((party, i) => fair.parts.commitmentOf(does, draw, party, nonces[i])))]""",
                    one["seal"], nonces, one["highest"], one["draw"], parties)
        assert found == [one["number"], [value for name, value in vector if name == "commitment"]]
    for vector in others.vectors("trees.txt"):
        count, root = int(vector[0][1]), vector[1][1]
        if count:
            index, path = int(vector[2][1]), [node for _, node in vector[3:]]
            assert run(browser, """const [index, count, path] = given, leaf = await does.hash("\\0", Uint8Array.of(index & 255));
                return fair.parts.toHex(await fair.parts.rootByPath(does, leaf, BigInt(index), BigInt(count), path))""", index, count, path) == root
    for vector in map(dict, others.vectors("leaves.txt")):
        fields = [vector[name] for name in ("first_name", "last_name", "document", "birthdate", "number")]
        ticket = {"draw": vector["draw"], "agency": vector["agency"], "offset": vector["offset"], "stands": vector["state"] == "0",
                  "salt": vector["salt"], "fields": fields}
        assert run(browser, "return fair.parts.toHex(await fair.parts.leafOf(does, given[0]))", ticket) == vector["leaf"]


def test_the_golden_draw_and_its_ticket_hold(browser):
    ticket = (VECTORS / "ticket.txt").read_text()
    found = check(browser, told_of(golden()), ticket)
    assert found["holds"], found["steps"]
    assert [step["name"] for step in found["steps"]] == ["open", "receipts", "seal", "countersigned", "result"]
    assert "the number is 6" in found["steps"][-1]["text"]
    assert found["ticket"]["holds"] and found["ticket"]["wins"] is False
    for change in (("number 5", "number 6"), ("bet 4 5", "bet 4 4"), ("state stands", "state cancelled"), ("Ana", "Eva"), ("\npath f4", "\npath f5")):
        assert not check(browser, told_of(golden()), ticket.replace(*change))["ticket"]["holds"], change


def test_it_agrees_with_the_second_verifier(browser, tmp_path):
    """On draws that are well signed, as they are and with texts that were changed before; bets are not for the page."""
    changes = [("open.note", "none"), *itertools.product(["open.note", "ready-1.note", "seal.note", "result.note", "void.note", others.TICKET],
                                                         ["word", "character", "count", "less", "drop", "double", "exchange"])]
    cases, folder = [], others.Folder(tmp_path)
    for seed, change in enumerate(4 * changes):
        files = others.Maker(random.Random(seed), others.change_text(*change)).files
        kept = {name: data for name, data in files.items() if name.endswith(".note") or name == others.TICKET}
        folder.put(kept)
        status, said = second.verify(folder.path, None, folder.ticket if others.TICKET in kept else None)
        cases.append((change, said, status == 0, told_of(kept), kept.get(others.TICKET, b"").decode()))
    found = run(browser, """const found = [];
        for (const [told, ticket] of given[0]) {
          const draw = await fair.check(told, crypto.subtle, able), judged = ticket === "" ? { holds: true } : await fair.checkTicket(draw, ticket);
          found.push([draw.holds && judged.holds, [...draw.steps, judged]]);
        }
        return found;""", [case[3:] for case in cases])
    for (change, said, holds, *_), (own, steps) in zip(cases, found, strict=True):
        assert own == holds, (change, said, steps)
    assert {case[2] for case in cases} == {True, False}


def test_a_seal_has_to_say_what_the_receipts_say(browser):
    for old, new in (("agency 1 1 ", "agency 1 2 "), ("\nsalts [0-9a-f]{64}", f"\nsalts {64 * '0'}")):
        def change(_dice, name, text, old=old, new=new):
            return re.sub(old, new, text) if name == "ready-1.note" else text

        found = check(browser, told_of(others.Maker(random.Random(4), change).files))
        assert found["steps"][-1] == {"name": "seal", "holds": False, "text": "agency 1 is not as its receipt says"}, found["steps"]


def test_a_forged_signature_is_found_where_the_browser_knows_ed25519(browser):
    files = golden()
    name = "result.note"
    text, lines = files[name].split(b"\n\n")
    begin = lines.rindex(b" ") + 20
    files[name] = text + b"\n\n" + lines[:begin] + (b"A" if lines[begin:begin + 1] != b"A" else b"B") + lines[begin + 1:]
    found = check(browser, told_of(files))
    assert not found["holds"] and found["steps"][-1] == {
        "name": "result", "holds": False, "text": "the signature by loteria/nacional/noche/operator is not right"}
    assert check(browser, told_of(files), able="{ hashes: true, signatures: false }")["holds"], "it is not looked at there"
    show(browser, told_of(files))
    assert browser.text("#verdict") == "does not hold"
    browser.run("shown.able = { hashes: true, signatures: false }; drawAbility()")
    show(browser, told_of(golden()))
    assert browser.text("#verdict") == "holds, signatures not checked"
    assert "does not know Ed25519" in browser.text("#unable")


def test_what_is_shown(browser):
    show(browser, told_of(golden()))
    assert browser.text("#verdict") == "what is here holds"
    assert browser.text("#draw-phase") == "PROVABLE, DRAWN" and browser.texts("#draw-balls .ball") == ["6"]
    assert browser.text("#hash-open") == "8301f6647c7869a7bd461adc8ea9e99a3ba2c2780226c16db787504ae59519b7"
    assert browser.text("#unable") is None
    assert [row.split() for row in browser.texts("#parties tbody tr")] == [
        ["1", "7", "yes", "yes", "yes", "1"], ["4", "7", "yes", "yes", "yes", "1"], ["7", "7", "no", "–", "–", "1"]]
    assert browser.texts("#texts summary") == ["open.note", "ready-1.note", "ready-4.note", "seal.note", "result.note"]
    for told, words in (((VECTORS / "ticket.txt").read_text(), "It holds: bet 5 of agency 4, on 5, is in the seal. It has not won."),
                        (browser.text("#hash-open"), "This is the O above."), ("0" * 64, "The O above is another one"), ("bet", "It does not hold")):
        browser.run("const place = document.getElementById('ticket'); place.value = arguments[0]; return judgeTicket()", told)
        assert words in browser.text("#ticket-verdict")

    pending = golden()
    del pending["result.note"], pending["seal-4.note"]
    show(browser, told_of(pending))
    assert browser.text("#draw-phase") == "PROVABLE, SEALED, PENDING" and browser.text("#draw-note") == "waits for the nonces of agency 4"
    assert browser.text("#verdict") == "what is here holds" and browser.text("#draw-balls") is None


def test_texts_of_notes_are_never_html(browser):
    evil = "<img src=x onerror=document.title='owned'>"
    maker = others.Maker(random.Random(0), others.unchanged)
    files = {name: maker.files[name] for name in ("open.note", "ready-1.note")}
    opened = second.sha256(files["open.note"].partition(b"\n\n")[0] + b"\n").hex()
    maker.files = {}
    maker.note("void.note", ["void v1", f"open {opened}", f"reason {evil}"], "operator")
    show(browser, told_of({**files, **maker.files}))
    assert browser.text("#draw-phase").endswith("VOID") and browser.text("#draw-note") == evil
    show(browser, {**told_of(files), "open": evil, "receipts": [{"agency": evil, "text": evil}]})
    assert browser.text("#verdict") == "does not hold"
    assert browser.run("return document.querySelectorAll('main img').length") == 0
    assert "owned" not in browser.run("return document.title")


def test_on_plain_http_from_elsewhere_it_says_that_nothing_is_checked(start, tmp_path):
    served = web.Web(start, "--data-dir", tmp_path / "nothing")
    with Browser(tmp_path, flags=["--host-resolver-rules=MAP central 127.0.0.1"]) as made:
        made.open(f"http://central:{served.port}/notes.html?draw=noche")
        made.wait_for(lambda: "plain http" in (made.text("#unable") or ""))
        assert made.run("return typeof crypto.subtle") == "undefined"


def asked(served, draw, status):
    """What /api/v1/notes says, with this status: on a busy machine a part may be silent for a moment."""
    def so():
        answer = served.ask(f"/api/v1/notes?draw={draw}")
        return answer if answer.status == status else None

    return json.loads(loteria.wait_until(so, explain=lambda: served.process.log).body)


def test_the_page_follows_a_draw_from_its_opening_to_its_number(start, tmp_path):
    """Notes come live from storage, each is asked for until it is there, and once."""
    whole = {name: data for name, data in golden().items() if name.endswith(".note")}
    steps = [("open", ["open.note"], "PROVABLE, NOT SEALED YET"), ("closed", ["ready-1.note", "ready-4.note"], "PROVABLE, NOT SEALED YET"),
             ("sealed", ["seal.note", "seal-1.note"], "PROVABLE, SEALED, PENDING"), ("drawn", ["seal-4.note", "result.note"], "PROVABLE, DRAWN")]
    with played_notes.Notes({}, phase="open") as central, Browser(tmp_path) as made:
        served = web.Web(start, *central.arguments)
        made.open(served.url)
        made.wait_for(lambda: (made.text("#draw-notes") or "").startswith("its notes"))
        made.run("document.getElementById('draw-notes').click()")
        made.wait_for(lambda: made.text("#draw-title") == "noche" and made.text("#verdict"))
        for phase, names, shown in steps:
            central.files.update({name: whole[name] for name in names})
            central.phase = phase
            made.wait_for(lambda: made.text("#draw-phase") == shown and made.text("#verdict") == "what is here holds"
                          and {*made.texts("#texts summary")} == {name for name in central.files if not name.startswith("seal-")})
            if phase == "sealed":
                made.wait_for(lambda: made.text("#draw-note") == "waits for the nonces of agency 4")
        assert made.texts("#draw-balls .ball") == ["6"]
        made.wait_for(lambda: [row.split()[3] for row in made.texts("#parties tbody tr")] == ["yes", "yes", "–"])
        told = loteria.wait_until(lambda: (one := asked(served, "noche", 200))["complete"] and one, explain=lambda: served.process.log)
        assert told["result"] == whole["result.note"].decode() and told["draw"] == "noche"
        assert [one["agency"] for one in told["receipts"]] == [1, 4]
        had = {one[:2] for one in central.asked if one[0] in "NLQ" or one[1] in (1, 4)}
        assert had == {("N", 0), ("L", 0), ("Q", 0), *((which, of) for which in "YA" for of in (1, 4))}
        before = len(central.asked)
        for _ in range(5):
            assert asked(served, "noche", 200)["complete"]
        assert len(central.asked) == before, "it has all"
        assert [said for said in made.complaints() if "503" not in said] == []  # state may be slow on a busy machine


def test_draws_without_notes(start):
    with played_notes.Notes({}, phase="open") as central:
        served = web.Web(start, *central.arguments)

        told = asked(served, "noche", 200)
        assert (told["fetched"], told["complete"], told["open"], told["receipts"]) == (False, False, None, [])
        assert "no such draw" in asked(served, "tarde", 404)["error"]
        central.source_word = "random"
        assert "only a provable draw" in asked(served, "noche", 404)["error"]
