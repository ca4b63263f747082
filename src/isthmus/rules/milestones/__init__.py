"""Results with a price: accepted, withheld in part, reduced for delay, and decided upon.

* `acceptance`: signed, deemed by silence, or not needed
* `standing`: what the PSA says of a milestone, as acceptance
* `billing`: what an accepted milestone bills, in parts where it is accepted in parts; bonuses
* `quantity`: milestones that deliver a percent of an order line
* `retention`: the part withheld until final acceptance, with its balance
* `damages`: liquidated damages for delay
* `by_hand`: terms by which no invoice is made from here
* `decision`: invoice now, ask finance, or only release what was billed before
"""
