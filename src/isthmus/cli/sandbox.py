"""`sandbox`: the simulated systems as servers, to build and try a landscape against."""

from __future__ import annotations

import os
from calendar import month_abbr, monthrange
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.output import say
from isthmus.cli.problem import Problem
from isthmus.cli.serve import until_stopped
from isthmus.cli.session import DEMO, act, session

ORG = {"client_id": "sandbox-org", "client_secret": "not-a-secret", "username": "isthmus@sandbox"}
BOOKS = {"client_id": "sandbox-books", "certificate_id": "sandbox-certificate"}
COMPANIES = {"EA-NL": ("Example Advisory NL", "NL", "EUR"),
             "EA-US": ("Example Advisory US", "US", "USD")}  # fmt: skip
LANDSCAPE = """\
# Written by `isthmus sandbox`; the systems are the simulators that it runs.
firm:
  name: Example Advisory
  legal_entities:
    EA-NL: {{country: NL, currency: EUR}}
    EA-US: {{country: US, currency: USD}}
connections:
  salesforce:
    vendor: salesforce
    url: {org}
    auth:
      flow: client_credentials
      client_id: {app[client_id]}
      client_secret: file:{secret}
  certinia: {{vendor: certinia, platform: salesforce}}
  netsuite:
    vendor: netsuite
    url: {books}
    auth:
      client_id: {integration[client_id]}
      certificate_id: {integration[certificate_id]}
      private_key: file:{key}
      algorithm: ES256
    items: {{time: consulting, milestone: fixed-fee}}
roles:
  crm: [{{connection: salesforce}}]
  psa: [{{connection: certinia}}]
  erp: [{{connection: netsuite}}]
"""


def sandbox(
    context: typer.Context,
    salesforce_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Salesforce with Certinia; 0: any free port.")
    ] = 8901,
    netsuite_port: Annotated[
        int, typer.Option(min=0, max=65535, help="NetSuite; 0: any free port.")
    ] = 8902,
    of_demo: Annotated[
        bool, typer.Option("--demo", help="The systems of the last demo, as it left them.")
    ] = False,
) -> None:
    """Run a simulated Salesforce org with Certinia PSA and a NetSuite account until Ctrl-C."""
    chosen = session(context)
    home = chosen.settings.home
    folder = _vendors(home) if of_demo else home / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    from isthmus.demo.vendors_process import FilesInUse, sole_user

    try:
        with sole_user(folder):
            act(_serve(folder.resolve(), salesforce_port, netsuite_port, fresh=not of_demo))
    except FilesInUse as error:
        raise Problem(
            "The sandbox cannot start.", f"Another process works on its files in {folder}.",
            "End it (`isthmus demo` or another `isthmus sandbox`), then start again.",
        ) from error  # fmt: skip


COMMANDS = {"sandbox": sandbox}


def _vendors(home: Path) -> Path:
    """Where a demo keeps its systems: `home` is its own folder, or that above it."""
    for folder in (home / "vendors", home / DEMO / "vendors"):
        if folder.is_dir():
            return folder
    raise Problem(
        f"{home} holds no demo.",
        f"Neither {home / 'vendors'} nor {home / DEMO / 'vendors'} exists.",
        "Run `isthmus demo` first, or name its folder with --home.",
    )


async def _serve(folder: Path, salesforce_port: int, netsuite_port: int, *, fresh: bool) -> None:
    from isthmus.sandbox.netsuite import NetSuiteAccount
    from isthmus.sandbox.salesforce import SalesforceOrg
    from isthmus.sandbox.serve import serving

    org = SalesforceOrg(folder / "salesforce.sqlite")
    books = NetSuiteAccount(folder / "netsuite.sqlite")
    async with AsyncExitStack() as stack:
        stack.callback(books.close)
        stack.callback(org.close)
        if fresh:
            org.deploy(_package())
            org.register_app(dict(ORG))
            books.register(BOOKS["client_id"], BOOKS["certificate_id"], _public_key(folder))
            books.seed(_chart(datetime.now(UTC).year))
        try:
            salesforce = await stack.enter_async_context(serving(org.app, salesforce_port))
            netsuite = await stack.enter_async_context(serving(books.app, netsuite_port))
        except OSError as error:
            raise Problem(
                "A port of the sandbox cannot be listened on.",
                str(error.strerror or error),
                "Choose others with --salesforce-port and --netsuite-port.",
            ) from error
        _tell(folder, salesforce, netsuite, fresh=fresh)
        await until_stopped()


def _tell(folder: Path, salesforce: str, netsuite: str, *, fresh: bool) -> None:
    say(f"salesforce with certinia  {salesforce}")
    say(f"netsuite                  {netsuite}")
    say(f"their data                {folder}")
    if fresh:
        file = _landscape(folder, salesforce, netsuite)
        say(f"a landscape for them      {file}")
        say(f"next: isthmus up --landscape {file}")
        say("What people do in these systems: docs/reference/sandbox-*.md, under /__control/.")
    say("Ctrl-C stops them.")


def _landscape(folder: Path, salesforce: str, netsuite: str) -> Path:
    secret, file = folder / "salesforce-secret", folder / "isthmus.yaml"
    _write(secret, ORG["client_secret"])
    text = LANDSCAPE.format(
        org=salesforce, app=ORG, secret=secret, books=netsuite, integration=BOOKS,
        key=_key_file(folder),
    )  # fmt: skip
    file.write_text(text, "utf-8")
    return file


def _chart(year: int) -> dict[str, list[dict[str, Any]]]:
    """Companies, items, dimensions and the year's periods: what an account has on its first day."""
    currencies = sorted({currency for _, _, currency in COMPANIES.values()})
    return {
        "currency": [
            {"externalId": c, "name": c, "symbol": c, "currencyPrecision": 2} for c in currencies
        ],
        "subsidiary": [
            {"externalId": code, "name": name, "country": country,
             "currency": {"externalId": currency}}
            for code, (name, country, currency) in COMPANIES.items()
        ],
        "term": [{"externalId": "net30", "name": "Net 30", "daysUntilNetDue": 30}],
        "serviceSaleItem": [
            {"externalId": "consulting", "itemId": "Consulting"},
            {"externalId": "fixed-fee", "itemId": "Fixed fee"},
        ],
        "department": [{"externalId": "CC-10", "name": "Consulting"}],
        "classification": [{"externalId": "PC-A", "name": "Advisory"}],
        "accountingPeriod": [_period(year, month) for month in range(1, 13)],
    }  # fmt: skip


def _period(year: int, month: int) -> dict[str, Any]:
    first = date(year, month, 1)
    last = first.replace(day=monthrange(year, month)[1])
    return {"externalId": f"{first:%Y-%m}", "periodName": f"{month_abbr[month]} {year}",
            "startDate": first.isoformat(), "endDate": last.isoformat()}  # fmt: skip


def _key_file(folder: Path) -> Path:
    return folder / "netsuite-key.pem"


def _public_key(folder: Path) -> str:
    """The public half of the account's login key; the pair is made at the first start."""
    from joserfc.jwk import ECKey

    file = _key_file(folder)
    if not file.exists():
        made = ECKey.generate_key("P-256", private=True)
        _write(file, made.as_pem(private=True).decode())
    return ECKey.import_key(file.read_text()).as_pem(private=False).decode()


def _write(file: Path, secret: str) -> None:
    """For this account alone, as a secret file should be."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(secret)


def _package() -> dict[str, str]:
    """The custom fields that the connectors write, as a firm deploys them to its org."""
    root = resources.files("isthmus") / "platforms" / "salesforce" / "package"
    return dict(_files(root / "objects", "objects/"))


def _files(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            found += _files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith("-meta.xml"):
            found.append((prefix + entry.name, entry.read_text("utf-8")))
    return found
