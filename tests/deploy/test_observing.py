"""Prometheus scrapes a real server: each query of dashboard and alerts finds something."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.prometheus import DEPLOY, Prometheus, prometheus, rendered, until
from tests.server.coturn import HOST, free_port
from tests.server.terminal import spawn

pytestmark = pytest.mark.process

DASHBOARD = DEPLOY / "grafana/dashboards/daedam.json"
DATASOURCE = DEPLOY / "grafana/provisioning/datasources/prometheus.yml"
TOKEN = "a token for scraping"
SCRAPES = 3
"""Rates need two of them, and the first one may have met a server that had just begun."""


def panels() -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def expressions() -> list[str]:
    """Return every query of the dashboard, with the interval that Grafana would fill in."""
    targets = [target for panel in panels() for target in panel["targets"]]  # type: ignore[attr-defined]  # JSON
    return [target["expr"].replace("$__rate_interval", "1m") for target in targets]


def promtool(*arguments: str | Path) -> None:
    command = ["promtool", *map(str, arguments)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.fixture(scope="module")
def metrics_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that nobody scrapes without the token: on this machine everybody might."""
    folder = tmp_path_factory.mktemp("scraped")
    log = folder / "server.log"
    with log.open("w") as stderr:
        process = spawn(
            *("serve", "--port", "0", "--data", folder / "data"),
            stderr=stderr.fileno(),
            DAEDAM_WORKERS="1",
            DAEDAM_METRICS_TOKEN=TOKEN,
            DAEDAM_TRUSTED_PROXIES=HOST,
        )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, log.read_text()
        yield f"{url}/metrics"
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def scraping(metrics_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One that has scraped the server a few times; the other server of its list is not there."""
    folder = tmp_path_factory.mktemp("prometheus")
    first = metrics_url.removeprefix("http://").removesuffix("/metrics")
    configuration = rendered(folder, TOKEN, first, f"{HOST}:{free_port()}")
    promtool("check", "config", configuration)
    with prometheus(configuration) as running:
        enough = f"count_over_time(daedam_ready[1m]) >= {SCRAPES}"
        until(lambda: running.query(enough) != [], lambda: str(running.query("up")))
        yield running


def test_numbers_are_given_for_the_token_only(metrics_url: str, scraping: Prometheus) -> None:
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(metrics_url, timeout=10)
    assert sorted(value for _, value in values(scraping, "up")) == [0, 1]


@pytest.mark.parametrize("expression", expressions())
def test_a_query_of_the_dashboard_finds_something(scraping: Prometheus, expression: str) -> None:
    assert scraping.query(expression)


def test_every_alert_is_about_something_that_is_counted(scraping: Prometheus) -> None:
    rules = scraping.rules()
    assert len(rules) >= 8
    for name, expression in rules.items():
        counted, found, _ = re.split(r"\s(>|==)\s", expression)
        assert found, name
        assert scraping.query(counted), f"{name}: nothing has {counted}"


def test_a_server_that_is_missing_is_told_and_one_that_runs_is_not(scraping: Prometheus) -> None:
    (down,) = scraping.query(scraping.rules()["DaedamDown"])
    (running,) = scraping.query("up == 1")
    assert down["metric"]["instance"] != running["metric"]["instance"]
    assert scraping.query(scraping.rules()["DaedamNotReady"]) == []


def test_alerts_are_raised_by_what_they_are_about() -> None:
    promtool("test", "rules", Path(__file__).with_name("alerts.yml"))


def test_panels_have_a_place_each_and_the_source_that_is_provisioned() -> None:
    taken: set[tuple[int, int]] = set()
    uid = re.search(r"uid: (\S+)", DATASOURCE.read_text())
    assert uid is not None
    for panel in panels():
        place: dict[str, int] = panel["gridPos"]  # type: ignore[assignment]  # JSON
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24, "Grafana has 24 columns"
        taken |= cells
        assert panel["datasource"] == {"type": "prometheus", "uid": uid[1]}


def values(running: Prometheus, expression: str) -> list[tuple[object, float]]:
    return [(each["metric"], float(each["value"][1])) for each in running.query(expression)]
