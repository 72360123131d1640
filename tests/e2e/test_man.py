"""Man pages and bash's completion are made by the build from what the programs say of themselves."""

import functools
import re
import subprocess

import pytest

import loteria

DOCUMENTS = loteria.BUILD / "documents"
PROGRAMS = sorted(path.name for path in (loteria.BUILD / "bin").glob("loteria-*")) + ["make-bets"]
PAGES = sorted((DOCUMENTS / "man").glob("man*/*"))


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=loteria.DEADLINE,
                          stdin=subprocess.DEVNULL,
                          env={**loteria.ENVIRONMENT, "LC_ALL": "C.UTF-8", "MANWIDTH": "200", "MAN_KEEP_FORMATTING": ""})


@functools.cache
def said(program, option):
    return run(loteria.program(program), option).stdout


def rows(program, kind):
    return [line.split("\t")[1:] for line in said(program, "--help-table").splitlines() if line.startswith(kind + "\t")]


def page_of(program):
    found = [page for page in PAGES if page.stem == program and page.suffix in (".1", ".8")]
    assert len(found) == 1, f"{program} has no man page: write docs/man/{program}.8 (or .1)"
    return found[0]


@functools.cache
def read(page):
    """As a reader sees it."""
    shown = run("man", "--warnings", "--encoding=UTF-8", "--local-file", page)
    assert (shown.returncode, shown.stderr) == (0, "")
    return re.sub(".\b", "", shown.stdout)


def flat(text):
    return " ".join(text.split())


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_flag_and_verb_is_in_its_page(program):
    """What --help shows, and what it says of it."""
    text = read(page_of(program))
    shown = said(program, "--help")
    flags = re.findall(r"^  (--[a-z-]+)", shown, re.M)
    assert len(flags) > 3
    for flag in flags:
        assert re.search(rf"^       {flag}( |$)", text, re.M), flag
    assert {f"--{name}" for name, *_ in rows(program, "option")} == set(flags)
    for _, _, help_text, fallback, _, environment in rows(program, "option"):
        assert flat(help_text) in flat(text)
        assert not fallback or f"default: {fallback}" in flat(text)
        assert not environment or f"environment: {environment}" in flat(text)
    for words, _, options, help_text in rows(program, "verb"):
        assert re.search(rf"^       {words}( |$)", text, re.M) and flat(help_text) in flat(text), words
        assert set(options.split()) <= {name for name, *_ in rows(program, "option")}, f"{words}: no such option"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_is_well_made(page):
    """For both of the programs that show it."""
    linted = run("mandoc", "-T", "lint", page)
    assert (linted.returncode, linted.stdout) == (0, "")
    text = read(page)
    names = {other.name for other in PAGES} | {path.name for path in (loteria.ROOT / "docs/man").iterdir()}
    for name, section in re.findall(r"\b(loteria[\w.-]*|make-bets)\((\d)\)", text.split("NAME", 1)[1]):
        assert f"{name}.{section}" in names, f"{page.name}: {name}({section}) is not there"


def test_there_are_pages_of_files_and_an_overview():
    names = {page.name for page in PAGES}
    assert {"loteria-bets.5", "loteria.cfg.5", "loteria.7"} <= names


def test_the_configuration_page_has_every_setting():
    (page,) = [page for page in PAGES if page.name == "loteria.cfg.5"]
    sections = re.split(r"^   Section ([a-z]+), of \S+$", read(page), flags=re.M)
    found = dict(zip(sections[1::2], sections[2::2]))
    for program in PROGRAMS:
        section = rows(program, "program")[0][1]
        for name, *_ in rows(program, "option") if section else []:
            if name not in ("config", "check-config", "version", "help"):
                assert re.search(rf"^       {name}( |$)", found[section], re.M), f"{section}: {name}"


# ---- bash's completion ----------------------------------------------------------------


def completed(directory, *words):
    """What bash offers for the last word. It has '=' for a word of its own."""
    script = """
        source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        $(complete -p "$1" | sed 's/.*-F \\([^ ]*\\).*/\\1/') "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    shown = subprocess.run(["bash", "-c", script, "bash", DOCUMENTS / "completions" / words[0], *words], text=True,
                           capture_output=True, cwd=directory, env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)
    assert (shown.returncode, shown.stderr) == (0, "")
    return [word for word in shown.stdout.split("\n") if word]


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_flag_and_verb_is_completed(program, tmp_path):
    verbs = {words.split()[0] for words, *_ in rows(program, "verb")}
    assert set(completed(tmp_path, program, "")) == verbs
    assert set(completed(tmp_path, program, "--")) == {f"--{name}" for name, *_ in rows(program, "option")}
    for words, _, options, _ in rows(program, "verb"):
        *before, last = words.split()
        assert last in completed(tmp_path, program, *before, last[:2])
        offered = set(completed(tmp_path, program, *words.split(), "--"))
        if options:
            assert {f"--{name}" for name in options.split()} <= offered
        assert {"--config", "--help"} <= offered


def test_values_are_completed(tmp_path):
    (tmp_path / "bets of today.csv").write_text("")
    assert completed(tmp_path, "loteria-broker", "--log-level", "") == ["CRITICAL", "DEBUG", "ERROR", "INFO", "WARNING"]
    assert completed(tmp_path, "loteria-broker", "--log-level", "=", "D") == ["DEBUG"]
    assert completed(tmp_path, "loteria-broker", "--log-level", "=") == ["CRITICAL", "DEBUG", "ERROR", "INFO", "WARNING"]
    assert completed(tmp_path, "loteria-state", "--closes", "a") == ["all-asked"]
    assert completed(tmp_path, "loteria-agency", "--bets", "be") == ["bets of today.csv"]
    assert completed(tmp_path, "loteria-agency", "--id", "") == []
    assert completed(tmp_path, "loteria-agency", "--log-format", "") == ["json", "text"]
    (tmp_path / "keys").mkdir()
    assert completed(tmp_path, "loteria-keys", "show", "k") == ["keys"]
    assert completed(tmp_path, "loteria-verify", "k") == ["keys"]
    assert "--quiet" in completed(tmp_path, "loteria-agency", "--id", "=", "1", "--bets", "be", "--q")


def test_words_and_options_may_be_mixed(tmp_path):
    assert completed(tmp_path, "loteria-ctl", "--data-dir", "draw", "d") == ["draw", "draws"]
    assert "open" in completed(tmp_path, "loteria-ctl", "--data-dir", "=", "day", "draw", "")
    assert "open" in completed(tmp_path, "loteria-ctl", "--json", "draw", "o")
    assert "--agencies" not in completed(tmp_path, "loteria-ctl", "draw", "close", "--a")
    assert completed(tmp_path, "loteria-ctl", "draw", "open", "--ag") == ["--agencies"]
    assert completed(tmp_path, "loteria-ctl", "nonsense", "") == []
