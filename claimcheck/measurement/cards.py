"""Cards that need not be at hand: memory and peak of matrix products, as their vendor publishes them, each with its source.

Peaks are of dense products in bfloat16, summed in float32: where a data sheet counts sparse ones, half of what it prints. A
card whose figures could not be found, or of which sources tell different ones, is not listed (A10G: 70 and 125 are told).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

UTILISATION = 0.3
"""Share of a card's peak that training and encoding are assumed to reach, unless another is given. An assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`memory`: bytes, of 10^9 a GB; `peak`: operations a second."""

    title: str
    memory: float
    peak: float
    source: str


CARDS: Mapping[str, Card] = MappingProxyType({
    "rtx-3090": Card(title="GeForce RTX 3090", memory=24e9, peak=71e12,
                     source="NVIDIA Ampere GA102 GPU architecture, whitepaper, appendix A"),
    "rtx-4090": Card(title="GeForce RTX 4090", memory=24e9, peak=165.2e12,
                     source="NVIDIA Ada GPU architecture, whitepaper, appendix A"),
    "l4": Card(title="L4", memory=24e9, peak=121e12, source="NVIDIA L4 data sheet: 242 with sparsity"),
    "a100-80gb": Card(title="A100 80 GB", memory=80e9, peak=312e12, source="NVIDIA A100 data sheet"),
    "h100-sxm": Card(title="H100 SXM", memory=80e9, peak=989.4e12, source="NVIDIA H100 data sheet: 1,979 with sparsity"),
    "h200": Card(title="H200", memory=141e9, peak=989.4e12, source="NVIDIA H200 data sheet: 1,979 with sparsity"),
})
"""Name -> card."""
