"""Billed time: from raw hours to facts that have a price, and the reasons for it in words.

* hours: `elapsed` (clocked work on its days), `clock` (rounding of clocked work), `rounding` (what
  the client's terms make of hours)
* price: `overtime`, `tiers`, `day_rate`
* all of it, with the caps of `isthmus.rules.caps`: `pricing`

What is priced is a function of the set of entries and of what is invoiced: the order in which
entries arrive never shows. Invoiced facts stand first in every threshold, tier and cap.
"""
