"""The winning number, before the close: nowhere that others look. And keys: nowhere at all."""

import pathlib
import subprocess

import pytest

import loteria

NUMBER = 918273645  # in no port, pid or date


def in_proc(pid):
    """What /proc shows of a process to others, and to its own user."""
    return b"".join(pathlib.Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))


def ways(tmp_path):
    """How a central may be told: (arguments, environment, stdin)."""
    file = tmp_path / "number"
    file.write_text(f"\ufeff{NUMBER}\r\n", newline="")
    config = tmp_path / "loteria.cfg"
    config.write_text(f'central\n    winning-number = {NUMBER}\n')
    return {"flag": (["--winning-number", NUMBER], {}, None), "flag=": ([f"--winning-number={NUMBER}"], {}, None),
            "environment": ([], {"LOTERIA_WINNING_NUMBER": str(NUMBER)}, None),
            "file": (["--winning-number-file", file], {}, None), "stdin": (["--winning-number-file", "-"], {}, NUMBER),
            "configuration": (["--config", config], {}, None)}


@pytest.mark.parametrize("way", ["flag", "flag=", "environment", "file", "stdin", "configuration"])
def test_the_number_is_nowhere_to_be_seen_before_the_draw(tmp_path, way):
    arguments, environment, given = ways(tmp_path)[way]
    log, data, port = tmp_path / "log", tmp_path / "data", loteria.free_port()
    command = [loteria.program("loteria-central"), "--workers", "1", "--agencies", "1", "--number-max", "999999999",
               "--data-dir", data, "--port", str(port), "--log-level", "DEBUG", *map(str, arguments)]
    with open(log, "wb") as err, subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=err, env={**loteria.ENVIRONMENT, **environment}) as central:
        try:
            central.stdin.write(f"{given}\n".encode() if given else b"")
            central.stdin.close()
            loteria.wait_until(lambda: "action: worker_alta" in log.read_text(), explain=log.read_text)
            for pid in [central.pid, *loteria.children_of(central.pid)]:
                assert str(NUMBER).encode() not in in_proc(pid), pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
            assert str(NUMBER) not in log.read_text()
            # and it is the number of the draw, after state was killed, too
            state = next(pid for pid in loteria.children_of(central.pid) if loteria.command_of(pid) == "loteria-state")
            subprocess.run(["kill", "-9", str(state)], check=True)
            bets = tmp_path / "agency-1.csv"
            bets.write_text(f"Ana,Paz,30000000,1990-01-01,{NUMBER}\r\nLi,Wu,1,1990-01-01,7574\r\n")
            agency = subprocess.run(
                [loteria.program("loteria-agency"), "--id", "1", "--bets", bets, "--server", f"127.0.0.1:{port}"],
                capture_output=True, text=True, env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)
            assert (agency.returncode, agency.stdout) == (0, "30000000\n"), agency.stderr
            central.terminate()
            assert central.wait(loteria.DEADLINE) == 0
        finally:
            central.kill()


@pytest.mark.parametrize("name", ["loteria-central", "loteria-state"])
def test_neither_a_check_nor_an_error_tells_the_number(tmp_path, name):
    file, bad = tmp_path / "number", tmp_path / "bad"
    file.write_text(f"{NUMBER}\n")
    bad.write_text(f"{NUMBER}x\n")
    place = ["--listen", f"tcp://127.0.0.1:{loteria.free_port()}"]
    place += ["--data-dir", tmp_path / "data"] if name == "loteria-central" else []

    def run(*arguments, environment=None):
        result = subprocess.run([loteria.program(name), *map(str, [*place, *arguments])], capture_output=True, text=True,
                                env={**loteria.ENVIRONMENT, **(environment or {})}, timeout=loteria.DEADLINE)
        assert str(NUMBER) not in result.stdout + result.stderr, result
        return result.returncode

    limit = ("--number-max", "999999999")
    assert run("--check-config", "--winning-number", NUMBER, *limit) == 0
    assert run("--check-config", *limit, environment={"LOTERIA_WINNING_NUMBER": str(NUMBER)}) == 0
    assert run("--check-config", "--winning-number-file", file, *limit) == 0
    assert run("--winning-number", f"{NUMBER}x") == 2
    assert run("--winning-number", f"{NUMBER}0") == 2
    assert run("--winning-number-file", bad) == 2
    assert run("--winning-number", 1, "--winning-number-file", file) == 2
    assert run("--winning-number-file", tmp_path / "nowhere") == 2
    assert run(environment={"LOTERIA_WINNING_NUMBER": f"{NUMBER}x"}) == 2


def test_another_number_than_the_day_s_is_refused_and_neither_is_told(central, start, tmp_path):
    day = central(workers=1, agencies=1)
    day.process.wait_for_log(r"action: estado \| result: success")  # the draw is opened
    assert day.stop() == 0
    storage = f"tcp://127.0.0.1:{loteria.free_port()}"
    start("loteria-storage", "--data-dir", day.data, "--listen", storage)
    other = start("loteria-state", "--agencies", 1, "--winning-number", NUMBER, "--number-max", NUMBER, "--storage", storage,
                  "--listen", f"tcp://127.0.0.1:{loteria.free_port()}")
    assert other.wait() == 2 and "has another winning number" in other.log
    assert str(NUMBER) not in other.log and str(loteria.WINNING_NUMBER) not in other.log


def test_no_secret_key_is_shown(central, tmp_path):
    day = central(workers=1, agencies=1, keys=True)
    day.process.wait_for_log("action: worker_alta")
    keys = [path.read_text().split()[-1] for path in day.keys.rglob("secret.key")]
    assert keys
    shown = b"".join(in_proc(pid) for pid in [day.process.pid, *day.children()]).decode(errors="replace") + day.log
    assert not [key for key in keys if key in shown or key.strip('"') in shown]
