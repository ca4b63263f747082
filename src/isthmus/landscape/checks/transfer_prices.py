"""Transfer prices are between two companies of the firm, and one for each direction."""

from __future__ import annotations

from isthmus.landscape.checks.parts import keys_at, well_formed
from isthmus.landscape.document import Document
from isthmus.landscape.keys import did_you_mean, listed
from isthmus.landscape.mistake import KeyPath
from isthmus.landscape.policies import TransferPrice


def check_transfer_prices(document: Document) -> None:
    companies = keys_at(document, "firm", "legal_entities")
    written = keys_at(document, "policies").get("intercompany")
    first: dict[tuple[str, str], KeyPath] = {}
    for index, value in enumerate(written if isinstance(written, list) else ()):
        price = well_formed(TransferPrice, value)
        if price is None:
            continue
        place: KeyPath = ("policies", "intercompany", index)
        pair = (price.from_, price.to)
        for key, code in zip(("from", "to"), pair, strict=True):
            if code not in companies:
                _unknown(document, (*place, key), code, companies)
        if price.from_ == price.to:
            document.add(
                (*place, "to"), f"`{price.to}` charges itself",
                "a transfer price is between two companies", "Name the company that has the "
                "contract.", on_value=True,
            )  # fmt: skip
        other = first.setdefault(pair, place)
        if other is not place:
            _twice(document, place, pair, other)


def _unknown(document: Document, place: KeyPath, code: str, companies: dict[str, object]) -> None:
    document.add(
        place, f"`{code}` is not a company of the firm", f"known: {listed(companies)}",
        did_you_mean(code, companies, "Add it to firm.legal_entities, or write one of them."),
        on_value=True,
    )  # fmt: skip


def _twice(document: Document, place: KeyPath, pair: tuple[str, str], other: KeyPath) -> None:
    document.add(
        place,
        f"the transfer price from {pair[0]} to {pair[1]} is given twice",
        f"it is already on line {document.mark(other).line}, and one of the two would be ignored",
        "Keep one.",
    )
