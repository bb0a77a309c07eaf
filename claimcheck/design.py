"""Design: one whole experiment as values, backbones x arms x seeds on its data. Knows neither claims nor thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from claimcheck.fields import ATTACK, COMMIT, FAMILY, INSIDE, MEASURE, NAME, each_fits, said

SYNTHETIC = "synthetic"
"""The logical name of the corpus with planted truths; whatever is evaluated on it is of tier `synthetic`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backbone:
    """The encoder that training starts from."""

    encoder: Literal["transformers", "sentence-transformers", "hashed n-grams"] = field(metadata=said(
        "Which kind of encoder; sentence-transformers: a finished model, evaluated as it is."))
    hub: str | None = field(default=None, metadata=said("Model id on the hub."))
    revision: str | None = field(default=None, metadata=said(
        "Commit of the model on the hub; nothing is loaded from there without one.", pattern=COMMIT))
    folder: str | None = field(default=None, metadata=said(
        "Instead of a model of the hub: folder of a checkpoint under `backbones/` of a data folder.", pattern=INSIDE))
    pooling: Literal["mean", "cls", "pooler", "sum"] | None = field(default=None, metadata=said(
        "How token vectors become one vector."))
    dimensions: int | None = field(default=None, metadata=said("Length of the embedding.", ge=1))
    note: str | None = field(default=None, metadata=said("What a reader should know."))

    def __post_init__(self) -> None:
        if self.hub is not None and self.folder is not None:
            raise ValueError("a backbone comes from the `hub` or from a `folder`; give one of the two")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to fill batches, all else equal."""

    sampling: Literal["monolingual", "cross-lingual", "hybrid", "none"] = field(metadata=said(
        "How batches are filled; none: the encoder as it is before training."))
    alpha: float | None = field(default=None, metadata=said(
        "Share of monolingual batches, from 0 to 1; hybrid only.", ge=0, le=1))
    languages: Literal["per batch", "per item"] | None = field(default=None, metadata=said(
        "How often languages are drawn; per batch unless given. Monolingual per item is LAReQA's X-X, per batch its X-X-mono."))
    steps_share: float | None = field(default=None, metadata=said(
        "Share of the training steps that this arm takes, where it is not all of them.", gt=0, le=1))
    order: int = field(default=0, metadata=said(
        "Which draw of the batches: arms that differ in nothing else are alike in truth.", ge=0))
    note: str | None = field(default=None, metadata=said("What a reader should know."))

    def __post_init__(self) -> None:
        if (self.alpha is not None) != (self.sampling == "hybrid"):
            raise ValueError("`alpha` goes with `sampling: hybrid` and with no other; give it there, leave it out here")


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How the articles of one data set are parted into those trained on and those evaluated; equal in all arms."""

    evaluate: int | None = field(default=None, metadata=said("Articles that are evaluated, in one part.", ge=1))
    folds: int | None = field(default=None, metadata=said("Or: parts that take turns as evaluation data.", ge=2))
    seed: int | None = field(default=None, metadata=said(
        "Seed of one partition for all runs; left out, it is drawn anew with each training seed.", ge=0))
    development: int | None = field(default=None, metadata=said(
        "Of the articles trained on, so many are held back and evaluated instead: the only ground on which to tune.", ge=1))
    select: int | None = field(default=None, metadata=said(
        "Of the articles trained on, so many are held back, and their loss chooses the checkpoint and ends training.", ge=1))

    def __post_init__(self) -> None:
        if (self.evaluate is None) == (self.folds is None):
            raise ValueError("a split has `evaluate` (so many articles) or `folds`, one of the two; give one")
        if self.evaluate is not None and self.seed is None:
            raise ValueError("`evaluate` needs the `seed` of its partition: runs are compared on the same questions; add it")
        if self.development is not None and self.evaluate is None:
            raise ValueError("`development` goes with `evaluate`; leave it out where there are folds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way within a run: what is trained on, and what is evaluated then."""

    train: str = field(metadata=said("Training data: the logical name of a data set, or of one of the `mixtures`."))
    evaluate: str = field(metadata=said("Evaluation data, logical name."))
    languages: tuple[str, ...] | None = field(default=None, metadata=said(
        "Languages of this route, trained on and evaluated; left out, those of the data.", min_length=2))
    split: Split | None = field(default=None, metadata=said("How one data set serves for both; needed where it does."))
    evaluated_languages: tuple[str, ...] | None = field(default=None, metadata=said(
        "Languages evaluated, where they are not those trained on.", min_length=1))

    def __post_init__(self) -> None:
        if (self.train == self.evaluate) != (self.split is not None):
            raise ValueError("a route needs a `split` where it trains on what it evaluates, and has none elsewhere")
        if self.split is not None and self.evaluated_languages is not None:
            raise ValueError("a route with a `split` evaluates the languages trained on; leave out `evaluated_languages`")

    @property
    def name(self) -> str:
        """What rows of results call it: the data set, or `trained on > evaluated`."""
        return self.evaluate if self.train == self.evaluate else f"{self.train} > {self.evaluate}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What is trained on and what is evaluated."""

    train: tuple[str, ...] = field(metadata=said("Training data, logical names.", min_length=1))
    evaluate: tuple[str, ...] = field(metadata=said("Evaluation data, logical names.", min_length=1))
    languages: tuple[str, ...] = field(metadata=said("Languages trained on.", min_length=1))
    select: str | None = field(default=None, metadata=said("Data on which the checkpoint is chosen."))
    routes: tuple[Route, ...] = field(default=(), metadata=said("How training and evaluation data go together, each way once."))
    note: str | None = field(default=None, metadata=said("What a reader should know, for example sizes."))
    mixtures: Mapping[str, tuple[str, ...]] = field(default_factory=dict, metadata=said(
        "Name -> training data that are trained on together, one of them a batch, drawn in proportion to its size."))

    def __post_init__(self) -> None:
        each_fits(self.mixtures, NAME, "the name of the mixture")
        for name, mixed in self.mixtures.items():
            if name in self.train or name in self.evaluate:
                raise ValueError(f"the mixture `{name}` bears the name of a data set; call it otherwise")
            if missing := [part for part in mixed if part not in self.train]:
                raise ValueError(f"the mixture `{name}` holds `{missing[0]}`, which `train` does not name; add it there")
            if len(set(mixed)) < max(len(mixed), 1):
                raise ValueError(f"the mixture `{name}` holds nothing, or a data set twice; name each once")
        for route in self.routes:
            if not {*self.parts(route)} <= {*self.train} or route.evaluate not in self.evaluate:
                raise ValueError(f"route `{route.name}` names data that `train` or `evaluate` does not; add it there")
            if route.evaluate in self.parts(route) and route.split is None:
                raise ValueError(f"route `{route.name}` evaluates what its mixture trains on; leave it out of one of them")
            if not set(route.languages or ()) <= set(self.languages):
                raise ValueError(f"route `{route.name}` names languages that `languages` does not; add them there")
        for name, values in (("train", self.train), ("evaluate", self.evaluate), ("languages", self.languages)):
            if twice := sorted({value for value in values if values.count(value) > 1}):
                raise ValueError(f"`{twice[0]}` stands twice in `{name}`; remove one")
        names = [route.name for route in self.routes]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"the route `{twice[0]}` stands twice; remove one")
        for route in self.routes:
            for key, spoken in (("languages", route.languages or ()), ("evaluated_languages", route.evaluated_languages or ())):
                if twice := sorted({language for language in spoken if spoken.count(language) > 1}):
                    raise ValueError(f"`{twice[0]}` stands twice in `{key}` of the route `{route.name}`; remove one")
        if self.select in self.train:
            raise ValueError(f"`select: {self.select}` is trained on, and a loss on it tells nothing of what was not seen; "
                             "choose the checkpoint by other data, or by articles held back (`select` in a split)")

    def parts(self, route: Route) -> tuple[str, ...]:
        """The data sets that a route trains on: those of its mixture, or the one that it names."""
        return self.mixtures.get(route.train, (route.train,))

    def trained_in(self, route: Route) -> tuple[str, ...]:
        """The languages that a route trains on, sorted."""
        return tuple(sorted(route.languages or self.languages))

    def evaluated_in(self, route: Route) -> tuple[str, ...]:
        """The languages that a route evaluates, sorted."""
        return tuple(sorted(route.evaluated_languages or route.languages or self.languages))

    @property
    def used(self) -> tuple[str, ...]:
        """The data sets of all routes, trained on or evaluated, each once."""
        return tuple(dict.fromkeys(name for route in self.routes for name in (*self.parts(route), route.evaluate)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How the encoder is trained. A field that is not set is not stated by the paper."""

    optimizer: Literal["Adam", "AdamW"] | None = None
    learning_rate: float | None = field(default=None, metadata=said("Peak learning rate.", gt=0))
    betas: tuple[float, ...] | None = field(default=None, metadata=said(
        "Decay of the two moments of Adam; left out, 0.9 and 0.999.", min_length=2, max_length=2))
    weight_decay: float | None = field(default=None, metadata=said("Weight decay.", ge=0))
    batch_size: int | None = field(default=None, metadata=said("Pairs a batch.", ge=2))
    temperature: float | None = field(default=None, metadata=said("Of the contrastive loss.", gt=0))
    steps: int | None = field(default=None, metadata=said("Batches in all.", ge=1))
    warmup_steps: int | None = field(default=None, metadata=said("Batches of warm-up.", ge=0))
    schedule: Literal["linear decay", "constant after warm-up"] | None = None
    feature_dropout: float | None = field(default=None, metadata=said("Share of features dropped.", ge=0, lt=1))
    precision: Literal["float32", "bfloat16"] | None = field(default=None, metadata=said(
        "Of products while training and encoding, float32 unless given; bfloat16 where a card has it, weights are float32."))
    max_query_tokens: int | None = field(default=None, metadata=said("Tokens of a query.", ge=1))
    max_passage_tokens: int | None = field(default=None, metadata=said("Tokens of a passage.", ge=1))
    query_prefix: str | None = None
    passage_prefix: str | None = None
    loss: Literal["InfoNCE"] | None = field(default=None, metadata=said("Over the cosine."))
    negatives: Literal["in-batch", "in-batch and one given"] | None = field(default=None, metadata=said(
        "Which passages are not to be found; equal texts are never negatives of each other."))
    early_stopping: str | None = field(default=None, metadata=said(
        "In words: on what training ends before its steps are over; needs `select_every` and `patience`."))
    select_every: int | None = field(default=None, metadata=said(
        "Steps between two looks at the loss that chooses the checkpoint.", ge=1))
    patience: int | None = field(default=None, metadata=said(
        "So many looks in a row without a lower loss end training; left out, none does.", ge=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Perturbations:
    """How queries are perturbed that are evaluated beside the clean ones; each family in the languages in which it exists."""

    families: tuple[str, ...] = field(metadata=said("Families, P1 to P14 and their variants, each once.", min_length=1))
    budget: Literal["light", "medium", "stress"] = field(default="light", metadata=said(
        "How much of a query is edited: 5, 10 or 20 % of its clusters; light unless given."))
    draws: int = field(default=3, metadata=said("Draws of a family that draws at random; 3 unless given.", ge=1, le=16))

    def __post_init__(self) -> None:
        each_fits(self.families, FAMILY, "the family")
        if twice := sorted({name for name in self.families if self.families.count(name) > 1}):
            raise ValueError(f"`{twice[0]}` stands twice in `families`; remove one")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacks:
    """Searches for changes of queries that hurt an arm, on a fixed part of the questions; every arm with the same budget."""

    kinds: tuple[str, ...] = field(metadata=said(
        "A1 (letters), A2 (words), A3 (worst of sixteen draws), each once.", min_length=1))
    arms: tuple[str, ...] = field(default=(), metadata=said(
        "The arms that are attacked, and that every attack is put to; left out, all arms of the profile."))
    edits: int = field(default=2, metadata=said("Edits of a query at most; 2 unless given.", ge=1, le=4))
    per_article: int = field(default=5, metadata=said(
        "Questions of each article, the same for all arms, languages and runs; 5 unless given.", ge=1))

    def __post_init__(self) -> None:
        each_fits(self.kinds, ATTACK, "the attack")
        for name, values in (("kinds", self.kinds), ("arms", self.arms)):
            if twice := sorted({value for value in values if values.count(value) > 1}):
                raise ValueError(f"`{twice[0]}` stands twice in `{name}`; remove one")


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
    perturbations: Perturbations | None = field(default=None, metadata=said(
        "Perturbed queries that are evaluated beside the clean ones; left out, none are."))
    attacks: Attacks | None = field(default=None, metadata=said(
        "Search attacks on queries, in runs of their own that train the arms again; left out, there are none."))

    def __post_init__(self) -> None:
        each_fits(self.measures, MEASURE, "the measure")
        each_fits((*self.arms, *self.backbones), NAME, "the name")
        if self.attacks is not None and (absent := [name for name in self.attacks.arms if name not in self.arms]):
            raise ValueError(f"`attacks` names the arm `{absent[0]}`, which is none of the arms; "
                             f"give some of {', '.join(self.arms)}")
        if self.attacks is not None and self.perturbations is None:
            raise ValueError("`attacks` stand beside `perturbations`, and there are none; give their families too")
