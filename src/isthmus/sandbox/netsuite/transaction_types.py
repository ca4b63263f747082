"""The fields of invoices, credit memos, customer payments and journal entries."""

from isthmus.sandbox.netsuite.fields import COMMON, SEGMENTS, RecordType, Sublist, fields

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
JOURNAL_LINE = SEGMENTS | fields(
    "int: line",
    "money: debit credit",
    "text: memo",
    "bool: eliminate",
    account="ref:account",
    entity="ref:customer|job|employee",
)
JOURNAL = (
    COMMON
    | SEGMENTS
    | fields(
        "text: tranId memo",
        "date: tranDate reversalDate",
        "bool: approved reversalDefer",
        "!text: reversalEntry",
        "!bool: isReversal",
        "!instant: createdDate",
        "!choice: status",
        approvalStatus="choice:1,2,3,11",
        currency="ref:currency",
        postingPeriod="ref:accountingPeriod",
        subsidiary="ref:subsidiary",
    )
)
JOURNAL_ENTRY = RecordType(
    "journalEntry",
    JOURNAL | fields("number: exchangeRate", toSubsidiary="ref:subsidiary"),
    {"line": Sublist(JOURNAL_LINE)},
    required=("subsidiary", "line"),
    family="transaction",
    display="tranId",
)
ADV_INTERCOMPANY_JOURNAL_ENTRY = RecordType(
    "advIntercompanyJournalEntry",
    JOURNAL | fields(toSubsidiaries="ref:subsidiary"),
    {
        "line": Sublist(
            JOURNAL_LINE
            | fields(lineSubsidiary="ref:subsidiary", dueToFromSubsidiary="ref:subsidiary")
        )
    },
    required=("subsidiary", "line"),
    family="transaction",
    display="tranId",
)
