"""Slots: how many tasks go on at a time on this machine, and which cards each of them sees. Pure; what there is, is given."""

from dataclasses import dataclass

from claimcheck.execution import Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Room for one task at a time. `cards`: names of the GPUs that its worker sees, as CUDA_VISIBLE_DEVICES has them."""

    cards: tuple[str, ...] = ()

    @property
    def visible(self) -> str:
        """What CUDA_VISIBLE_DEVICES says to the worker; empty on the processor, which needs no card."""
        return ",".join(self.cards)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """`n_grams`: for encoders of n-grams; `transformers`: for all others. Where both run on the processor they are the same."""

    n_grams: tuple[Slot, ...]
    transformers: tuple[Slot, ...]


def slots(jobs: int, execution: Execution, cards: int, visible: str | None = None) -> Slots:
    """Slots of a machine with so many cards, for tasks that are computed so; the execution's device is settled.

    `jobs`: tasks at a time at most, of each kind. `visible`: CUDA_VISIBLE_DEVICES where the user set it; its names are taken in
    order, since PyTorch counts those cards only. On a card a slot has as many cards as there are processes; on the processor
    several processes of one training are one task at a time.

    >>> [slot.visible for slot in slots(8, Execution(device="cuda", processes=2), 5, "7,6,3,2,0").transformers]
    ['7,6', '3,2']
    """
    n_grams = (Slot(),) * jobs
    if execution.device == "cuda":
        named = [str(number) for number in range(cards)] if visible is None else [each.strip() for each in visible.split(",")]
        own = named[:cards]
        size = execution.processes
        whole = [tuple(own[start:start + size]) for start in range(0, len(own) - size + 1, size)]
        return Slots(n_grams=n_grams, transformers=tuple(Slot(cards=each) for each in whole[:jobs]))
    return Slots(n_grams=n_grams, transformers=n_grams if execution.processes == 1 else n_grams[:1])
