"""What a search over letters may do to a query: the moves of P1 (in Chinese P1z), P2, P3 and P4 at their slots, all of them.

A draft is a query on its way: its clusters, in place of some of which others stand. Places are those of the clean query, so
that edits stay apart whatever was left out or added before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from claimcheck.perturbation.characters import homophones, neighbours, whole
from claimcheck.perturbation.text import Text, runs, slots

APART = 2
"""Edited places are so far apart at least, as in the families."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A query after some edits: `parts` stand for the clusters of `text`, one each; `edited`: the places of the edits."""

    text: Text
    parts: tuple[tuple[str, ...], ...]
    edited: tuple[int, ...] = ()

    def __str__(self) -> str:
        return "".join(cluster for part in self.parts for cluster in part)

    def with_parts(self, place: int, new: tuple[tuple[str, ...], ...]) -> "Draft":
        """The draft after an edit at a place, whether it may stand or not."""
        return Draft(text=self.text, parts=(*self.parts[:place], *new, *self.parts[place + len(new):]),
                     edited=(*self.edited, place))

    def may_stand(self, place: int, new: tuple[tuple[str, ...], ...]) -> bool:
        """Whether clusters stay what they are, and the text NFC, where an edit was made."""
        near = self.parts[max(0, place - APART):place + len(new) + APART]
        return whole([cluster for part in near for cluster in part])


def clean(text: Text) -> Draft:
    """A query before any edit."""
    return Draft(text=text, parts=tuple((cluster,) for cluster in text.clusters))


def free_slots(draft: Draft) -> tuple[int, ...]:
    """The slots at which a further edit may be made, ascending."""
    return tuple(place for place in slots(draft.text) if all(abs(place - other) >= APART for other in draft.edited))


def masked(draft: Draft, place: int) -> str:
    """The draft without one cluster: what a query is without it. No tokenizer has a mask that all of them have."""
    return str(draft.with_parts(place, ((),)))


def moves(draft: Draft, place: int) -> Iterator[Draft]:
    """All drafts that one more edit at a slot makes, each once: left out, swapped, twice, then other letters in their order."""
    own, text = draft.text.clusters, draft.text
    changes: list[tuple[tuple[str, ...], ...]] = []
    if place in {each for run in runs(text) for each in run[1:-1]}:
        changes.append(((),))
    if place + 1 in free_slots(draft) and (place, place + 1) in set(pairwise(slots(text))) and own[place] != own[place + 1]:
        changes.append(((own[place + 1], own[place]), ()))
    if own[place] != "เ":
        changes.append(((own[place],) * 2,))
    others = homophones().get(own[place], "") if text.language == "zh" else neighbours(own[place], text.language)
    changes += [((other,),) for other in dict.fromkeys(others)]
    for new in changes:
        made = draft.with_parts(place, new)
        if made.may_stand(place, new):
            yield made
