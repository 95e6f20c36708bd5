"""The files of docs/deploy/monitoring name what /metrics gives, and Prometheus' own checker has no complaint."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial

import pytest
from prometheus_client.parser import text_string_to_metric_families

from petition.organisers import last_checks
from petition.signing import probes
from tests import ROOT
from tests.conftest import Visit, Visitor
from tests.web.tools import on_sqlite

FOLDER = ROOT / "docs/deploy/monitoring"
RULES, TESTS = ((FOLDER / name).read_text("utf-8") for name in ("rules.yml", "rules_test.yml"))
ALERTS = re.findall(r"^ +- alert: (\w+)$", RULES, re.M)
OF_PROMETHEUS = {"up", "ALERTS"}
NAME = re.compile(r"\b(?:petition|process)_\w+")
Series = frozenset[str | tuple[str, str]]


async def _real_series(visitor: Visitor) -> set[Series]:
    """Name and labels of all that /metrics gives, once all has happened that it tells of."""
    write = visitor.site.database.write
    await write(partial(last_checks.record_audit, all_agree=True))
    await write(partial(last_checks.record_doctor, found=[("ok", "swap")]))
    await write(partial(probes.record, step="email", problem="none came", seconds={"page": 0.1}, certificate_ends=1))
    text = (await visitor.get("/metrics")).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {frozenset([sample.name, *sample.labels.items()]) for sample in samples}


def _expressions() -> Iterator[str]:
    yield from re.findall(r"^ +expr: (.+)$", RULES, re.M)
    board = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
    yield from (target["expr"] for panel in board["panels"] for target in panel["targets"])
    yield from (one["expr"] for one in board["annotations"]["list"])


def _tested_series() -> Iterator[Series]:
    for name, labels in re.findall(r"series: '(\w+)\{(.*?)\}'", TESTS):
        pairs = re.findall(r'(\w+)="([^"]*)"', labels)
        yield frozenset([name, *(pair for pair in pairs if pair[0] not in ("job", "instance"))])


@on_sqlite
async def test_rules_tests_and_dashboard_name_what_the_site_gives(visit: Visit) -> None:
    real = await _real_series(await visit(probe_email="k3xq7v2m@petition.example"))
    names = {one for series in real for one in series if isinstance(one, str)}
    for expression in _expressions():
        assert set(NAME.findall(expression)) <= names, expression
        assert NAME.findall(expression) or OF_PROMETHEUS & set(re.findall(r"\w+", expression)), expression
    assert set(_tested_series()) - real == {frozenset(["up"])}
    pairs = {one for series in real for one in series if isinstance(one, tuple)} | {("job", "petition")}
    chosen = re.findall(r'(\w+)=~?"([^"]+)"', "\n".join(re.sub("ALERTS{.*?}", "", one) for one in _expressions()))
    assert {(name, value) for name, values in chosen for value in values.split("|")} <= pairs


@pytest.mark.parametrize(
    "arguments", ["check rules rules.yml", "test rules rules_test.yml", "check config --syntax-only prometheus.yml"]
)
def test_promtool_finds_no_fault(arguments: str) -> None:
    checker = shutil.which("promtool")
    assert checker, "sh tests/system.sh installs it"
    done = subprocess.run([checker, *arguments.split()], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tested_to_fire_and_not_to_fire() -> None:
    assert len(ALERTS) == len(set(ALERTS)) > 15
    parts = dict(re.findall(r"^  - name: (.+)\n((?:.*\n)+?)(?=\n|\Z)", TESTS, re.M))
    for alert in ALERTS:
        answers = re.findall(r"exp_samples: (.+)}$", parts[alert], re.M)
        assert {f'"{alert}"' in answer for answer in answers} == {True, False}, alert
    asked = re.findall(r"expr: '(.+?)', eval_time", TESTS)
    assert set(asked) == {'count by (alertname) (ALERTS{alertstate="firing"})'}, "so each says that no other fires"


def test_each_alert_says_what_is_wrong_what_to_do_and_how_urgent_it_is() -> None:
    handbook = (ROOT / "docs/handbook.md").read_text("utf-8")
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in _titles(handbook)}
    monitoring = handbook.partition("\n### Monitoring\n")[2].partition("\n## ")[0]
    for part in RULES.split("- alert: ")[1:]:
        alert = part.splitlines()[0]
        (remedy,) = re.findall(r'^ +remedy: "handbook\.md#(.+)"$', part, re.M)
        assert remedy in anchors, alert
        assert len(re.findall(r'^ +summary: ".{20,}\."$', part, re.M)) == 1, alert
        assert len(re.findall(r"^ +labels: \{severity: (critical|warning)\}$", part, re.M)) == 1, alert
        assert remedy != "monitoring" or f"`{alert}`" in monitoring, alert


def _titles(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", text, re.M)
