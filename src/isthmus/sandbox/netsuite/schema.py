"""The record types of the account.

Names are those of Oracle's REST API Browser 2026.1 where the vendor page lists them; the rest (for
example `tranId`, `total`, `itemId`) is from memory of the same browser and marked so in
docs/reference/sandbox-netsuite.md.
"""

from isthmus.sandbox.netsuite.fields import (
    COMMON,
    SEGMENTS,
    Fields,
    RecordType,
    Sublist,
    fields,
)
from isthmus.sandbox.netsuite.transaction_types import (
    ADV_INTERCOMPANY_JOURNAL_ENTRY,
    CREDIT_MEMO,
    CUSTOMER_PAYMENT,
    INVOICE,
    JOURNAL_ENTRY,
)

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

BILLING_SCHEDULE = RecordType(
    "billingSchedule",
    COMMON
    | fields(
        "text: name comments",
        "choice: scheduleType",
        "bool: isPublic",
        project="ref:job",
    ),
    {
        "recurrence": Sublist(
            fields("int: recurrenceId", "date: recurrenceDate", "money: amount", "text: memo"),
            "recurrenceId",
        )
    },
    required=("name",),
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


REV_REC_SCHEDULE = RecordType(
    "revRecSchedule",
    COMMON | fields("text: name", job="ref:job", currency="ref:currency"),
    {
        "recurrence": Sublist(
            fields(
                "int: line",
                "money: plannedAmount recognizedAmount",
                postingPeriod="ref:accountingPeriod",
            )
        )
    },
    required=("job", "currency"),
    display="name",
)


def _list(name: str, kinds: Fields, display: str = "name", family: str = "") -> RecordType:
    return RecordType(name, COMMON | kinds, required=(display,), display=display, family=family)


RECORDS = {
    record.name: record
    for record in (
        CUSTOMER,
        JOB,
        BILLING_SCHEDULE,
        PROJECT_TASK,
        TIME_BILL,
        INVOICE,
        CREDIT_MEMO,
        CUSTOMER_PAYMENT,
        JOURNAL_ENTRY,
        ADV_INTERCOMPANY_JOURNAL_ENTRY,
        ACCOUNTING_PERIOD,
        REV_REC_SCHEDULE,
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
                currencyPrecision="choice:0,1,2,3,4",
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
