"""Approved hours become rated facts and invoice-ready transactions in the ledger.

One run per batch. A bad entry is held with its owner, its amount and its fix, and the rest of the
batch goes on. Rated facts are append-only: an entry that changed in the PSA reverses its old fact
before it is rated again. The invoice itself is made by `contract_to_invoice`.
"""

from __future__ import annotations

from isthmus.engine import BATCHES, Run, flow
from isthmus.flows.time_posting import post_batch
from isthmus.flows.time_rating import rate_batch


@flow(on="time.batched", owner="finance", priority=30, queue=BATCHES)
async def time_to_invoice(run: Run) -> None:
    await run.step(rate_batch)
    await run.step(post_batch)
