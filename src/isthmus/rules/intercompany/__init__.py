"""Intercompany: work that one of our companies does under the contract of another.

* `parties`: who is intercompany to whom
* `transfer`: what the performing company charges, along a chain of companies
* `books`: both companies' entries, and their elimination in the group
* `results`: what each company and the group earn

`isthmus.rules.revenue.affiliates` has the other model, in which the performing company books the
client's revenue itself. Which one holds is the group's policy.
"""
