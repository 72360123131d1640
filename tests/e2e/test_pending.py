"""A provable draw that waits: what an operator is shown of it, what its auditor does, and that the page holds what comes of it."""

import json
import re
import subprocess

import loteria
import web
from browser import Browser


def run(name, *arguments):
    done = subprocess.run([loteria.program(name), *map(str, arguments)], capture_output=True, text=True, env=loteria.ENVIRONMENT,
                          timeout=loteria.DEADLINE, check=False)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def test_a_draw_waits_for_its_auditor_and_then_for_an_agency_that_is_lost(central, start, tmp_path):
    keys, auditor, notes = tmp_path / "keys", tmp_path / "auditor", tmp_path / "notes"
    run("loteria-keys", "new", "--agencies", 2, "--demo", "--keys", keys)
    key = run("loteria-keys", "escrow", "new", auditor).strip()
    assert re.fullmatch("ed25519:[A-Za-z0-9+/=]{44}", key)
    day = central(workers=1, agencies=2, keys=keys, arguments=("--number", "provable", "--draw", "noche", "--auditor", key))

    def ctl(*arguments):
        return run("loteria-ctl", "--data-dir", day.data, "--timeout", "60s", *arguments)

    def draw():
        [told] = json.loads(ctl("status", "--json"))["draws"]
        return told

    def missing():
        return [one["agency"] for one in json.loads(ctl("agencies", "--missing", "--json"))["agencies"]]

    files = {agency: loteria.make_bets(tmp_path / f"{agency}.csv", agency, 200) for agency in (1, 2)}
    lost = day.agency(2, files[2], "--receipts", tmp_path / "receipts-2")
    lost.wait_for_log(r"action: recibo \| result: success")
    lost.kill()
    assert (draw()["phase"], draw()["ready"], missing()) == ("open", 1, [1])
    agency = day.agency(1, files[1], "--receipts", tmp_path / "receipts-1")
    loteria.wait_until(lambda: draw()["phase"] == "sealed", explain=lambda: day.log)
    told = draw()
    assert (told["demo"], told["attested"], told["revealed"], told["least"], told["number"]) == (True, False, 0, 2, None)
    shown = ctl("status")
    assert "noche waits for its auditor to sign the seal (loteria-ctl draw attest)" in shown
    assert "noche waits for 1, 2 to reveal (0 of 2)" in shown and ", 0/2 revealed, demo" in shown

    ctl("draw", "notes", "noche", notes)
    assert {"box-0.txt", "box-1.txt", "box-2.txt", "seal.note"} <= {path.name for path in notes.iterdir()}
    (tmp_path / "seal-auditor.note").write_text(run("loteria-keys", "escrow", "sign", auditor, notes / "seal.note"))
    assert ctl("draw", "attest", tmp_path / "seal-auditor.note").startswith("noche: sealed")
    loteria.wait_until(lambda: draw()["revealed"] == 1, explain=lambda: agency.log + day.log)
    assert missing() == [2] and "noche waits for 2 to reveal (1 of 2)" in ctl("status")
    assert agency.popen.poll() is None, "there is no number without agency 2"

    (tmp_path / "nonce-2.txt").write_text(run("loteria-keys", "escrow", "open", auditor, notes / "seal.note", notes / "box-2.txt",
                                              notes / "ready-2.note"))
    ctl("draw", "reveal", "noche", tmp_path / "nonce-2.txt")
    assert agency.wait() == 0, agency.log
    told = draw()
    assert (told["phase"], told["revealed"], told["attested"]) == ("drawn", 2, True)
    ctl("draw", "notes", notes, "--with-bets")
    assert "seal-2.note" not in {path.name for path in notes.iterdir()} and (notes / "seal-auditor.note").exists()
    said = run("loteria-verify", notes)
    assert f"the number is {told['number']}" in said and said.endswith("holds       the draw is made\n"), said

    lines = ctl("events", "--last", "1000", "--once")
    for action in ("nota_abierta", "sello", "sello_auditado", "revelacion", "resultado"):
        assert f"action: {action} | result: success | draw: noche" in lines, action
    assert "agency: 2 | by: auditor | revealed: 2 of 2" in lines
    secrets = [path.read_text().strip() for path in notes.glob("salts-*.txt")] + re.findall("^reveal [0-9]+ ([0-9a-f]{64})",
                                                                                          (notes / "result.note").read_text(), re.M)
    assert len(secrets) == 5 and not any(secret in lines + day.log for secret in secrets)

    served = web.Web(start, "--data-dir", day.data)
    with Browser(tmp_path) as made:
        made.open(f"{served.url}/notes.html?draw=noche")
        made.wait_for(lambda: made.text("#verdict") == "what is here holds" and made.text("#draw-phase") == "DEMO, DRAWN")
        assert "".join(made.texts("#draw-balls .ball")) == str(told["number"])
        assert [row.split()[:5] for row in made.texts("#parties tbody tr")] == [
            ["1", "200", "yes", "yes", "yes"], ["2", "200", "yes", "–", "by"]]
        assert [said for said in made.complaints() if "503" not in said] == []
