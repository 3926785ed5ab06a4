"""Ctrl-C in training: the step is finished first, for an exception in the middle of one can come up anywhere."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer


class StopAtInterrupt(Callback):
    """Ends the training after the step in which SIGINT came; a second SIGINT raises KeyboardInterrupt at once.

    A context manager around ``Trainer.fit``. Processes forked inside, the data loader's, only take note of the signal:
    their parent ends them. ``asked`` tells afterwards whether the training was interrupted.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None
        self._main = threading.current_thread() is threading.main_thread()  # no other may set handlers

    def __enter__(self) -> StopAtInterrupt:
        if self._main:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            signal.default_int_handler(number, frame)
        self.asked = True

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Stop all processes at the same step, or one waits for another's gradients for ever."""
        if trainer.world_size > 1:
            self.asked = trainer.strategy.reduce_boolean_decision(self.asked, all=False)
        if self.asked:
            trainer.should_stop = True
