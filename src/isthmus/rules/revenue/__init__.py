"""Revenue: how much of a price is earned, when, and which entries say so.

Pure arithmetic of IFRS 15 / ASC 606 for services. Judgements that the standards leave to people
(is it distinct, is it highly probable, does control pass on delivery) are arguments, never
guesses; conventions that firms and products choose differently are enumerations whose docstrings
name the default and its source. Ratios are exact fractions until the last step, where an amount
is rounded half up to the minor unit of its currency.

* price: `variable`, `financing`, `refunds`
* obligations: `allocation`, `upfront`, `principal`
* when it is earned: `progress`, `milestone`, `ratable`, `time_and_materials`, `breakage`; by the
  terms of a contract and month: `recognition`
* when terms change: `modification`, `termination`, `onerous`
* what the books say: `position`, `journal`, `schedule`, `closing`, `foreign`, `affiliates`,
  `contract_cost`, `outstanding`; what is still to be booked and what a ledger has: `alignment`
"""
