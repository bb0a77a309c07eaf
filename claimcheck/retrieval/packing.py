"""Packed forward passes: the tokens of many texts one behind another, none of them padding.

Everything in a transformer but attention works token by token, so it needs no padding at all. Attention is given where each
text begins and is computed within it. Texts stand in order of their lengths, so that those of one length are one block.

The functions hang in the registry that transformers keeps for attention; what a model with attention of its own makes of a
packed row is no use, which `transformer_encoder` finds out before it packs anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

PACKED = "claimcheck_packed"
"""The name of the attention in the registry."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """Where texts stand in a packed row of T tokens.

    `blocks`: (number of texts, their length), texts in order of their lengths. `jagged`: the place of each text's first token
    and T, (texts + 1,) int64 on the device, where attention is one operation over texts of different lengths; else None, and
    it is one for each block.
    """

    blocks: Sequence[tuple[int, int]] = field(repr=False)
    jagged: Tensor | None = field(default=None, repr=False)

    @property
    def tokens(self) -> int:
        """T."""
        return sum(number * length for number, length in self.blocks)


def layout(lengths: NDArray[np.int64], device: torch.device, *, jagged: bool) -> Layout:
    """The layout of texts whose lengths ascend."""
    different, times = np.unique(lengths, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return Layout(blocks=tuple(zip(times.tolist(), different.tolist(), strict=True)),
                  jagged=torch.from_numpy(starts).to(device) if jagged else None)


@torch.compiler.disable  # type: ignore[untyped-decorator]
def attention(module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None,  # noqa: ARG001
              dropout: float = 0.0, scaling: float | None = None, packed: Layout | None = None,
              **_: Any) -> tuple[Tensor, None]:
    """Attention within each text of a packed row: (1, heads, T, width) three times -> (1, T, heads, width), and no weights."""
    if packed is None:
        raise ValueError("this attention serves packed rows only")
    if packed.jagged is not None:
        return _jagged((query, key, value), packed, dropout, scaling), None
    rows = [each[0].transpose(0, 1) for each in (query, key, value)]  # (T, heads, width)
    made, start = [], 0
    for number, length in packed.blocks:
        end = start + number * length
        one, two, three = (each[start:end].view(number, length, *each.shape[1:]).transpose(1, 2) for each in rows)
        out = functional.scaled_dot_product_attention(one, two, three, dropout_p=dropout, scale=scaling)
        made.append(out.transpose(1, 2).flatten(0, 1))
        start = end
    return torch.cat(made)[None], None


def _jagged(rows: Sequence[Tensor], packed: Layout, dropout: float, scaling: float | None) -> Tensor:
    # the lengths are known here; without them the device would have to be waited for to ask
    shortest, longest = packed.blocks[0][1], packed.blocks[-1][1]
    one, two, three = (torch.nested.nested_tensor_from_jagged(
        each[0].transpose(0, 1).contiguous(), packed.jagged, min_seqlen=shortest, max_seqlen=longest).transpose(1, 2)
        for each in rows)
    out = functional.scaled_dot_product_attention(one, two, three, dropout_p=dropout, scale=scaling)
    return out.transpose(1, 2).values()[None]


def first_of_each(tokens: Tensor, packed: Layout) -> Tensor:
    """The vectors of the texts' first tokens: (T, d) -> (texts, d)."""
    return torch.cat([block[:, 0] for block in _blocks(tokens, packed)])


def mean_of_each(tokens: Tensor, packed: Layout) -> Tensor:
    """The mean over each text's tokens: (T, d) -> (texts, d)."""
    return torch.cat([block.mean(dim=1) for block in _blocks(tokens, packed)])


def _blocks(tokens: Tensor, packed: Layout) -> list[Tensor]:
    """The tokens block by block, each (texts, length, d)."""
    parts = torch.split(tokens, [number * length for number, length in packed.blocks])
    return [part.view(*block, -1) for part, block in zip(parts, packed.blocks, strict=True)]


def _no_mask(*_: Any, **__: Any) -> None:
    """Where each text begins takes the place of a mask."""


ALL_ATTENTION_FUNCTIONS.register(PACKED, attention)
ALL_MASK_ATTENTION_FUNCTIONS.register(PACKED, _no_mask)
