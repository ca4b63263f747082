"""H4: where personal data may be kept: what is refused when the file is read, and the table."""

from pathlib import Path

import pytest
from tests.landscape.test_mistakes import GOOD, mistakes_in
from tests.landscape.vendors import CONNECTORS, ENV

from isthmus.landscape import Landscape, load
from isthmus.landscape.places import places_of

OURS = """\
residency:
  allowed: {EU: [UK], US: [EU]}
  isthmus: EU
"""
REGIONS = (
    ("country: NL,", "country: NL, region: EU,"),
    ("country: US,", "country: US, region: US,"),
    ("    vendor: acme_crm\n", "    vendor: acme_crm\n    region: EU\n"),
    ("    account: 1234567_SB1\n", "    account: 1234567_SB1\n    region: UK\n"),
    ('    account: "7654321"\n', '    account: "7654321"\n    region: EU\n'),
)
"""The American company's ledger is in the United Kingdom, where its people's data may not be."""
FITTING = (
    "connection: erp, legal_entities: [EA-US]}",
    "connection: erp-eu, legal_entities: [EA-US]}",
)


def a_file(*changes: tuple[str, str], residency: str = OURS) -> str:
    text = GOOD
    for before, after in (*REGIONS, *changes):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return f"{text}\n{residency}"


def said(folder: Path, text: str) -> list[str]:
    return [m.render("").removeprefix(":") for m in mistakes_in(folder, text)]


def read(folder: Path, text: str) -> Landscape:
    file = folder / "isthmus.yaml"
    file.write_text(text, "utf-8")
    return load(file, CONNECTORS, ENV)


def test_without_a_policy_regions_restrict_nothing(tmp_path: Path) -> None:
    assert said(tmp_path, a_file(residency="")) == []
    assert read(tmp_path, a_file(residency="")).kept_from("US") == frozenset()


def test_a_binding_outside_the_allowed_regions_is_refused_by_line(tmp_path: Path) -> None:
    assert said(tmp_path, a_file(("country: US, region: US", "country: US, region: EU"))) == []
    [us] = said(tmp_path, a_file())
    assert us == (
        "31:20: `erp` may not get personal data of EA-US\n"
        "  why: it keeps data in UK, and data of people of US may be kept in EU, US\n"
        "  do:  Bind a connection there for EA-US."
    )


def test_a_connection_of_no_region_may_not_get_any(tmp_path: Path) -> None:
    nowhere = ('    account: "7654321"\n    region: EU\n', '    account: "7654321"\n')
    [eu] = said(tmp_path, a_file(FITTING, nowhere))[1:]
    assert eu == (
        "32:20: `erp-eu` may not get personal data of EA-NL\n"
        "  why: it names no region, and data of people of EU may be kept in EU, UK\n"
        "  do:  Bind a connection there for EA-NL, or add region to connections.erp-eu."
    )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("country: NL, region: EU,", "country: NL,"),
         "5:5: EA-NL has no region\n"
         "  why: residency.allowed says by region where personal data may be kept\n"
         "  do:  Add region, one of EU, US."),
        (("country: NL, region: EU,", "country: NL, region: UK,"),
         "5:34: nothing is allowed for people of UK\n"
         "  why: residency.allowed has EU, US\n"
         "  do:  Add `UK: []` to residency.allowed: their data stays there."),
        (("    account: 1234567_SB1\n    region: UK\n", "    account: 1234567_SB1\n"
          "    region: UKK\n"),
         "20:13: `UKK` is no region\n"
         "  why: residency.allowed names EU, UK, US\n"
         "  do:  Did you mean `UK`?"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_region(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    assert said(tmp_path, a_file(FITTING, change))[0] == expected


def test_isthmus_itself_keeps_personal_data_too(tmp_path: Path) -> None:
    away = said(tmp_path, a_file(FITTING, residency=OURS.replace("isthmus: EU", "isthmus: US")))
    assert [line.split("\n")[:2] for line in away] == [
        ["53:12: Isthmus may not keep personal data of EA-NL",
         "  why: its database is in US, and data of people of EU may be kept in EU, UK"],
    ]  # fmt: skip
    unsaid = said(tmp_path, a_file(FITTING, residency=OURS.replace("  isthmus: EU\n", "")))
    assert "its database is in no region that the file names" in unsaid[0]


def test_where_personal_data_goes(tmp_path: Path) -> None:
    told = (
        'warehouse: {"url": nats://nats.example:4222, types: [invoice.*]}',
        'warehouse: {"url": nats://nats.example:4222, types: [invoice.*], region: US}',
    )
    landscape = read(tmp_path, a_file(FITTING, told))
    both = ("EA-NL", "EA-US")
    assert [(p.place, p.region, p.gets, p.kept_from) for p in places_of(landscape)] == [
        ("Isthmus's own database", "EU", both, ()),
        ("crm: crm", "EU", both, ()),
        ("psa: psa", "EU", both, ()),
        ("erp: erp-eu", "EU", ("EA-US",), ()),
        ("erp: erp", "UK", ("EA-NL",), ()),
        ("erp: erp-eu", "EU", ("EA-NL",), ()),
        ("telemetry", None, (), ()),
        ("destination warehouse", "US", ("EA-US",), ("EA-NL",)),
    ]
