"""What Prometheus is given: alerts that fire when they should, and metrics that it can read (promtool is its own tool)."""

import re
import subprocess

import loteria
import web

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
    assert (PROMETHEUS / "loteria.rules.yml").read_text().count("- alert:") == 12


def test_a_central_tells_what_the_alerts_ask_for(central, start, tmp_path):
    """Names and labels as the rules have them, in a text that Prometheus takes."""
    day = central(agencies=2, arguments=("--closes", "23:59", "--number", "random"))
    served = web.Web(start, "--data-dir", day.data)
    assert day.agency(2, loteria.make_bets(tmp_path / "bets.csv", 2, 300), "--sell-only").wait() == 0
    wanted = {'loteria_bets_total{part="storage",draw="first"}': 300,
              'loteria_part_up{part="broker",peer="worker"}': 1, 'loteria_conflicts_total{part="storage"}': 0,
              'loteria_strangers_total{part="broker"}': 0, 'loteria_draw_phase{part="state",draw="first"}': 1,
              'loteria_agency_state{part="state",draw="first",agency="1"}': 0,
              **{f'loteria_part_answers{{part="{part}"}}': 1 for part in ("storage", "state", "broker", "central")}}

    def told():
        metrics = web.metrics_of(served.ask("/metrics").body.decode())
        return metrics if {name: metrics.get(name) for name in wanted} == wanted else None

    metrics = loteria.wait_until(told, explain=lambda: served.ask("/metrics").body.decode())
    promtool("check", "metrics", input=served.ask("/metrics").body.decode())
    for name in ('loteria_disk_free_bytes{part="storage"}', 'loteria_disk_size_bytes{part="storage"}',
                 'loteria_draw_closes_timestamp_seconds{part="state",draw="first"}',
                 'loteria_log_sync_seconds_bucket{part="storage",le="+Inf"}', 'process_resident_memory_bytes{part="state"}'):
        assert metrics[name] > 0, name
    assert metrics['loteria_web_nonsense_total{part="web"}'] == 0
    rules = (PROMETHEUS / "loteria.rules.yml").read_text()
    asked = set(re.findall(r"\b(loteria_[a-z_]+)", rules)) - {"loteria_draw_closed_timestamp_seconds",
                                                               "loteria_draw_sealed_timestamp_seconds",  # it is open
                                                               "loteria_active", "loteria_log_waiting_seconds",
                                                               "loteria_log_behind_entries"}  # its log is on its disk
    absent = {name for name in asked if not any(line.startswith(name) for line in metrics)}
    assert absent <= {"loteria_agency_last_word_timestamp_seconds"}, "agency 2 may be gone already"
