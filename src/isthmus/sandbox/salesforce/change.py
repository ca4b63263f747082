"""One record on its way in, who brings it, and what an object does about it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.schema import SObject

if TYPE_CHECKING:
    from isthmus.sandbox.salesforce.org import Org


@dataclass(frozen=True)
class Writer:
    """Who writes. A seed may set what is read-only to users; the package also passes its own
    triggers' locks.
    """

    user_id: str
    kind: Literal["user", "seed", "package"] = "user"

    @property
    def is_system(self) -> bool:
        return self.kind != "user"


@dataclass
class Change:
    """One record on its way in; `before` triggers may still alter `new`."""

    sobject: SObject
    record_id: str
    old: Row | None
    new: Row
    given: frozenset[str]
    writer: Writer

    def moved(self, name: str) -> bool:
        return self.old is None or self.old.get(name) != self.new.get(name)


Trigger = Callable[["Org", Change], None]
Formula = Callable[["Org", Row], Any]


@dataclass
class Behaviour:
    """What an object does beyond its schema."""

    before: dict[str, list[Trigger]] = field(default_factory=dict)
    after: dict[str, list[Trigger]] = field(default_factory=dict)
    after_delete: dict[str, list[Trigger]] = field(default_factory=dict)
    formulas: dict[tuple[str, str], Formula] = field(default_factory=dict)


class MultipleMatches(Exception):
    """An external id that several rows carry: nothing is written."""

    def __init__(self, ids: list[str]) -> None:
        super().__init__(f"{len(ids)} rows")
        self.ids = ids
