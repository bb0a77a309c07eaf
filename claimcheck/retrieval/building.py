"""From a backbone as a design names it to the encoder that training starts from."""

from collections.abc import Sequence
from pathlib import Path

from claimcheck.design import Backbone, Training
from claimcheck.errors import UsageFault
from claimcheck.execution import Execution
from claimcheck.retrieval.encoder import Encoder
from claimcheck.retrieval.ngram_encoder import NGramEncoder


def build(backbone: Backbone, passages: Sequence[str], training: Training, seed: int, checkpoint: Path | None = None,
          execution: Execution | None = None) -> Encoder:
    """The encoder from which training starts; its weights depend on the backbone and, for n-grams, on the seed.

    `passages`: the sentences of the training articles, from which inverse document frequencies are counted. `checkpoint`: the
    folder of a transformer's weights and tokenizer.
    Raises UsageFault: the backbone lacks a setting, or has one of another kind of encoder; CorruptInput: the checkpoint.
    """
    if backbone.encoder == "hashed n-grams":
        if backbone.dimensions is None or backbone.pooling not in (None, "sum"):
            raise UsageFault("hashed n-grams need `dimensions`, and their pooling is `sum`; set them in the backbone")
        dropout = training.feature_dropout or 0.0
        return NGramEncoder(dimensions=backbone.dimensions, passages=passages, dropout=dropout, seed=seed)
    if checkpoint is None:
        raise UsageFault(f"an encoder of kind `{backbone.encoder}` needs a checkpoint, and none was found")
    if backbone.encoder == "sentence-transformers":
        from claimcheck.retrieval import sentence_encoder

        return sentence_encoder.load(checkpoint, training, execution or Execution(device="cpu"))
    from claimcheck.retrieval import transformer_loading

    return transformer_loading.load(backbone, checkpoint, training, execution or Execution(device="cpu"))
