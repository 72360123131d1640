"""A process that was stopped for longer than its patience asks before it gives up."""

import signal

import loteria

BEAT_MS, FREEZE_MS = 250, 1000  # three beats are missed; but ZeroMQ's own patience, 3 s, is not used up


def freeze(start, process, endpoint):
    """Stop it for as long as a question takes that nobody answers."""
    process.signal(signal.SIGSTOP)
    ping = start("loteria-ctl", "ping", endpoint, "--timeout", f"{FREEZE_MS}ms")
    assert ping.wait() == 1, ping.stdout
    process.signal(signal.SIGCONT)


def test_a_broker_that_was_stopped_keeps_its_workers(start, parts, tmp_path):
    file = loteria.make_bets(tmp_path / "agency-1.csv", 1, 200)
    day = parts(workers=3, agencies=1, worker_arguments=("--heartbeat-ms", BEAT_MS))
    broker = day.parts["loteria-broker"]
    broker.wait_for_log(r"worker_alta \| result: success \| workers: 3")
    for _ in range(2):
        freeze(start, broker, f"tcp://{day.server}")
    loteria.assert_day_ends(day, {1: file}, day.sell({1: file}))
    assert broker.log.count("action: worker_alta") == 3, broker.log
    assert "worker_baja" not in broker.log, broker.log
