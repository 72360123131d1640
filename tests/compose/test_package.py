"""The Debian packages, installed, run by systemd, upgraded and removed. tests/e2e/test_package.py looks into them."""

import re

import pytest

import engine
import loteria

SYSTEMD_IMAGE = "loteria-test-systemd"
SYSTEMD = f"""
FROM {engine.BASE_IMAGE}
RUN {engine.APT_INSTALL} systemd systemd-sysv dbus procps
CMD ["bash", "-c", "mount -o remount,rw /sys/fs/cgroup && exec /lib/systemd/systemd"]
"""
CENTRAL = ("loteria-central", "loteria-web")
PARTS = tuple(f"loteria-{part}" for part in ("storage", "state", "broker", "worker@1", "worker@2"))
BETS = 2000
# What systemd needs for the walls that the units have.
CAPABILITIES = ("SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN")


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    directory = tmp_path_factory.mktemp("packages")
    engine.run("nice", "-n", "5", engine.ROOT / "scripts/package", directory, timeout=engine.BUILD_DEADLINE)
    for path in directory.glob("*dbgsym*"):
        path.unlink()
    return directory


@pytest.fixture
def machine(tmp_path):
    """With systemd as its first process, in control groups of its own."""
    (tmp_path / "Dockerfile").write_text(SYSTEMD)
    engine.docker("build", "--tag", SYSTEMD_IMAGE, tmp_path, timeout=engine.BUILD_DEADLINE)
    # Of version 1 systemd mounts what it needs itself; of version 2 the engine has done it.
    groups = [] if engine.docker("info", "--format", "{{.CgroupVersion}}").strip() == "2" else ["--tmpfs", "/sys/fs/cgroup"]
    unconfined = [option for what in ("seccomp", "apparmor", "systempaths")
                  for option in ("--security-opt", f"{what}=unconfined")]
    allowed = [f"--cap-add={name}" for name in CAPABILITIES]
    with engine.Machine(SYSTEMD_IMAGE, *allowed, *unconfined, "--cgroupns", "private", *groups, "--tmpfs", "/run",
                 "--tmpfs", "/run/lock", "--env", "container=docker") as made:
        engine.wait_until(lambda: made.do("systemctl is-system-running", check=False).strip() in ("running", "degraded"),
                          lambda: f"systemd does not start: {engine.log_of(made.id)}")
        yield made


def states(machine, units):
    """What systemd says of each."""
    return machine.do(f"systemctl is-active {' '.join(units)}", check=False).split()


def are(machine, state, units):
    return states(machine, units) == [state] * len(units)


def wait_until_active(machine, units):
    engine.wait_until(lambda: are(machine, "active", units),
                      lambda: f"{units}: {states(machine, units)}\n{machine.do('journalctl --no-pager -n 100')}")


def started(machine, units):
    """Their processes."""
    return [machine.do(f"systemctl show --property MainPID --value {unit}").strip() for unit in units]


def sell(machine):
    """Winners, as an agency that starts again is told them, too."""
    told = machine.do("loteria-agency --id 1 --keys /etc/loteria/keys/agency-1 --bets agency-1.csv "
                      "--server 127.0.0.1:12345")
    return told.split()


def upgrade(machine, units):
    """By the same packages: what ran is started anew."""
    before = started(machine, units)
    machine.do("dpkg --install /packages/loteria_*.deb")
    wait_until_active(machine, units)
    after = started(machine, units)
    assert all(old != new for old, new in zip(before, after)), (before, after)


def page(machine, path):
    return machine.do("exec 3<>/dev/tcp/127.0.0.1/8080 && "
                      f"printf 'GET {path} HTTP/1.0\\r\\nHost: 127.0.0.1:8080\\r\\n\\r\\n' >&3 && cat <&3")


def test_packages_are_installed_run_upgraded_and_removed(machine, packages, tmp_path):
    machine.put(packages, "/packages")
    machine.do(f"{engine.APT_INSTALL} /packages/*.deb")
    for unit in (*CENTRAL, "loteria.target"):
        assert machine.do(f"systemctl is-enabled {unit}", check=False).strip() == "disabled"
    assert are(machine, "inactive", CENTRAL + PARTS)
    assert machine.do("id --name --user loteria").strip() == "loteria"
    assert machine.do("stat --format '%U %a' /run/loteria").strip() == "loteria 700"

    # What loteria(7) says. A start comes back when the central is ready.
    bets = loteria.make_bets(tmp_path / "agency-1.csv", 1, BETS, winners=[7, 1999])
    machine.put(bets, "/root/agency-1.csv")
    machine.do("echo TOTAL_AGENCIES=1 >>/etc/loteria/day.conf")
    text = (engine.ROOT / "docs/man/loteria.7").read_text()
    (lines,) = re.findall(r"^\.SS Under systemd\n.*?^\.EX\n(.*?)^\.EE$", text, re.M | re.S)
    lines = lines.replace("\\-", "-").replace("--agencies 5", "--agencies 1")
    shown = machine.do("set -e; " + lines.replace("loteria-ctl status", "loteria-ctl status --timeout 60s"))
    assert "first" in shown and "storage" in shown
    assert are(machine, "active", CENTRAL)
    assert sell(machine) == loteria.winners_of(bets)
    listed = machine.do("loteria-ctl draw list")
    assert [line.split()[:2] for line in listed.splitlines()[1:]] == [["first", "drawn"]]
    engine.wait_until(lambda: " 200 " in page(machine, "/readyz").splitlines()[0], lambda: page(machine, "/readyz"))

    # It hangs: systemd kills all of it, and starts it again.
    (before,) = started(machine, CENTRAL[:1])
    machine.do("systemctl kill --signal STOP --kill-who main loteria-central")
    engine.wait_until(lambda: started(machine, CENTRAL[:1])[0] not in (before, "0"),
                      lambda: machine.do("journalctl --no-pager -n 100"))
    wait_until_active(machine, CENTRAL)
    assert sell(machine) == loteria.winners_of(bets)

    upgrade(machine, CENTRAL)
    assert sell(machine) == loteria.winners_of(bets)

    # The same day, by a unit for each part: one or the other.
    machine.do("systemctl start loteria.target")
    wait_until_active(machine, PARTS)
    assert are(machine, "inactive", CENTRAL[:1])
    upgrade(machine, PARTS)
    assert are(machine, "inactive", CENTRAL[:1])
    assert sell(machine) == loteria.winners_of(bets)

    machine.do("apt-get -q remove -y loteria")
    assert machine.do("pgrep -u loteria", check=False) == ""
    assert machine.do("ls /usr/bin/loteria-*").split() == ["/usr/bin/loteria-agency", "/usr/bin/loteria-verify"]
    purged = machine.do("apt-get -q purge -y loteria loteria-agency")
    assert "loteria: /var/lib/loteria is kept" in purged and "loteria: /etc/loteria/keys is kept" in purged
    assert machine.do("find /etc/systemd/system /lib/systemd/system -name 'loteria*'") == ""
    stored = engine.files_in(machine.id, engine.DATA)["bets.csv"]
    assert stored.count(b"\r\n") == BETS
