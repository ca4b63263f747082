"""The daily allowance of API calls, shown on each reply."""

from isthmus.sandbox.salesforce.api import Call, Reply, Routes
from isthmus.sandbox.salesforce.errors import SalesforceError


class Usage:
    """Calls since the start (or the last control setting); the allowance does not roll over."""

    def __init__(self, daily_limit: int) -> None:
        self.most = daily_limit
        self.used = 0

    def spend(self) -> None:
        if self.used >= self.most:
            raise SalesforceError(
                "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403
            )
        self.used += 1

    def header(self) -> dict[str, str]:
        return {"Sforce-Limit-Info": f"api-usage={self.used}/{self.most}"}

    def add_routes(self, routes: Routes) -> None:
        routes.add("GET", "/limits", self._show)

    def _show(self, call: Call) -> Reply:
        allowances = {
            "DailyApiRequests": {"Max": self.most, "Remaining": max(self.most - self.used, 0)},
            "DailyBulkV2QueryJobs": {"Max": 10000, "Remaining": 10000},
            "DailyBulkApiBatches": {"Max": 15000, "Remaining": 15000},
        }
        return Reply(allowances)
