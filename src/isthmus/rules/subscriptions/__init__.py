"""A price per period, billed as the difference between what should have been and what was.

* `periods`: full periods anchored on a billing day
* `plan`: a subscription from one day to another at the same terms; changes, add-ons, endings
* `billing`: what is due by a day, and what of it was not billed, or was billed and should not be
"""
