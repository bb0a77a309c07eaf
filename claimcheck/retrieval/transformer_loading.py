"""From the folder of a checkpoint to the transformer in it: weights from safetensors as float32, all of them there, no code."""

from pathlib import Path

import torch

from claimcheck.design import Backbone, Training
from claimcheck.errors import CorruptInput, Fault, UsageFault
from claimcheck.execution import Execution
from claimcheck.retrieval.transformer_encoder import TransformerEncoder, one_line


def load(backbone: Backbone, checkpoint: Path, training: Training, execution: Execution) -> TransformerEncoder:
    """The encoder of a checkpoint's folder, on the device that the execution names.

    Raises UsageFault: no pooling, or a setting that this kind of encoder has not; CorruptInput: the folder is none that
    transformers can load, or lacks weights that the pooling needs.
    """
    import transformers

    if backbone.pooling not in ("mean", "cls", "pooler"):
        raise UsageFault("a transformer needs `pooling: mean`, `cls` or `pooler`: which one is part of what it is; "
                         "set it in the backbone")
    if training.feature_dropout:
        raise UsageFault("`feature_dropout` is of hashed n-grams; a transformer drops what its checkpoint says")
    quiet = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call] # what it tells of missing weights is checked below
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint, trust_remote_code=False, local_files_only=True)
        config = transformers.AutoConfig.from_pretrained(checkpoint, trust_remote_code=False, local_files_only=True)
        model, told = transformers.AutoModel.from_pretrained(
            checkpoint, config=config, dtype=torch.float32, use_safetensors=True, trust_remote_code=False,
            local_files_only=True, output_loading_info=True)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, AttributeError, TypeError) as error:
        raise _faulty(checkpoint, f"cannot be loaded as an encoder: {one_line(error)}") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("safetensors", "safetensors_rust", "tokenizers"):
            raise
        raise _faulty(checkpoint, f"cannot be loaded as an encoder: {one_line(error)}") from None
    finally:
        transformers.logging.set_verbosity(quiet)
    missing = sorted(name for name in told["missing_keys"] if backbone.pooling == "pooler" or not name.startswith("pooler."))
    if missing or told["mismatched_keys"]:
        lacking = ", ".join(missing[:3]) or ", ".join(str(each[0]) for each in list(told["mismatched_keys"])[:3])
        raise _faulty(checkpoint, f"lacks weights of the encoder, or has them in another shape: {lacking}"
                      + (" and more" if len(missing) > 3 else ""),
                      "its pooling may be mean or cls" if all(name.startswith("pooler.") for name in missing) and missing
                      else "take the whole checkpoint")
    return TransformerEncoder(model, tokenizer, backbone.pooling, training, execution)


def _faulty(checkpoint: Path, what: str, next_move: str = "take a whole checkpoint of an encoder that transformers knows") -> (
        CorruptInput):
    return CorruptInput([Fault(path=checkpoint, what=what, next_move=next_move)])
