"""A hold from the command line: seen, handed over, corrected, replayed, skipped."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.cli.conftest import Isthmus
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, win

pytestmark = pytest.mark.anyio


async def until(
    isthmus: Isthmus, words: tuple[str, ...], done: Callable[[dict[str, Any]], bool]
) -> None:
    """The worker in the background has come so far with the one that is listed."""
    for _ in range(100):
        [found] = json.loads((await isthmus(*words, "--json")).out)
        if done(found):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{words}: {found}")


async def test_a_hold_is_mended(firm: Firm, isthmus: Isthmus) -> None:
    await win(firm, await a_deal(firm, await an_account(firm), Contracting_Entity__c=None))

    [hold] = json.loads((await isthmus("hold", "list", "--json")).out)
    assert (hold["label"], hold["owner"], hold["code"], hold["amount"], hold["currency"]) == (
        "H-1", "pmo", "legal_entity_missing", "15000.0", "EUR",
    )  # fmt: skip
    assert "15,000.00 EUR" in (await isthmus("hold", "list", "--owner", "pmo")).out
    assert json.loads((await isthmus("hold", "list", "--owner", "finance", "--json")).out) == []

    assigned = await isthmus("hold", "assign", "H-1", "ana@firm.example")
    assert assigned.out == "H-1 is ana@firm.example's\n"
    refused = await isthmus("hold", "fix", "1", "legal_entity=EA-NL", "starts_on=soon")
    assert (refused.code, refused.err.splitlines()[0]) == (
        1, "opportunity.starts_on: 'soon' cannot be used.",
    )  # fmt: skip
    fixed = await isthmus("hold", "fix", "1", "legal_entity=EA-NL")
    assert fixed.out == "H-1 corrected (legal_entity: None -> EA-NL); replay it to go on\n"

    shown = (await isthmus("hold", "show", "h-1")).out
    for part in ("H-1  held  legal_entity_missing", "owner    pmo ana@firm.example",
                 "blocks   15,000.00 EUR  Harbour Works",
                 "corrected legal_entity: None -> EA-NL by a tester"):  # fmt: skip
        assert part in shown

    [run] = json.loads((await isthmus("run", "list", "--state", "held", "--json")).out)
    replayed = await isthmus("run", "replay", f"R-{run['number']}")
    assert replayed.code == 0
    assert "goes on at step validate_deal" in replayed.out
    await firm.settle()
    assert await firm.holds() == []
    again = await isthmus("hold", "replay", "H-1")
    assert (again.code, again.out) == (
        0, "H-1 is over already (succeeded by isthmus); nothing to do\n",
    )  # fmt: skip
    shown = json.loads((await isthmus("hold", "show", "H-1", "--json")).out)
    assert [(act["type"], act["data"]["by"]) for act in shown["acts"]] == [
        ("hold.assigned", "a tester"), ("hold.fixed", "a tester"), ("hold.replayed", "a tester"),
    ]  # fmt: skip
    over = json.loads((await isthmus("hold", "list", "--all", "--json")).out)
    assert [(h["label"], h["resolution"]) for h in over] == [("H-1", "succeeded")]


async def test_a_hold_is_skipped_with_a_reason(firm: Firm, isthmus: Isthmus) -> None:
    await win(firm, await a_deal(firm, await an_account(firm), Contracting_Entity__c=None))
    silent = await isthmus("hold", "skip", "H-1", "--reason", "")
    assert (silent.code, silent.err.splitlines()[0]) == (1, "H-1 is not skipped.")
    skipped = await isthmus("hold", "skip", "H-1", "--reason", "sold by mistake")
    assert skipped.out == "H-1 is skipped: sold by mistake\n"
    [run] = json.loads((await isthmus("run", "list", "--state", "skipped", "--json")).out)
    assert run["flow"] == "opportunity_to_project"
    unknown = await isthmus("hold", "show", "H-99")
    assert (unknown.code, unknown.err) == (
        1,
        "There is no hold H-99.\n"
        "  why: Holds are named H-1, H-2 and so on.\n"
        "  do:  `isthmus hold list --all` lists them, those that are over too.\n",
    )


async def test_a_queue_is_worked_through(firm: Firm, isthmus: Isthmus) -> None:
    await win(firm, await a_deal(firm, await an_account(firm), Contracting_Entity__c=None))
    await until(isthmus, ("hold", "list"), lambda hold: hold["severity"] is not None)
    [hold] = json.loads((await isthmus("hold", "list", "--severity", "normal", "--json")).out)
    assert (hold["owner"], hold["deadline_on"], hold["overdue_at"]) == ("pmo", None, None)
    assert hold["due_at"] > hold["opened_at"]
    for chosen in (("--queue", "finance"), ("--assignee", "ana"), ("--code", "po_missing"),
                   ("--client", "Nobody Ltd"), ("--severity", "high"), ("--overdue",)):  # fmt: skip
        assert json.loads((await isthmus("hold", "list", *chosen, "--json")).out) == []
    assert (await isthmus("hold", "list", "--severity", "urgent")).code == 2

    said = await isthmus("hold", "comment", "H-1", "sales was asked")
    assert said.out == "H-1: comment kept\n"
    refused = await isthmus("hold", "resolve", "H-1", "--code", "writen_off")
    assert (refused.code, refused.err.splitlines()[2]) == (1, "  do:  Did you mean `written_off`?")
    ended = await isthmus("hold", "resolve", "H-1", "--code", "written_off", "--note", "no budget")
    assert ended.out == "H-1 is skipped: written_off: no budget\n"
    shown = (await isthmus("hold", "show", "H-1")).out
    for part in ("presses  normal, due ", "a tester: sales was asked", "code     written_off",
                 "hold.skipped by a tester"):  # fmt: skip
        assert part in shown
    assert "written_off    skip " in (await isthmus("hold", "codes")).out


@pytest.mark.slow
async def test_many_holds_are_replayed_at_once(firm: Firm, isthmus: Isthmus) -> None:
    account = await an_account(firm)
    for name in ("Harbour redesign", "Harbour survey"):
        deal = await a_deal(firm, account, Name=name, Contracting_Entity__c=None)
        await win(firm, deal)
    dry = await isthmus("hold", "all", "replay", "--queue", "pmo", "--dry-run")
    assert dry.out.splitlines()[-1] == (
        "replay of 2 holds that block 30,000.00 EUR; nothing was done"
    )
    assert (await isthmus("hold", "bulk", "list", "--json")).out == "[]\n"
    every = await isthmus("hold", "all", "replay")
    assert (every.code, every.err.splitlines()[0]) == (
        1, "Nothing says which holds to replay.",
    )  # fmt: skip
    for label in ("H-1", "H-2"):
        await isthmus("hold", "fix", label, "legal_entity=EA-NL")
    asked = await isthmus("hold", "all", "replay", "--queue", "pmo", "--per-second", "100")
    assert asked.out == "B-1: replay of 2 holds is under way\n"
    await until(isthmus, ("hold", "bulk", "list"), lambda bulk: bulk["state"] == "done")
    await firm.settle()
    assert await firm.holds() == []
    shown = (await isthmus("hold", "bulk", "show", "b-1")).out
    assert "chosen   queue pmo" in shown
    assert shown.count(" done ") == 2
    assert "part of B-1, done: " in (await isthmus("hold", "show", "H-1")).out
    late = await isthmus("hold", "bulk", "decline", "1")
    assert late.out == "B-1 does not wait for an approval; nothing to do\n"
    unknown = await isthmus("hold", "bulk", "approve", "B-9")
    assert (unknown.code, unknown.err.splitlines()[0]) == (1, "There is no bulk act B-9.")
