"""Callers of one moment share a transaction; each gets its own answer, or its own error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from isthmus.events.together import Together

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Wish:
    name: str
    size: int = 1

    @property
    def touches(self) -> frozenset[str]:
        return frozenset({self.name})


class Store:
    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, wishes: Sequence[Wish]) -> list[str | Exception]:
        names = [wish.name for wish in wishes]
        self.groups.append(names)
        await asyncio.sleep(0)
        await self.open.wait()
        if "poison" in names:
            raise RuntimeError(f"{len(names)} with poison")
        return [KeyError(name) if name == "used" else name.upper() for name in names]


async def answers(store: Store, wishes: Sequence[Wish], most: int = 100) -> list[object]:
    together = Together[Wish, str](store, most)
    taken = (together.take(wish) for wish in wishes)
    return list(await asyncio.gather(*taken, return_exceptions=True))


def named(text: str) -> list[Wish]:
    return [Wish(name) for name in text.split()]


async def test_all_that_wait_are_stored_at_once() -> None:
    store = Store()
    assert await answers(store, named("a b c")) == ["A", "B", "C"]
    assert store.groups == [["a", "b", "c"]]


async def test_who_touches_the_same_comes_after_in_order() -> None:
    store = Store()
    assert await answers(store, named("a b a c a b")) == ["A", "B", "A", "C", "A", "B"]
    assert store.groups == [["a", "b", "c"], ["a", "b"], ["a"]]


async def test_a_group_is_as_large_as_one_may_be() -> None:
    store = Store()
    wishes = [Wish("a", 2), Wish("b", 2), Wish("c", 9), Wish("d", 1)]
    assert await answers(store, wishes, most=5) == ["A", "B", "C", "D"]
    assert store.groups == [["a", "b", "d"], ["c"]]


async def test_one_error_is_one_callers() -> None:
    store = Store()
    first, second, third = await answers(store, named("a used b"))
    assert (first, third) == ("A", "B")
    assert isinstance(second, KeyError)
    assert store.groups == [["a", "used", "b"]]


async def test_one_that_breaks_the_transaction_is_tried_alone() -> None:
    store = Store()
    first, second, third = await answers(store, named("a poison b"))
    assert (first, str(second), third) == ("A", "1 with poison", "B")
    assert store.groups == [["a", "poison", "b"], ["a"], ["poison"], ["b"]]


async def test_an_attempt_that_nobody_waits_for_is_given_up() -> None:
    store = Store()
    store.open.clear()
    together = Together[Wish, str](store, 100)
    hanging = [asyncio.create_task(together.take(wish)) for wish in named("a b")]
    while not store.groups:  # noqa: ASYNC110 # no clock: the next turn of the loop
        await asyncio.sleep(0)
    gone = asyncio.create_task(together.take(Wish("gone")))
    later = asyncio.create_task(together.take(Wish("c")))
    await asyncio.sleep(0)
    gone.cancel()
    hanging[0].cancel()
    await asyncio.sleep(0)
    assert not later.done()
    hanging[1].cancel()
    await asyncio.sleep(0)
    store.open.set()
    assert await later == "C"
    assert store.groups == [["a", "b"], ["c"]]
