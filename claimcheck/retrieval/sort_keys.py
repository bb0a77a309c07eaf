"""A score and a place in an order as one whole number, so that whoever sorts these keeps to the tie rule."""

import torch
from torch import Tensor


def keys(scores: Tensor, order: Tensor) -> Tensor:
    """int64 keys that sort as (score, order): the bits of a float32, put in the order of integers, above the order.

    `order` counts from 0 and is below 2^31. The two zeros are one score.
    """
    return (_in_order((scores + 0.0).view(torch.int32)).to(torch.int64) << 32) | order


def scores_of(keys: Tensor) -> Tensor:
    """The float32 scores of keys."""
    return _in_order((keys >> 32).to(torch.int32)).view(torch.float32)


def order_of(keys: Tensor) -> Tensor:
    """The orders of keys."""
    return keys & 0xFFFFFFFF


def _in_order(bits: Tensor) -> Tensor:
    """Bits of negative floats stand in the order of their size; turned round they do not, and turned again they are back."""
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)
