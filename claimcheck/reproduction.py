"""Reproduction: how a paper's experiments are re-run, and what each profile makes smaller.

`paper.states` holds the design as the paper states it; a profile replaces whole fields of it, never parts of them. The tier of
a run is derived from what is run; the name of a profile decides nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import ClassVar, Literal

from claimcheck.agreement import Disagreement, disagreements
from claimcheck.design import SYNTHETIC, Arm, Attacks, Backbone, Data, Design, Perturbations, Training
from claimcheck.fields import ADDRESS, MEASURE, NAME, ONE_LINE, STRICT, each_fits, said
from claimcheck.prediction import Granularity, Selected, Setting
from claimcheck.prediction.shared import no_selection_of
from claimcheck.tier import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The paper under test, and its design as it states it."""

    id: str = field(metadata=said("For example arXiv:2408.10536.", pattern=ONE_LINE))
    title: str = field(metadata=said("Title of the paper.", pattern=ONE_LINE, max_length=400))
    year: int = field(metadata=said("Year of publication.", ge=1900, le=2200))
    url: str = field(metadata=said("Where it can be read.", pattern=ADDRESS))
    states: Design = field(metadata=said("The design as the paper states it; what it leaves open is not set."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Underspecified:
    """Something that the paper leaves open, and what the reproduction chose for it."""

    what: str = field(metadata=said("What is left open.", pattern=ONE_LINE))
    chosen: str = field(metadata=said("What the reproduction does.", pattern=ONE_LINE, max_length=400))
    because: str = field(default="", metadata=said("Why.", max_length=400))
    design_field: str = field(default="", metadata=said(
        "The field of a design that it concerns, for example training.temperature or backbones.NAME.pooling."))
    values: tuple[str | int | float, ...] = field(default=(), metadata=said(
        "What that field may be set to in a run that counts as the paper's own design."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A moment at which a decision may be taken, planned before any run: after so many runs an arm, at its own level."""

    runs: int = field(metadata=said("Training runs an arm that stand at this look; verdicts need at least 3.", ge=3, le=1000))
    alpha: float = field(metadata=said("One-sided level of error that this look may spend, of .05 in all.", gt=0, lt=1))


ALPHA = 0.05
"""One-sided level of error of a paper's claims at one tier, over all looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A design at another scale: each field that is given replaces the whole field of the paper, or of another profile."""

    says: str = field(metadata=said("What this scale is, in one line.", pattern=ONE_LINE, max_length=300))
    backbones: Mapping[str, Backbone] | None = None
    arms: Mapping[str, Arm] | None = None
    data: Data | None = None
    training: Training | None = None
    measures: tuple[str, ...] | None = None
    seeds: int | None = field(default=None, metadata=said("Training runs an arm.", ge=1, le=1000))
    paired: bool | None = None
    perturbations: Perturbations | None = None
    attacks: Attacks | None = None
    like: str = field(default="", metadata=said("Another profile, whose fields hold where this one gives none."))
    looks: tuple[Look, ...] = field(default=(), metadata=said(
        "When it may be decided, before all seeds are run: in order, the last after all `seeds`. Left out: once, after all."))

    def __post_init__(self) -> None:
        each_fits(self.measures or (), MEASURE, "the measure")
        each_fits((*(self.arms or ()), *(self.backbones or ())), NAME, "the name")
        runs = [look.runs for look in self.looks]
        if runs != sorted(set(runs)):
            raise ValueError(f"`looks` after {', '.join(map(str, runs))} runs: each look is at more runs than the one before; "
                             "put them in order")
        if (spent := sum(look.alpha for look in self.looks)) > ALPHA + 1e-9:
            raise ValueError(f"`looks` spend {spent:.4g} in all, and there is {ALPHA:g}; give for example 0.005, 0.015, 0.03")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """A check of the reported tables that stands apart from every verdict."""

    says: str = field(metadata=said("What is checked, in the reader's words.", pattern=ONE_LINE, max_length=300))
    granularity: Granularity


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedColumns:
    """The columns of the reported table in which the parts of a measured quantity stand, each its own."""

    arm: str = field(metadata=said("Column that tells the arms apart, for example sampling."))
    backbone: str = field(metadata=said("Column of the backbone."))
    dataset: str = field(metadata=said("Column of the data set that is evaluated."))
    setting: str = field(metadata=said("Column of monolingual, cross-lingual, multilingual."))
    measure: str = field(metadata=said("Column of the measure, for example metric."))
    language: str | None = field(default=None, metadata=said("Column of the query's language, where single ones are printed."))

    def __post_init__(self) -> None:
        given = [name for item in fields(self) if (name := getattr(self, item.name)) is not None]
        if twice := sorted({name for name in given if given.count(name) > 1}):
            raise ValueError(f"`{twice[0]}` is given for two parts of a quantity; name a column once")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedValues:
    """What the reported table calls the reproduction's own names; a name that is not listed is printed as it is."""

    arm: Mapping[str, str] = field(default_factory=dict, metadata=said("Arm -> what is printed."))
    backbone: Mapping[str, str] = field(default_factory=dict, metadata=said("Backbone -> what is printed."))
    dataset: Mapping[str, str] = field(default_factory=dict, metadata=said("Data set -> what is printed."))
    setting: Mapping[Setting, str] = field(default_factory=dict, metadata=said("Setting -> what is printed."))
    measure: Mapping[str, str] = field(default_factory=dict, metadata=said("Measure -> what is printed."))
    language: Mapping[str, str] = field(default_factory=dict, metadata=said("Language -> what is printed."))

    def __post_init__(self) -> None:
        each_fits(self.measure, MEASURE, "the measure")


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedNumbers:
    """Which cells of the reported table hold what a re-run measures: a comparison that stands apart from every verdict."""

    columns: PrintedColumns
    values: PrintedValues = field(default_factory=PrintedValues)
    mean: str = field(default="mean", metadata=said(
        "What the column of the language holds where a cell is the mean over languages."))
    where: Mapping[str, Selected] = field(default_factory=dict, metadata=said(
        "Of which cells, beyond that: column -> value or list of values, for example the tables that count."))

    def __post_init__(self) -> None:
        for item in fields(self.columns):
            if (column := getattr(self.columns, item.name)) is not None:
                no_selection_of(self.where, column, f"the column of the {item.name}")
            elif getattr(self.values, item.name):
                raise ValueError(f"`values` renames each {item.name}, and `columns` names none for it; add it there")

    def called(self, part: str, name: str) -> str:
        """What the table calls an arm, backbone, dataset, setting, measure or language of the reproduction."""
        names: Mapping[str, str] = getattr(self.values, part)
        return names.get(name, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """How a paper's experiments are re-run."""

    __pydantic_config__: ClassVar = STRICT
    spec_version: Literal[1] = field(metadata=said("Version of this format: 1."))
    id: str = field(metadata=said("The name that claims use.", pattern=NAME, max_length=80))
    paper: Paper
    default_profile: str = field(metadata=said("The profile that a plain run takes."))
    profiles: Mapping[str, Profile] = field(metadata=said("Name -> profile.", min_length=1))
    underspecified: tuple[Underspecified, ...] = field(default=(), metadata=said("What the paper leaves open."))
    audits: tuple[Audit, ...] = field(default=(), metadata=said("Checks of the reported tables, apart from verdicts."))
    printed: PrintedNumbers | None = field(default=None, metadata=said(
        "Where the reported table prints what a re-run measures; left out, the two are not compared."))

    def __post_init__(self) -> None:
        if self.default_profile not in self.profiles:
            raise ValueError(f"`default_profile: {self.default_profile}` is not one of the profiles; "
                             f"give one of {', '.join(self.profiles)}")
        each_fits(self.profiles, NAME, "the name of the profile")
        for name, profile in self.profiles.items():
            if profile.like and (profile.like == name or self.profiles.get(profile.like) is None
                                 or self.profiles[profile.like].like):
                raise ValueError(f"profile `{name}` is like `{profile.like}`, which is no other profile that stands by itself; "
                                 f"give one of {', '.join(each for each, own in self.profiles.items() if not own.like)}")
        for name in self.profiles:
            seeds = self.design(name).seeds
            if seeds is None:
                raise ValueError(f"profile `{name}` does not say how many `seeds`, and the paper states none; add them")
            looks = self.profiles[name].looks
            if looks and looks[-1].runs != seeds:
                raise ValueError(f"the last of the `looks` of profile `{name}` is after {looks[-1].runs} runs, and it has "
                                 f"{seeds} `seeds`; make them equal")

        allowed = {each.design_field: each.values for each in self.underspecified}
        for name in self.profiles:
            for backbone, model in self.design(name).backbones.items():
                stated, hubs = self.paper.states.backbones.get(backbone), allowed.get(f"backbones.{backbone}.hub", ())
                if stated is not None and model != stated and (model.encoder != stated.encoder or model.hub not in (
                        stated.hub, *hubs) or model.folder is not None):
                    raise ValueError(f"profile `{name}` calls a backbone `{backbone}` that is not known to be the paper's, and "
                                     "claims that name that one would count it; call it otherwise, or list its model id as a "
                                     f"value of `design_field: backbones.{backbone}.hub` under `underspecified`")

    def design(self, profile: str) -> Design:
        """The paper's design with the fields that the profile names replaced. Raises KeyError: no such profile."""
        chosen = self.profiles[profile]
        alike = self.design(chosen.like) if chosen.like else self.paper.states
        own = {item.name for item in fields(alike)}
        given = {item.name: value for item in fields(chosen)
                 if item.name in own and (value := getattr(chosen, item.name)) is not None}
        return replace(alike, **given)

    def tier(self, profile: str) -> Tier:
        """`full` only if backbones, arms, data and training are the paper's own, each backbone at a pinned revision.

        What the paper states must be equal, prose apart; what it does not state has to be as `underspecified` declares, and is
        not set where that declares nothing.
        """
        data = self.design(profile).data
        if SYNTHETIC in data.train or SYNTHETIC in data.evaluate:
            return Tier.SYNTHETIC
        return Tier.REDUCED if self.disagreements(profile) else Tier.FULL

    def disagreements(self, profile: str) -> tuple[Disagreement, ...]:
        """Every place at which a profile's design is not the paper's own. Raises KeyError: no such profile."""
        allowed = {each.design_field: each.values for each in self.underspecified if each.design_field}
        return tuple(disagreements(self.paper.states, self.design(profile), allowed))
