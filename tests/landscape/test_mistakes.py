"""What a person reads of every mistake: the table is mistakes.yaml, one edit of good.yaml each."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.landscape.vendors import CONNECTORS, ENV

from isthmus.canonical import BY_KIND, Customer, Opportunity
from isthmus.canonical.base import Role, attributes
from isthmus.landscape import Mistake, check

FOLDER = Path(__file__).parent
GOOD = FOLDER.joinpath("good.yaml").read_text("utf-8")
EVENTS = ("invoice.drafted", "invoice.posted")
FLOWS = ("opportunity_to_project", "time_to_invoice")
ROLES = ("admin", "finance", "pmo")
PLAYS = {"acme_crm": (Role.CRM,), "acme_psa": (Role.PSA,), "acme_erp": (Role.ERP,)}


CASES = YAML(typ="safe", pure=True).load(FOLDER.joinpath("mistakes.yaml").read_text("utf-8"))
LONG_LISTS = {
    "<objects>": ", ".join(sorted(BY_KIND)),
    "<attributes of customer>": ", ".join(attributes(Customer)),
    "<attributes of opportunity>": ", ".join(attributes(Opportunity)),
}


def mistakes_in(folder: Path, text: str) -> list[Mistake]:
    file = folder / "isthmus.yaml"
    file.write_text(text, "utf-8")
    reading = check(
        file, CONNECTORS, ENV, PLAYS, event_types=EVENTS, flows=FLOWS, access_roles=ROLES
    )
    if any(mistake.severity == "error" for mistake in reading.mistakes):
        assert reading.landscape is None
    return list(reading.mistakes)


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_of_a_mistake(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    assert GOOD.count(case["instead_of"]) == 1
    found = mistakes_in(tmp_path, GOOD.replace(case["instead_of"], case["write"]))
    expected = case["says"]
    for mark, names in LONG_LISTS.items():
        expected = expected.replace(mark, names)
    assert "".join(m.render("").removeprefix(":") + "\n" for m in found) == expected


def test_a_missing_file(tmp_path: Path) -> None:
    (mistake,) = check(tmp_path / "absent.yaml", CONNECTORS, ENV).mistakes
    assert (mistake.line, mistake.what, mistake.why) == (
        1,
        "the landscape cannot be read",
        "no such file or directory",
    )


def test_an_empty_file(tmp_path: Path) -> None:
    (mistake,) = mistakes_in(tmp_path, "# nothing yet\n")
    assert (mistake.line, mistake.what) == (1, "the file is empty")


def test_a_list_is_not_a_landscape(tmp_path: Path) -> None:
    (mistake,) = mistakes_in(tmp_path, "- firm\n")
    assert mistake.what == "the file is not a set of keys"


def test_bytes_that_are_not_text(tmp_path: Path) -> None:
    file = tmp_path / "isthmus.yaml"
    file.write_bytes(b"firm:\n  name: Caf\xe9\n")
    (mistake,) = check(file, CONNECTORS, ENV).mistakes
    assert (mistake.what, mistake.why) == ("the file is not UTF-8 text", "byte 17 is not UTF-8")


def test_missing_sections_are_all_named(tmp_path: Path) -> None:
    found = mistakes_in(tmp_path, "policies:\n  closed_period: hold\n")
    assert [(m.line, m.what) for m in found] == [
        (1, "`connections` is missing"),
        (1, "`firm` is missing"),
        (1, "`roles` is missing"),
    ]


def test_a_section_of_comments_is_left_out(tmp_path: Path) -> None:
    line = "  customer.payment_terms: {owner: erp, on_foreign_write: correct}\n"
    assert mistakes_in(tmp_path, GOOD.replace(line, f"  #{line}")) == []


def test_every_tab_is_told(tmp_path: Path) -> None:
    found = mistakes_in(
        tmp_path, GOOD.replace("  psa_rate", "\tpsa_rate").replace("  poll:", "\tpoll:")
    )
    assert [(m.line, m.column, m.what) for m in found] == [
        (39, 1, "a tab in the indentation"),
        (42, 1, "a tab in the indentation"),
    ]


def test_one_mistake_does_not_hide_another(tmp_path: Path) -> None:
    text = GOOD
    for old, new in [
        ("EUR", "EURO"), ("env:CRM_KEY", "env:ABSENT"), ("platform: crm", "platform: crn"),
        ("from: 2027-01-01", "from: 2027-03-01"), ("owner: erp", "owner: er"),
        ("billing_day: last", "billing_day: first"),
    ]:  # fmt: skip
        text = text.replace(old, new)
    assert [m.line for m in mistakes_in(tmp_path, text)] == [5, 11, 15, 30, 32, 43]


def test_a_merged_part_is_read(tmp_path: Path) -> None:
    text = GOOD.replace("  erp:\n    vendor: acme_erp\n", "  erp: &erp\n    vendor: acme_erp\n")
    text = text.replace(
        '    vendor: acme_erp\n    account: "7654321"\n    token: env:ERP_TOKEN\n',
        '    <<: *erp\n    account: "7654321"\n',
    )
    assert "<<" in text
    assert mistakes_in(tmp_path, text) == []


def test_mistakes_read_as_three_lines() -> None:
    mistake = Mistake(5, 3, "firm.name", "what", "why", "remedy", "warning")
    assert mistake.render("isthmus.yaml") == (
        "isthmus.yaml:5:3: warning: what\n  why: why\n  do:  remedy"
    )


def test_a_mapping_is_named_as_its_connector_names_it(tmp_path: Path) -> None:
    file = tmp_path / "isthmus.yaml"
    mapped = {"acme_crm": {"account": Customer, "opportunity": Opportunity}}
    file.write_text(GOOD.replace("crm.opportunity:", "crm.customer:"), "utf-8")
    (mistake,) = check(file, CONNECTORS, ENV, mapped=mapped).mistakes
    assert (mistake.line, mistake.what, mistake.why, mistake.remedy) == (
        34,
        "no mapping of acme_crm is named `customer`",
        "known: account, opportunity",
        "Did you mean `account`?",
    )
    file.write_text(GOOD.replace("crm.opportunity:", "crm.account:"), "utf-8")
    (mistake,) = check(file, CONNECTORS, ENV, mapped=mapped).mistakes
    assert (mistake.line, mistake.what) == (35, "customer has no attribute `billing_model`")


@pytest.mark.parametrize("written", ["12345678", "[hunter-two]", "{hunter: two}"])
def test_a_secret_of_the_wrong_form_is_not_repeated(tmp_path: Path, written: str) -> None:
    text = GOOD.replace("token: env:ERP_TOKEN\n  erp-eu", f"token: {written}\n  erp-eu")
    (mistake,) = mistakes_in(tmp_path, text)
    assert mistake.render("") == (
        ":19:12: `connections.erp.token` cannot be used\n"
        "  why: it must be text, and is **********\n"
        "  do:  Put it in quotes, or refer to it with env:NAME or file:/path."
    )


def test_a_vendor_that_names_no_platform_may_live_anywhere(tmp_path: Path) -> None:
    text = GOOD.replace('account: "7654321"', 'account: "7654321"\n    platform: crm')
    assert mistakes_in(tmp_path, text) == []


ACCESS = """
access:
  providers:
    Firm: {{issuer: "https://login.example.com", client_id: isthmus, client_secret: written out}}
    other:
      issuer: {issuer}
      client_id: isthmus
      clock_skew: {skew}
      groups: {{books: {roles}}}
"""


def test_who_is_let_in_by_groups(tmp_path: Path) -> None:
    def said(issuer: str, skew: str, roles: str) -> list[tuple[str, str]]:
        written = GOOD + ACCESS.format(issuer=issuer, skew=skew, roles=roles)
        return [(m.what, m.why) for m in mistakes_in(tmp_path, written)]

    name = ("`Firm` cannot be part of an address",
            "the provider sends people back to one that holds it")  # fmt: skip
    assert said("https://login.example.org", "60s", "[finanse, finance@NOWHERE, pmo@EA-NL]") == [
        name,
        ("the secret `client_secret` is written in the file",
         "who reads the file, or its history, has the secret"),
        ("`NOWHERE` is neither a legal entity nor a region", "there are EA-NL, EA-US"),
        ("`finanse` is not a role", "there are admin, finance, pmo"),
    ]  # fmt: skip
    assert said("http://login.example.org", "1h", "finance") == [
        name,
        ("`access.providers.other.issuer` cannot be used",
         "anyone on the way can change what is read by http"),
        ("`access.providers.other.clock_skew` cannot be used",
         "tokens would be taken long after they expired"),
    ]  # fmt: skip
    alone = mistakes_in(tmp_path, GOOD + "access: {local_accounts: false}\n")
    assert [m.what for m in alone] == ["nobody could log in"]
