"""A finished model of sentence-transformers, evaluated as it is: an arm that nobody trained here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
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
_CUT = 1024  # texts that are cut into tokens at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Texts:
    """Texts of one role. `tokens`: as in `Prepared`, here the characters of each: the library cuts into tokens itself."""

    texts: tuple[str, ...] = field(repr=False)
    role: Role
    tokens: NDArray[np.int64] = field(repr=False)
    cut: Callable[[Sequence[str]], list[bytes]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.texts)

    def alike(self, rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """As `Prepared.alike`: the same tokens by the model's own tokenizer, after truncation."""
        wanted = np.unique(np.concatenate([rows, others]))
        seen = dict(zip(wanted.tolist(), self.cut([self.texts[row] for row in wanted]), strict=True))
        return np.array([seen[one] == seen[other] for one, other in zip(rows.tolist(), others.tolist(), strict=True)], bool)


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
        return Texts(texts=given, role=role, tokens=np.array([len(each) for each in given], dtype=np.int64),
                     cut=partial(self._cut, role))

    def _cut(self, role: Role, texts: Sequence[str]) -> list[bytes]:
        """The tokens of each text as bytes; of a model that cuts no text into tokens, the text itself."""
        self.model.max_seq_length = self.lengths[role]
        made: list[bytes] = []
        for start in range(0, len(texts), _CUT):
            some = list(texts[start:start + _CUT])
            found = self.model.preprocess(some)
            if not {"input_ids", "attention_mask"} <= found.keys():
                made += [text.encode("utf-8", "surrogatepass") for text in some]
                continue
            made += [ids[mask.bool()].numpy().tobytes()
                     for ids, mask in zip(found["input_ids"].cpu(), found["attention_mask"].cpu(), strict=True)]
        return made

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
