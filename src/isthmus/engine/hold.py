"""Hold: a person has to decide or correct before a run can go on."""

from __future__ import annotations

from typing import Any

from isthmus.kit.money import Money


class Hold(Exception):
    """Raise inside a step. `owner` is the queue: finance, pmo or integration.

    `blocks` is the amount that cannot be billed meanwhile, `customer` the client's name, `about`
    the (kind, canonical id) to correct, `fields` the attributes that are wrong on it.
    """

    def __init__(
        self,
        reason: str,
        *,
        code: str,
        owner: str,
        fix: str,
        blocks: Money | None = None,
        customer: str | None = None,
        about: tuple[str, str] | None = None,
        fields: tuple[str, ...] = (),
    ) -> None:
        super().__init__(reason)
        self.reason, self.code, self.owner, self.fix = reason, code, owner, fix
        self.blocks, self.customer, self.about, self.fields = blocks, customer, about, fields

    def state(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "code": self.code,
            "owner": self.owner,
            "fix": self.fix,
            "blocks": self.blocks.model_dump(mode="json") if self.blocks else None,
            "customer": self.customer,
            "about": list(self.about) if self.about else None,
            "fields": list(self.fields),
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Hold:
        blocks, about, fields = state.pop("blocks"), state.pop("about"), state.pop("fields", ())
        return cls(
            **state,
            blocks=Money.model_validate(blocks) if blocks else None,
            about=tuple(about) if about else None,
            fields=tuple(fields),
        )
