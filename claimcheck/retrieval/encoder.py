"""What every encoder of texts can do, whether it is a table of n-grams or a transformer."""

from collections.abc import Sequence, Sized
from typing import Literal, Protocol, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from claimcheck.design import Backbone, Training
from claimcheck.errors import UsageFault
from claimcheck.retrieval.ngram_encoder import NGramEncoder

Prepared: TypeAlias = Sized
"""Texts as an encoder takes them, cut into tokens or features once. Only the encoder that made it looks inside."""

Role: TypeAlias = Literal["query", "passage"]
"""What a text is: an encoder may put another prefix before each, or cut it at another length."""

BLOCK = 256
"""Texts encoded at a time. A constant: the size of a block may move the last bit of a transformer's vectors, and so a place."""


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


def build(backbone: Backbone, passages: Sequence[str], training: Training, seed: int) -> Encoder:
    """The encoder from which training starts; its weights depend on the backbone and the seed alone.

    `passages`: the sentences of the training articles, from which inverse document frequencies are counted.
    Raises UsageFault: this version cannot build such an encoder.
    """
    if backbone.encoder != "hashed n-grams":
        raise UsageFault(f"this version builds no encoder of kind `{backbone.encoder}`; "
                         "name a backbone or a profile with `encoder: hashed n-grams`")
    if backbone.dimensions is None or backbone.pooling not in (None, "sum"):
        raise UsageFault("hashed n-grams need `dimensions`, and their pooling is `sum`; set them in the backbone")
    return NGramEncoder(dimensions=backbone.dimensions, passages=passages, dropout=training.feature_dropout or 0.0, seed=seed)


def encode_all(encoder: Encoder, prepared: Prepared) -> torch.Tensor:
    """The vectors of all rows for evaluation, shape (rows, dimensions), float32, without gradient, `BLOCK` rows at a time."""
    with torch.no_grad():
        blocks = [encoder.embed(prepared, range(start, min(start + BLOCK, len(prepared))))
                  for start in range(0, len(prepared), BLOCK)]
    return torch.cat(blocks) if blocks else torch.zeros(0, encoder.dimensions)
