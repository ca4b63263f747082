"""A destination from the command line: seen, let go on, sent again."""

from __future__ import annotations

import json

import pytest
from tests.cli.conftest import Isthmus
from tests.events.out.log import write

from isthmus.connect import Unavailable
from isthmus.events.destination_holds import tell_of_failure
from isthmus.events.destinations import MissingClient
from isthmus.events.personal import Residence
from isthmus.landscape.destinations import Destination
from isthmus.store.database import Database
from isthmus.store.migrate import upgrade

pytestmark = pytest.mark.anyio
TO = Destination.model_validate(
    {"url": "https://hooks.example/isthmus", "attempts": 3,
     "secret": "whsec_bm90LWEtcmVhbC1zZWNyZXQtb2YtMzItYnl0ZXMhIQ=="}
)  # fmt: skip


async def test_a_destination_is_mended(isthmus: Isthmus, database_url: str) -> None:
    database = Database(database_url)
    await upgrade(database.engine)
    await write(database, subjects=2, each=5)
    async with database.begin() as tx:
        await tx.destinations.add("bot", 4)
        await tx.destinations.hold("bot", "worker", 60)
        for _ in range(3):
            await tx.destinations.fail("bot", "worker", "bot: no answer")
        await tell_of_failure(tx, "bot", TO, Unavailable("bot", "no answer"), 3)
        await Residence("destination bot").count(tx, 2)
        await Residence("desk tracker").count(tx, 1)
    await database.close()

    [seen] = json.loads((await isthmus("destination", "list", "--json")).out)
    assert (seen["name"], seen["position"], seen["behind"], seen["hold"], seen["failures"]) == (
        "bot", 4, 6, "H-1", 3,
    )  # fmt: skip
    assert seen["masked"] == 2
    found = json.loads((await isthmus("doctor", "--json")).out)
    told = {f["what"]: f["found"] for f in found if f["what"].startswith("personal data")}
    assert told == {
        "personal data for desk tracker": "1 messages were masked",
        "personal data for destination bot": "2 messages were masked",
    }
    assert (await isthmus("destination", "resume", "bot")).out == "bot goes on after event 4\n"
    assert (await isthmus("destination", "resume", "bot")).out == (
        "nothing stops bot; it is at event 4\n"
    )
    [hold] = json.loads((await isthmus("hold", "list", "--all", "--json")).out)
    assert (hold["state"], hold["resolved_by"]) == ("resolved", "a tester")

    assert (await isthmus("destination", "rewind", "bot", "--to", "2")).out == (
        "bot goes on after event 2; the log ends at 11\n"
    )
    beyond = await isthmus("destination", "rewind", "bot", "--to", "13")
    assert (beyond.code, beyond.err.splitlines()) == (
        1,
        ["13 is no position in the log.", "  why: The log ends at 12.",
         "  do:  Take it from the `sequence` of an event: isthmus event tail."],
    )  # fmt: skip
    acts = [json.loads(line) for line in (await isthmus("event", "tail")).out.splitlines()[10:]]
    assert [(a["type"], a["data"]) for a in acts] == [
        ("isthmus.destination.resumed.v1",
         {"by": "a tester", "position": 4, "error": "bot: no answer"}),
        ("isthmus.destination.rewound.v1", {"by": "a tester", "before": 4, "after": 2}),
    ]  # fmt: skip


async def test_a_name_that_there_is_not(isthmus: Isthmus, database_url: str) -> None:
    database = Database(database_url)
    await upgrade(database.engine)
    await database.close()
    answer = await isthmus("destination", "resume", "nobody")
    assert (answer.code, answer.err.splitlines()[0]) == (1, "There is no destination nobody.")


def test_a_client_that_is_not_installed_says_how_to_install_it() -> None:
    missing = MissingClient("lake", "kafka")
    assert str(missing) == (
        "Destination lake cannot be used. The client of kafka is not installed. "
        "pip install 'isthmus[kafka]'"
    )
