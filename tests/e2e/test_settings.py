"""Flags, environment and configuration file: each is taken, and what is wrong with one is said in one line."""

import os
import pathlib
import re
import subprocess

import pytest

import loteria

SECRETS = {"winning-number", "number"}  # are never shown, unless it is how a draw gets its number
NUMBER_FILE = str(loteria.ROOT / "tests/e2e/number.txt")
AUDITORS = ("ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "ed25519:PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=")
TOKEN_FILE = str(loteria.ROOT / "tests/e2e/token.txt")

# program: its section in a file; and settings of it as (name, environment, good, other good, bad)
PROGRAMS = {
    "loteria-central": ("central", [
        ("workers", "WORKERS", "3", "5", "0"), ("agencies", "TOTAL_AGENCIES", "7", "200", "100001"),
        ("data-dir", "LOTERIA_DATA_DIR", "/var/lib/loteria", "día 1", None),
        ("run-dir", "LOTERIA_RUN_DIR", "/run/loteria", "sockets", None),
        ("web", "LOTERIA_WEB", "127.0.0.1:8080", "[::1]:80", None),
        ("log-mib", "LOTERIA_LOG_MIB", "32", "65536", "31"),
        ("log", "LOTERIA_LOG", "postgres://a,b/loteria", "postgresql://a/x", None),
        ("insecure-async", "LOTERIA_INSECURE_ASYNC", "yes", "no", "perhaps"),
        ("standby", "LOTERIA_STANDBY", "yes", "no", "perhaps"), ("lease", "LOTERIA_LEASE", "1", "3600", "0"),
        ("advertise", "LOTERIA_ADVERTISE", "tcp://10.0.0.1:12345", "a:1", None),
        ("listen", "LOTERIA_LISTEN", "tcp://127.0.0.1:9", "ipc:///tmp/x", None),
        ("port", "SERVER_PORT", "12346", "65535", "65536"),
        ("draw", "DRAW", "noche", "2026-11-25-nocturna", "a_b"), ("closes", "CLOSES", "never", "21:30", "9pm"),
        ("number", "NUMBER", "random", "fixed:7", "7"),
        ("commits", "LOTERIA_COMMITS", "1", "604800", "0"), ("least", "LOTERIA_LEAST", "0", "100000", "100001"),
        ("auditor", "LOTERIA_AUDITOR", AUDITORS[0], AUDITORS[1], None),
        ("winning-number", "LOTERIA_WINNING_NUMBER", "0", "9999", "-1"),
        ("winning-number-file", "LOTERIA_WINNING_NUMBER_FILE", NUMBER_FILE, NUMBER_FILE, None),
        ("number-max", "LOTERIA_NUMBER_MAX", "7574", "999999999", "1e3"),
        ("message-bytes", "LOTERIA_MESSAGE_BYTES", "1024", "1048576", "1023"),
        ("batch-count", "LOTERIA_BATCH_COUNT", "1", "65535", "65536"), ("window", "LOTERIA_WINDOW", "1", "256", "257"),
        ("log-bets", "LOTERIA_LOG_BETS", "yes", "no", "maybe"),
        ("exit-when-done", "LOTERIA_EXIT_WHEN_DONE", "TRUE", "false", "2"),
        ("log-level", "LOGGING_LEVEL", "debug", "Warning", "loud")]),
    "loteria-broker": ("broker", [
        ("listen", "LOTERIA_LISTEN", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10", None),
        ("port", "SERVER_PORT", "1", "12344", "65536"),
        ("workers", "LOTERIA_WORKERS_LISTEN", "tcp://127.0.0.1:11", "ipc:///tmp/y", None),
        ("message-bytes", "LOTERIA_MESSAGE_BYTES", "2048", "4096", "8k"),
        ("role-file", "LOTERIA_ROLE_FILE", "/run/loteria/role", "role", None),
        ("memory-mb", "LOTERIA_MEMORY_MB", "64", "2000", "63"), ("window", "LOTERIA_WINDOW", "2", "4", "0"),
        ("log-level", "LOGGING_LEVEL", "ERROR", "info", "")]),
    "loteria-worker": ("worker", [
        ("broker", "LOTERIA_BROKER", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10", None),
        ("storage", "LOTERIA_STORAGE", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10", None),
        ("state", "LOTERIA_STATE", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10", None),
        ("listen", "LOTERIA_WORKER_LISTEN", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10", None),
        ("count", "LOTERIA_WORKER_COUNT", "2", "8192", "8193"),
        ("batch-count", "LOTERIA_BATCH_COUNT", "5", "6", "0"), ("number-max", "LOTERIA_NUMBER_MAX", "1", "2", "x"),
        ("credit", "LOTERIA_WORKER_CREDIT", "1", "1024", "1025"),
        ("heartbeat-ms", "LOTERIA_HEARTBEAT_MS", "100", "60000", "99"),
        ("log-level", "LOGGING_LEVEL", "CRITICAL", "DEBUG", "TRACE")]),
    "loteria-storage": ("storage", [
        ("data-dir", "LOTERIA_DATA_DIR", "/tmp", "/", None), ("log-mib", "LOTERIA_LOG_MIB", "64", "128", "65537"),
        ("log", "LOTERIA_LOG", "postgres://a,b/loteria", "postgresql://a/x", None),
        ("insecure-async", "LOTERIA_INSECURE_ASYNC", "yes", "no", "perhaps"),
        ("standby", "LOTERIA_STANDBY", "yes", "no", "perhaps"), ("lease", "LOTERIA_LEASE", "1", "3600", "0"),
        ("advertise", "LOTERIA_ADVERTISE", "tcp://10.0.0.1:12345", "a:1", None),
        ("role-file", "LOTERIA_ROLE_FILE", "/run/loteria/role", "role", None),
        ("listen", "LOTERIA_STORAGE_LISTEN", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10", None),
        ("broker", "LOTERIA_BROKER", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10,tcp://127.0.0.1:11", None),
        ("log-bets", "LOTERIA_LOG_BETS", "1", "0", "ja"), ("check", None, "/tmp", "/", None),
        ("expect", None, 64 * "0", 32 * "fA", None), ("backup", None, "/tmp", "/", None), ("to", None, "/tmp", "/", None),
        ("archive", None, "/tmp", "/", None), ("draw", None, "noche", "2026-11-25-nocturna", "a_b"),
        ("restore", None, "/tmp", "/", None), ("into", None, "/tmp", "/", None),
        ("log-level", "LOGGING_LEVEL", "INFO", "ERROR", "5")]),
    "loteria-state": ("state", [
        ("agencies", "TOTAL_AGENCIES", "1", "100000", "0"),
        ("draw", "DRAW", "noche", "2026-11-25-nocturna", "a_b"), ("closes", "CLOSES", "never", "21:30", "9pm"),
        ("number", "NUMBER", "random", "fixed:7", "7"),
        ("commits", "LOTERIA_COMMITS", "1", "604800", "0"), ("least", "LOTERIA_LEAST", "0", "100000", "100001"),
        ("auditor", "LOTERIA_AUDITOR", AUDITORS[0], AUDITORS[1], None),
        ("signing-keys", "LOTERIA_SIGNING_KEYS", "keys/state", "other", None),
        ("winning-number", "LOTERIA_WINNING_NUMBER", "1", "2", "1000000000"),
        ("number-max", "LOTERIA_NUMBER_MAX", "7574", "999999999", "1e3"),
        ("winning-number-file", "LOTERIA_WINNING_NUMBER_FILE", NUMBER_FILE, NUMBER_FILE, None),
        ("listen", "LOTERIA_STATE_LISTEN", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10", None),
        ("broker", "LOTERIA_BROKER", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10,tcp://127.0.0.1:11", None),
        ("storage", "LOTERIA_STORAGE", "tcp://127.0.0.1:9", "tcp://127.0.0.1:10", None),
        ("exit-when-done", "LOTERIA_EXIT_WHEN_DONE", "yes", "no", "si"),
        ("log-level", "LOGGING_LEVEL", "WARNING", "ERROR", "WARN")]),
    "loteria-agency": ("agency", [
        ("id", "CLI_ID", "1", "100000", "0"), ("server", "CLI_SERVER_ADDRESS", "central:12345", "127.0.0.1:1", None),
        ("draw", "CLI_DRAW", "first", "2026-11-25-nocturna", None),
        ("bets", None, "bets.csv", "other bets.csv", None), ("batch-bytes", None, "1024", "1048576", "1048577"),
        ("batch-count", "CLI_BATCH_MAXAMOUNT", "1", "65535", "65536"), ("window", None, "1", "256", "0"),
        ("loop-period", "CLI_LOOP_PERIOD", "5ms", "1m30.5s", "5"), ("patience", None, "0", "31536000", "-1"),
        ("log-level", "CLI_LOG_LEVEL", "DEBUG", "CRITICAL", "verbose"), ("log-bets", None, "yes", "no", "x"),
        ("log-winners", None, "yes", "no", "x"), ("json", None, "yes", "no", "x"), ("quiet", None, "yes", "no", "x"),
        ("sell-only", None, "yes", "no", "x"), ("follow", None, "yes", "no", "x"),
        ("close", None, "yes", "no", "x"), ("results", None, "yes", "no", "x"),
        ("cancel", None, "0", "4294967295", "-1"), ("try", None, "yes", "no", "x"), ("receipts", None, "receipts", "/var/lib/receipts", None),
        ("ticket", None, "0", "4294967295", "-1")]),
    "loteria-ctl": ("ctl", [
        ("timeout", None, "5ms", "1m", "5"), ("keys", "LOTERIA_KEYS", "keys/state", "/etc/keys", None),
        ("data-dir", "LOTERIA_DATA_DIR", "/var/lib/loteria", "day", None),
        ("state", "LOTERIA_STATE", "tcp://127.0.0.1:9", "ipc:///run/loteria/state", None),
        ("yes", None, "yes", "no", "x"), ("json", None, "yes", "no", "x"), ("reason", None, "no power", "late", None),
        ("agencies", None, "1", "100000", "0"), ("closes", "CLOSES", "never", "21:30", "9pm"),
        ("number", None, "random", "fixed:7", "7"), ("highest", None, "0", "999999999", "1000000000"),
        ("documents", None, "yes", "no", "x"),
        ("server", None, "central", "10.0.0.1", None), ("broker", "LOTERIA_BROKER", "tcp://127.0.0.1:9", "ipc:///b", None),
        ("storage", "LOTERIA_STORAGE", "tcp://127.0.0.1:9", "ipc:///s", None),
        ("central", "LOTERIA_CENTRAL", "ipc:///tmp/c", "ipc:///run/loteria/central", None),
        ("draw", None, "noche", "2026-11-25-nocturna", "a_b"), ("missing", None, "yes", "no", "x"),
        ("last", None, "1", "4096", "0"), ("once", None, "yes", "no", "x"), ("interval", None, "250ms", "1s", "1"),
        ("with-bets", None, "yes", "no", "x"), ("csv", None, "yes", "no", "x"), ("expect", None, 64 * "0", 32 * "fA", None), ("to", None, "/tmp", "/", None),
        ("role", None, "central", "loteria", None), ("insecure", None, "yes", "no", "maybe"),
        ("log-level", "LOGGING_LEVEL", "ERROR", "INFO", "quiet")]),
    "loteria-web": ("web", [
        ("listen", "LOTERIA_WEB", "127.0.0.1:9", "[::1]:0", None), ("insecure", None, "yes", "no", "maybe"),
        ("token-file", "LOTERIA_TOKEN_FILE", TOKEN_FILE, TOKEN_FILE, None),
        ("data-dir", "LOTERIA_DATA_DIR", "/var/lib/loteria", "day", None),
        ("server", None, "central", "10.0.0.1", None), ("keys", "LOTERIA_KEYS", "keys/operator", "/etc/keys", None),
        ("broker", "LOTERIA_BROKER", "tcp://127.0.0.1:9", "ipc:///run/loteria/workers", None),
        ("storage", "LOTERIA_STORAGE", "tcp://127.0.0.1:9", "ipc:///run/loteria/storage", None),
        ("state", "LOTERIA_STATE", "tcp://127.0.0.1:9", "ipc:///run/loteria/state", None),
        ("central", "LOTERIA_CENTRAL", "tcp://127.0.0.1:9", "ipc:///run/loteria/central", None),
        ("log-level", "LOGGING_LEVEL", "DEBUG", "ERROR", "9")]),
}  # fmt: skip
KEYS = [("keys", "LOTERIA_KEYS", "keys/broker", "/etc/keys", None), ("insecure", "LOTERIA_INSECURE", "yes", "no", "perhaps")]
for listener in ("central", "broker", "worker", "storage", "state"):
    PROGRAMS[f"loteria-{listener}"][1].extend(KEYS)
PROGRAMS["loteria-agency"][1].append(KEYS[0])
FORMAT = ("log-format", "LOTERIA_LOG_FORMAT", "json", "Text", "xml")
for _, settings in PROGRAMS.values():
    settings.append(FORMAT)
BATCHES = ("log-batches", "LOTERIA_LOG_BATCHES", "yes", "no", "perhaps")
for storer in ("central", "storage"):
    PROGRAMS[f"loteria-{storer}"][1].append(BATCHES)
WITH_A_LOG = ("insecure-async", "standby")  # are wrong without --log
REQUIRED = {"loteria-agency": {"CLI_ID": "3"}}  # without it there are no settings to speak of
SETTINGS = [(program, *setting) for program, (_, settings) in PROGRAMS.items() for setting in settings]
OPTIONAL = [setting for setting in SETTINGS if setting[2] not in REQUIRED.get(setting[0], {})]
WITH_BAD = [setting for setting in SETTINGS if setting[5] is not None]
COMMON = ["--help", "--version", "--config", "--check-config"]


def run(program, *arguments, environment=None, cwd=None):
    return subprocess.run([loteria.program(program), *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
                          env={**loteria.ENVIRONMENT, **REQUIRED.get(program, {}), **(environment or {})}, timeout=loteria.DEADLINE)  # fmt: skip


def settings_of(result):
    """What --check-config printed: {name: (value, source)}."""
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    found = [re.fullmatch(r"(\S+) =(?: (.*))? \((default|file|environment|flag)\)", line)
             for line in result.stdout.splitlines()]  # fmt: skip
    assert all(found), result.stdout
    return {match[1]: (match[2] or "", match[3]) for match in found}


def setting(program, name, *arguments, **options):
    return settings_of(run(program, "--check-config", *arguments, **options))[name]


def assert_wrong(result, status, *says):
    """One line on stderr, which says so."""
    assert (result.returncode, result.stdout) == (status, ""), result
    assert result.stderr.count("\n") == 1 and result.stderr.endswith("\n")
    assert all(text in result.stderr for text in says), result.stderr


def write_file(directory, text):
    path = directory / "loteria.conf"
    path.write_text(text)
    return path


def section(program, name, value):
    return f"{PROGRAMS[program][0]}\n    {name} = {value}\n"


# ---- what every program answers ------------------------------------------------------


def test_no_program_is_forgotten():
    assert {path.name for path in (loteria.BUILD / "bin").glob("loteria-*")} == {*PROGRAMS, "loteria-keys", "loteria-verify"}


def test_loteria_keys_has_its_section(tmp_path):
    """Its other settings are of one order each: test_keys.py."""
    file = write_file(tmp_path, "broker\n    window = 3\nkeys\n    keys = from-file\n    agencies = 7\n")
    found = settings_of(run("loteria-keys", "--check-config", "--config", file, "--agencies", "9"))
    assert found == {"keys": ("from-file", "file"), "agencies": ("9", "flag"), "name": ("", "default"),
                     "public-key": ("", "default"), "signing-key": ("", "default"), "demo": ("no", "default")}  # fmt: skip
    assert setting("loteria-broker", "window", "--config", file) == ("3", "file")


@pytest.mark.parametrize("program", PROGRAMS)
def test_check_config_prints_every_setting_and_its_default(program):
    found = settings_of(run(program, "--check-config"))
    assert set(found) == {name for name, *_ in PROGRAMS[program][1]}
    given = {name for name, variable, *_ in PROGRAMS[program][1] if variable in REQUIRED.get(program, {})}
    assert {name: source for name, (_, source) in found.items() if source != "default"} == dict.fromkeys(given, "environment")


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_names_every_flag_and_variable(program):
    result = run(program, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{program} - ")
    for name, environment, *_ in PROGRAMS[program][1]:
        assert re.search(rf"^  --{name} ", result.stdout, re.MULTILINE), name
        assert environment is None or f"environment: {environment}\n" in result.stdout, name
    assert all(f"  {flag}" in result.stdout for flag in COMMON)
    assert f"section `{PROGRAMS[program][0]}`" in result.stdout and "LOTERIA_CONFIG" in result.stdout


def test_help_says_which_tasks_read_no_bets():
    shown = run("loteria-agency", "--help").stdout
    for name in ("results", "cancel"):
        assert re.search(rf"^  --{name} .*--bets is ignored$", shown, re.MULTILINE), name


@pytest.mark.parametrize("program", [*PROGRAMS, "make-bets"])
def test_version(program):
    version = re.search(r"project \(loteria VERSION (\S+)", (loteria.ROOT / "CMakeLists.txt").read_text())[1]
    result = run(program, "--version")
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{program} {version}\n", "")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("arguments, says", [
    (["--no-such-flag"], "--no-such-flag: unknown flag"), (["--no-such=1"], "--no-such: unknown flag"),
    (["word"], "word: not expected"), (["-h"], "-h: not expected"), (["--"], "--: not expected"), ([""], ": not expected"),
    (["--config"], "--config: needs a value"), (["--config", "--help"], "--config: needs a value"),
    (["--version=1"], "--version: takes no value"), (["--" + "x" * 5000], "unknown flag"),
    (["--log-level"], "--log-level: needs a value"), (["--log-level", "--help"], "--log-level: needs a value")])  # fmt: skip
def test_wrong_usage(program, arguments, says):
    assert_wrong(run(program, *arguments), 2, f"{program}: ", says, "--help")


# ---- one setting after the other -----------------------------------------------------


@pytest.mark.parametrize("program, name, environment, good, other, bad", OPTIONAL,
                         ids=[f"{item[0][8:]} {item[1]}" for item in OPTIONAL])  # fmt: skip
def test_flag_beats_environment_beats_file_beats_default(monkeypatch, tmp_path, program, name, environment, good, other, bad):
    if name in WITH_A_LOG:
        monkeypatch.setitem(loteria.ENVIRONMENT, "LOTERIA_LOG", "postgres://a/x")
    file = write_file(tmp_path, section(program, name, good))
    fallback = setting(program, name)
    good_shown, other_shown = ("not shown" if name in SECRETS and value not in ("random", "entered") else value
                               for value in (good, other))
    assert fallback[1] == "default"
    assert setting(program, name, "--config", file) == (good_shown, "file")
    assert setting(program, name, environment={"LOTERIA_CONFIG": str(file)}) == (good_shown, "file")
    assert setting(program, name, f"--{name}", other, "--config", file) == (other_shown, "flag") if takes_value(name) else True
    assert setting(program, name, f"--{name}={other}", "--config", file) == (other_shown, "flag")
    if environment:
        assert setting(program, name, environment={environment: good}) == (good_shown, "environment")
        assert setting(program, name, "--config", file, environment={environment: other}) == (other_shown, "environment")
        assert setting(program, name, f"--{name}={good}", environment={environment: other}) == (good_shown, "flag")
        assert setting(program, name, environment={environment: ""}) == fallback, "empty is as good as unset"


def takes_value(name):
    return name not in ("log-bets", "log-batches", "log-winners", "exit-when-done", "json", "quiet", "sell-only", "follow", "close",
                        "results", "insecure", "insecure-async", "standby", "yes", "try", "missing", "once", "csv", "documents", "with-bets")


@pytest.mark.parametrize("program, name, environment, good, other, bad", WITH_BAD,
                         ids=[f"{item[0][8:]} {item[1]}" for item in WITH_BAD])  # fmt: skip
def test_bad_value(tmp_path, program, name, environment, good, other, bad):
    quoted = "is " if name in SECRETS else f"'{bad}' "
    assert_wrong(run(program, f"--{name}={bad}"), 2, f"{program}: --{name}: {quoted}")
    file = write_file(tmp_path, section(program, name, f'"{bad}"'))
    assert_wrong(run(program, "--config", file), 2, f"{program}: {file}: {PROGRAMS[program][0]}/{name}: {quoted}")
    # what weighs more does not hide it
    assert_wrong(run(program, f"--{name}={good}", "--config", file), 2, f"{file}: ", f"/{name}: ")
    if environment and bad:
        assert_wrong(run(program, environment={environment: bad}), 2, f"{program}: {environment}: {quoted}")
        assert_wrong(run(program, f"--{name}={good}", environment={environment: bad}), 2, f"{environment}: ")


@pytest.mark.parametrize("program", PROGRAMS)
def test_flag_alone_means_yes(monkeypatch, program):
    monkeypatch.setitem(loteria.ENVIRONMENT, "LOTERIA_LOG", "postgres://a/x")
    for name in (name for name, *_ in PROGRAMS[program][1] if not takes_value(name)):
        assert setting(program, name, f"--{name}") == ("yes", "flag")


@pytest.mark.parametrize("duration", ["0", "5ms", "1.5s", "1h2m3s", "100us", "2µs", ".5s", "1m"])
def test_durations_as_go_writes_them(duration):
    assert setting("loteria-agency", "loop-period", environment={"CLI_LOOP_PERIOD": duration}) == (duration, "environment")


@pytest.mark.parametrize("duration", ["5", "ms", "-5ms", "5 ms", "5msec", "1d", "3000000h", "0x5s"])
def test_durations_as_go_does_not(duration):
    assert_wrong(run("loteria-agency", environment={"CLI_LOOP_PERIOD": duration}), 2, "CLI_LOOP_PERIOD: ", "is not a duration")


# ---- the file ------------------------------------------------------------------------


@pytest.mark.parametrize("program", PROGRAMS)
def test_one_file_for_all(tmp_path, program):
    """Sections of other programs may be there; `common` is everybody's, one's own weighs more."""
    everybody = "".join(f"{name}\n    log-level = ERROR\n" for name, _ in PROGRAMS.values() if name != PROGRAMS[program][0])
    file = write_file(tmp_path, f"# a comment\n{everybody}common\n    log-level = DEBUG\n")
    assert setting(program, "log-level", "--config", file) == ("DEBUG", "file")
    own = section(program, "log-level", "CRITICAL")
    for text in (f"common\n    log-level = DEBUG\n{own}", f"{own}common\n    log-level = DEBUG\n"):
        assert setting(program, "log-level", "--config", write_file(tmp_path, text)) == ("CRITICAL", "file")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("text, says", [
    ("nobody\n    port = 1\n", "nobody: unknown section"),
    ("{section}\n    no-such-key = 1\n", "{section}/no-such-key: unknown setting"),
    ("common\n    data-dir = x\n", "common/data-dir: unknown setting"),
    ("{section} = 5\n", "{section}: is a section and takes no value"),
    ("{section}\n    log-level = INFO\n        more = 1\n", "{section}/log-level: cannot contain settings"),
    ("{section}\n    log-level = INFO\n  x = 1\n", "line 3: "),
    ("{section}\n    log-level INFO\n", "line 2: "),
    ('{section}\n    log-level = "INFO\n', "line 2: "),
    ("\0" * 100, "not a text file"),
    ("#" * 70_000, "longer than 65536 bytes")], ids=range(10))  # fmt: skip
def test_file_with_something_wrong(tmp_path, program, text, says):
    name = PROGRAMS[program][0]
    file = write_file(tmp_path, text.replace("{section}", name))
    assert_wrong(run(program, "--config", file), 2, f"{program}: {file}: " + says.replace("{section}", name))
    assert_wrong(run(program, environment={"LOTERIA_CONFIG": str(file)}), 2, f"{file}: ")


@pytest.mark.parametrize("program", PROGRAMS)
def test_file_that_cannot_be_read(tmp_path, program):
    assert_wrong(run(program, "--config", tmp_path / "nowhere"), 2, f"{program}: {tmp_path}/nowhere: No such file")
    assert_wrong(run(program, environment={"LOTERIA_CONFIG": "/nowhere"}), 2, f"{program}: /nowhere: No such file")
    assert_wrong(run(program, f"--config={tmp_path}"), 2, f"{tmp_path}: Is a directory")


def test_flag_beats_environment_for_the_file_itself(tmp_path):
    file = write_file(tmp_path, section("loteria-storage", "data-dir", tmp_path))
    found = setting("loteria-storage", "data-dir", "--config", file, environment={"LOTERIA_CONFIG": "/nowhere"})
    assert found == (str(tmp_path), "file")


def test_empty_file_changes_nothing(tmp_path):
    found = settings_of(run("loteria-central", "--check-config", "--config", write_file(tmp_path, "")))
    assert {source for _, source in found.values()} == {"default"}


def test_a_central_takes_its_settings_from_a_file(start, tmp_path):
    """A change of the file is there at the next start."""
    port, later = loteria.free_port(), loteria.free_port()
    bets = loteria.make_bets(tmp_path / "bets.csv", 1, 50, winners={1})
    for number, place in enumerate((port, later)):
        file = write_file(tmp_path, f"""\
common
    log-level = warning
central
    workers = 1
    agencies = 1
    port = {place}
    data-dir = {tmp_path}/day-{number}
    exit-when-done = yes
agency
    server = 127.0.0.1:{place}
    bets = {bets}
    id = 1
""")  # fmt: skip
        central = start("loteria-central", "--config", file)
        agency = start("loteria-agency", environment={"LOTERIA_CONFIG": str(file)})
        assert agency.wait() == 0, agency.log
        assert agency.stdout.split() == loteria.winners_of(bets)
        assert central.wait() == 0, central.log
        assert "INFO" not in central.log + agency.log
        assert (tmp_path / f"day-{number}" / "bets.csv").exists()


@pytest.mark.parametrize("answer, contrary", [("no", "yes"), ("yes", "no")])
def test_what_a_central_has_a_flag_for_its_parts_do_not_decide(central, tmp_path, answer, contrary):
    """Each part, asked with the arguments and the environment that it was started with; the file says otherwise."""
    mine = [row for row in PROGRAMS["loteria-central"][1] if answer == "no" or row[0] not in WITH_A_LOG]
    parts = ("loteria-storage", "loteria-state", "loteria-broker", "loteria-worker")
    flags = {program: [name for name, *_ in mine if not takes_value(name) and name in {row[0] for row in PROGRAMS[program][1]}]
             for program in parts}
    file = write_file(tmp_path, "".join(section(program, name, contrary) for program in parts for name in flags[program]))
    environment = {variable: contrary for name, variable, *_ in mine if not takes_value(name)}
    day = central(agencies=1, environment={**environment, "LOTERIA_CONFIG": str(file)},
                  arguments=[f"--{name}={answer}" for name, *_ in mine if not takes_value(name)])  # fmt: skip
    for program in parts:
        pid = day.pid(program)
        told = loteria.environment_of(pid)
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")[1:-1]
        told["LOTERIA_WINNING_NUMBER_FILE"] = NUMBER_FILE  # it names a descriptor that the part alone has
        found = settings_of(run(program, "--check-config", *words, environment=told))
        theirs = {row[:2] for row in PROGRAMS[program][1]}  # what has no variable is no setting of the central's
        both = {row[0] for row in mine if row[:2] in theirs} & set(found) - {"keys", "listen", "port"}  # each part's own
        assert {found[name][1] for name in both - {"winning-number", "number", "log", "advertise"}} == {"environment"}, found
        assert flags[program] and {found[name][0] for name in flags[program]} == {answer}, found


@pytest.mark.parametrize("program", ["loteria-central", "loteria-storage"])
def test_a_password_in_the_log_s_address_is_never_shown(tmp_path, program):
    file = write_file(tmp_path, section(program, "log", '"postgres://central:geheim@a/x"'))
    for arguments in (["--log", "postgres://central:geheim@a/x"], ["--log", "postgres://a/x?password=geheim"], ["--config", file]):
        for also in ([], ["--check-config"]):
            result = run(program, *arguments, *also)
            assert_wrong(result, 2, f"{program}: --log: a password in it is seen by everybody", "PGPASSFILE")
            assert "geheim" not in result.stderr


@pytest.mark.parametrize("program", ["loteria-central", "loteria-storage"])
@pytest.mark.parametrize("name", WITH_A_LOG)
def test_nobody_stands_by_without_a_log(program, name):
    """Two centrals, each with a log of its own, are two lotteries."""
    assert_wrong(run(program, f"--{name}"), 2, f"{program}: --{name}: without --log")
    assert setting(program, name, f"--{name}=no") == ("no", "flag")


def test_a_central_that_is_not_to_be_insecure_is_not(start, tmp_path):
    process = start("loteria-central", "--insecure=no", "--data-dir", tmp_path / "data",
                    "--listen", f"tcp://0.0.0.0:{loteria.free_port()}", environment={"LOTERIA_INSECURE": "yes"})
    assert process.wait() == 2
    assert "without --keys only addresses" in process.log


# ---- an agency's own rules -----------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["--check-config"]])
def test_agency_without_a_number(arguments):
    assert_wrong(run("loteria-agency", *arguments, environment={"CLI_ID": ""}), 2, "loteria-agency: --id: required")


def test_agency_s_number_from_everywhere(tmp_path):
    file = write_file(tmp_path, "agency\n    id = 5\n")
    nowhere = {"CLI_ID": ""}
    assert setting("loteria-agency", "id", "--config", file, environment=nowhere) == ("5", "file")
    assert setting("loteria-agency", "id", "--config", file) == ("3", "environment")
    assert setting("loteria-agency", "id", "--config", file, "--id", "100000") == ("100000", "flag")


def test_agency_told_to_sell_and_not_to_sell():
    assert_wrong(run("loteria-agency", "--id", 1, "--sell-only", "--results"), 2, "--sell-only and --results")


# ---- make-bets -----------------------------------------------------------------------


def test_make_bets_help():
    result = run("make-bets", "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert all(flag in result.stdout for flag in ("--agency", "--count", "--seed", "--help", "--version"))


@pytest.mark.parametrize("arguments, says", [
    ([], "--agency and --count are needed"), (["--agency", "1"], "--count"), (["--count", "1"], "--agency"),
    (["--agency", "0", "--count", "1"], "--agency '0'"), (["--agency", "x", "--count", "1"], "--agency 'x'"),
    (["--agency", "4294967296", "--count", "1"], "--agency '4294967296'"),
    (["--agency", "1", "--count", "-1"], "--count '-1'"), (["--agency", "1", "--count", "1", "--seed", "1.5"], "--seed '1.5'"),
    (["--agency", "1", "--count", "1", "more"], "'more' is not a flag"), (["--no-such"], "no-such")])  # fmt: skip
def test_make_bets_wrong_usage(arguments, says):
    assert_wrong(run("make-bets", *arguments), 2, "make-bets: ", says)


def test_make_bets_cannot_write():
    full = pathlib.Path("/dev/full")
    with open(full, "wb") as nowhere:
        result = subprocess.run([loteria.program("make-bets"), "--agency", "1", "--count", "10"], stdout=nowhere,
                                stderr=subprocess.PIPE, text=True, env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)  # fmt: skip
    assert result.returncode == 1 and result.stderr.startswith("make-bets: cannot write: ")


@pytest.mark.parametrize("program", [*PROGRAMS, "make-bets"])
def test_help_that_cannot_be_written(program):
    with open("/dev/full", "wb") as nowhere:
        result = subprocess.run([loteria.program(program), "--help"], stdout=nowhere, stderr=subprocess.PIPE,
                                env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)  # fmt: skip
    assert result.returncode == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_settings_of_czmq_s_own_do_not_reach_it(program):
    """czmq reads ZSYS_* variables and would log to stdout, or count its sockets."""
    result = run(program, "--check-config", environment={"ZSYS_LOGSYSTEM": "true", "ZSYS_MAX_SOCKETS": "1", **{
        name: "1" for name in os.environ if name.startswith("ZSYS_")}})  # fmt: skip
    assert settings_of(result)
