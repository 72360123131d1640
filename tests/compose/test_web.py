"""The page under compose, and Prometheus beside it."""

import http.client
import json
import re

import engine
import loteria


def ask(port, path):
    """Status and body; None while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=engine.DEADLINE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (ConnectionError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def data_of(port, path):
    answer = ask(port, path)
    return json.loads(answer[1])["data"] if answer and answer[0] == 200 else None


def test_the_page_and_prometheus_see_the_central(project):
    day = project(WORKERS="1", COMPOSE_PROFILES="monitoring")
    page, prometheus = day.settings["WEB_PORT"], day.settings["PROMETHEUS_PORT"]
    (line,) = re.search(r"<!-- tested: monitoring -->\n+```sh\n(.*?)```", (engine.ROOT / "docs/compose.md").read_text(),
                        re.S)[1].splitlines()
    assert line == "docker compose --profile monitoring up -d --build"
    engine.run(*engine.compose_command(), "-f", engine.ROOT / "compose.yaml", "build", "prometheus", cwd=engine.ROOT,
               environment={"IMAGE": engine.IMAGE, "COMPOSE_PROFILES": "monitoring"}, timeout=engine.BUILD_DEADLINE)
    day.up("storage", "state", "broker", "worker", "web", "prometheus")
    engine.wait_until(lambda: (ask(page, "/readyz") or [0])[0] == 200, lambda: f"{ask(page, '/readyz')}\n{day.logs()}")
    day.wait_until_up(day.container("web"))
    status = json.loads(ask(page, "/api/v1/status")[1])
    assert [(part["part"], part["answer"]) for part in status["parts"]][:3] == [("broker", "up"), ("storage", "up"), ("state", "up")]
    assert "<title>Loter" in ask(page, "/")[1]

    def seen():
        targets = data_of(prometheus, "/api/v1/targets")
        return targets and [target["health"] for target in targets["activeTargets"]] == ["up"]

    engine.wait_until(seen, lambda: f"{data_of(prometheus, '/api/v1/targets')}")
    groups = data_of(prometheus, "/api/v1/rules")["groups"]
    assert sum(len(group["rules"]) for group in groups) == 12
    engine.wait_until(lambda: data_of(prometheus, "/api/v1/query?query=loteria_part_answers")["result"],
                      lambda: "no metric came")
    assert loteria.parse_log(day.log("web"))
