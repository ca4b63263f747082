"""The clients of Example Advisory: invented names, valid tax numbers."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from stdnum.be import vat as be_vat
from stdnum.de import vat as de_vat
from stdnum.fr import tva as fr_tva
from stdnum.gb import vat as gb_vat
from stdnum.ie import vat as ie_vat
from stdnum.nl import btw as nl_btw
from stdnum.us import ein as us_ein


@dataclass(frozen=True)
class Client:
    name: str
    country: str
    city: str
    currency: str
    entity: str
    tax_number: str | None
    parent: str | None = None

    @property
    def website(self) -> str:
        word = "".join(c for c in self.name.lower().rsplit(" ", 1)[0] if c.isalnum())
        return f"https://www.{word}.example"


_FORMS = {
    "NL": ("B.V.", "Utrecht", "EUR", "EA-NL"),
    "DE": ("GmbH", "Bremen", "EUR", "EA-NL"),
    "FR": ("SAS", "Lyon", "EUR", "EA-NL"),
    "BE": ("N.V.", "Gent", "EUR", "EA-NL"),
    "IE": ("DAC", "Cork", "EUR", "EA-NL"),
    "GB": ("Ltd", "Leeds", "GBP", "EA-NL"),
    "US": ("Inc.", "Columbus", "USD", "EA-US"),
}
_FAMILIES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("NL", (("Lantern Dredging Group", ""), ("Lantern Dredging Harbours", "NL"),
            ("Lantern Dredging Wind", "DE"))),
    ("DE", (("Quillstone Werke", ""), ("Quillstone Optik", "DE"), ("Quillstone Glas", "BE"))),
    ("GB", (("Marrowfield Foods", ""), ("Marrowfield Cold Store", "GB"))),
    ("US", (("Tumblewick Holdings", ""), ("Tumblewick Rail", "US"), ("Tumblewick Paper", "US"))),
    ("NL", (("Bluefinch Apotheken", ""),)),
    ("NL", (("Copperleaf Verzekeringen", ""),)),
    ("DE", (("Nettlebach Energie", ""),)),
    ("FR", (("Saltmarsh Marine", ""),)),
    ("FR", (("Vermillon Transports", ""),)),
    ("BE", (("Oostgaarde Chemie", ""),)),
    ("IE", (("Ballyquill Dairy", ""),)),
    ("GB", (("Pennybridge Water", ""),)),
    ("US", (("Larkspur Medical Devices", ""),)),
    ("US", (("Ironquay Logistics", ""),)),
    ("US", (("Sandhollow Solar", ""),)),
    ("US", (("Brightwhistle Software", ""),)),
    ("US", (("Fernhollow Schools", ""),)),
)  # fmt: skip

WRONG_NUMBER = "Nettlebach Energie GmbH"
"""Its VAT number in the CRM has a mistyped last digit."""


def clients(dice: random.Random) -> list[Client]:
    """Parents before their children."""
    made: list[Client] = []
    for country, members in _FAMILIES:
        parent: str | None = None
        for name, own_country in members:
            client = _client(dice, name, own_country or country, parent)
            made.append(client)
            parent = parent or client.name
    return made


def _client(dice: random.Random, name: str, country: str, parent: str | None) -> Client:
    form, city, currency, entity = _FORMS[country]
    number = tax_number(dice, country)
    full_name = f"{name} {form}"
    if full_name == WRONG_NUMBER:
        number = number[:-1] + str((int(number[-1]) + 1) % 10)
    return Client(full_name, country, city, currency, entity, number, parent)


def tax_number(dice: random.Random, country: str) -> str:
    """A number whose check digits hold. It belongs to nobody that we know of."""
    shape, is_valid = _NUMBERS[country]
    while True:
        number = "".join(str(dice.randrange(10)) if c == "#" else c for c in shape)
        if is_valid(number):
            return number


_NUMBERS: dict[str, tuple[str, Callable[[str], bool]]] = {
    "NL": ("NL#########B0#", nl_btw.is_valid),
    "DE": ("DE#########", de_vat.is_valid),
    "FR": ("FR###########", fr_tva.is_valid),
    "BE": ("BE0#########", be_vat.is_valid),
    "IE": ("IE#######A", ie_vat.is_valid),
    "GB": ("GB#########", gb_vat.is_valid),
    "US": ("##-#######", us_ein.is_valid),
}
