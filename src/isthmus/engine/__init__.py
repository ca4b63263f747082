"""The durable engine: flows of recorded steps, holds, replay, waking and fail-over."""

from isthmus.engine.engine import Engine
from isthmus.engine.flow import BATCHES, RUNS, Flow, Run, Step, flow
from isthmus.engine.gate import SharedGate
from isthmus.engine.governor import Governor
from isthmus.engine.history import History
from isthmus.engine.hold import Hold
from isthmus.engine.observer import Observer
from isthmus.engine.replay import Replayed, StepRecord, replay, steps_of
from isthmus.engine.retry import RetryPolicy
from isthmus.engine.waker import Waker

__all__ = [
    "BATCHES", "RUNS", "Engine", "Flow", "Governor", "History", "Hold", "Observer", "Replayed",
    "RetryPolicy", "Run", "SharedGate", "Step", "StepRecord", "Waker", "flow", "replay", "steps_of",
]  # fmt: skip
