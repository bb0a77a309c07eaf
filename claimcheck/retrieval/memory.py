"""Out of memory: telling it from other failures, and the setting that would fit."""

import numpy as np
import torch
from numpy.typing import NDArray

from claimcheck.execution import Execution

_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")
_SPARE = 0.8  # of what is free; allocators leave gaps


def out_of_memory(error: Exception) -> bool:
    """Whether an exception of torch or of Python says that memory is out."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(word in str(error).lower() for word in _WORDS)


def what_would_fit(tokens: NDArray[np.int64], execution: Execution) -> str:
    """What to set, given the tokens of each text of the batch: a sentence."""
    had = min(execution.tokens_at_once, int(tokens.sum()))
    longest = int(tokens.max(initial=1))
    wanted = min(had // 2, _by_peak(had) or had)
    if wanted >= longest:
        return f"it had {had} tokens at once, so run again with --tokens-at-once {wanted}; what was kept is gone on from"
    if not execution.recompute:
        return f"one text of {longest} tokens is too much already: run again with --tokens-at-once {longest} --recompute"
    return (f"one text of {longest} tokens is too much even when activations are computed again: lower `max_passage_tokens`, "
            "take a smaller backbone, or another card")


def _by_peak(tokens: int) -> int | None:
    """Tokens that a card's memory takes, from what it held beside weights at its peak; None where this is not known."""
    if not torch.cuda.is_available():
        return None
    _, total = torch.cuda.mem_get_info()
    peak, now = torch.cuda.max_memory_allocated(), torch.cuda.memory_allocated()
    for_tokens = peak - now
    return max(1, int(tokens * _SPARE * (total - now) / for_tokens)) if for_tokens > 0 else None
