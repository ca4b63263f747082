"""SuiteQL's tables: their columns and how a stored record becomes rows of them.

Column names in lower case as SuiteQL shows them; most are unverified, beside those the vendor page
names.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from isthmus.sandbox.netsuite.books import Books, Row, lines
from isthmus.sandbox.netsuite.dates import stored_date
from isthmus.sandbox.netsuite.time_bills import hours_of
from isthmus.sandbox.netsuite.transaction_rows import (
    TYPES,
    transaction,
    transaction_lines,
    transaction_links,
)

Value = str | int | float | None
Rows = Iterator[list[Value]]


@dataclass(frozen=True)
class Column:
    """`source` is a field of the record; `shows` the record types BUILTIN.DF looks up."""

    name: str
    type: str
    source: str
    shows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    name: str
    records: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: Callable[[Books, str, Row], Iterator[Row]]

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


AFFINITY = {"int": "INTEGER", "number": "NUMERIC", "date": "TEXT", "text": "TEXT", "bool": "TEXT"}


def _columns(text: str) -> tuple[Column, ...]:
    """One column a word: `name:type[:source[:shown|records]]`; the source defaults to the name."""
    parsed = []
    for word in text.split():
        name, kind, source, shows = (word + ":::").split(":")[:4]
        targets = tuple(shows.split("|")) if shows else ()
        parsed.append(Column(name, kind, source or name, targets))
    return tuple(parsed)


def _same(books: Books, record: str, row: Row) -> Iterator[Row]:
    yield row


SEGMENTS = """department:int:department:department class:int:class:classification
    location:int:location:location"""
COMMON = "id:int externalid:text:externalId lastmodifieddate:date:lastModifiedDate"
LISTED = COMMON + " isinactive:bool:isInactive"


def _time(books: Books, record: str, row: Row) -> Iterator[Row]:
    yield row | {"hours": hours_of(row["hours"])}


def _schedule_lines(books: Books, record: str, row: Row) -> Iterator[Row]:
    for line in lines(row, "recurrence"):
        yield line | {"id": line["line"], "schedule": row["id"]}


SALES = tuple(TYPES)
TABLES = {
    table.name: table
    for table in (
        Table(
            "transaction",
            SALES,
            _columns(f"""{COMMON} tranid:text:tranId type:text recordtype:text
            entity:int:entity:customer|job trandate:date:tranDate duedate:date:dueDate
            status:text:status:@status foreigntotal:number foreignamountpaid:number
            foreignamountunpaid:number currency:int:currency:currency
            exchangerate:number:exchangeRate
            subsidiary:int:subsidiary:subsidiary
            postingperiod:int:postingPeriod:accountingPeriod terms:int:terms:term memo:text
            otherrefnum:text:otherRefNum createddate:date:createdDate voided:bool posting:bool
            approvalstatus:int:approvalStatus reversaldate:date:reversalDate"""),
            transaction,
        ),
        Table(
            "transactionline",
            SALES,
            _columns(f"""id:int transaction:int subsidiary:int:subsidiary:subsidiary
            entity:int:entity:customer|job item:int:item:serviceSaleItem|salesTaxItem
            quantity:number rate:number foreignamount:number netamount:number:foreignamount
            mainline:bool taxline:bool memo:text {SEGMENTS}"""),
            transaction_lines,
        ),
        Table(
            "nexttransactionlinelink",
            ("customerPayment", "creditMemo"),
            _columns("""previousdoc:int previoustype:text nextdoc:int nexttype:text linktype:text
            foreignamount:number"""),
            transaction_links,
        ),
        Table(
            "customer",
            ("customer",),
            _columns(f"""{LISTED} entityid:text:entityId companyname:text:companyName email:text
            parent:int:parent:customer subsidiary:int:subsidiary:subsidiary terms:int:terms:term
            currency:int:currency:currency isperson:bool:isPerson datecreated:date:dateCreated
            creditlimit:number:creditLimit creditholdoverride:text:creditHoldOverride"""),
            _same,
        ),
        Table(
            "job",
            ("job",),
            _columns(f"""{LISTED} entityid:text:entityId companyname:text:companyName
            customer:int:customer:customer parent:int:parent:customer
            subsidiary:int:subsidiary:subsidiary currency:int:currency:currency
            entitystatus:int:entityStatus projectmanager:int:projectManager:employee
            startdate:date:startDate scheduledenddate:date:scheduledEndDate
            datecreated:date:dateCreated"""),
            _same,
        ),
        Table(
            "timebill",
            ("timeBill",),
            _columns(f"""{COMMON} employee:int:employee:employee customer:int:customer:job|customer
            item:int:item:serviceSaleItem hours:number trandate:date:tranDate
            isbillable:bool:isBillable rate:number memo:text approvalstatus:int:approvalStatus
            timetype:text:timeType subsidiary:int:subsidiary:subsidiary {SEGMENTS}"""),
            _time,
        ),
        Table(
            "accountingperiod",
            ("accountingPeriod",),
            _columns("""id:int periodname:text:periodName startdate:date:startDate
            enddate:date:endDate closed:bool closedondate:date:closedOnDate
            alllocked:bool:allLocked arlocked:bool:arLocked aplocked:bool:apLocked
            isposting:bool:isPosting isquarter:bool:isQuarter isyear:bool:isYear
            isadjust:bool:isAdjust parent:int:parent:accountingPeriod
            lastmodifieddate:date:lastModifiedDate"""),
            _same,
        ),
        Table(
            "revrecschedule",
            ("revRecSchedule",),
            _columns(f"{COMMON} name:text job:int:job:job currency:int:currency:currency"),
            _same,
        ),
        Table(
            "revrecscheduleline",
            ("revRecSchedule",),
            _columns("""id:int schedule:int postingperiod:int:postingPeriod:accountingPeriod
            plannedamount:number:plannedAmount recognizedamount:number:recognizedAmount"""),
            _schedule_lines,
        ),
        Table(
            "subsidiary",
            ("subsidiary",),
            _columns(f"""{LISTED} name:text legalname:text:legalName country:text
            parent:int:parent:subsidiary currency:int:currency:currency
            iselimination:bool:isElimination"""),
            _same,
        ),
        Table(
            "currency",
            ("currency",),
            _columns(f"""{LISTED} name:text symbol:text exchangerate:number:exchangeRate
            currencyprecision:int:currencyPrecision isbasecurrency:bool:isBaseCurrency"""),
            _same,
        ),
        Table(
            "employee",
            ("employee",),
            _columns(f"""{LISTED} entityid:text:entityId firstname:text:firstName
            lastname:text:lastName email:text title:text subsidiary:int:subsidiary:subsidiary
            supervisor:int:supervisor:employee {SEGMENTS}"""),
            _same,
        ),
        *(
            Table(name, (name,), _columns(f"{LISTED} name:text parent:int:parent:{name}"), _same)
            for name in ("department", "classification", "location")
        ),
        Table(
            "term",
            ("term",),
            _columns(f"{LISTED} name:text daysuntilnetdue:int:daysUntilNetDue"),
            _same,
        ),
        Table(
            "account",
            ("account",),
            _columns(f"{LISTED} acctnumber:text:acctNumber fullname:text:acctName"),
            _same,
        ),
        Table(
            "item",
            ("serviceSaleItem", "salesTaxItem"),
            _columns(f"{LISTED} itemid:text:itemId displayname:text:displayName"),
            _same,
        ),
    )
}


def stored_rows(table: Table, books: Books, record: str, row: Row) -> Rows:
    for shown in table.rows(books, record, row):
        yield [_cell(column.type, shown.get(column.source)) for column in table.columns]


def _cell(kind: str, value: Any) -> Value:
    if isinstance(value, dict):
        value = value["id"]
    if kind == "bool":
        return "T" if value else "F"
    if value is None:
        return None
    if kind == "date":
        return stored_date(str(value))
    if isinstance(value, Decimal):
        return float(value)
    return int(value) if kind == "int" else value
