"""What Prometheus is given: alerts that fire when they should, and metrics that it can read (promtool is its own tool)."""

import subprocess

import loteria

PROMETHEUS = loteria.ROOT / "etc/prometheus"


def promtool(*arguments, **options):
    result = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=loteria.DEADLINE,
                            cwd=loteria.ROOT, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_each_alert_fires_when_it_should_and_not_else():
    promtool("test", "rules", "tests/e2e/prometheus/rules.yml")


def test_the_settings_are_sound():
    for name in ("prometheus.yml", "compose.yml"):
        promtool("check", "config", PROMETHEUS / name)
    assert (PROMETHEUS / "loteria.rules.yml").read_text().count("- alert:") == 9
