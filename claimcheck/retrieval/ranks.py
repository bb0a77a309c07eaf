"""Processes that train one run together: each takes its share of every batch, and all hold the same weights.

A share is a slice of the whole batch, and negatives are gathered from all, so loss and gradient are those of one process but
for the order in which floats are summed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """One process, number `rank` of `size`. Where there are several, torch.distributed has been started for them."""

    rank: int = 0
    size: int = 1

    def share(self, number: int) -> slice:
        """Its share of so many things in a row; shares differ by one at most, and some may be empty.

        >>> [Ranks(rank=rank, size=3).share(4) for rank in range(3)]
        [slice(0, 1, None), slice(1, 2, None), slice(2, 4, None)]
        """
        return slice(number * self.rank // self.size, number * (self.rank + 1) // self.size)

    def gather(self, own: Tensor, number: int) -> Tensor:
        """All shares of `number` rows in their order, without gradient; `own` (share, d) is its own."""
        own = own.detach()
        if self.size == 1:
            return own
        most = -(-number // self.size)
        filled = own.new_zeros(most, own.shape[1])
        filled[: len(own)] = own
        everyone = [torch.empty_like(filled) for _ in range(self.size)]
        distributed.all_gather(everyone, filled)
        shares = (Ranks(rank=rank, size=self.size).share(number) for rank in range(self.size))
        return torch.cat([rows[: each.stop - each.start] for rows, each in zip(everyone, shares, strict=True)])

    def sum_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Add up the gradients of all processes, each of its share; one that has none counts as zero."""
        if self.size == 1:
            return
        wanted = list(parameters)
        for each in wanted:
            if each.grad is None:
                each.grad = torch.zeros_like(each)
        flat = torch.cat([each.grad.flatten() for each in wanted if each.grad is not None])
        distributed.all_reduce(flat)
        for each, summed in zip(wanted, torch.split(flat, [each.numel() for each in wanted]), strict=True):
            each.grad = summed.view_as(each)

    def first(self, value: float) -> float:
        """The value that the first process has, so that all decide alike."""
        if self.size == 1:
            return value
        told = [value]
        distributed.broadcast_object_list(told, src=0)
        return told[0]

    def check_alike(self, text: str, what: str) -> None:
        """Raise ValueError unless all processes have the same text."""
        if self.size == 1:
            return
        everyone: list[str] = [""] * self.size
        distributed.all_gather_object(everyone, text)
        if len(set(everyone)) > 1:
            raise ValueError(f"{what} is not the same in all {self.size} processes; run the same code on the same data in each")

    def meet(self, error: Exception | None = None) -> None:
        """Wait until all processes have come here. Raises the first one's error that came with one, in all of them."""
        if self.size == 1:
            everyone = [error]
        else:
            everyone = [None] * self.size
            distributed.all_gather_object(everyone, error)
        for each in everyone:
            if each is not None:
                raise each


ALONE = Ranks()
"""One process by itself."""
