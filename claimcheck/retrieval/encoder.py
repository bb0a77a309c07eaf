"""What every encoder of texts can do, whether it is a table of n-grams or a transformer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from claimcheck.design import Training
from claimcheck.retrieval.ranks import ALONE, Ranks


class Prepared(Protocol):
    """Texts as an encoder takes them, cut into tokens or features once. Only the encoder that made it looks inside."""

    @property
    def tokens(self) -> NDArray[np.int64]:
        """What each text takes of memory and time, shape (texts,): its tokens; 1 for a text of n-grams."""
        ...

    def __len__(self) -> int: ...

    def alike(self, rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the texts of two rows are the same to the encoder, pair by pair of (n,) rows: the same tokens or features."""
        ...


Role: TypeAlias = Literal["query", "passage"]
"""What a text is: an encoder may put another prefix before each, or cut it at another length."""

TOKENS_ENCODED = 4096
"""Tokens encoded at a time. A constant: what is encoded together may move the last bit of a transformer's vectors."""


class Encoder(Protocol):
    """Turns texts into unit vectors, and can be trained."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def prepare(self, texts: Sequence[str], role: Role) -> Prepared:
        """Cut texts of one role into tokens or features, row by row; of no randomness, and not changed by training."""
        ...

    def embed(self, prepared: Prepared, rows: Sequence[int] | NDArray[np.int64],
              noise: np.random.Generator | None = None) -> torch.Tensor:
        """Unit vectors of some rows, shape (rows, dimensions), float32, with a gradient where gradients are enabled.

        `noise` is the randomness of dropout while training; None, for evaluation, drops nothing.
        """
        ...

    def optimizer(self, training: Training) -> torch.optim.Optimizer:
        """The optimizer that the training names, over all weights. Raises UsageFault: this encoder has no such optimizer."""
        ...

    def named_parameters(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        """All weights by name, as in `torch.nn.Module`."""
        ...

    def as_json(self) -> Mapping[str, Any]:
        """What decides how vectors are computed beside weights and texts, for the record."""
        ...


def encode_all(encoder: Encoder, prepared: Prepared, ranks: Ranks = ALONE) -> torch.Tensor:
    """The vectors of all rows for evaluation, shape (rows, dimensions), float32, on the processor, without gradient.

    Rows are encoded in order of their tokens, some `TOKENS_ENCODED` tokens at a time. Several processes part the rows among
    them, and all of them get all vectors.
    """
    order = np.argsort(prepared.tokens, kind="stable")
    dealt = np.concatenate([order[rank :: ranks.size] for rank in range(ranks.size)])  # each process gets texts of all lengths
    share = ranks.share(len(dealt))
    own = dealt[share]
    own = own[np.argsort(prepared.tokens[own], kind="stable")]
    with torch.inference_mode():
        blocks = [encoder.embed(prepared, own[block]) for block in cut(prepared.tokens[own], TOKENS_ENCODED)]
        vectors = torch.cat(blocks) if blocks else torch.zeros(0, encoder.dimensions)
    if ranks.size > 1:
        rows = torch.from_numpy(own).to(vectors.device)[:, None]
        own = ranks.gather(rows, len(dealt)).cpu().numpy()[:, 0]
        vectors = ranks.gather(vectors, len(dealt))
    made = torch.empty(len(prepared), encoder.dimensions)
    made[torch.from_numpy(own)] = vectors.to("cpu", torch.float32)
    return made


def cut(tokens: NDArray[np.int64], most: int) -> list[slice]:
    """Texts in their order as slices of up to so many tokens each, at least one text in each.

    >>> cut(np.array([3, 3, 3, 9, 1]), 6)
    [slice(0, 2, None), slice(2, 3, None), slice(3, 4, None), slice(4, 5, None)]
    """
    starts, held = [0], 0
    for place, each in enumerate(tokens.tolist()):
        if held and held + each > most:
            starts.append(place)
            held = 0
        held += each
    return [slice(begin, end) for begin, end in zip(starts, [*starts[1:], len(tokens)], strict=True) if begin < end]


def same_stretches(starts: NDArray[np.int64], columns: Sequence[NDArray[Any]], rows: NDArray[np.int64],
                   others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether stretches of columns are equal, pair by pair: that of row r stands at `starts[r]:starts[r + 1]` of each.

    >>> same_stretches(np.array([0, 2, 4, 5]), [np.array([7, 8, 7, 8, 7])], np.array([0, 0]), np.array([1, 2])).tolist()
    [True, False]
    """
    lengths = np.diff(starts)
    same: NDArray[np.bool_] = np.asarray(lengths[rows] == lengths[others])
    asked = np.flatnonzero(same)
    size = lengths[rows[asked]]
    within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    one, other = (np.repeat(starts[each[asked]], size) + within for each in (rows, others))
    pair = np.repeat(asked, size)
    for column in columns:
        same[pair[column[one] != column[other]]] = False
    return same
