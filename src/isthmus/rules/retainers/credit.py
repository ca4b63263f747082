"""Credit in money, paid in advance: it pays invoices, tax included, until it is gone or lapses.

Credit is a way to pay, not a discount: the invoice and its tax are what they would be without it
(Lago applies prepaid credits to the total with tax; a voucher for services yet unknown is taxed
when it is used, Directive 2006/112/EC, article 30b(2)).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from isthmus.canonical.terms import MoneyRetainer
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump
from isthmus.rules.problems import Problem
from isthmus.rules.retainers.account import PrepaidAccount, buy, draw, expire_due, refund
from isthmus.rules.retainers.blocks import last_day


@dataclass(frozen=True, slots=True)
class CreditOrder:
    account: PrepaidAccount[Money]
    charge: Charge


@dataclass(frozen=True, slots=True)
class Paid:
    """`due` is what the client still pays."""

    account: PrepaidAccount[Money]
    by_credit: Money
    due: Money


def order_credit(terms: MoneyRetainer, account: PrepaidAccount[Money], on: date) -> CreditOrder:
    """Invoiced and credited in the currency's minor unit, whatever the amount asked for."""
    amount = terms.amount.rounded()
    expires_on = last_day(on, terms.expires_after_days)
    until = f", to be used by {expires_on}" if expires_on else ""
    charge = lump("Prepaid credit", amount, f"ordered on {on}{until}")
    return CreditOrder(buy(account, on, amount, expires_on, charge.why), charge)


def pay_invoice(account: PrepaidAccount[Money], on: date, to_pay: Money, invoice: str) -> Paid:
    """`to_pay` with tax. Where the credit runs out inside the invoice, the rest is due."""
    drawn = draw(account, on, to_pay, f"invoice {invoice}")
    return Paid(drawn.account, drawn.covered, drawn.short)


def refund_credit(
    account: PrepaidAccount[Money], on: date, amount: Money, why: str
) -> PrepaidAccount[Money] | Problem:
    """Back to the client; what has lapsed by the day cannot be."""
    current = expire_due(account, on)
    if amount <= current.balance:
        return refund(current, on, amount, why).account
    return Problem(
        "refund_exceeds_credit",
        f"{amount} cannot be refunded on {on}: {current.balance} is left",
        "finance",
        "Refund what is left, or credit the invoice that used the rest.",
        "amount",
    )
