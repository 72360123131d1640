"""The Debian packages: what is in them. tests/compose/test_package.py installs them."""

import gzip
import re
import subprocess

import pytest

import loteria

AGENCY = {"loteria-agency", "loteria-verify", "make-bets"}
PACKAGES = ("loteria", "loteria-agency", "loteria-postgres")


def run(*command, timeout=loteria.DEADLINE):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=loteria.ENVIRONMENT,
                          timeout=timeout)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The files of each, unpacked: {package: directory}; and the packages beside."""
    directory = tmp_path_factory.mktemp("packages")
    # What else is tested meanwhile goes before the compiler.
    said = run("nice", "-n", "5", loteria.ROOT / "scripts/package", directory, timeout=20 * loteria.DEADLINE)
    assert sorted(line for line in said.splitlines() if line.endswith(".deb")) == sorted(map(str, directory.glob("*.deb")))
    for package in PACKAGES:
        (found,) = directory.glob(f"{package}_*.deb")
        run("dpkg-deb", "--extract", found, directory / package)
    return directory


def programs_of(packages, package):
    return {path.name for path in (packages / package / "usr/bin").iterdir()}


def test_lintian_has_nothing_to_say(packages):
    debs = [path for package in PACKAGES for path in packages.glob(f"{package}_*.deb")]
    assert run("lintian", "--allow-root", "--profile", "debian", "--fail-on", "error,warning", *debs,
               timeout=10 * loteria.DEADLINE) == ""


def test_the_version_is_the_programs(packages):
    version = re.search(r"project \(loteria VERSION (\S+)", (loteria.ROOT / "CMakeLists.txt").read_text())[1]
    for package in PACKAGES:
        (deb,) = packages.glob(f"{package}_*.deb")
        assert run("dpkg-deb", "--field", deb, "Version").strip().rsplit("-", 1)[0] == version
    assert run(packages / "loteria/usr/bin/loteria-broker", "--version") == f"loteria-broker {version}\n"


def test_every_program_is_in_one_package_with_its_page_and_completion(packages):
    built = {path.name for path in (loteria.BUILD / "bin").glob("loteria-*")} | {"make-bets"}
    assert programs_of(packages, "loteria-agency") == AGENCY
    assert programs_of(packages, "loteria") == built - AGENCY
    for package in PACKAGES[:2]:
        share = packages / package / "usr/share"
        pages = {path.name.split(".")[0] for path in share.glob("man/man[18]/*")}
        assert pages == programs_of(packages, package)
        assert {path.name for path in share.glob("bash-completion/completions/*")} == programs_of(packages, package)
    for page in (packages / "loteria/usr/share/man/man5").iterdir():
        assert gzip.decompress(page.read_bytes()).startswith(b".TH ")


def test_only_the_module_needs_postgresqls_library(packages):
    module = packages / "loteria-postgres/usr/lib/loteria/loteria-postgres.so"
    assert [path for path in (packages / "loteria-postgres/usr/lib").rglob("*") if path.is_file()] == [module]
    needs = {package: run("dpkg-deb", "--field", *packages.glob(f"{package}_*.deb"), "Depends") for package in PACKAGES}
    assert {package for package in PACKAGES if "libpq5" in needs[package]} == {"loteria-postgres"}
    assert "loteria (= " in needs["loteria-postgres"]
    storage = packages / "loteria/usr/bin/loteria-storage"
    refused = subprocess.run([storage, "--data-dir", packages, "--log", "postgres://127.0.0.1/x"], capture_output=True,
                             text=True, env=loteria.ENVIRONMENT, timeout=loteria.DEADLINE)  # fmt: skip
    assert refused.returncode == 2
    assert "PostgreSQL needs the package loteria-postgres, which is not installed" in refused.stderr


def test_units_start_what_is_in_the_package(packages):
    root = packages / "loteria"
    units = {path.name for path in (root / "lib/systemd/system").iterdir()}
    assert units == {path.name for pattern in ("*.service", "*.target", "*.socket", "*.timer", "*.path")
                     for path in (loteria.ROOT / "etc/systemd").glob(pattern)}
    for unit in units:
        text = (root / "lib/systemd/system" / unit).read_text()
        assert "/usr/local" not in text
        for program in re.findall(r"^Exec\w+=[-+!@:]*(/\S+)", text, re.M):
            assert (root / program[1:]).is_file(), f"{unit}: {program}"
    assert (root / "usr/lib/sysusers.d/loteria.conf").read_text().startswith("u loteria ")
    assert "/run/loteria" in (root / "usr/lib/tmpfiles.d/loteria.conf").read_text()
