"""Claim: one sentence of a paper, its parts, and the tiers at which each of them can be tested."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Literal

from claimcheck.fields import CSV_FILE, NAME, ONE_LINE, STRICT, said
from claimcheck.prediction import DataPrediction, Reading, RerunPrediction, TablePrediction
from claimcheck.tier import Tier


class Kind(StrEnum):
    """What sort of sentence a claim is; it decides which tier settles it."""

    PROCEDURE = "procedure"
    PROVENANCE = "provenance"
    DATA_FACT = "data fact"
    SEPARATION = "separation"
    EXPOSURE = "exposure"
    REPORTING = "reporting"
    ARITHMETIC = "arithmetic"
    SUPERLATIVE = "superlative"
    CONJUNCTION = "conjunction"
    REDUCTION = "reduction"
    VAGUE = "vague"
    INTERACTION = "interaction"

    @property
    def settled_at(self) -> Tier:
        """The tier that alone can settle a claim of this kind; empirical claims are settled at `full` only."""
        match self:
            case Kind.PROCEDURE | Kind.PROVENANCE | Kind.REPORTING | Kind.ARITHMETIC:
                return Tier.REPORTED
            case Kind.DATA_FACT | Kind.SEPARATION | Kind.EXPOSURE:
                return Tier.DATA
            case _:
                return Tier.FULL


class Scope(StrEnum):
    """For whom a claim speaks: this test set with a fresh training run, or questions beyond it too."""

    BENCHMARK = "benchmark"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """One part of a claim that can be true or false by itself."""

    id: str = field(metadata=said("Short name within the claim.", pattern=NAME, max_length=60))
    says: str = field(metadata=said("The part in plain words.", pattern=ONE_LINE, max_length=400))
    vague: str = field(default="", metadata=said(
        "The word that names no size or comparator. The predictions then judge an operationalisation, which can never "
        "promote the claim.", max_length=100))
    chosen: str = field(default="", metadata=said(
        "Why the operationalisation or the margin is as it is, and what was known when it was set.", max_length=600))
    needs: str = field(default="", metadata=said(
        "What is missing to test this part at all, where no file of ours can.", max_length=400))
    reported: tuple[TablePrediction, ...] = field(default=(), metadata=said("What the paper's own tables should show."))
    data: tuple[DataPrediction, ...] = field(default=(), metadata=said("What the data sets' files should show."))
    rerun: tuple[RerunPrediction, ...] = field(default=(), metadata=said("What a re-run of the method should show."))

    def __post_init__(self) -> None:
        if not (self.needs or self.reported or self.data or self.rerun):
            raise ValueError(f"atom `{self.id}` cannot fail: it predicts nothing; give `reported`, `data` or `rerun` "
                             "predictions, or say in `needs` what is missing to test it")
        if self.vague and not self.chosen:
            raise ValueError(f"atom `{self.id}` is vague and does not say in `chosen` why it is tested as it is; say it, and "
                             "what was known when it was chosen")
        if self.needs and (self.reported or self.data or self.rerun):
            raise ValueError(f"atom `{self.id}` says in `needs` that it cannot be tested and predicts something all the same; "
                             "make two atoms of it")
        by_tier = {"reported": [each.reading for each in self.reported], "data": [each.reading for each in self.data],
                   "rerun": [each.reading for each in self.rerun]}
        for name, readings in by_tier.items():
            if Reading.FAIR in readings and Reading.LITERAL not in readings:
                raise ValueError(f"atom `{self.id}` gives under `{name}` a fair reading and no literal one; give both")

    @property
    def readings(self) -> tuple[Reading | None, ...]:
        """The readings that its predictions are marked with."""
        return tuple(each.reading for each in self.reported) + tuple(each.reading for each in self.data) + tuple(
            each.reading for each in self.rerun)

    def predicts_at(self, tier: Tier) -> bool:
        """Whether this part predicts anything at a tier."""
        return bool({Tier.REPORTED: self.reported, Tier.DATA: self.data}.get(tier, self.rerun))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """What the document that the claim was taken from said of it."""

    verified: bool | None = field(default=None, metadata=said("true, false, or null where it said nothing."))
    confidence: float | None = field(default=None, metadata=said("From 0 to 1, or null where it gave none.", ge=0, le=1))
    completed: str = field(default="", metadata=said("The words that were cut off there and are completed here."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Necessary:
    """Conditions without which a run is no test of the claim."""

    backbones: tuple[str, ...] = field(default=(), metadata=said("Backbones that the claim names."))
    datasets: tuple[str, ...] = field(default=(), metadata=said("Data sets that the claim names."))
    languages: tuple[str, ...] = field(default=(), metadata=said("Languages that the claim names."))
    zero_shot: bool = field(default=False, metadata=said("True where training may not have seen the data set."))
    also: tuple[str, ...] = field(default=(), metadata=said("Further conditions, in words."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One sentence of a paper, with predictions that could fail."""

    __pydantic_config__: ClassVar = STRICT
    spec_version: Literal[1] = field(metadata=said("Version of this format: 1."))
    id: str = field(metadata=said("Unique name, for --only and links.", pattern=NAME, max_length=80))
    statement: str = field(metadata=said("The sentence, on one line.", pattern=ONE_LINE, max_length=1000))
    kind: Kind = field(metadata=said("What sort of sentence it is; decides which tier settles it."))
    scope: Scope = field(metadata=said("benchmark (this test set) or beyond (questions beyond it too)."))
    paper: str = field(metadata=said("The paper under test, for example arXiv:2408.10536.", pattern=ONE_LINE))
    where: str = field(metadata=said("Where in the paper the sentence stands.", pattern=ONE_LINE, max_length=300))
    atoms: tuple[Atom, ...] = field(metadata=said("Its parts, each of which can fail.", min_length=1))
    source_report: SourceReport = field(default_factory=SourceReport, metadata=said(
        "What the document that the claim was taken from said of it; left out where there is none."))
    remark: str = field(default="", metadata=said(
        "One line that a reader must see beside the verdict, under the sentence in the first table.", max_length=160))
    question: bool = field(default=False, metadata=said(
        "True where it is a question put to the paper, not a sentence of it."))
    reproduction: str | None = field(default=None, metadata=said("Name of the reproduction that re-runs it.", pattern=NAME,
                                                                 max_length=80))
    tables: str = field(default="reported.csv", metadata=said("The paper's reported tables, beside this file.",
                                                              pattern=CSV_FILE, max_length=100))
    planted: Literal["there", "not there", "reversed"] | None = field(default=None, metadata=said(
        "Only for claims on the synthetic corpus: what the claim says was built into it, was not, or its contrary was."))
    literal: str = field(default="", metadata=said("The literal reading, where a fair one differs.", max_length=600))
    fair: str = field(default="", metadata=said("The fair reading: the authors' own qualifications.", max_length=600))
    settled_by: str = field(default="", metadata=said("What would settle the claim.", max_length=600))
    necessary: Necessary = field(default_factory=Necessary, metadata=said(
        "Conditions without which a run is no test of the claim."))

    def __post_init__(self) -> None:
        names = [atom.id for atom in self.atoms]
        if self.kind is Kind.VAGUE and not any(atom.vague for atom in self.atoms):
            raise ValueError("`kind: vague`, and no atom names its vague word; give it as `vague` in the atom it stands in")
        readings = {reading for atom in self.atoms for reading in atom.readings}
        if self.literal and self.fair and Reading.FAIR in readings and Reading.LITERAL not in readings:
            raise ValueError("`literal` is given, and no check is marked `reading: literal`; mark the one that tests it")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two atoms are called `{twice[0]}`; give each atom a name of its own")

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers that apply: those at which some part predicts something, and the one that settles the claim."""
        order = (Tier.REPORTED, Tier.DATA, Tier.REDUCED, Tier.FULL)
        return tuple(tier for tier in order
                     if tier is self.kind.settled_at or any(atom.predicts_at(tier) for atom in self.atoms))
