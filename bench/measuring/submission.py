"""A time entry of the job as Isthmus takes it. Runs in the tools' environment: nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def ours(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Who approved it and when, and the task, have no place in a submission."""
    return {
        "external_id": entry["id"], "resource": entry["employee_id"],
        "project": entry["project_id"], "role": entry["role"], "worked_on": entry["date"],
        "hours": entry["hours"], "is_billable": entry["billable"], "approval": entry["status"],
        "currency": entry["currency"], "note": entry["notes"],
    }  # fmt: skip
