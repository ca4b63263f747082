"""The append-only ledger of rated facts: corrected by reversal, frozen once invoiced."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.bulk import Shape, inserting, pairs, pairs_given, rows_given
from isthmus.store.columns import among, array_given, listed
from isthmus.store.fact_rows import ABSENT, NOT_CHARGED, FactRow, opposite
from isthmus.store.fact_tables import fact


class Frozen(Exception):
    """The fact is on an invoice; only a credit memo corrects it."""


_COLUMNS = [fact.c[name] for name in FactRow.__dataclass_fields__]
REVERSAL = fact.alias("reversal")
BILLABLE = fact.c.charging != NOT_CHARGED
LIVE = sa.and_(
    fact.c.reversal_of.is_(None),
    ~sa.exists(
        sa.select(REVERSAL.c.id).where(REVERSAL.c.reversal_of == fact.c.id, ~REVERSAL.c.in_part)
    ),
)
NET = (
    fact.c.amount
    + sa.select(sa.func.coalesce(sa.func.sum(REVERSAL.c.amount), 0))
    .where(REVERSAL.c.reversal_of == fact.c.id, REVERSAL.c.in_part)
    .scalar_subquery()
)
"""Amount of a fact in force, less what was credited of it."""


def _of_sources() -> sa.Select[Any]:
    """Each is looked up by itself: the planner thinks of the whole ledger before it knows it."""
    ids = sa.func.unnest(array_given("given_ids", UUID(as_uuid=False))).table_valued("id")
    given = ids.render_derived("given")
    theirs = (
        sa.select(*_COLUMNS)
        .where(
            fact.c.source_kind == sa.bindparam("given_kind"),
            fact.c.source_id == given.c.id,
            LIVE,
        )
        .offset(sa.literal_column("0"))
        .lateral("theirs")
    )
    return sa.select(theirs).select_from(given.join(theirs, sa.true()))


def _posted() -> sa.Update:
    answer = pairs(sa.Text)
    return (
        sa.update(fact)
        .where(fact.c.id == answer.c.id, fact.c.posted_at.is_(None))
        .values(posted_as=answer.c.value, posted_at=sa.func.clock_timestamp())
    )


_OF_SOURCES, _POSTED = _of_sources(), _posted()


class Ledger:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, facts: Sequence[Mapping[str, Any]]) -> None:
        """Write facts; one that exists for the same source and version is left as it is."""
        if facts:
            rows = _alike(facts)
            shape = Shape.of(rows)
            given = rows_given(fact, shape, rows)
            await self._connection.execute(inserting(fact, shape), given)

    async def live(self, source_kind: str, source_ids: Iterable[str]) -> list[FactRow]:
        """Facts in force: neither reversals nor reversed."""
        named = {"given_kind": source_kind, "given_ids": listed(source_ids)}
        rows = await self._connection.execute(_OF_SOURCES, named)
        found = [FactRow(*row) for row in rows]
        return sorted(found, key=lambda fact: (fact.happened_on, fact.id))

    async def reverse(self, facts: Sequence[FactRow], run_id: str) -> None:
        """Take facts back by equal and opposite ones. Raises Frozen when one is invoiced."""
        for row in facts:
            if row.invoice is not None:
                raise Frozen(f"{row.source_kind} {row.source_id} is on invoice {row.invoice}")
        await self.add([opposite(row, run_id) for row in facts])

    async def mark_posted(self, posted: Mapping[str, str]) -> None:
        """Fact id -> the ERP's id of the transaction that holds it."""
        if not posted:
            return
        await self._connection.execute(_POSTED, pairs_given(posted))

    async def unbilled(self, contract: str, up_to: date) -> list[FactRow]:
        """Posted, in force, on no invoice yet; locked until the transaction ends."""
        query = _to_bill([contract], up_to).with_for_update(of=fact)
        return [FactRow(*row) for row in await self._connection.execute(query)]

    async def unbilled_of(
        self, contracts: Collection[str], up_to: date
    ) -> dict[str, list[FactRow]]:
        """As `unbilled`, by contract, to be looked at only."""
        found: dict[str, list[FactRow]] = {contract: [] for contract in contracts}
        for row in await self._connection.execute(_to_bill(contracts, up_to)):
            one = FactRow(*row)
            found[one.contract].append(one)
        return found

    async def unposted(self, up_to: date) -> list[tuple[str, Decimal, int]]:
        """(currency, amount, count) of facts in force that their ledger has not taken yet."""
        rows = await self._connection.execute(
            sa.select(fact.c.currency, sa.func.sum(fact.c.amount), sa.func.count())
            .where(fact.c.posted_at.is_(None), fact.c.happened_on <= up_to, LIVE)
            .group_by(fact.c.currency)
            .order_by(fact.c.currency)
        )
        return [(currency, amount, count) for currency, amount, count in rows]

    async def contracts_unbilled(self, up_to: date) -> list[str]:
        """Those with an amount to bill: courtesy alone asks nothing of a client."""
        rows = await self._connection.execute(
            sa.select(fact.c.contract)
            .where(
                fact.c.invoice.is_(None),
                fact.c.posted_at.is_not(None),
                fact.c.happened_on <= up_to,
                BILLABLE,
                fact.c.amount != 0,
                LIVE,
            )
            .distinct()
            .order_by(fact.c.contract)
        )
        return [contract for (contract,) in rows]

    async def consumed(self, contract: str, before: date | None = None) -> Decimal:
        """Amount of a contract used up, billed or not, of days before `before`.

        All facts count: one that was taken back, whole or in part, has its opposite among them.
        Expenses are passed on beside the work and use nothing of its cap.
        """
        conditions = [fact.c.contract == contract, fact.c.source_kind != "expense_entry"]
        if before is not None:
            conditions.append(fact.c.happened_on < before)
        total = await self._connection.scalar(
            sa.select(sa.func.coalesce(sa.func.sum(fact.c.amount), 0)).where(*conditions)
        )
        return Decimal(total or 0)

    async def contracts_rated(self, up_to: date) -> list[str]:
        """Contracts with facts in force up to a day."""
        rows = await self._connection.execute(
            sa.select(fact.c.contract)
            .where(fact.c.happened_on <= up_to, LIVE)
            .distinct()
            .order_by(fact.c.contract)
        )
        return [contract for (contract,) in rows]

    async def of_contract(self, contract: str) -> list[FactRow]:
        return await self._select(fact.c.contract == contract, LIVE)

    async def freeze(self, invoice: str, lines: Mapping[str, int]) -> None:
        """Fact id -> line number; a fact goes on one invoice once."""
        if not lines:
            return
        line = pairs(sa.Integer)
        frozen = await self._connection.execute(
            sa.update(fact)
            .where(fact.c.id == line.c.id, fact.c.invoice.is_(None))
            .values(invoice=invoice, invoice_line=line.c.value),
            pairs_given(lines),
        )
        if frozen.rowcount != len(lines):
            taken = len(lines) - frozen.rowcount
            raise Frozen(f"{taken} of {len(lines)} facts are on an invoice already")

    async def of_invoice(self, invoice: str) -> list[FactRow]:
        return await self._select(fact.c.invoice == invoice)

    async def of_credit_memo(self, memo: str) -> list[FactRow]:
        """What takes back the facts that a memo credits, each by an opposite amount."""
        return await self._select(fact.c.credit_memo == memo)

    async def taken_back(self, facts: Iterable[str]) -> dict[str, Decimal]:
        """Fact id -> what credits have taken of it, as a positive amount; those with any."""
        rows = await self._connection.execute(
            sa.select(fact.c.reversal_of, -sa.func.sum(fact.c.amount))
            .where(fact.c.reversal_of.in_(list(facts)), fact.c.credit_memo.is_not(None))
            .group_by(fact.c.reversal_of)
        )
        return {str(id): amount for id, amount in rows}

    async def of_source(self, source_kind: str, source_id: str) -> list[FactRow]:
        """Everything ever rated for one entry or milestone, reversals too, oldest first."""
        rows = await self._connection.execute(
            sa.select(*_COLUMNS)
            .where(fact.c.source_kind == source_kind, fact.c.source_id == source_id)
            .order_by(fact.c.rated_at, fact.c.id)
        )
        return [FactRow(*row) for row in rows]

    async def in_force(self) -> list[FactRow]:
        """Every fact in force, for audits."""
        return await self._select(LIVE)

    async def of_project(self, project: str) -> list[FactRow]:
        return await self._select(fact.c.project == project, LIVE)

    async def _select(self, *conditions: sa.ColumnElement[bool]) -> list[FactRow]:
        rows = await self._connection.execute(
            sa.select(*_COLUMNS).where(*conditions).order_by(fact.c.happened_on, fact.c.id)
        )
        return [FactRow(*row) for row in rows]

    async def totals(self) -> list[tuple[str, str, str, Decimal, int]]:
        """(source kind, state, currency, amount, count) of facts in force, less what was credited
        of them.
        """
        state = sa.case(
            (fact.c.invoice.is_not(None), "invoiced"),
            (fact.c.posted_at.is_not(None), "posted"),
            else_="rated",
        )
        amount = sa.func.sum(NET)
        rows = await self._connection.execute(
            sa.select(fact.c.source_kind, state, fact.c.currency, amount, sa.func.count())
            .where(LIVE)
            .group_by(fact.c.source_kind, state, fact.c.currency)
            .order_by(fact.c.source_kind, state, fact.c.currency)
        )  # fmt: skip
        return [(k, s, c, a, n) for k, s, c, a, n in rows]


def _alike(facts: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """All with the same columns. Each costs time in each row, so the fewest that say all."""
    columns = facts[0].keys()
    if all(f.keys() == columns for f in facts):
        return facts
    return [{**ABSENT, **f} for f in facts]


def _to_bill(contracts: Collection[str], up_to: date) -> sa.Select[Any]:
    return (
        sa.select(*_COLUMNS)
        .where(
            among(fact.c.contract, contracts),
            fact.c.invoice.is_(None),
            fact.c.posted_at.is_not(None),
            fact.c.happened_on <= up_to,
            BILLABLE,
            LIVE,
        )
        .order_by(fact.c.happened_on, fact.c.id)
    )
