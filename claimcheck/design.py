"""Design: one whole experiment as values, backbones x arms x seeds on its data. Knows neither claims nor thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from claimcheck.fields import COMMIT, MEASURE, each_fits, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """The encoder that training starts from."""

    encoder: Literal["transformers", "hashed n-grams"] = field(metadata=said("Which kind of encoder."))
    hub: str | None = field(default=None, metadata=said("Model id on the hub."))
    revision: str | None = field(default=None, metadata=said(
        "Commit of the model; tier full needs one.", pattern=COMMIT))
    pooling: Literal["mean", "cls", "pooler", "sum"] | None = field(default=None, metadata=said(
        "How token vectors become one vector."))
    dimensions: int | None = field(default=None, metadata=said("Length of the embedding.", ge=1))
    note: str | None = field(default=None, metadata=said("What a reader should know."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to fill batches, all else equal."""

    sampling: Literal["monolingual", "cross-lingual", "hybrid"] = field(metadata=said("How batches are filled."))
    alpha: float | None = field(default=None, metadata=said(
        "Share of monolingual batches, from 0 to 1; hybrid only.", ge=0, le=1))
    steps_share: float | None = field(default=None, metadata=said(
        "Share of the training steps that this arm takes, where it is not all of them.", gt=0, le=1))
    note: str | None = field(default=None, metadata=said("What a reader should know."))

    def __post_init__(self) -> None:
        if (self.alpha is not None) != (self.sampling == "hybrid"):
            raise ValueError("`alpha` goes with `sampling: hybrid` and with no other; give it there, leave it out here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What is trained on and what is evaluated."""

    train: tuple[str, ...] = field(metadata=said("Training data, logical names.", min_length=1))
    evaluate: tuple[str, ...] = field(metadata=said("Evaluation data, logical names.", min_length=1))
    languages: tuple[str, ...] = field(metadata=said("Languages trained on.", min_length=1))
    select: str | None = field(default=None, metadata=said("Data on which the checkpoint is chosen."))
    split: str | None = field(default=None, metadata=said("How training and evaluation are kept apart."))
    folds: int | None = field(default=None, metadata=said("Parts that take turns as evaluation data.", ge=2))
    note: str | None = field(default=None, metadata=said("What a reader should know, for example sizes."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How the encoder is trained. A field that is not set is not stated by the paper."""

    optimizer: str | None = None
    learning_rate: float | None = field(default=None, metadata=said("Peak learning rate.", gt=0))
    weight_decay: float | None = field(default=None, metadata=said("Weight decay.", ge=0))
    batch_size: int | None = field(default=None, metadata=said("Pairs a batch.", ge=2))
    temperature: float | None = field(default=None, metadata=said("Of the contrastive loss.", gt=0))
    steps: int | None = field(default=None, metadata=said("Batches in all.", ge=1))
    warmup_steps: int | None = field(default=None, metadata=said("Batches of warm-up.", ge=0))
    schedule: str | None = None
    feature_dropout: float | None = field(default=None, metadata=said("Share of features dropped.", ge=0, lt=1))
    max_query_tokens: int | None = field(default=None, metadata=said("Tokens of a query.", ge=1))
    max_passage_tokens: int | None = field(default=None, metadata=said("Tokens of a passage.", ge=1))
    query_prefix: str | None = None
    passage_prefix: str | None = None
    loss: str | None = None
    negatives: str | None = None
    early_stopping: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One whole experiment: backbones x arms x seeds on its data."""

    backbones: Mapping[str, Backbone] = field(metadata=said("Name -> backbone.", min_length=1))
    arms: Mapping[str, Arm] = field(metadata=said("Name -> arm.", min_length=1))
    data: Data
    training: Training
    measures: tuple[str, ...] = field(metadata=said("What is measured.", min_length=1))
    seeds: int | None = field(default=None, metadata=said("Training runs an arm; verdicts need at least 3.", ge=1, le=1000))
    paired: bool = field(default=True, metadata=said("Whether arms of one seed share initial weights and data order."))

    def __post_init__(self) -> None:
        each_fits(self.measures, MEASURE, "the measure")
