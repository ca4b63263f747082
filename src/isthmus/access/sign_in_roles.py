"""Whose account it is that a provider speaks of, and which roles the person's groups give."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from isthmus.access.accounts import told
from isthmus.access.granting import read_grant
from isthmus.access.providers import KnownProvider
from isthmus.access.sign_in_refused import SignInRefused
from isthmus.store.accounts import AccountRow, Given
from isthmus.store.database import Transaction

LONGEST_NAME = 200


async def account_of(
    tx: Transaction, provider: KnownProvider, claims: Mapping[str, Any], grants: list[Given]
) -> AccountRow:
    """The person's account, made at the first log-in, with these roles and no others.

    Raises SignInRefused.
    """
    row = await tx.accounts.known_by(provider.said.issuer, claims["sub"])
    row = row or await _new(tx, provider, claims)
    if row.disabled_at is not None:
        raise SignInRefused(
            "disabled", "your account here is disabled", f"Ask {provider.said.ask}.", status=403,
            counts=False,
        )  # fmt: skip
    await _grant(tx, provider, row, grants)
    return row


async def withdraw(tx: Transaction, provider: KnownProvider, subject: str) -> None:
    """Who is in no group any more has no role from now on, and is logged in nowhere."""
    row = await tx.accounts.known_by(provider.said.issuer, subject)
    if row is not None:
        await _grant(tx, provider, row, [])
        await tx.log_ins.end_all(row.id)


def grants_of_groups(provider: KnownProvider, groups: Collection[str]) -> list[Given]:
    mapped = provider.said.groups
    return sorted({read_grant(role) for group in groups for role in mapped.get(group, ())})


def groups_in(claims: Mapping[str, Any], path: str) -> list[str]:
    found = claims_at(claims, path)
    return [found] if isinstance(found, str) else [g for g in found or () if isinstance(g, str)]


def claims_at(claims: Mapping[str, Any], path: str) -> Any:
    """By the whole name first: a claim may be called by an address, which has dots."""
    found: Any = claims
    for key in (path,) if path in claims else path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str | list) else None


async def _new(tx: Transaction, provider: KnownProvider, claims: Mapping[str, Any]) -> AccountRow:
    """Never one that is there by the same name: a provider's names are not ours."""
    issuer, subject = provider.said.issuer, str(claims["sub"])
    named = (claims_at(claims, claim) for claim in (provider.said.name_claim, "email"))
    name = next((n for n in named if isinstance(n, str) and n.strip()), subject)
    name = name.strip().lower()[:LONGEST_NAME]
    shown = claims.get("name") if isinstance(claims.get("name"), str) else name
    by = f"provider:{provider.name}"
    id = await tx.accounts.add(name, str(shown), "person", by, issuer=issuer, subject=subject)
    row = await tx.accounts.get(id) if id is not None else None
    if row is None:
        raise SignInRefused(
            "name_taken", f"there is an account {name} already, which is not of {provider.shown}",
            f"Ask {provider.said.ask}: if the account is yours, `isthmus access user link {name} "
            f"--provider {provider.name} --subject {subject}` gives it to you.", status=403,
            counts=False,
        )  # fmt: skip
    tx.audit.add(by, "account.added", "account", name, after={"roles": [], "subject": subject})
    return row


async def _grant(
    tx: Transaction, provider: KnownProvider, row: AccountRow, grants: list[Given]
) -> None:
    before = await tx.accounts.grants(row.id)
    if sorted(before) == grants:
        return
    await tx.accounts.set_grants(row.id, grants)
    was, now = {"roles": told(before)}, {"roles": told(grants)}
    tx.audit.add(f"provider:{provider.name}", "account.granted", "account", row.name,
                   before=was, after=now)  # fmt: skip


def in_no_group(provider: KnownProvider, groups: Collection[str]) -> SignInRefused:
    """What was sent is told, so that whoever is asked sees what is missing."""
    sent = ", ".join(sorted(groups)[:20]) or "none"
    return SignInRefused(
        "no_role",
        f"{provider.shown} knows you, and none of your groups has a role in Isthmus "
        f"(sent in `{provider.said.groups_claim}`: {sent})",
        f"Ask {provider.said.ask} for one of the groups: "
        f"{', '.join(sorted(provider.said.groups)) or 'none has a role yet'}.",
        status=403, counts=False,
    )  # fmt: skip
