"""Grafana dashboards and Prometheus alert rules over the metrics that we export.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/ and
https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from isthmus.observe.kpis import KPIS, Unit

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
UNITS = {
    Unit.HOURS: "h", Unit.DAYS: "d", Unit.SECONDS: "s", Unit.MILLISECONDS: "ms",
    Unit.PERCENT: "percent", Unit.COUNT: "short", Unit.MONEY: "short",
}  # fmt: skip
WIDTH, HEIGHT = 12, 8
API, VENDOR = "isthmus_api_request_duration_seconds", "isthmus_vendor_call_duration_seconds"


@dataclass(frozen=True)
class Panel:
    title: str
    expr: str
    legend: str
    unit: str = "short"
    text: str = ""


@dataclass(frozen=True)
class Rule:
    """`owner` is a label, by which Alertmanager routes."""

    name: str
    expr: str
    lasts: str
    severity: str
    owner: str
    summary: str
    do: str


def _p95(metric: str, label: str) -> str:
    return f"histogram_quantile(0.95, sum by (le, {label}) (rate({metric}_bucket[5m])))"


def _failing(metric: str, label: str, outcomes: str) -> str:
    failed = f'sum by ({label}) (rate({metric}_count{{outcome=~"{outcomes}"}}[5m]))'
    return f"{failed} / sum by ({label}) (rate({metric}_count[5m]))"


OPERATIONS = (
    Panel("Requests per second", f"sum by (route) (rate({API}_count[5m]))", "{{route}}", "reqps"),
    Panel("Requests that fail", _failing(API, "route", "5xx"), "{{route}}", "percentunit"),
    Panel("Time to answer, 95 %", _p95(API, "route"), "{{route}}", "s"),
    Panel("Calls per second", f"sum by (connection) (rate({VENDOR}_count[5m]))",
          "{{connection}}", "reqps"),
    Panel("Calls that fail", _failing(VENDOR, "connection", "5xx|no answer"), "{{connection}}",
          "percentunit"),
    Panel("Time of a call, 95 %", _p95(VENDOR, "connection"), "{{connection}}", "s"),
    Panel("Runs queued or running", "isthmus_queue_depth", "{{flow}} {{state}}"),
    Panel("Systems that answer", "isthmus_connection_up", "{{connection}}"),
    Panel("Calls left of the day", "isthmus_quota_left", "{{connection}}"),
    Panel("Since a kind was read", "isthmus_watermark_lag_seconds", "{{connection}} {{kind}}", "s"),
    Panel("Messages waiting", "isthmus_inbox_waiting", "messages"),
    Panel("Events not sent yet", "isthmus_outbox_lag_events", "{{destination}}"),
    Panel("Workers", "isthmus_workers_alive", "workers"),
)  # fmt: skip
MONEY = (
    Panel("Amount blocked by holds", "sum by (owner, currency) (isthmus_holds_amount)",
          "{{owner}} {{currency}}"),
    Panel("Open holds", "isthmus_holds_open", "{{owner}} {{severity}}"),
    Panel("Promises being broken", "isthmus_alerts_open", "{{flow}} {{severity}}"),
)  # fmt: skip
RULES = (
    Rule("IsthmusPromiseBroken", "isthmus_alerts_open > 0", "1m", "page", "{{ $labels.owner }}",
         "{{ $labels.flow }} breaks its promise",
         "isthmus alerts tells client, amount, deadline and the next step."),
    Rule("IsthmusSystemAway", "isthmus_connection_up == 0", "5m", "page", "integration",
         "{{ $labels.connection }} does not answer",
         "isthmus connection check {{ $labels.connection }}; what needs it waits and goes on by "
         "itself."),
    Rule("IsthmusNoWorker", "isthmus_workers_alive < 1", "1m", "page", "integration",
         "No worker is alive", "Start isthmus worker; what waits is not lost."),
    Rule("IsthmusCriticalHold", 'isthmus_holds_open{severity="critical"} > 0', "5m", "page",
         "{{ $labels.owner }}", "{{ $value }} critical holds of {{ $labels.owner }}",
         "isthmus hold list --severity critical"),
    Rule("IsthmusMessagesWait", "isthmus_inbox_oldest_seconds > 300", "5m", "page",
         "integration", "A message waits for {{ $value }} s", "isthmus status"),
    Rule("IsthmusReadingStopped", "isthmus_watermark_lag_seconds > 3600", "10m", "ticket",
         "integration", "{{ $labels.kind }} of {{ $labels.connection }} was not read for "
         "{{ $value }} s", "isthmus connection check {{ $labels.connection }}"),
    Rule("IsthmusQuotaNearlySpent",
         "isthmus_quota_left / (isthmus_quota_left + isthmus_quota_used) < 0.1", "10m", "ticket",
         "integration", "Less than a tenth of the calls to {{ $labels.connection }} is left",
         "Raise the share of the quota, or poll less often."),
    Rule("IsthmusApiFails", f'{_failing(API, "route", "5xx")} > 0.05', "5m", "page",
         "integration", "{{ $labels.route }} fails", "Read the log of the API by its trace_id."),
    Rule("IsthmusDestinationBehind", "isthmus_outbox_lag_events > 10000", "15m", "ticket",
         "integration", "{{ $labels.destination }} has not been sent {{ $value }} events",
         "isthmus destination list"),
)  # fmt: skip


def business_dashboard() -> str:
    kpis = [
        Panel(k.title, f'isthmus_kpi{{name="{k.name}"}}',
              "{{currency}}" if k.unit is Unit.MONEY else k.title, UNITS[k.unit], k.formula)
        for k in KPIS
    ]  # fmt: skip
    return _dashboard("isthmus-business", "Isthmus: business", [*MONEY, *kpis])


def operations_dashboard() -> str:
    return _dashboard("isthmus-operations", "Isthmus: operations", OPERATIONS)


def _dashboard(uid: str, title: str, panels: Sequence[Panel]) -> str:
    made = {
        "uid": uid, "title": title, "tags": ["isthmus"], "schemaVersion": 39, "editable": True,
        "refresh": "30s", "time": {"from": "now-6h", "to": "now"}, "timezone": "browser",
        "templating": {"list": [{"name": "datasource", "type": "datasource",
                                 "query": "prometheus", "label": "Data source"}]},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }  # fmt: skip
    return json.dumps(made, indent=2) + "\n"


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, 2)
    return {
        "id": number + 1, "type": "timeseries", "title": panel.title, "description": panel.text,
        "datasource": SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": panel.expr,
                     "legendFormat": panel.legend}],
    }  # fmt: skip


def alert_rules() -> str:
    """YAML; every value is written as JSON has it, which YAML reads the same."""
    lines = ["# Generated by `isthmus docs build`. Change src/isthmus/observe/dashboards.py.",
             "groups:", "  - name: isthmus", "    rules:"]  # fmt: skip
    for rule in RULES:
        lines += [
            f"      - alert: {rule.name}", f"        expr: {json.dumps(rule.expr)}",
            f"        for: {rule.lasts}",
            f'        labels: {{"severity": "{rule.severity}", "owner": {json.dumps(rule.owner)}}}',
            "        annotations:", f"          summary: {json.dumps(rule.summary)}",
            f"          description: {json.dumps(rule.do)}",
        ]  # fmt: skip
    return "\n".join(lines) + "\n"
