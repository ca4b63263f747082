"""How a record type is described: its fields by kind, its sublists, what it requires.

A field's kind: text, bool, date, instant, int, number, money, `ref:record[|record]`,
`choice[:a,b]`, or `record:name` for a subrecord. A leading `!` marks what the account computes: it
is shown, and ignored when sent.
"""

from dataclasses import dataclass, field

Fields = dict[str, str]


def fields(*groups: str, **kinds: str) -> Fields:
    """`fields("text: memo url", class_="ref:classification")`."""
    known: Fields = {}
    for group in groups:
        kind, names = group.split(": ")
        known |= dict.fromkeys(names.split(), kind)
    return known | {name.rstrip("_"): kind for name, kind in kinds.items()}


@dataclass(frozen=True)
class Sublist:
    """`key` names the field by which PATCH finds the line to change."""

    fields: Fields
    key: str = "line"


@dataclass(frozen=True)
class RecordType:
    name: str
    fields: Fields
    sublists: dict[str, Sublist] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    family: str = ""
    display: str = "name"

    @property
    def sequence(self) -> str:
        """Entities share one id sequence, transactions another, as in an account."""
        return self.family or self.name


COMMON = fields("text: externalId", "!instant: lastModifiedDate", "bool: isInactive")
SEGMENTS = fields(department="ref:department", class_="ref:classification", location="ref:location")
ADDRESS = fields("text: addressee attention addr1 addr2 city state zip addrPhone", country="choice")

SUBRECORDS = {"address": ADDRESS}


def targets(kind: str) -> tuple[str, ...]:
    """The record types a `ref:` kind may point to."""
    return tuple(kind.removeprefix("ref:").split("|"))
