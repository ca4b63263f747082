"""G4: what Grafana and Prometheus are given is what the code says, and names only what there is."""

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from isthmus.cli.reference import DEPLOYED
from isthmus.observe.dashboards import MONEY, OPERATIONS, RULES, alert_rules
from isthmus.observe.kpis import KPIS
from isthmus.observe.metrics import Read, families
from isthmus.observe.status import Status

DEPLOY = Path(__file__).parents[2] / "deploy"
NOTHING = Read(Status(0, 0, (), (), (), (), (), (), ()), (), (), {}, 0.0, (), ())
SUFFIXES = {"histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


def exported() -> set[str]:
    return {f.name + suffix for f in families(NOTHING) for suffix in SUFFIXES[f.type]}


@pytest.mark.parametrize("name", DEPLOYED)
def test_the_file_is_fresh(name: str) -> None:
    assert (DEPLOY / name).read_text("utf-8") == DEPLOYED[name](), "run `isthmus docs build`"


@pytest.mark.parametrize("name", DEPLOYED)
def test_every_metric_is_exported(name: str) -> None:
    named = set(re.findall(r"isthmus_[a-z0-9_]+", DEPLOYED[name]()))
    assert named
    assert named <= exported()


@pytest.mark.parametrize("expr", [p.expr for p in (*OPERATIONS, *MONEY)] + [r.expr for r in RULES])
def test_brackets_match(expr: str) -> None:
    bare = re.sub(r'"[^"]*"', "", expr)
    for opening, closing in ("()", "{}", "[]"):
        assert bare.count(opening) == bare.count(closing)


def test_a_panel_for_every_figure() -> None:
    panels = json.loads(DEPLOYED["grafana/business.json"]())["panels"]
    assert [p["title"] for p in panels] == [*[p.title for p in MONEY], *[k.title for k in KPIS]]
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]
    assert len(set(places)) == len(places)


def test_rules_are_yaml_as_prometheus_reads_it() -> None:
    [group] = YAML(typ="safe", pure=True).load(alert_rules())["groups"]
    assert [r["alert"] for r in group["rules"]] == [r.name for r in RULES]
    for rule in group["rules"]:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
