"""Shapes of transformers: what decides how many weights one has, how long it computes and how much memory it takes.

A shape is read from the checkpoint's config.json where it is here, else from `shapes.json`, which holds those that the
published configurations of a few models of the hub state.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from claimcheck.corpora import backbones
from claimcheck.corpora.checkpoints import CONFIG, transformer_folder
from claimcheck.design import Backbone
from claimcheck.errors import CorruptInput
from claimcheck.run import Json

KNOWN = frozenset({"bert", "camembert", "roberta", "xlm-roberta"})
"""Architectures that are counted: all of them BERT's layers."""
_KEYS = {"layers": "num_hidden_layers", "width": "hidden_size", "heads": "num_attention_heads",
         "feed_forward": "intermediate_size", "vocabulary": "vocab_size", "positions": "max_position_embeddings",
         "types": "type_vocab_size"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Of an encoder like BERT. `source`: where it is known from, in words."""

    model_type: str
    layers: int
    width: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    source: str = ""

    @property
    def longest(self) -> int:
        """Tokens of a text at most: RoBERTa and its kin leave two of their positions unused."""
        return self.positions if self.model_type == "bert" else self.positions - 2

    @property
    def layer_weights(self) -> int:
        """Weights of the layers that enter into products: N of the operations a token. No embeddings, biases, or norms."""
        return self.layers * (4 * self.width**2 + 2 * self.width * self.feed_forward)

    def parameters(self, *, pooler: bool) -> int:
        """All weights, embeddings among them."""
        width = self.width
        embeddings = (self.vocabulary + self.positions + self.types) * width + 2 * width
        biases_and_norms = self.layers * (4 * width + self.feed_forward + width + 4 * width)
        return embeddings + self.layer_weights + biases_and_norms + (width**2 + width if pooler else 0)

    def as_json(self) -> dict[str, Json]:
        """What of it decides how long it computes."""
        return {"model_type": self.model_type, **{name: getattr(self, name) for name in _KEYS}}


def shape_of(backbone: Backbone, places: Sequence[Path]) -> Shape | None:
    """The shape of a backbone's transformer, or None: no transformer, or not known and not here."""
    if backbone.encoder == "hashed n-grams":
        return None
    try:
        here = backbones.locate(backbone, places)
    except CorruptInput:
        here = None
    if isinstance(here, backbones.Checkpoint):
        return _of_config(transformer_folder(here.folder) / CONFIG)
    found = _published().get(backbone.hub or "")
    return None if found is None else Shape(**found, source=f"the published configuration of {backbone.hub}")


def _of_config(path: Path) -> Shape | None:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(config, Mapping) or config.get("model_type") not in KNOWN:
        return None
    values = {name: config.get(key) for name, key in _KEYS.items()}
    if not all(isinstance(value, int) and value > 0 for value in values.values()):
        return None
    return Shape(model_type=config["model_type"], **values, source=f"{CONFIG} of the checkpoint")  # type: ignore[arg-type] # checked


@functools.cache
def _published() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(
        files("claimcheck.corpora").joinpath("shapes.json").read_text(encoding="utf-8"))
    return found
