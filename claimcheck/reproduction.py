"""Reproduction: how a paper's experiments are re-run, and what each profile makes smaller.

`paper` holds the design as the paper states it; a profile replaces whole fields of it, never parts of them. A run is of
tier `full` only if its backbones, data and training equal the paper's block; the name of a profile decides nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import ClassVar, Literal

from claimcheck.claim import ONE_LINE, STRICT, Tier
from claimcheck.prediction import Granularity, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """The encoder that training starts from."""

    encoder: Literal["transformers", "hashed n-grams"] = field(metadata=said("Which kind of encoder."))
    hub: str | None = field(default=None, metadata=said("Model id on the hub."))
    revision: str | None = field(default=None, metadata=said(
        "Commit of the model; tier full needs one.", pattern=r"^[0-9a-f]{40}$"))
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
    seeds: int = field(metadata=said("Training runs an arm; verdicts need at least 3.", ge=1))
    paired: bool = field(default=True, metadata=said("Whether arms of one seed share initial weights and data order."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The paper under test, and its design as it states it."""

    id: str = field(metadata=said("For example arXiv:2408.10536.", pattern=ONE_LINE))
    title: str = field(metadata=said("Title of the paper.", pattern=ONE_LINE, max_length=400))
    year: int = field(metadata=said("Year of publication.", ge=1900, le=2200))
    url: str = field(metadata=said("Where it can be read.", pattern=r"^https://\S+$"))
    states: Design = field(metadata=said("The design as the paper states it; what it leaves open is not set."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Underspecified:
    """Something that the paper leaves open, and what the reproduction chose for it."""

    what: str = field(metadata=said("What is left open.", pattern=ONE_LINE))
    chosen: str = field(metadata=said("What the reproduction does.", pattern=ONE_LINE, max_length=400))
    because: str = field(default="", metadata=said("Why.", max_length=400))


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A design at another scale: each field that is given replaces the paper's whole field."""

    says: str = field(metadata=said("What this scale is, in one line.", pattern=ONE_LINE, max_length=300))
    backbones: Mapping[str, Backbone] | None = None
    arms: Mapping[str, Arm] | None = None
    data: Data | None = None
    training: Training | None = None
    measures: tuple[str, ...] | None = None
    seeds: int | None = field(default=None, metadata=said("Training runs an arm.", ge=1))
    paired: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """A check of the reported tables that stands apart from every verdict."""

    says: str = field(metadata=said("What is checked, in the reader's words.", pattern=ONE_LINE, max_length=300))
    granularity: Granularity


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """How a paper's experiments are re-run."""

    __pydantic_config__: ClassVar = STRICT
    spec_version: Literal[1] = field(metadata=said("Version of this format: 1."))
    id: str = field(metadata=said("The name that claims use.", pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80))
    paper: Paper
    default_profile: str = field(metadata=said("The profile that a plain run takes."))
    profiles: Mapping[str, Profile] = field(metadata=said("Name -> profile.", min_length=1))
    underspecified: tuple[Underspecified, ...] = field(default=(), metadata=said("What the paper leaves open."))
    audits: tuple[Audit, ...] = field(default=(), metadata=said("Checks of the reported tables, apart from verdicts."))

    def __post_init__(self) -> None:
        if self.default_profile not in self.profiles:
            raise ValueError(f"`default_profile: {self.default_profile}` is not one of the profiles; "
                             f"give one of {', '.join(self.profiles)}")

    def design(self, profile: str) -> Design:
        """The paper's design with the fields that the profile names replaced. Raises KeyError: no such profile."""
        chosen = self.profiles[profile]
        given = {item.name: value for item in fields(chosen)
                 if item.name != "says" and (value := getattr(chosen, item.name)) is not None}
        return replace(self.paper.states, **given)

    def tier(self, profile: str) -> Tier:
        """`full` only if backbones (each with its revision), data and training are the paper's own, as far as stated."""
        design, stated = asdict(self.design(profile)), asdict(self.paper.states)
        same = all(_agrees(stated[name], design[name]) for name in ("backbones", "data", "training"))
        pinned = all(backbone["revision"] for backbone in design["backbones"].values())
        return Tier.FULL if same and pinned else Tier.REDUCED


def _agrees(stated: object, ours: object) -> bool:
    """Whether ours equals what is stated; what is not stated (None) agrees with everything."""
    if isinstance(stated, dict) and isinstance(ours, dict):
        return stated.keys() == ours.keys() and all(_agrees(stated[key], ours[key]) for key in stated)
    return stated is None or stated == ours
