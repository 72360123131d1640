"""Keys: who makes them, which are refused, whom they let in, and how that changes while a day runs."""

import contextlib
import pathlib
import re
import shutil
import stat
import subprocess
import time

import pytest

import loteria
import wire

REFUSED_AT_LOAD = r"action: keys \| result: fail \| reason: (.*)"
STRANGER = "this key is not admitted there: not enrolled, or revoked"
A_SECOND = 1.0


def keys(*arguments, folder=None):
    """loteria-keys: exit code, stdout, stderr."""
    command = [loteria.program("loteria-keys"), *map(str, arguments), *(("--keys", folder) if folder else ())]
    done = subprocess.run(command, env=loteria.ENVIRONMENT, capture_output=True, text=True, timeout=loteria.DEADLINE)
    return done.returncode, done.stdout, done.stderr


def run_keys(*arguments, folder=None):
    code, out, error = keys(*arguments, folder=folder)
    assert code == 0, error
    return out


def roll_of(folder):
    return folder / "broker" / "roll"


def entries(folder):
    """The roll: by agency, (state, keys, name)."""
    found = {}
    for line in run_keys("list", folder=folder).splitlines():
        agency, state, public_keys, *name = line.split(None, 3)
        found[int(agency)] = (state, public_keys.split(","), *name)
    return found


def public_key(folder):
    return wire.key_pair(folder)[0].decode()


def signers_of(folder):
    """What state is told of who signs: by agency, its key, and `demo`."""
    lines = (folder / "state" / "signers").read_text().splitlines()
    return {int(agency): signer for agency, *signer in map(str.split, lines)}


def pair(folder):
    """An agency's own: the public keys that it comes in with and signs with."""
    comes_in, signs = run_keys("pair", folder).splitlines()
    return comes_in, signs


def files_in(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return loteria.make_keys(tmp_path_factory.mktemp("made") / "keys", 2)


@pytest.fixture
def folder(made, tmp_path):
    """Keys of a central and of two agencies, for this test alone."""
    return shutil.copytree(made, tmp_path / "keys")


# ---- loteria-keys --------------------------------------------------------------------


def test_new_makes_what_each_needs_and_nobody_else_may_read(folder):
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "broker/secret.key", "broker/worker.key", "broker/storage.key", "broker/state.key", "broker/operator.key", "broker/roll",
        "worker/secret.key", "worker/broker.key", "worker/storage.key", "worker/state.key",
        "storage/secret.key", "storage/worker.key", "storage/state.key", "storage/broker.key", "storage/operator.key",
        "state/secret.key", "state/worker.key", "state/storage.key", "state/broker.key", "state/operator.key",
        "state/signing.key", "state/name", "state/signers",
        "operator/secret.key", "operator/broker.key", "operator/storage.key", "operator/state.key", "operator/operator.sign",
        "agency-1/secret.key", "agency-1/broker.key", "agency-1/operator.sign",
        "agency-2/secret.key", "agency-2/broker.key", "agency-2/operator.sign"}  # fmt: skip
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    pairs = {path.parent.name: wire.key_pair(path.parent) for path in folder.rglob("secret.key")}
    assert len({key for pair in pairs.values() for key in pair}) == 2 * len(pairs), "a key twice"
    for path in folder.rglob("*.key"):
        if path.stem not in ("secret", "signing"):
            assert wire.read_key(path) == pairs[path.stem][0], path


def test_new_again_changes_nothing_and_adds_what_is_missing(folder):
    before = files_in(folder)
    assert keys("new", "--agencies", 2, folder=folder) == (
        0, "", f"{folder}: made 0 keys of the central, enrolled 0 agencies\n")
    assert files_in(folder) == before
    (folder / "storage" / "worker.key").unlink()
    assert keys("new", "--agencies", 3, folder=folder)[2] == f"{folder}: made 0 keys of the central, enrolled 1 agency\n"
    after = files_in(folder)
    assert {name: after[name] for name in before if name != "broker/roll"} == {
        name: text for name, text in before.items() if name != "broker/roll"}
    assert set(after) - set(before) == {"agency-3/secret.key", "agency-3/broker.key", "agency-3/operator.sign"}
    assert set(entries(folder)) == {1, 2, 3}


def test_remarks_and_order_of_the_roll_stay(folder):
    roll = roll_of(folder)
    text = roll.read_text().replace("\n2 ", "\n\n# the south\n2 ") + "# the end, without a line's end"
    roll.write_text(text)
    run_keys("enroll", 3, "--name", "Agencia Ñandú", folder=folder)
    run_keys("revoke", 2, folder=folder)
    lines = roll.read_text().split("\n")
    assert lines[:4] == text.split("\n")[:4]
    assert re.fullmatch(r"2 +disabled .{40}", lines[4])
    assert lines[5] == "# the end, without a line's end"
    assert re.fullmatch(r"3 +enabled +.{40}  Agencia Ñandú", lines[6])
    assert lines[7:] == [""]


def test_rotation_and_return_after_revocation(folder):
    old = public_key(folder / "agency-1")
    assert run_keys("enroll", 1, "--name", "Centro", folder=folder) == f"{folder}/agency-1-2\n"
    new = public_key(folder / "agency-1-2")
    assert entries(folder)[1] == ("enabled", [old, new], "Centro")
    assert keys("enroll", 1, folder=folder)[0] == 1, "a third key"
    assert not (folder / "agency-1-3").exists()
    run_keys("revoke", 1, "--public-key", old, folder=folder)
    assert entries(folder)[1] == ("enabled", [new], "Centro")
    run_keys("revoke", 1, folder=folder)
    assert entries(folder)[1] == ("disabled", [new], "Centro")
    code, _, error = keys("enroll", 1, "--public-key", new, folder=folder)
    assert code == 1 and "revoked" in error
    run_keys("enroll", 1, folder=folder)
    assert entries(folder)[1] == ("enabled", [public_key(folder / "agency-1-3")], "Centro")


def test_an_agency_may_make_its_own(folder, tmp_path):
    printed, signs = pair(tmp_path / "mine")
    assert printed == public_key(tmp_path / "mine")
    assert run_keys("show", tmp_path / "mine") == f"{printed}\n{signs}\n"
    before = files_in(tmp_path / "mine")
    assert keys("pair", tmp_path / "mine")[0] == 1, "a pair was overwritten"
    assert files_in(tmp_path / "mine") == before
    assert run_keys("enroll", 9, "--public-key", printed, "--signing-key", signs, "--name", "Oeste", folder=folder) == ""
    assert entries(folder)[9] == ("enabled", [printed], f"{signs}  Oeste")
    assert signers_of(folder) == {9: [signs]}
    assert not (folder / "agency-9").exists()


def test_an_agency_that_has_its_folder_makes_its_signing_key(folder, tmp_path):
    """The operator made the folder, and has not seen what the agency adds to it."""
    mine = shutil.copytree(folder / "agency-1", tmp_path / "mine")
    comes_in, signs = pair(mine)
    assert comes_in == public_key(folder / "agency-1")
    assert run_keys("enroll", 1, "--signing-key", signs, folder=folder) == ""
    assert entries(folder)[1] == ("enabled", [comes_in], signs)
    (mine / "signing.key").unlink()
    another = pair(mine)[1]
    run_keys("enroll", 1, "--signing-key", another, folder=folder)
    assert signers_of(folder) == {1: [another]}
    code, _, error = keys("enroll", 2, "--signing-key", another, folder=folder)
    assert code == 1 and "agency 1 already has this signing key" in error
    run_keys("revoke", 1, folder=folder)
    assert signers_of(folder) == {}


def test_a_demos_keys_are_made_and_marked(folder):
    before = files_in(folder)
    run_keys("new", "--agencies", 3, "--demo", folder=folder)
    after = files_in(folder)
    assert set(after) - set(before) == {
        "agency-1/signing.key", "agency-2/signing.key", *(f"agency-3/{name}" for name in ("secret.key", "signing.key", "broker.key", "operator.sign"))}
    signs = {agency: run_keys("show", folder / f"agency-{agency}").splitlines()[1] for agency in (1, 2, 3)}
    assert signers_of(folder) == {agency: [key, "demo"] for agency, key in signs.items()}
    assert entries(folder)[3][2] == signs[3].replace("ed25519:", "ed25519-demo:")
    run_keys("new", "--agencies", 3, "--demo", folder=folder)
    assert files_in(folder) == after


def test_a_central_has_one_name(tmp_path):
    run_keys("new", "--name", "nacional", folder=tmp_path / "keys")
    assert (tmp_path / "keys/state/name").read_text() == "nacional\n"
    run_keys("new", folder=tmp_path / "keys")
    run_keys("new", "--name", "nacional", folder=tmp_path / "keys")
    code, _, error = keys("new", "--name", "otra", folder=tmp_path / "keys")
    assert code == 1 and "the central is called nacional" in error
    assert keys("new", "--name", "a b", folder=tmp_path / "other")[0] == 1


@pytest.mark.parametrize("role", ["broker", "worker", "storage", "state"])
def test_a_key_of_the_central_is_no_agencys(folder, role):
    code, _, error = keys("enroll", 3, "--public-key", public_key(folder / role), folder=folder)
    assert code == 1 and role in error
    assert set(entries(folder)) == {1, 2}


BAD_ORDERS = {
    "nothing": ([], 2), "no command": (["make"], 2), "two commands": (["list", "show"], 2),
    "no agency": (["enroll"], 2), "agency 0": (["enroll", 0], 2), "agency x": (["enroll", "x"], 2),
    "agency 1x": (["revoke", "1x"], 2), "agency -1": (["revoke", "-1"], 2), "too many": (["enroll", 100_001], 2),
    "agencies 100001": (["new", "--agencies", 100_001], 2), "no flag of its own": (["list", "--agency", 1], 2),
    "not enrolled": (["revoke", 7], 1), "no such key": (["revoke", 1, "--public-key", "x" * 40], 1),
    "no key": (["enroll", 3, "--public-key", "x" * 39], 1), "no Z85": (["enroll", 3, "--public-key", "~" * 40], 1),
    "a long name": (["enroll", 3, "--name", "x" * 129], 1), "a name of two lines": (["enroll", 3, "--name", "a\n4 b"], 2),
    "a name that nobody sees": (["enroll", 3, "--name", "\u200b"], 2), "a name turned around": (["enroll", 3, "--name", "\u202eruS"], 2),
    "a name of blanks": (["enroll", 3, "--name", "\u00a0"], 2), "a blank behind the name": (["enroll", 3, "--name", "Sur "], 2),
    "no signing key": (["enroll", 3, "--signing-key", "x" * 52], 1), "a weak one": (["enroll", 3, "--signing-key", "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="], 1),
    "a name that is a key": (["enroll", 3, "--name", "ed25519:x"], 1), "another order's signing key": (["revoke", 1, "--signing-key", "x"], 2),
    "another order's demo": (["enroll", 3, "--demo"], 2), "another order's number": (["enroll", 3, "--agencies", 3], 2), "another order's name": (["revoke", 1, "--name", "Sur"], 2),
    "another order's key": (["new", "--public-key", "x" * 40], 2),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_bad_orders_change_nothing(folder, name):
    arguments, expected = BAD_ORDERS[name]
    before = files_in(folder)
    code, out, error = keys(*arguments, folder=folder)
    assert (code, out) == (expected, "") and error.startswith("loteria-keys: ") and error.count("\n") == 1, error
    assert files_in(folder) == before


def test_a_set_that_is_none(tmp_path):
    for order in (["list"], ["enroll", 1], ["revoke", 1]):
        code, _, error = keys(*order, folder=tmp_path / "nowhere")
        assert code == 1 and str(tmp_path / "nowhere") in error
    assert not (tmp_path / "nowhere").exists()
    code, _, error = keys("enroll", 1, folder=tmp_path)
    assert code == 1 and "loteria-keys new" in error
    code, _, error = keys("show", tmp_path)
    assert code == 1 and f"{tmp_path}/secret.key" in error


def test_what_went_well_ends_with_0(start, tmp_path):
    """Under valgrind, as a status that nobody has set is often 0 by chance."""
    process = start("loteria-keys", "new", "--agencies", 2, "--keys", tmp_path / "keys",
                    wrapper=["valgrind", "-q", "--error-exitcode=99"])
    assert process.wait() == 0, process.log


# ---- What is refused when a process starts -------------------------------------------


def spoil(path, old, new):
    text = path.read_text()
    assert re.search(old, text), text
    path.write_text(re.sub(old, lambda _: new, text))


SPOILT = {  # what is done to keys/broker: the file that is named, and what is said of it
    "readable by the group": (lambda own: (own / "secret.key").chmod(0o640), "secret.key: .*chmod 600"),
    "readable by all": (lambda own: (own / "secret.key").chmod(0o604), "secret.key: .*chmod 600"),
    "empty": (lambda own: (own / "secret.key").write_text(""), "secret.key: without curve/public-key"),
    "no ZPL": (lambda own: (own / "secret.key").write_text("curve\n  = = \"\n   x"), "secret.key: "),
    "no secret": (lambda own: spoil(own / "secret.key", ".*secret-key.*", ""), "secret.key: without curve/secret-key"),
    "a short key": (lambda own: spoil(own / "secret.key", 'public-key = ".', 'public-key = "'),
                    "secret.key: no key in curve/public-key"),
    "no Z85": (lambda own: spoil(own / "secret.key", 'secret-key = ".', 'secret-key = "~'),
               "secret.key: no key in curve/secret-key"),
    "another's public key": (lambda own: spoil(own / "secret.key", 'public-key = ".{40}', 'public-key = "'
                                               + public_key(own.parent / "worker")), "secret.key: its secret key does not match"),
    "the same key twice": (lambda own: spoil(own / "worker.key", 'public-key = ".{40}', 'public-key = "' + public_key(own)),
                           "worker.key: another file in the folder"),
    "no secret there": (lambda own: (own / "secret.key").unlink(), "secret.key: No such file"),
    "a peer's key is not there": (lambda own: (own / "worker.key").unlink(), "worker.key: "),
    "a peer's key is none": (lambda own: (own / "worker.key").write_text("curve\n    public-key = \"x\"\n"),
                             "worker.key: no key in curve/public-key"),
    "no folder": (lambda own: shutil.rmtree(own), "secret.key: No such file"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_keys_that_are_refused_and_the_file_is_named(start, folder, name):
    change, said = SPOILT[name]
    change(folder / "broker")
    secret = wire.key_pair(folder / "worker")[1].decode()
    broker = start("loteria-broker", "--listen", f"tcp://127.0.0.1:{loteria.free_port()}", "--workers",
                   f"tcp://127.0.0.1:{loteria.free_port()}", "--keys", folder / "broker")
    assert broker.wait() == 2
    reason = re.search(REFUSED_AT_LOAD, broker.log)[1]
    assert re.match(f"{re.escape(str(folder / 'broker'))}/{said}", reason), reason
    assert secret not in broker.log


@pytest.mark.parametrize("name", ["storage", "state", "worker", "agency", "ctl"])
def test_every_program_refuses_a_secret_that_others_may_read(start, folder, tmp_path, name):
    own = folder / {"agency": "agency-1", "ctl": "broker"}.get(name, name)
    (own / "secret.key").chmod(0o644)
    nobody = f"127.0.0.1:{loteria.free_port()}"
    arguments = {"storage": ["--data-dir", tmp_path], "state": [], "worker": [],
                 "agency": ["--id", 1, "--server", nobody, "--bets", own / "secret.key"], "ctl": ["ping", f"tcp://{nobody}"]}[name]  # fmt: skip
    process = start(f"loteria-{name}", *arguments, "--keys", own)
    assert process.wait() == 2
    assert f"{own}/secret.key: others than its owner can read it" in process.log


ROLLS = {  # appended to a roll of agencies 1 and 2 in lines 2 and 3
    "an agency twice": ("1 enabled {new}", "line 4: agency 1 is in line 2 already"),
    "a key twice": ("3 enabled {old}", r"line 4: the key is also that of agency 1 \(line 2\)"),
    "a key twice in a line": ("3 enabled {new},{new}", r"line 4: the key is also that of agency 3 \(line 4\)"),
    "no key": ("\n# nobody\n3 enabled", "line 6: the third word is neither a public key"),
    "three keys": ("3 enabled {new},{old},{old}", "line 4: the third word"),
    "a short key": ("3 enabled {new:.39}", "line 4: the third word"),
    "agency 0": ("0 enabled {new}", "line 4: the first word is not an agency"),
    "agency x": ("x enabled {new}", "line 4: the first word is not an agency"),
    "another state": ("3 perhaps {new}", "line 4: the second word is neither"),
    "a bell in a name": ("3 enabled {new} a\ab", "line 4: the name has a control character"),
}


@pytest.mark.parametrize("name", ROLLS)
def test_rolls_that_are_refused_and_the_line_is_named(start, folder, tmp_path, name):
    line, said = ROLLS[name]
    new = pair(tmp_path / "new")[0]
    with roll_of(folder).open("a") as roll:
        roll.write(line.format(new=new, old=public_key(folder / "agency-1")) + "\n")
    broker = start("loteria-broker", "--listen", f"tcp://127.0.0.1:{loteria.free_port()}", "--workers",
                   f"tcp://127.0.0.1:{loteria.free_port()}", "--keys", folder / "broker")
    assert broker.wait() == 2
    assert re.search(rf"padron \| result: fail \| reason: {re.escape(str(roll_of(folder)))}: {said}", broker.log), broker.log
    code, _, error = keys("list", folder=folder)
    assert code == 1 and re.search(said, error), error


# ---- Days with keys ------------------------------------------------------------------


def files_for(tmp_path, agencies, count=1000):
    return {agency: loteria.make_bets(tmp_path / f"agency-{agency}.csv", agency, count, winners={agency})
            for agency in range(1, agencies + 1)}  # fmt: skip


@pytest.mark.asan
def test_a_day_of_a_central_with_keys(central, tmp_path):
    day = central(workers=2, agencies=3, keys=True)
    files = files_for(tmp_path, 3)
    loteria.assert_day_ends(day, files, day.sell(files))
    assert f"endpoint: tcp://{day.server} | curve: yes" in day.log


@pytest.mark.asan
def test_a_day_by_parts_with_keys_on_every_hop(parts, tmp_path):
    day = parts(workers=2, agencies=3, keys=True)
    files = files_for(tmp_path, 3)
    loteria.assert_day_ends(day, files, day.sell(files))
    assert day.stop() == 0
    endpoints = re.findall(r"action: listen \| result: success \| endpoint: (\S+) \| curve: (\w+)", day.log)
    assert len(endpoints) == 4 and {curve for _, curve in endpoints} == {"yes"}


def test_results_only_to_their_own_agency(central, tmp_path):
    """With its own key agency 2 asks for agency 1's results, before and after the draw."""
    day = central(workers=1, agencies=2, keys=True)
    files = files_for(tmp_path, 2)
    sellers = day.sell({1: files[1]})
    with wire.Client(day.server, **wire.curve(day.keys / "agency-2")) as spy:
        assert spy.refused(wire.simple("RESULTS", 1)).code == "KEY"
        assert spy.refused(wire.simple("READY", 1, 1000)).code == "KEY"
        loteria.assert_day_ends(day, files, {**sellers, **day.sell({2: files[2]})})
        for request in ("RESULTS", "READY", "HELLO", "DONE"):
            assert spy.refused(wire.simple(request, 1)).code == "KEY"
        spy.hello(2)
        assert spy.ask(wire.simple("RESULTS", 2)).documents.decode().split() == loteria.winners_of(files[2])
        assert spy.receive_within(0) is None


def test_agencies_are_told_what_is_wrong_with_their_key(central, tmp_path):
    """Somebody whose key is not enrolled ends and says why; without a key, or without the broker's, he is warned."""
    day = central(workers=1, agencies=1, keys=True)
    files = files_for(tmp_path, 1, 10)
    shutil.copytree(day.keys / "agency-1", day.keys / "agency-8")
    (day.keys / "agency-8" / "secret.key").unlink()
    run_keys("pair", day.keys / "agency-8")
    stranger = day.agency(8, files[1])
    assert stranger.wait() == 1 and STRANGER in stranger.log
    assert day.agency(2, files[1], "--keys", day.keys / "agency-1").wait() == 1, "agency 1's key, as agency 2"
    plain = loteria.Process(tmp_path, "loteria-agency", "--id", 1, "--bets", files[1], "--server", day.server)
    with loteria.stopped_at_the_end(plain):
        plain.wait_for_log(r"action: conexion \| result: fail .*the other side has (no )?CURVE")
    shutil.copy(day.keys / "worker" / "storage.key", day.keys / "agency-8" / "broker.key")
    wrong = day.agency(8, files[1])
    wrong.wait_for_log(r"action: conexion \| result: fail .*the other side's key is not the one we have")


@contextlib.contextmanager
def keyed_broker(start, folder):
    """A broker without workers, which is enough to be let in: its endpoints, and the process."""
    front, back = (f"tcp://127.0.0.1:{loteria.free_port()}" for _ in range(2))
    broker = start("loteria-broker", "--listen", front, "--workers", back, "--keys", folder / "broker")
    broker.wait_for_log("action: broker .*result: success")
    yield front, back, broker
    assert broker.stop() == 0


def test_an_agencys_key_opens_no_inner_door(parts):
    day = parts(workers=1, agencies=2, keys=True)
    agency, worker = wire.curve(day.keys / "agency-1"), day.keys / "worker"
    doors = {"broker": day.commands["loteria-broker"][3], "storage": day.commands["loteria-storage"][3],
             "state": day.commands["loteria-state"][1]}  # fmt: skip
    for server, endpoint in doors.items():
        assert wire.let_in(endpoint, **wire.curve(worker, server)), "a worker's is let in"
        agency["curve_serverkey"] = wire.read_key(worker / f"{server}.key")
        assert not wire.let_in(endpoint, **agency)
        assert not wire.let_in(endpoint, **{**wire.curve(worker, server), "curve_secretkey": agency["curve_secretkey"]})
    assert not wire.let_in(day.server, **wire.curve(worker)), "a worker's key opened the agencies' door"
    assert not wire.let_in(doors["storage"], **{**wire.curve(worker, "storage"), **dict(zip(
        ("curve_publickey", "curve_secretkey"), wire.key_pair(day.keys / "broker"), strict=True))})  # fmt: skip
    for host in ("broker", "storage"):  # whom state goes to, and who do not come to it
        assert not wire.let_in(doors["state"], **{**wire.curve(worker, "state"), **dict(zip(
            ("curve_publickey", "curve_secretkey"), wire.key_pair(day.keys / host), strict=True))})  # fmt: skip


def test_a_key_is_good_for_one_role(start, folder):
    """Whoever has a worker's key cannot answer in storage's place. (PONG comes behind what came before it.)"""
    roles = ("worker", "storage", "state")
    with keyed_broker(start, folder) as (_, back, _), contextlib.ExitStack() as stack:
        for key in roles:
            client = stack.enter_context(wire.Client(back, **wire.curve(folder / key)))
            for role in roles:
                client.send(wire.joining(role))
            client.send(wire.message("PING"))
            (joined, _), = client.receive(decode=wire.opened)
            assert wire.decode(joined).name == "JOINED", key
            assert client.receive().name == "PONG", key


OF_STATE = ("REGISTER", "REPLAY", "RECORD", "ADMIT", "FIND", "LOOKUP")


def test_storage_hears_from_a_key_what_its_role_may_ask(start, folder, tmp_path):
    """Whoever has a worker's key cannot speak in state's place, nor anybody else. (PONG comes behind what came before.)"""
    endpoint = f"tcp://127.0.0.1:{loteria.free_port()}"
    storage = start("loteria-storage", "--listen", endpoint, "--data-dir", tmp_path, "--keys", folder / "storage",
                    "--broker", f"tcp://127.0.0.1:{loteria.free_port()}")
    storage.wait_for_log(r"action: almacenamiento \| result: success")

    def asking(name):
        registers = name == "REGISTER"
        return wire.enveloped(wire.simple(name, 1, 1 << 32 | 7) if registers else wire.sound(name, 1))

    doors = {"worker": wire.curve(folder / "worker", "storage"), "state": wire.curve(folder / "state", "storage"),
             "storage": {**wire.curve(folder / "worker", "storage"), **dict(zip(
                 ("curve_publickey", "curve_secretkey"), wire.key_pair(folder / "storage"), strict=True))}}  # fmt: skip
    with contextlib.ExitStack() as stack:
        clients = {key: stack.enter_context(wire.Client(endpoint, **options)) for key, options in doors.items()}
        strays = 0
        for key, wrong in {"worker": OF_STATE, "storage": ("CHECK", "CANCEL", *OF_STATE), "state": ("CHECK", "CANCEL")}.items():
            for name in wrong:
                clients[key].send(asking(name))
            clients[key].send(wire.message("PING"))
            assert clients[key].receive().name == "PONG", key
            strays += len(wrong)
        clients["state"].send(asking("REGISTER"))
        (registered, _), = clients["state"].receive(decode=wire.opened)
        assert (wire.decode(registered).name, wire.decode(registered).epoch) == ("REGISTERED", 1), "another one was heard"
        clients["worker"].send(asking("CHECK"))
        clients["worker"].send(wire.message("PING"))
        assert clients["worker"].receive().name == "PONG"
    assert storage.stop() == 0
    assert re.findall(r"closed: bets.log .*strays: (\d+)", storage.log) == [str(strays)]


def test_a_process_is_asked_how_it_is_with_its_own_keys(start, folder):
    with keyed_broker(start, folder) as (front, back, broker):
        for endpoint in (front, back):
            ping = start("loteria-ctl", "ping", endpoint, "--keys", folder / "broker")
            assert (ping.wait(), ping.stdout) == (0, "loteria-broker\n")
        for options in ([], ["--keys", folder / "worker"], ["--keys", folder / "agency-1"]):
            ping = start("loteria-ctl", "ping", front, *options, "--timeout", "30s")
            assert (ping.wait(), ping.stdout) == (1, "")
            said = "its key is not the one in our folder" if options else "it has keys and we have none (--keys)"
            assert f"reason: the keys do not match, {said}" in ping.log


# ---- The roll, while a broker runs ---------------------------------------------------


def test_changes_of_the_roll_count_within_a_second_and_for_open_connections(central, tmp_path):
    """The connection that is open is cut, and the time till then is measured."""
    day = central(workers=1, agencies=3, keys=True)
    files = files_for(tmp_path, 3, 100)
    with contextlib.ExitStack() as stack:
        one, two = (stack.enter_context(wire.Client(day.server, **wire.curve(day.keys / f"agency-{agency}")))
                    for agency in (1, 2))  # fmt: skip
        for agency, client in ((1, one), (2, two)):
            client.hello(agency)
            assert client.store(agency, 0, wire.bets(2)) == 2
        assert one.ask(wire.simple("READY", 1, 2)).name == "WAITING"

        one.watch()
        run_keys("revoke", 1, folder=day.keys)
        assert one.ends(A_SECOND)
        assert not wire.let_in(day.server, **wire.curve(day.keys / "agency-1"))
        assert two.store(2, 2, wire.bets(2, 2)) == 4, "the others go on"

        # a new key comes in at once; the old one stays out
        run_keys("enroll", 1, folder=day.keys)
        new = wire.curve(day.keys / "agency-1-2")
        assert within_a_second(lambda: wire.let_in(day.server, **new))
        renewed = stack.enter_context(wire.Client(day.server, **new))
        assert renewed.hello(1).next == 2

        # the draw is pushed to who has a key, and not to who asked with one that was taken away
        assert renewed.ask(wire.simple("READY", 1, 2)).name == "WAITING"
        assert two.ask(wire.simple("READY", 2, 4)).name == "WAITING"
        assert finish_third(day, files) == 0
        assert renewed.receive().name == two.receive().name == "WINNERS"
        assert one.receive_within(0) is None


def test_a_roll_that_could_not_be_read_is_read_later(start, folder):
    """The broker has no descriptor left when a key is revoked, and has some again after the file has long
    been as it is. A connection that ends meanwhile gives it none back that it could use."""
    with keyed_broker(start, folder) as (front, _, broker), contextlib.ExitStack() as connection:
        key = wire.curve(folder / "agency-1")
        assert connection.enter_context(wire.Client(front, **key)).ask(wire.message("PING")).name == "PONG"
        with loteria.no_descriptor_left(broker.pid):
            before = descriptors(broker)
            connection.close()
            loteria.wait_until(lambda: descriptors(broker) < before)
            run_keys("revoke", 1, folder=folder)
            changed = (folder / "broker" / "roll").stat().st_ctime
            broker.wait_for_log("action: padron .*result: fail .*roll: Too many open files")
            loteria.wait_until(lambda: time.time() > changed + 3)  # it was looked at when nothing was new
        loteria.wait_until(lambda: not wire.let_in(front, **key), explain=lambda: broker.log)


def descriptors(process):
    return len(list(pathlib.Path(f"/proc/{process.pid}/fd").iterdir()))


def finish_third(day, files):
    return day.agency(3, files[3]).wait()


def within_a_second(condition):
    loteria.wait_until(condition, A_SECOND)
    return True


def test_a_push_does_not_reach_who_was_revoked_after_asking(central, tmp_path):
    """The connection that asked READY sends nothing more, so that nothing but the roll stops the push."""
    day = central(workers=1, agencies=2, keys=True)
    files = files_for(tmp_path, 2, 100)
    with wire.Client(day.server, **wire.curve(day.keys / "agency-1")) as one:
        one.hello(1)
        assert one.store(1, 0, wire.bets(1, number=loteria.WINNING_NUMBER)) == 1
        assert one.ask(wire.simple("READY", 1, 1)).name == "WAITING"
        known = len(re.findall("action: padron", day.log))
        run_keys("revoke", 1, folder=day.keys)
        day.process.wait_for_log("action: padron", known + 1)
        assert day.agency(2, files[2]).wait() == 0
        assert loteria.draws(day.log) == 1
        assert one.receive_within(0) is None, "WINNERS came"


def test_two_keys_overlap_while_an_agency_sells(central, tmp_path):
    """Both sell; the old one is revoked half-way, and the new one finishes the day."""
    day = central(workers=1, agencies=1, keys=True)
    path = loteria.make_bets(tmp_path / "bets.csv", 1, 400, winners={5, 399})
    rows = path.read_text().splitlines()
    run_keys("enroll", 1, folder=day.keys)
    old, new = wire.curve(day.keys / "agency-1"), wire.curve(day.keys / "agency-1-2")
    assert within_a_second(lambda: wire.let_in(day.server, **new))
    with wire.Client(day.server, **old) as first, wire.Client(day.server, **new) as second:
        assert first.hello(1).next == 0
        assert first.store(1, 0, rows[:100]) == 100
        assert second.hello(1).next == 100
        assert second.store(1, 100, rows[100:200]) == 200
        assert first.hello(1).next == 200, "of what the other has sold since"
        assert first.store(1, 200, rows[200:300]) == 300
        first.watch()
        run_keys("revoke", 1, "--public-key", old["curve_publickey"].decode(), folder=day.keys)
        assert first.ends(A_SECOND)
        assert second.hello(1).next == 300
    seller = day.agency(1, path, "--keys", day.keys / "agency-1-2")
    loteria.assert_day_ends(day, {1: path}, {1: seller})


def test_a_roll_that_is_none_changes_nothing_and_is_told(start, folder):
    roll = roll_of(folder)
    sound = roll.read_text()
    with keyed_broker(start, folder) as (front, _, broker), \
            wire.Client(front, **wire.curve(folder / "agency-1")) as client:
        client.send(wire.simple("HELLO", 2))
        assert client.receive().code == "KEY"
        for number, change in enumerate((lambda: roll.write_text(sound.replace("enabled", "perhaps")), roll.unlink,
                                         lambda: roll.write_bytes(bytes(100))), 1):
            change()
            broker.wait_for_log(rf"padron \| result: fail \| reason: {re.escape(str(roll))}: .* \| consequence: the roll "
                                "stays as it was", number)  # fmt: skip
            assert wire.let_in(front, **wire.curve(folder / "agency-2"))
        roll.write_text(sound)  # as it was: who counts is who counted
        run_keys("revoke", 2, folder=folder)
        assert within_a_second(lambda: not wire.let_in(front, **wire.curve(folder / "agency-2")))
        assert wire.let_in(front, **wire.curve(folder / "agency-1"))
        assert len(re.findall(r"padron \| result: fail", broker.log)) == 3, "each mistake is told once"


# ---- Without keys --------------------------------------------------------------------


LISTENERS = {"loteria-broker": "--listen", "loteria-storage": "--listen", "loteria-state": "--listen",
             "loteria-worker": "--listen", "loteria-central": "--listen"}  # fmt: skip


def listener(start, tmp_path, name, endpoint, *more):
    arguments = {"loteria-storage": ["--data-dir", tmp_path], "loteria-state": [],
                 "loteria-central": ["--data-dir", tmp_path / "data", "--workers", 1],
                 "loteria-broker": ["--workers", f"tcp://127.0.0.1:{loteria.free_port()}"],
                 "loteria-worker": []}[name]  # fmt: skip
    return start(name, *arguments, "--listen", endpoint, *more)


@pytest.mark.parametrize("name", [name for name in LISTENERS if name != "loteria-central"])
@pytest.mark.parametrize("host", ["0.0.0.0", "*"])
def test_without_keys_other_machines_are_refused(start, tmp_path, name, host):
    process = listener(start, tmp_path, name, f"tcp://{host}:{loteria.free_port()}")
    assert process.wait() == 2
    assert re.search(r"listen \| result: fail .*without --keys only addresses of this machine .*--insecure", process.log)


@pytest.mark.parametrize("options", [[], ["--insecure"]])
def test_what_is_no_address_is_said(start, tmp_path, options):
    process = listener(start, tmp_path, "loteria-storage", "bogus", *options)
    assert process.wait() == 2
    assert "endpoint: bogus | reason: not a ZeroMQ endpoint such as tcp://127.0.0.1:12345" in process.log


def test_without_keys_a_central_for_other_machines_ends(start, tmp_path):
    process = listener(start, tmp_path, "loteria-central", f"tcp://0.0.0.0:{loteria.free_port()}")
    assert process.wait() == 2
    assert "without --keys only addresses of this machine" in process.log


@pytest.mark.parametrize("name", [name for name in LISTENERS if name != "loteria-worker"])
def test_insecure_is_possible_and_said(start, tmp_path, name):
    """A name is none of the addresses that are known to be this machine only, even if it is, as here."""
    process = listener(start, tmp_path, name, f"tcp://lo:{loteria.free_port()}", "--insecure")
    process.wait_for_log(r"WARNING +action: listen \| result: success \| endpoint: tcp://lo:\d+ \| curve: no \| "
                         "consequence: whoever can reach it can pose as anyone")
    assert process.stop() == 0


def test_agencies_with_keys_do_not_come_by_ipc(start, folder, tmp_path):
    broker = start("loteria-broker", "--listen", f"ipc://{tmp_path}/front", "--workers", f"ipc://{tmp_path}/back",
                   "--keys", folder / "broker")  # fmt: skip
    assert broker.wait() == 2
    assert "with --keys agencies come by tcp" in broker.log
