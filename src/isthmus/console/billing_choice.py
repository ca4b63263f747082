"""What an address of Billing chooses: the last day of work, a company, a client, a project."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from isthmus.access import Permission, Principal
from isthmus.canonical import AccountingPeriod, LegalEntity, Resource
from isthmus.flows.billing_desk import Asked
from isthmus.kit.clock import utc_now
from isthmus.kit.masking import MASK
from isthmus.store.database import Transaction

READ = Permission.DELIVERY_READ
WRONG_DAY = "is no day; write it as 2026-07-31, or leave it empty for today"


@dataclass(frozen=True)
class Choice:
    """`typed` is what the day was asked as; `wrong` says why it cannot be used, and today counts
    instead.
    """

    through: date
    typed: str = ""
    wrong: str = ""
    entity: str = ""
    client: str = ""
    project: str = ""
    after: int = 0

    def asked(self) -> Asked:
        return Asked(self.through, self.entity, self.client, self.project)

    @property
    def any(self) -> bool:
        return bool(self.typed or self.entity or self.client or self.project)

    def address(self, path: str, **more: object) -> str:
        """Of another page with the same choice; `more` is put in its place."""
        given = {
            "through": "" if self.wrong else self.typed, "entity": self.entity,
            "client": self.client, "project": self.project, **more,
        }  # fmt: skip
        written = {name: str(value) for name, value in given.items() if value}
        return f"{path}?{urlencode(written)}" if written else path


def billing_choice(query: Mapping[str, str]) -> Choice:
    typed = query.get("through", "").strip()
    through = day_of(typed)
    texts = {n: query.get(n, "").strip().replace("\0", "") for n in ("entity", "client", "project")}
    return Choice(
        through or utc_now().date(), typed, "" if through or not typed else f"{typed} {WRONG_DAY}",
        after=number_of(query.get("after")), **texts,
    )  # fmt: skip


def day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def number_of(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 8 else 0


async def entities_of(tx: Transaction, who: Principal) -> list[str]:
    """Codes of the companies whose billing the reader may see."""
    allowed = who.entities(READ)
    codes = sorted(entity.code for entity in await tx.records.list(LegalEntity))
    return [code for code in codes if allowed is None or code in allowed]


async def periods_of(tx: Transaction, who: Principal) -> list[AccountingPeriod]:
    """One for each name, the youngest first, of the companies that the reader may see."""
    allowed = who.entities(READ)
    codes = {entity.id: entity.code for entity in await tx.records.list(LegalEntity)}
    theirs = [
        period
        for period in await tx.records.list(AccountingPeriod)
        if allowed is None or not period.legal_entity or codes.get(period.legal_entity) in allowed
    ]
    named = {period.name: period for period in sorted(theirs, key=lambda p: p.starts_on)}
    return sorted(named.values(), key=lambda p: p.starts_on, reverse=True)


async def ends_of_periods(tx: Transaction, who: Principal) -> list[tuple[str, str]]:
    """(last day, "end of Jul 2026") of the periods that have begun."""
    today = utc_now().date()
    return [
        (period.ends_on.isoformat(), f"end of {period.name}")
        for period in await periods_of(tx, who)
        if period.starts_on <= today
    ]


async def name_hider(tx: Transaction, who: Principal) -> Callable[[str], str]:
    """Takes the names of people out of a text, for a reader who may not see them."""
    if who.may(Permission.PII_READ):
        return str
    names = sorted({r.name for r in await tx.records.list(Resource)}, key=len, reverse=True)
    if not names:
        return str
    anyone = re.compile("|".join(map(re.escape, names)))
    return lambda text: anyone.sub(MASK, text)
