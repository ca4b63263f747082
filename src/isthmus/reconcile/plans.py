"""Which reconciliations there are: those of the landscape, else one for each pair of systems."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from isthmus.connect.listing import Window
from isthmus.landscape import Landscape
from isthmus.landscape.bindings import RoleError
from isthmus.landscape.reconciliations import Reconciliation
from isthmus.reconcile.customers import CUSTOMERS
from isthmus.reconcile.invoices_to_crm import INVOICES_TO_CRM
from isthmus.reconcile.promise import Plan, Promise
from isthmus.reconcile.time_to_ledger import TIME_TO_LEDGER

PROMISES: Mapping[str, Promise] = {
    promise.name: promise for promise in (TIME_TO_LEDGER, INVOICES_TO_CRM, CUSTOMERS)
}


def plans(landscape: Landscape, on: date) -> dict[str, Plan]:
    """By name. A promise of which the landscape says nothing is compared on demand."""
    found = {
        name: _planned(landscape, name, wanted, on)
        for name, wanted in landscape.reconciliations.items()
    }
    spoken_of = {plan.promise for plan in found.values()}
    for promise in PROMISES.values():
        if promise.name not in spoken_of:
            found |= {plan.name: plan for plan in _by_default(landscape, promise, on)}
    return found


def _planned(landscape: Landscape, name: str, wanted: Reconciliation, on: date) -> Plan:
    source, target = wanted.connections
    pairs = _pairs(landscape, PROMISES[wanted.promise], on)
    entities = wanted.legal_entities or pairs.get((source, target), ())
    return Plan(
        name, wanted.promise, source, target, tuple(entities), wanted.owner, wanted.signatures,
        wanted.months, wanted.allowed, wanted.every,
    )  # fmt: skip


def _by_default(landscape: Landscape, promise: Promise, on: date) -> Iterator[Plan]:
    pairs = _pairs(landscape, promise, on)
    usual = Reconciliation.model_fields
    for (source, target), entities in pairs.items():
        name = promise.name if len(pairs) == 1 else f"{promise.name}-{source}-{target}"
        yield Plan(
            name, promise.name, source, target, entities, usual["owner"].default,
            usual["signatures"].default, usual["months"].default, usual["grace"].default,
        )  # fmt: skip


def _pairs(
    landscape: Landscape, promise: Promise, on: date
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Connections that serve a company together -> codes of those companies."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for code in landscape.firm.legal_entities:
        try:
            source, target = (landscape.connection_for(r, code, on=on) for r in promise.roles)
        except RoleError:
            continue  # nobody keeps this company's side: there is nothing to compare
        found[source, target].append(code)
    return {pair: tuple(codes) for pair, codes in found.items()}


def days_of(plan: Plan, today: date, month: date | None = None) -> Window | None:
    """The months up to today, or one month. None: the promise has no days."""
    if not PROMISES[plan.promise].dated:
        return None
    if month is not None:
        return Window(month.replace(day=1), _last_of(month))
    first = today.replace(day=1)
    for _ in range(plan.months - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    return Window(first, _last_of(today))


def _last_of(month: date) -> date:
    following = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    return following - timedelta(days=1)
