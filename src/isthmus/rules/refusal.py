from __future__ import annotations


class Unusable(ValueError):
    """A figure from which no amount can be computed. Fix the figure; trying again is no help."""

    def __init__(self, field: str, reason: str, remedy: str) -> None:
        super().__init__(f"{field} cannot be used\n{reason}\n{remedy}")
        self.field = field
        self.reason = reason
        self.remedy = remedy


def refuse_unless(fine: bool, field: str, reason: str, remedy: str) -> None:
    if not fine:
        raise Unusable(field, reason, remedy)
