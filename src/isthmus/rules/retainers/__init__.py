"""Money and hours paid for in advance, and what is owed on top of them.

* `account`: lots bought, drawn, expired and refunded, with a statement that reconciles
* `hours`: a fee per period that includes hours; roll-over and overage
* `blocks`: hours invoiced on order
* `credit`: money that pays invoices, tax included
* `deposit`: money kept at a level
* `commitment`: a minimum per period and its true-up
* `journal`: the liability until it is drawn
"""
