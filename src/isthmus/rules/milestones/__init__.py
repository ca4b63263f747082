"""Results with a price: accepted, withheld in part, reduced for delay, and decided upon.

* `acceptance`: signed, deemed by silence, or not needed
* `billing`: what an accepted milestone bills, in parts where it is accepted in parts; bonuses
* `quantity`: milestones that deliver a percent of an order line
* `retention`: the part withheld until final acceptance, with its balance
* `damages`: liquidated damages for delay
* `decision`: invoice now, ask finance, or only release what was billed before
"""
