"""The ledger's invoices on their custom object, against the simulated org."""

from datetime import date

import pytest
from tests.platforms.salesforce.world import World, open_crm, read_all

from isthmus.canonical import Invoice
from isthmus.canonical.invoice import InvoiceStatus
from isthmus.connect import Invalid, Outgoing, Receipt, Watermark
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio


def invoice(account: str, **values: object) -> Invoice:
    return Invoice.model_validate(
        {
            "id": new_id(),
            "reference": "R-1",
            "customer": account,
            "legal_entity": "DE01",
            "currency": "EUR",
            "issued_on": date(2026, 2, 1),
            "number": "INV-1",
            "status": InvoiceStatus.POSTED,
            "total": Money.of("1190.07", "EUR"),
            "amount_due": Money.of("1190.07", "EUR"),
            **values,
        }
    )


async def test_an_invoice_is_written_and_reads_back_to_the_cent(world: World) -> None:
    [account] = await world.seed("Account", {"Name": "Acme", "CurrencyIsoCode": "EUR"})
    obj = invoice(account)
    receipt = await world.crm.put(Outgoing(obj, "k"))
    [change], _ = await read_all(world.crm, Invoice, Watermark())
    assert (change.external_id, change.canonical_id) == (receipt.external_id, obj.id)
    assert change.attributes == {
        "number": "INV-1",
        "customer": account,
        "opportunity": None,
        "currency": "EUR",
        "issued_on": date(2026, 2, 1),
        "due_on": None,
        "paid_on": None,
        "status": InvoiceStatus.POSTED,
        "total": Money.of("1190.07", "EUR"),
        "credited": None,
        "amount_due": Money.of("1190.07", "EUR"),
    }


async def test_a_payment_changes_the_row_that_is_there(world: World) -> None:
    [account] = await world.seed("Account", {"Name": "Acme", "CurrencyIsoCode": "EUR"})
    obj = invoice(account)
    await world.crm.put(Outgoing(obj, "k"))
    paid = obj.changed(
        status="paid", amount_due=Money.zero("EUR"), paid_on=date(2026, 2, 20), number="ignored"
    )
    only = frozenset({"status", "amount_due", "paid_on"})
    receipt = await world.crm.put(Outgoing(paid, "k2", only=only))
    assert receipt.created is False
    [row] = world.rows("Isthmus_Invoice__c")
    assert (row["Name"], row["Status__c"], row["Paid_On__c"]) == ("INV-1", "paid", "2026-02-20")
    assert row["Amount_Due__c"] == 0


async def test_a_bad_invoice_does_not_stop_the_others_of_its_batch(world: World) -> None:
    [account] = await world.seed("Account", {"Name": "Acme", "CurrencyIsoCode": "EUR"})
    batch = [Outgoing(invoice(account, number=f"INV-{n}"), str(n)) for n in range(250)]
    batch[3] = Outgoing(invoice("0019999999999999AA", number="BAD"), "bad")
    results = await world.crm.put_many(batch)
    bad = [i for i, r in enumerate(results) if not isinstance(r, Receipt)]
    assert bad == [3]
    assert isinstance(results[3], Invalid)
    assert len(world.rows("Isthmus_Invoice__c")) == 249
    names = {r["Id"]: r["Name"] for r in world.rows("Isthmus_Invoice__c")}
    assert [names[r.external_id] for r in results if isinstance(r, Receipt)] == [
        f"INV-{n}" for n in range(250) if n != 3
    ]


async def test_a_draft_shows_under_our_reference(world: World) -> None:
    [account] = await world.seed("Account", {"Name": "Acme", "CurrencyIsoCode": "EUR"})
    await world.crm.put(Outgoing(invoice(account, number=None, status="draft"), "k"))
    [row] = world.rows("Isthmus_Invoice__c")
    assert (row["Name"], row["Status__c"]) == ("R-1", "draft")


async def test_an_org_with_one_currency_is_never_asked_for_it(world: World) -> None:
    """The simulated org has several; what we read and refuse shows that we did not look."""
    crm = open_crm(world.url, single_currency="CHF")
    [account] = await world.seed("Account", {"Name": "Acme", "CurrencyIsoCode": "EUR"})
    chf = Money.of("10.05", "CHF")
    await crm.put(Outgoing(invoice(account, currency="CHF", total=chf, amount_due=chf), "k"))
    [row] = world.rows("Isthmus_Invoice__c")
    assert row["CurrencyIsoCode"] != "CHF"
    [change], _ = await read_all(crm, Invoice, Watermark())
    assert (change.attributes["total"], change.attributes["currency"]) == (chf, "CHF")
    with pytest.raises(Invalid, match="keeps CHF only"):
        await crm.put(Outgoing(invoice(account), "k2"))
    await crm.close()
