"""A finished model of sentence-transformers, evaluated as it is: an arm that nobody trained here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from claimcheck.design import Training
from claimcheck.errors import CorruptInput, Fault, UsageFault
from claimcheck.execution import Execution
from claimcheck.retrieval.encoder import Prepared, Role

LIBRARY = "sentence-transformers"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Texts:
    """Texts of one role. `tokens`: as in `Prepared`, here the characters of each: the library cuts into tokens itself."""

    texts: tuple[str, ...] = field(repr=False)
    role: Role
    tokens: NDArray[np.int64] = field(repr=False)

    def __len__(self) -> int:
        return len(self.texts)


def load(checkpoint: Path, training: Training, execution: Execution) -> "SentenceEncoder":
    """The model of a folder, on the device that the execution names.

    Raises UsageFault: the library is not installed; CorruptInput: the folder is no model that it can load.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise UsageFault(f"a model of {LIBRARY} needs that library: pip install 'claimcheck-ir[{LIBRARY}]'") from None
    import transformers

    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    kinds = {"dtype": torch.float32, "use_safetensors": True}
    try:
        model = SentenceTransformer(str(checkpoint), device="cuda" if execution.device == "cuda" else "cpu",
                                    trust_remote_code=False, local_files_only=True, model_kwargs=kinds)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, TypeError) as error:
        raise CorruptInput([Fault(path=checkpoint, what=f"cannot be loaded by {LIBRARY}: {' '.join(str(error).split())[:300]}",
                                  next_move="take a whole model of that library, with weights as safetensors")]) from None
    return SentenceEncoder(model, training)


class SentenceEncoder(torch.nn.Module):
    """See the module. Prompts, lengths and pooling are the model's own, unless the design names prefixes or lengths."""

    def __init__(self, model: Any, training: Training) -> None:
        super().__init__()
        self.model = model.eval()
        self.dimensions = int(model.get_embedding_dimension())
        self.prefixes = {"query": training.query_prefix, "passage": training.passage_prefix}
        self.lengths = {"query": training.max_query_tokens or model.max_seq_length,
                        "passage": training.max_passage_tokens or model.max_seq_length}

    def prepare(self, texts: Sequence[str], role: Role) -> Texts:
        """The texts, behind the design's prefix of their role where it names one."""
        prefix = self.prefixes[role] or ""
        behind = prefix if not prefix or prefix[-1].isspace() else f"{prefix} "
        given = tuple(f"{behind}{text}" for text in texts)
        return Texts(texts=given, role=role, tokens=np.array([len(each) for each in given], dtype=np.int64))

    def embed(self, prepared: Prepared, rows: Sequence[int] | NDArray[np.int64],
              noise: np.random.Generator | None = None) -> Tensor:
        """Unit vectors of some rows, shape (rows, dimensions), float32. Raises UsageFault: asked for training."""
        if not isinstance(prepared, Texts):
            raise TypeError(f"these texts were prepared by another encoder: {type(prepared).__name__}")
        if noise is not None:
            raise _finished()
        self.model.max_seq_length = self.lengths[prepared.role]
        encode = self.model.encode_query if prepared.role == "query" else self.model.encode_document
        prompt = {} if self.prefixes[prepared.role] is None else {"prompt": ""}
        made: Tensor = encode([prepared.texts[row] for row in rows], convert_to_tensor=True, show_progress_bar=False, **prompt)
        return functional.normalize(made.float())

    def optimizer(self, training: Training) -> torch.optim.Optimizer:  # noqa: ARG002 - there is none, whatever is asked
        """Raises UsageFault: such a model is not trained."""
        raise _finished()

    def as_json(self) -> Mapping[str, Any]:
        """What decides how vectors are computed beside weights and texts, for the record."""
        return {"library": LIBRARY, "lengths": dict(self.lengths), "device": str(self.model.device),
                "prompts": dict(self.model.prompts) if not any(self.prefixes.values()) else dict(self.prefixes)}


def _finished() -> UsageFault:
    return UsageFault(f"a model of {LIBRARY} is evaluated as it is; to train its encoder, name it as `encoder: transformers`")
