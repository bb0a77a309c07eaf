"""The loss that training lowers, and by which a checkpoint is chosen."""

import torch
from torch import Tensor
from torch.nn import functional


def info_nce(queries: Tensor, passages: Tensor, same: Tensor, temperature: float) -> Tensor:
    """Mean over queries of -log softmax(cosine / temperature) at the query's own passage, among the passages of the batch.

    `queries` (n, d) and `passages` (m, d), m >= n: unit vectors, row i with row i; passages behind the first n are negatives
    that were given, and serve every query. `same` (m,): a number for each passage, equal where texts are equal; a passage equal
    to a query's own is no negative of it, and is left out of its softmax.
    Source: van den Oord et al. 2018, arXiv:1807.03748, equation 4.
    """
    cosines = queries @ passages.T / temperature
    own = torch.arange(len(queries), device=queries.device)
    twins = (same[: len(queries), None] == same[None, :]) & (own[:, None] != torch.arange(len(passages), device=own.device))
    return functional.cross_entropy(cosines.masked_fill(twins, -torch.inf), own)
