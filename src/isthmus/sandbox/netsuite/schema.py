"""The record types, their fields and sublists.

Names are those of Oracle's REST API Browser 2026.1 where the vendor page lists them; the rest (for
example `tranId`, `total`, `itemId`) is from memory of the same browser and marked so in
docs/reference/sandbox-netsuite.md.

A field's kind: text, bool, date, instant, int, number, money, `ref:record[|record]`,
`choice[:a,b]`, or `record:name` for a subrecord. A leading `!` marks what the account computes: it
is shown, and ignored when sent.
"""

from dataclasses import dataclass, field

Fields = dict[str, str]


def fields(*groups: str, **kinds: str) -> Fields:
    """`fields("text: memo url", class_="ref:classification")`."""
    known: Fields = {}
    for group in groups:
        kind, names = group.split(": ")
        known |= dict.fromkeys(names.split(), kind)
    return known | {name.rstrip("_"): kind for name, kind in kinds.items()}


@dataclass(frozen=True)
class Sublist:
    """`key` names the field by which PATCH finds the line to change."""

    fields: Fields
    key: str = "line"


@dataclass(frozen=True)
class RecordType:
    name: str
    fields: Fields
    sublists: dict[str, Sublist] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    family: str = ""
    display: str = "name"

    @property
    def sequence(self) -> str:
        """Entities share one id sequence, transactions another, as in an account."""
        return self.family or self.name


COMMON = fields("text: externalId", "!instant: lastModifiedDate", "bool: isInactive")
SEGMENTS = fields(department="ref:department", class_="ref:classification", location="ref:location")
ADDRESS = fields("text: addressee attention addr1 addr2 city state zip addrPhone", country="choice")

SUBRECORDS = {"address": ADDRESS}

CUSTOMER = RecordType(
    "customer",
    COMMON
    | fields(
        "text: entityId companyName firstName lastName email phone url comments accountNumber",
        "bool: isPerson groupInvoices autoName",
        "money: creditLimit",
        "!money: consolBalance balance",
        "choice: entityStatus category defaultTaxReg",
        "!instant: dateCreated",
        parent="ref:customer",
        subsidiary="ref:subsidiary",
        terms="ref:term",
        currency="ref:currency",
        receivablesAccount="ref:account",
        creditHoldOverride="choice:AUTO,OFF,ON",
    ),
    {
        "currencyList": Sublist(fields(currency="ref:currency"), "currency"),
        "taxRegistration": Sublist(
            fields(
                "choice: nexusCountry nexusState",
                "text: taxRegistrationNumber",
                nexus="ref:nexus",
                id="int",
            ),
            "id",
        ),
        "addressBook": Sublist(
            fields(
                "bool: defaultBilling defaultShipping isResidential",
                "text: label",
                addressBookAddress="record:address",
                id="int",
                internalId="int",
            ),
            "internalId",
        ),
    },
    required=("companyName", "subsidiary"),
    family="entity",
    display="entityId",
)

JOB = RecordType(
    "job",
    COMMON
    | fields(
        "text: entityId companyName comments",
        "choice: jobType jobBillingType revRecForecastRule wbs billingAccount billingRateCard",
        "choice: billingSchedule estimateRevRecTemplate",
        "date: startDate scheduledEndDate projectedEndDate",
        "number: percentCompleteOverride",
        "bool: allowTime allowExpenses",
        "!instant: dateCreated",
        parent="ref:customer",
        customer="ref:customer",
        subsidiary="ref:subsidiary",
        currency="ref:currency",
        projectManager="ref:employee",
        entityStatus="choice:1,2,3,4,5",
    ),
    required=("companyName", "parent"),
    family="entity",
    display="entityId",
)

PROJECT_TASK = RecordType(
    "projectTask",
    COMMON
    | fields(
        "text: title message",
        "choice: status",
        "number: estimatedWork",
        company="ref:job",
        startDate="date",
    ),
    required=("title", "company"),
    display="title",
)

TIME_BILL = RecordType(
    "timeBill",
    COMMON
    | SEGMENTS
    | fields(
        "text: hours memo",
        "bool: isBillable isUtilized isProductive overrideRate posted",
        "money: rate",
        "choice: price timesheet payrollItem billingClass",
        "date: tranDate",
        employee="ref:employee",
        customer="ref:job|customer",
        caseTaskEvent="ref:projectTask",
        item="ref:serviceSaleItem",
        subsidiary="ref:subsidiary",
        timeType="choice:P,A,B",
        approvalStatus="choice:1,2,3,4",
    ),
    required=("employee", "hours"),
    display="id",
)

ITEM_LINE = SEGMENTS | fields(
    "int: line orderLine",
    "text: description taxDetailsReference",
    "number: quantity rate",
    "money: amount",
    "!money: grossAmt tax1Amt",
    "choice: revRecSchedule price",
    "date: revRecStartDate revRecEndDate",
    item="ref:serviceSaleItem",
    taxCode="ref:salesTaxItem",
    job="ref:job",
)
TAX_LINE = fields(
    "text: taxDetailsReference",
    "choice: taxType lineType",
    "number: taxRate",
    "money: taxBasis taxAmount netAmount",
    taxCode="ref:salesTaxItem",
)
SALES = (
    COMMON
    | SEGMENTS
    | fields(
        "text: tranId memo otherRefNum email",
        "date: tranDate dueDate startDate endDate",
        "number: exchangeRate",
        "bool: taxDetailsOverride taxRegOverride toBeEmailed toBePrinted",
        "!money: subtotal taxTotal total",
        "!instant: createdDate",
        "!choice: status",
        entity="ref:customer|job",
        subsidiary="ref:subsidiary",
        currency="ref:currency",
        postingPeriod="ref:accountingPeriod",
        account="ref:account",
        job="ref:job",
        createdFrom="ref:invoice",
    )
)
COST_LINE = fields("bool: apply", "choice: doc", "money: amount", "int: line")
INVOICE = RecordType(
    "invoice",
    SALES
    | fields(
        "!money: amountPaid amountRemaining deferredRevenue recognizedRevenue",
        terms="ref:term",
        approvalStatus="choice:1,2,3,11",
    ),
    {
        "item": Sublist(ITEM_LINE),
        "time": Sublist(COST_LINE),
        "expCost": Sublist(COST_LINE),
        "itemCost": Sublist(COST_LINE),
        "taxDetails": Sublist(TAX_LINE, "taxDetailsReference"),
    },
    required=("entity", "item"),
    family="transaction",
    display="tranId",
)
APPLY_LINE = fields(
    "int: line", "bool: apply", "money: amount", "!money: due total", doc="ref:invoice"
)
CREDIT_MEMO = RecordType(
    "creditMemo",
    SALES | fields("!money: applied unapplied amountRemaining"),
    {
        "item": Sublist(ITEM_LINE),
        "apply": Sublist(APPLY_LINE, "doc"),
        "taxDetails": Sublist(TAX_LINE, "taxDetailsReference"),
    },
    required=("entity", "item"),
    family="transaction",
    display="tranId",
)
CUSTOMER_PAYMENT = RecordType(
    "customerPayment",
    COMMON
    | SEGMENTS
    | fields(
        "text: tranId memo checkNum",
        "date: tranDate",
        "number: exchangeRate",
        "money: payment",
        "bool: autoApply",
        "!money: applied unapplied",
        "!choice: status",
        "!instant: createdDate",
        "choice: paymentMethod",
        customer="ref:customer",
        subsidiary="ref:subsidiary",
        currency="ref:currency",
        account="ref:account",
        arAcct="ref:account",
        postingPeriod="ref:accountingPeriod",
    ),
    {"apply": Sublist(APPLY_LINE, "doc")},
    required=("customer", "payment"),
    family="transaction",
    display="tranId",
)
ACCOUNTING_PERIOD = RecordType(
    "accountingPeriod",
    COMMON
    | fields(
        "text: periodName",
        "date: startDate endDate closedOnDate",
        "bool: closed allLocked arLocked apLocked payrollLocked",
        "bool: isPosting isQuarter isYear isAdjust allowNonGLChanges",
        parent="ref:accountingPeriod",
    ),
    {
        "perBookPeriodClosing": Sublist(
            fields("choice: accountingBook", "bool: periodClosed"), "accountingBook"
        )
    },
    required=("periodName", "startDate", "endDate"),
    display="periodName",
)


def _list(name: str, kinds: Fields, display: str = "name", family: str = "") -> RecordType:
    return RecordType(name, COMMON | kinds, required=(display,), display=display, family=family)


RECORDS = {
    record.name: record
    for record in (
        CUSTOMER,
        JOB,
        PROJECT_TASK,
        TIME_BILL,
        INVOICE,
        CREDIT_MEMO,
        CUSTOMER_PAYMENT,
        ACCOUNTING_PERIOD,
        _list(
            "subsidiary",
            fields(
                "text: name legalName state email",
                "bool: isElimination",
                country="choice",
                parent="ref:subsidiary",
                currency="ref:currency",
            ),
        ),
        _list(
            "currency",
            fields(
                "text: name symbol displaySymbol",
                "bool: isBaseCurrency",
                exchangeRate="number",
                currencyPrecision="choice",
            ),
        ),
        _list(
            "employee",
            SEGMENTS
            | fields(
                "text: entityId firstName lastName email title",
                "date: hireDate releaseDate",
                subsidiary="ref:subsidiary",
                supervisor="ref:employee",
                currency="ref:currency",
            ),
            "entityId",
            "entity",
        ),
        _list("department", fields("text: name", parent="ref:department")),
        _list("classification", fields("text: name", parent="ref:classification")),
        _list("location", fields("text: name", parent="ref:location", subsidiary="ref:subsidiary")),
        _list(
            "term", fields("text: name", "int: daysUntilNetDue daysUntilExpiry", "bool: preferred")
        ),
        _list("account", fields("text: acctName acctNumber", acctType="choice"), "acctName"),
        _list(
            "serviceSaleItem",
            fields(
                "text: itemId displayName salesDescription",
                "choice: taxSchedule revenueRecognitionRule",
                subsidiary="ref:subsidiary",
                incomeAccount="ref:account",
            ),
            "itemId",
            "item",
        ),
        _list(
            "salesTaxItem",
            fields("text: itemId displayName description", taxType="ref:taxType", rate="number"),
            "itemId",
            "item",
        ),
        _list("taxType", fields("text: name description", country="choice")),
        _list("nexus", fields("text: description", "choice: country state"), "country"),
        RecordType(
            "customerSubsidiaryRelationship",
            COMMON
            | fields(
                "bool: isPrimarySub",
                entity="ref:customer",
                subsidiary="ref:subsidiary",
                primaryCurrency="ref:currency",
            ),
            required=("entity", "subsidiary"),
            display="id",
        ),
    )
}


def targets(kind: str) -> tuple[str, ...]:
    """The record types a `ref:` kind may point to."""
    return tuple(kind.removeprefix("ref:").split("|"))
