"""What leaves for service desks and channels: who reads it there is not known, so nobody's data is
in it. Who may see more follows the link.
"""

from __future__ import annotations

from dataclasses import dataclass

from isthmus.access.pii import people
from isthmus.engine.engine import Engine
from isthmus.kit.masking import People, scrub

PAGE = "/exceptions/"


@dataclass(frozen=True)
class Outside:
    """`site` is the address of the console, without a path; empty where none is configured."""

    known: People
    site: str = ""

    @classmethod
    async def of(cls, engine: Engine, site: str | None) -> Outside:
        return cls(await people(engine.database), site or "")

    def text(self, text: str) -> str:
        """Without people of the firm and its clients, and without any e-mail address."""
        return self.known.scrub(scrub(text))

    def actor(self, who: str) -> str:
        """Somebody who acts on a hold, as the desk itself may have named them. One whom we know as
        a resource or contact stays unnamed.
        """
        return self.known.scrub(who)

    def page(self, label: str) -> str:
        """Address of a hold's page; empty where the console has none."""
        return f"{self.site}{PAGE}{label}" if self.site else ""
