"""A pool of pairs that a run draws again and again, so that what is costly of each is computed once.

Making a pair and running a frozen network on its two pictures takes ten times as long as a step of a small head.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from dense_grasp_core.descriptors.residual_head import ResidualEfficientNetLite0
from torch.utils.data import Dataset

from dense_grasp_train.data.pairs import PairDataset
from dense_grasp_train.data.view_memory import available_bytes

#: Key of a pair's frozen features, (2, C, r, c) float16.
FROZEN = "frozen"
_SHARE = 0.5  # of the memory that is free


class PairPool(Dataset[dict[str, torch.Tensor]]):
    """The pairs of a PairDataset whose options have a pool, with their frozen features; kept while they fit.

    A pair that is not kept, because memory is short, is made anew whenever it comes: the same in any order and in a
    resumed run.
    """

    def __init__(
        self,
        pairs: PairDataset,
        base: ResidualEfficientNetLite0 | None,
        say: Callable[[str], None] = lambda text: None,
        memory: float | None = None,
    ) -> None:
        """base: whose frozen features the pairs get, None for none; memory: bytes to keep pairs in, of what is free."""
        self.pairs, self.size, self._base, self._say = pairs, pairs.options.pool, base, say
        self._room = _SHARE * available_bytes() if memory is None else memory
        self._kept: dict[int, dict[str, torch.Tensor]] = {}
        self._told = False

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        number = index % self.size
        if number in self._kept:
            return self._kept[number]
        item = self.pairs[number]
        if self._base is not None:
            # In half precision, and two pictures at a time whatever the batch: the same numbers in every run.
            item[FROZEN] = self._base.frozen(item["image"].float() / 255.0).half()
        self._keep(number, item)
        return item

    def _keep(self, number: int, item: dict[str, torch.Tensor]) -> None:
        needed = sum(value.nbytes for value in item.values())
        if not self._told:
            self._told = True
            fitting = min(self.size, int(self._room / needed))
            self._say(
                f"{self.size} pairs are drawn again and again, {self.size * needed / 1e6:.0f} MB: "
                + (
                    "all are kept in memory"
                    if fitting == self.size
                    else f"memory for {fitting}, the others are made anew"
                )
            )
        if needed <= self._room:
            self._room -= needed
            self._kept[number] = item
