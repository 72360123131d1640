"""The Debian packages, installed, run by systemd, upgraded and removed. tests/e2e/test_package.py looks into them."""

import re

import pytest

import engine
import loteria

SYSTEMD_IMAGE = "loteria-test-systemd"
SYSTEMD = f"""
FROM {engine.BASE_IMAGE}
RUN {engine.APT_INSTALL} systemd systemd-sysv dbus procps
CMD ["/lib/systemd/systemd"]
"""
PARTS = ("storage", "state", "broker", "worker@1", "worker@2")
BETS = 2000
# What systemd needs for the walls that the units have.
CAPABILITIES = ("SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN")


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    directory = tmp_path_factory.mktemp("packages")
    engine.run(engine.ROOT / "scripts/package", directory, timeout=engine.BUILD_DEADLINE)
    for path in directory.glob("*dbgsym*"):
        path.unlink()
    return directory


@pytest.fixture
def machine(tmp_path):
    """With systemd as its first process, in control groups of its own."""
    (tmp_path / "Dockerfile").write_text(SYSTEMD)
    engine.docker("build", "--tag", SYSTEMD_IMAGE, tmp_path, timeout=engine.BUILD_DEADLINE)
    groups = ["--volume", "/sys/fs/cgroup:/sys/fs/cgroup"] \
        if engine.docker("info", "--format", "{{.CgroupVersion}}").strip() == "2" else ["--tmpfs", "/sys/fs/cgroup"]
    unconfined = [option for what in ("seccomp", "apparmor", "systempaths")
                  for option in ("--security-opt", f"{what}=unconfined")]
    allowed = [f"--cap-add={name}" for name in CAPABILITIES]
    with engine.Machine(SYSTEMD_IMAGE, *allowed, *unconfined, "--cgroupns", "private", *groups, "--tmpfs", "/run",
                 "--tmpfs", "/run/lock", "--env", "container=docker") as made:
        engine.wait_until(lambda: made.do("systemctl is-system-running", check=False).strip() in ("running", "degraded"),
                          lambda: f"systemd does not start: {engine.log_of(made.id)}")
        yield made


def is_active(machine):
    """{part: what systemd says of it}"""
    shown = machine.do("systemctl is-active " + " ".join(f"loteria-{part}.service" for part in PARTS), check=False)
    return dict(zip(PARTS, shown.split()))


def wait_until_active(machine):
    engine.wait_until(lambda: set(is_active(machine).values()) == {"active"},
                      lambda: f"{is_active(machine)}\n{machine.do('journalctl --no-pager -n 100')}")


def started(machine):
    """{part: its process}"""
    return {part: machine.do(f"systemctl show --property MainPID --value loteria-{part}.service").strip()
            for part in PARTS}


def sell(machine):
    """Winners, as an agency that starts again is told them, too."""
    told = machine.do("loteria-agency --id 1 --keys /etc/loteria/keys/agency-1 --bets agency-1.csv "
                      "--server 127.0.0.1:12345")
    return told.split()


def test_packages_are_installed_run_upgraded_and_removed(machine, packages, tmp_path):
    machine.put(packages, "/packages")
    machine.do(f"{engine.APT_INSTALL} /packages/*.deb")
    assert machine.do("systemctl is-enabled loteria.target", check=False).strip() == "disabled"
    assert set(is_active(machine).values()) == {"inactive"}
    assert machine.do("id --name --user loteria").strip() == "loteria"
    assert machine.do("stat --format '%U %a' /run/loteria").strip() == "loteria 700"

    # What loteria(7) says.
    bets = loteria.make_bets(tmp_path / "agency-1.csv", 1, BETS, winners=[7, 1999])
    machine.put(bets, "/root/agency-1.csv")
    machine.do("echo TOTAL_AGENCIES=1 >>/etc/loteria/day.conf")
    page = (engine.ROOT / "docs/man/loteria.7").read_text()
    (lines,) = re.findall(r"^\.SS Under systemd\n.*?^\.EX\n(.*?)^\.EE$", page, re.M | re.S)
    machine.do("set -e; " + lines.replace("\\-", "-").replace("--agencies 5", "--agencies 1"))
    wait_until_active(machine)
    assert sell(machine) == loteria.winners_of(bets)
    listed = machine.do("runuser -u loteria -- loteria-ctl --state ipc:///run/loteria/state draw list")
    assert [line.split()[:2] for line in listed.splitlines()[1:]] == [["first", "drawn"]]

    # The same again, as an upgrade: what ran is started anew, and knows what it knew.
    before = started(machine)
    machine.do("dpkg --install /packages/loteria_*.deb")
    wait_until_active(machine)
    after = started(machine)
    assert all(before[part] != after[part] for part in PARTS), (before, after)
    assert sell(machine) == loteria.winners_of(bets)

    machine.do("apt-get -q remove -y loteria")
    assert machine.do("pgrep -u loteria", check=False) == ""
    assert machine.do("ls /usr/bin/loteria-*").split() == ["/usr/bin/loteria-agency", "/usr/bin/loteria-verify"]
    purged = machine.do("apt-get -q purge -y loteria loteria-agency")
    assert "loteria: /var/lib/loteria is kept" in purged and "loteria: /etc/loteria/keys is kept" in purged
    assert machine.do("find /etc/systemd/system /lib/systemd/system -name 'loteria*'") == ""
    stored = engine.files_in(machine.id, engine.DATA)["bets.csv"]
    assert stored.count(b"\r\n") == BETS
