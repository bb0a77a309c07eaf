"""An encoder of hashed n-grams: one table of vectors for all languages; a text is the weighted sum of its features' rows.

Rows that training never touches keep the random vectors they started with. Two of these are nearly orthogonal, so texts that
share rare n-grams are close before any training, and unseen words match themselves after it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from claimcheck.design import Training
from claimcheck.errors import UsageFault
from claimcheck.retrieval.encoder import Prepared
from claimcheck.retrieval.ngrams import BUCKETS, FeatureRows, inverse_document_frequencies, weighted


class NGramEncoder(torch.nn.Module):
    """See the module. `table`: shape (BUCKETS, dimensions), float32, at first N(0, 1 / dimensions) from the seed alone."""

    def __init__(self, *, dimensions: int, passages: Sequence[str], dropout: float, seed: int) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.dropout = dropout
        self.frequencies = inverse_document_frequencies(passages)
        first = torch.randn(BUCKETS, dimensions, generator=torch.Generator().manual_seed(seed))
        self.table = torch.nn.Parameter(first / dimensions ** 0.5)

    def prepare(self, texts: Sequence[str], role: str) -> FeatureRows:  # noqa: ARG002 - n-grams are the same in both roles
        """The texts' features, weighted by the inverse document frequencies of the training passages."""
        return weighted(texts, self.frequencies)

    def embed(self, prepared: Prepared, rows: Sequence[int] | NDArray[np.int64],
              noise: np.random.Generator | None = None) -> torch.Tensor:
        """Unit vectors of some rows, shape (rows, dimensions); a text without features is the zero vector.

        With `noise`, each feature of each text is dropped with probability `dropout`. A vector does not depend on the texts
        that it is made with, to the bit. The gradient is sparse: it holds the rows of the table that were summed.
        """
        if not isinstance(prepared, FeatureRows):
            raise TypeError(f"these texts were prepared by another encoder: {type(prepared).__name__}")
        starts, buckets, weights = _selected(prepared, np.asarray(rows, dtype=np.int64))
        if noise is not None and self.dropout:
            kept = noise.random(len(buckets), dtype=np.float32) >= self.dropout
            starts = np.concatenate([[0], np.cumsum(kept)])[starts]
            buckets, weights = buckets[kept], weights[kept]
        summed = functional.embedding_bag(
            torch.from_numpy(buckets), self.table, torch.from_numpy(starts[:-1].astype(np.int32)), mode="sum",
            sparse=True, per_sample_weights=torch.from_numpy(weights))
        return functional.normalize(summed)

    def optimizer(self, training: Training) -> torch.optim.Optimizer:
        """Adam, applied to the rows that a batch touches: moments of other rows rest. Without weight decay AdamW is the same.

        torch's SparseAdam takes the form at the end of section 2 of Kingma and Ba 2015, arXiv:1412.6980, whose epsilon is
        added before the second moment is corrected: in the first steps small gradients move less than by algorithm 1.
        Raises UsageFault: another optimizer, weight decay, or no learning rate.
        """
        if training.optimizer not in ("Adam", "AdamW") or training.weight_decay or training.learning_rate is None:
            raise UsageFault("hashed n-grams are trained by `optimizer: Adam` with a `learning_rate` and without "
                             "`weight_decay`; set these in the training")
        first, second = training.betas or (0.9, 0.999)
        return torch.optim.SparseAdam([self.table], lr=training.learning_rate, betas=(first, second))

    def as_json(self) -> Mapping[str, Any]:
        """Nothing beside what the condition says."""
        return {}


def _selected(prepared: FeatureRows,
              rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Starts, buckets and weights of some rows, in their order."""
    lengths = prepared.starts[rows + 1] - prepared.starts[rows]
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    # places[i] is where feature i of the selection stands in all features: its row's start there plus its offset in the row.
    places = np.arange(starts[-1]) + np.repeat(prepared.starts[rows] - starts[:-1], lengths)
    return starts, prepared.buckets[places], prepared.weights[places]
