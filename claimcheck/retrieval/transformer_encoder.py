"""A transformer as an encoder of texts: any that transformers loads from safetensors, with pooling as the design says.

Weights are float32 whatever type they are stored in; with `precision: bfloat16` only the products are made in less, and only
where a card is at hand. Code from a checkpoint is never run.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from claimcheck.design import Training
from claimcheck.errors import UsageFault
from claimcheck.execution import Execution
from claimcheck.retrieval import packing
from claimcheck.retrieval.encoder import Prepared, Role, cut, same_stretches
from claimcheck.retrieval.memory import out_of_memory
from claimcheck.retrieval.packing import Layout

SAME = 1e-4
"""How far a vector of unit length from a packed row may be from the one from a padded row, in float32."""
_PADDED_TOKENS = 4096
_ENDLESS = 1 << 20  # tokens; what tokenizers say where they know no end is far beyond


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tokens:
    """Texts as tokens: those of text i stand at `starts[i]:starts[i + 1]` of `ids` (int32)."""

    starts: NDArray[np.int64] = field(repr=False)
    ids: NDArray[np.int32] = field(repr=False)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def tokens(self) -> NDArray[np.int64]:
        """Tokens of each text, special ones included."""
        return np.diff(self.starts)

    def alike(self, rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """As `Prepared.alike`: the same tokens, after truncation."""
        return same_stretches(self.starts, (self.ids,), rows, others)


class TransformerEncoder(torch.nn.Module):
    """See the module. `packed`: whether rows are packed, which is so where it gives what padding gives."""

    def __init__(self, model: Any, tokenizer: Any, pooling: str, training: Training, execution: Execution) -> None:
        super().__init__()
        self.model, self.tokenizer, self.pooling, self.execution = model, tokenizer, pooling, execution
        if pooling != "pooler" and getattr(model, "pooler", None) is not None:
            model.pooler = None  # takes no part, so it is not trained either
        self.dimensions = int(model.config.hidden_size)
        self.prefixes = {"query": training.query_prefix or "", "passage": training.passage_prefix or ""}
        self.lengths = {"query": _length(training.max_query_tokens, "max_query_tokens", model, tokenizer),
                        "passage": _length(training.max_passage_tokens, "max_passage_tokens", model, tokenizer)}
        self.device = torch.device("cuda" if execution.device == "cuda" else "cpu")
        self.in_bfloat16 = training.precision == "bfloat16" and self.device.type == "cuda"
        self.first_position = _first_position(model)
        model.to(self.device).eval()
        if execution.recompute:
            model.activation_checkpointing_enable({"use_reentrant": False})
        self.jagged = self.device.type == "cuda" and not execution.strict
        self._usual_attention = model.config._attn_implementation
        self.wanting: dict[str, str] = {}
        self.packed = self._packs()
        if self.jagged and not self.packed:  # it may be the one operation that is at fault, and not packing
            self.jagged = False
            self.packed = self._packs()
        if self.packed:
            model.set_attn_implementation(packing.PACKED)
            self.jagged = self.jagged and self._trains()
        if execution.compiled:
            model.compile(dynamic=True)

    def prepare(self, texts: Sequence[str], role: Role) -> Tokens:
        """The tokens of each text behind the prefix of its role, special ones included, cut at the role's length."""
        prefix = self.prefixes[role]
        behind = prefix if not prefix or prefix[-1].isspace() else f"{prefix} "
        given = [f"{behind}{text}" for text in texts]
        found = self.tokenizer(given, truncation=True, max_length=self.lengths[role], padding=False,
                               return_attention_mask=False, return_token_type_ids=False)["input_ids"] if given else []
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum([len(each) for each in found], dtype=np.int64)])
        ids = np.fromiter((token for each in found for token in each), dtype=np.int32, count=int(starts[-1]))
        return Tokens(starts=starts, ids=ids)

    def embed(self, prepared: Prepared, rows: Sequence[int] | NDArray[np.int64],
              noise: np.random.Generator | None = None) -> Tensor:
        """Unit vectors of some rows, shape (rows, dimensions), float32, on the encoder's device.

        With `noise`, dropout is that of the checkpoint's configuration, drawn from torch's generator under a seed from it.
        """
        if not isinstance(prepared, Tokens):
            raise TypeError(f"these texts were prepared by another encoder: {type(prepared).__name__}")
        chosen = np.asarray(rows, dtype=np.int64)
        if noise is not None:
            torch.manual_seed(int(noise.integers(2**63)))
        self.model.train(noise is not None)
        order = np.argsort(prepared.tokens[chosen], kind="stable")
        sorted_rows = chosen[order]
        back = torch.from_numpy(np.argsort(order, kind="stable")).to(self.device)
        with self._products():
            pooled = self._packed(prepared, sorted_rows) if self.packed else self._padded(prepared, sorted_rows)
        return functional.normalize(pooled.float())[back]

    def optimizer(self, training: Training) -> torch.optim.Optimizer:
        """Adam or AdamW over all weights; weight decay takes matrices only, no biases and no weights of norms.

        Source: Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2; which weights decay, as transformers' Trainer has it.
        Raises UsageFault: another optimizer, no learning rate, or weight decay with Adam, which has another meaning there.
        """
        if training.optimizer not in ("Adam", "AdamW") or training.learning_rate is None:
            raise UsageFault("transformers are trained by `optimizer: AdamW` or `Adam` with a `learning_rate`; "
                             "set these in the training")
        if training.optimizer == "Adam" and training.weight_decay:
            raise UsageFault("`weight_decay` goes with `optimizer: AdamW`; leave it out, or take that")
        wanted = [each for each in self.parameters() if each.requires_grad]
        groups = [{"params": [each for each in wanted if each.ndim >= 2], "weight_decay": training.weight_decay or 0.0},
                  {"params": [each for each in wanted if each.ndim < 2], "weight_decay": 0.0}]
        first, second = training.betas or (0.9, 0.999)
        return torch.optim.AdamW(groups, lr=training.learning_rate, betas=(first, second), fused=True)

    def as_json(self) -> Mapping[str, Any]:
        """What decides how vectors are computed beside weights and texts, for the record."""
        return {"pooling": self.pooling, "rows": "packed" if self.packed else "padded",
                "attention": ("over ragged rows" if self.jagged else "by length") if self.packed else self._usual_attention,
                "prefixes": dict(self.prefixes),
                "lengths": dict(self.lengths), "device": _name_of(self.device),
                "products": "bfloat16" if self.in_bfloat16 else "float32", "tokenizer": type(self.tokenizer).__name__,
                "architecture": type(self.model).__name__, **({"not_done": dict(self.wanting)} if self.wanting else {}),
                "parameters": sum(each.numel() for each in self.parameters())}

    @contextlib.contextmanager
    def _products(self) -> Any:
        """How products are made within."""
        with contextlib.ExitStack() as stack:
            if self.in_bfloat16:
                stack.enter_context(torch.autocast("cuda", dtype=torch.bfloat16))
            if self.execution.strict:
                stack.enter_context(torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH))
            yield

    def _packed(self, prepared: Tokens, rows: NDArray[np.int64]) -> Tensor:
        lengths = prepared.tokens[rows]
        if not len(rows):
            return torch.zeros(0, self.dimensions, device=self.device)
        within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        ids = torch.from_numpy(prepared.ids[np.repeat(prepared.starts[rows], lengths) + within].astype(np.int64))
        where = packing.layout(lengths, self.device, jagged=self.jagged)
        found = self.model(input_ids=ids[None].to(self.device), packed=where,
                           position_ids=torch.from_numpy(within + self.first_position)[None].to(self.device))
        return self._pooled(found.last_hidden_state[0], where)

    def _pooled(self, tokens: Tensor, where: Layout) -> Tensor:
        if self.pooling == "mean":
            return packing.mean_of_each(tokens.float(), where)
        first = packing.first_of_each(tokens, where)
        pooled: Tensor = self.model.pooler(first[:, None]) if self.pooling == "pooler" else first
        return pooled

    def _padded(self, prepared: Tokens, rows: NDArray[np.int64]) -> Tensor:
        """The same with padding, texts of like lengths together; within a batch it changes nothing but the time."""
        lengths = prepared.tokens[rows]
        made = [torch.zeros(0, self.dimensions, device=self.device)]
        for block in cut(lengths, _PADDED_TOKENS):
            own = lengths[block]
            places = np.arange(own.max())
            there = places < own[:, None]
            ids = np.full(there.shape, self.tokenizer.pad_token_id or 0, dtype=np.int64)
            starts = prepared.starts[rows[block]]
            ids[there] = prepared.ids[(starts[:, None] + places)[there]]
            mask = torch.from_numpy(there.astype(np.int64)).to(self.device)
            found = self.model(input_ids=torch.from_numpy(ids).to(self.device), attention_mask=mask)
            hidden = found.last_hidden_state
            if self.pooling == "mean":
                made.append((hidden.float() * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True))
            else:
                made.append((self.model.pooler(hidden) if self.pooling == "pooler" else hidden[:, 0]).float())
        return torch.cat(made)

    def _some(self) -> tuple[Tokens, NDArray[np.int64]]:
        """A few texts of several lengths, of whatever tokens, and their rows."""
        lengths = np.array([3, 7, 7, 12])
        ids = np.arange(lengths.sum()) * 7919 % (self.model.config.vocab_size - 10) + 5
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        return Tokens(starts=starts, ids=ids.astype(np.int32)), np.arange(len(lengths))

    def _trains(self) -> bool:
        """Whether attention over ragged rows has a gradient here, dropout included; what it needs differs from card to card."""
        some, rows = self._some()
        try:
            self.model.train()
            with self._products():
                pooled = self._packed(some, rows)
            pooled.float().sum().backward()  # type: ignore[no-untyped-call]
        except (RuntimeError, NotImplementedError) as error:
            self._found_wanting("attention over ragged rows", error)
            return False
        finally:
            self.model.eval()
            self.zero_grad(set_to_none=True)
        return True

    def _packs(self) -> bool:
        """Whether a packed row gives what padding gives, tried on texts of several lengths; not every architecture does."""
        some, rows = self._some()
        with torch.no_grad(), self._products():
            padded = functional.normalize(self._padded(some, rows).float())
            try:
                self.model.set_attn_implementation(packing.PACKED)
                packed = functional.normalize(self._packed(some, rows).float())
            except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, NotImplementedError) as error:
                self._found_wanting("packed rows", error)
                return False
            finally:
                self.model.set_attn_implementation(self._usual_attention)
        most = SAME * (100 if self.in_bfloat16 else 1)
        if packed.shape == padded.shape and bool((packed - padded).abs().max() <= most):
            return True
        self.wanting["packed rows"] = "give other vectors than padded ones"
        return False

    def _found_wanting(self, what: str, error: Exception) -> None:
        """Note for the record why something is not done here. Raises MemoryError: memory is out, which says nothing of it."""
        if out_of_memory(error):
            raise MemoryError(f"out of memory while the encoder is loaded: {one_line(error)}; free the card, or take a "
                              "smaller backbone") from None
        self.wanting[what] = one_line(error)


def _length(asked: int | None, name: str, model: Any, tokenizer: Any) -> int:
    """Tokens of a text at most. Raises UsageFault: more than the encoder has positions for, or it has no end of its own."""
    positions = getattr(model.config, "max_position_embeddings", None)
    most = min(tokenizer.model_max_length, positions - _first_position(model) if positions else tokenizer.model_max_length)
    if asked is not None and asked > most:
        raise UsageFault(f"`{name}: {asked}`: this encoder has positions for {most} tokens; give at most that")
    if asked is None and most > _ENDLESS:
        raise UsageFault(f"this encoder takes texts of any length, and `{name}` is not set; set it in the training")
    return int(asked or most)


def _first_position(model: Any) -> int:
    """The number of a text's first position: RoBERTa and its kin count from behind the padding token's number."""
    positions = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(positions, "padding_idx", None)
    return 0 if padding is None else int(padding) + 1


def _name_of(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def one_line(error: Exception) -> str:
    """What an exception says, on one line and not too long of it."""
    return " ".join(str(error).split())[:300] or type(error).__name__
