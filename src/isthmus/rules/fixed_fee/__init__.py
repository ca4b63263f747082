"""A price agreed in advance: in which parts, when, and to whom it is billed.

* `schedule`: instalments by percent, amount or periods, by date or milestone; change orders
* `progress`: percent complete, of which only the difference is billed
* `effort`: a task's hours at its rate, or its price, when it is done
* `payers`: one project for several customers
* `advance`: what was paid at the start, deducted at the end
* `cancellation`: work to date, a fee, and what of the schedule falls away
"""
