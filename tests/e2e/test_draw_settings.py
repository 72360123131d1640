"""How a central is told of draws: settings that do not fit, the schedule's mistakes, and how it is found."""

import re
import os
import subprocess

import pytest

import loteria

DRAWS = """\
common
    log-level = "INFO"

draw
    nocturna
        days = "mon-sat"
        opens = "08:00"
        closes = "{closes}"
        number = "{number}"
"""


def check(name, *arguments, environment=None):
    place = ["--data-dir", "/tmp"] if name == "loteria-central" else []
    result = subprocess.run(
        [loteria.program(name), "--check-config", "--listen", "tcp://127.0.0.1:9", *place, *map(str, arguments)],
        capture_output=True, text=True, env={**loteria.ENVIRONMENT, **(environment or {})}, timeout=loteria.DEADLINE)
    return result.returncode, result.stdout, result.stderr


@pytest.fixture(params=["loteria-central", "loteria-state"])
def name(request):
    return request.param


def test_settings_are_shown_but_no_number(name):
    code, shown, _ = check(name, "--draw", "noche", "--closes", "21:00", "--number", "fixed:8123")
    assert code == 0
    assert "draw = noche (flag)\n" in shown and "closes = 21:00 (flag)\n" in shown
    assert "number = not shown (flag)\n" in shown and "8123" not in shown
    code, shown, _ = check(name, environment={"DRAW": "tarde", "CLOSES": "never", "NUMBER": "random"})
    assert code == 0
    assert "draw = tarde (environment)\n" in shown and "closes = never (environment)\n" in shown
    assert "number = random (environment)\n" in shown, "that is no secret"


@pytest.mark.parametrize("arguments, told", [
    (["--number", "fixed:8123", "--winning-number", "8124"], "both given (flag), and differ"),
    (["--number", "random", "--winning-number", "8124"], "both given (flag), and differ"),
    (["--number", "fixed:8123", "--number-max", "99"], "above --number-max 99"),
    (["--number", "8123"], "--number: is not fixed:N, entered, random or provable"),
    (["--number", "provable"], "there are no keys; loteria-keys new makes them, --keys FOLDER says where they are"),
    (["--number", "provable", "--keys", "/no/where"], "signing.key: No such file or directory; loteria-keys new makes a central's"),
    (["--auditor", "ed25519:x"], "--auditor: no public key as loteria-keys escrow new prints it"),
    (["--draw", "a/b"], "--draw: 'a/b' may have only"),
    (["--closes", "21h"], "--closes: '21h' is not all-asked")])
def test_what_does_not_fit(name, arguments, told):
    code, shown, why = check(name, *arguments)
    assert code == 2 and shown == ""
    assert told in why and len(why.splitlines()) == 1 and "8123" not in why and "8124" not in why


@pytest.mark.parametrize("closes, number, told", [
    ("21:00", "random", None), ("21:00", "fixed:17", None),
    ("25:00", "random", "line 8: draw/nocturna/closes: '25:00' is not all-asked"),
    ("21:00", "8123", "line 9: draw/nocturna/number: is not fixed:N"),
    ("21:00", "fixed:81230", "line 5: draw/nocturna: the fixed number is above 9999")])
def test_the_schedule_is_checked(name, tmp_path, closes, number, told):
    file = tmp_path / "loteria.cfg"
    file.write_text(DRAWS.format(closes=closes, number=number))
    code, shown, why = check(name, "--config", file)
    assert code == (2 if told else 0), why
    if not told:  # its next draw is shown, and how it gets its number, but not which
        assert re.search(rf"^draw \S+nocturna\S* = opens [-\d]+ [:\d]+, closes [-\d]+ {closes}:00, number {number[:5]}"
                         r"\w*, agencies \d+, highest \d+ \(file\)$", shown, re.M), shown
        assert "17" not in re.search("number.*", shown.split("\ndraw ", 1)[1])[0]
    else:
        assert f"{name}: {file}: {told}" in why and "8123" not in why


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return loteria.make_keys(tmp_path_factory.mktemp("provable") / "keys", 5)


def test_a_provable_draw_is_opened_with_keys(name, keys, tmp_path):
    folder = keys if name == "loteria-central" else keys / "state"
    code, shown, why = check(name, "--number", "provable", "--keys", folder, "--least", 5)
    assert code == 0, why
    assert "number = provable (flag)\n" in shown and "least = 5 (flag)\n" in shown and "commits = 600 (default)\n" in shown
    code, _, why = check(name, "--number", "provable", "--keys", folder, "--least", 6)
    assert code == 2 and "--least 6 is more than the 5 agencies of a provable draw" in why
    file = tmp_path / "loteria.cfg"
    file.write_text(DRAWS.format(closes="21:00", number="provable"))
    code, shown, why = check(name, "--config", file, "--keys", folder)
    assert code == 0 and ", number provable, " in shown, why
    code, _, why = check(name, "--config", file)
    assert code == 2 and "there are no keys" in why


def test_programs_without_draws_pass_them_over(tmp_path):
    file = tmp_path / "loteria.cfg"
    file.write_text(DRAWS.format(closes="25:00", number="random"))
    for program in ("loteria-worker", "loteria-storage", "loteria-broker"):
        assert check(program, "--config", file)[0] == 0


def test_a_zone_that_is_none(name):
    unknown = {"TZ": "America/Buenos_Ares"}
    assert check(name, environment=unknown)[0] == 0
    code, _, why = check(name, "--closes", "21:00", environment=unknown)
    assert code == 2 and "TZ America/Buenos_Ares: no such time zone" in why


def test_a_central_is_found_by_its_data_directory(central, start):
    day = central(workers=1, agencies=1)
    link = day.data / "run"
    day.process.wait_for_log("action: worker_alta")
    assert os.readlink(link) == str(day.run_directory())
    where = f"ipc://{os.readlink(link)}/state"
    ping = start("loteria-ctl", "ping", where, "--timeout", "60s")
    assert ping.wait() == 0 and ping.stdout == "loteria-state\n", ping.log

    copy = day.directory / "copy"
    subprocess.run(["cp", "-a", day.data, copy], check=True)
    for directory, code in ((day.data, 0), (copy, 5)):
        asked = start("loteria-ctl", "--timeout", "60s", "draw", "list", "--data-dir", directory)
        assert asked.wait() == code, asked.log
    assert f"no central is running on {copy}; " in loteria.parse_log(asked.log)[0]["reason"]

    day.kill_all()
    stale = os.readlink(link)
    asked = start("loteria-ctl", "draw", "list", "--data-dir", day.data)
    assert asked.wait() == 5
    assert f"no central is running on {day.data}; " in loteria.parse_log(asked.log)[0]["reason"]

    day.start()
    day.process.wait_for_log("action: worker_alta")
    assert os.readlink(link) == str(day.run_directory()) != stale
    assert day.stop() == 0
    assert not os.path.lexists(link)


def test_another_central_is_no_harm(central, tmp_path, start):
    """One that is refused, as the directory is in use, leaves the link as it is."""
    day = central(workers=1, agencies=1)
    day.process.wait_for_log("action: worker_alta")
    leads = os.readlink(day.data / "run")
    other = start("loteria-central", "--data-dir", day.data, "--port", "0", "--agencies", "1")
    assert other.wait() == 2
    assert os.readlink(day.data / "run") == leads
