"""Why somebody who came from a provider was not let in."""

from __future__ import annotations

from datetime import timedelta


class SignInRefused(Exception):
    """`code` is stable; the remedy is for whoever reads the page. `counts`: it may be somebody
    trying. `after` is how long to wait, where waiting helps.
    """

    def __init__(
        self,
        code: str,
        why: str,
        remedy: str,
        *,
        status: int = 401,
        counts: bool = True,
        after: timedelta | None = None,
    ) -> None:
        super().__init__(why)
        self.code, self.why, self.remedy = code, why, remedy
        self.status, self.counts, self.after = status, counts, after
