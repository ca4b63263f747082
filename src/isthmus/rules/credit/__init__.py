"""Credit: taking back what an invoice says, wholly or in parts, to the cent.

A posted invoice is never edited. What stands against it is worked out from its posted memos: a
part is what the amount credited to date moved by, so any row of credits ends at the invoice's own
figures, its discount and its tax included.

* `invoice`: an invoice as something that can be credited
* `memo`: the memo of a credit, or what forbids it
* `rebill`: credit and bill again at another price; move hours to another project
* `release`: entries and milestones that may be billed again
* `signs`: credit note or negative invoice
* `dates`: the memo's date and the day it posts
"""
