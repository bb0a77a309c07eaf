"""What the view holds of a prediction that was put to runs: comparisons with their intervals."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberView:
    """A number as it is printed and as programs read it; `value` is None where it is infinite, unknown or does not exist."""

    printed: str
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalView:
    """Two bounds as they are printed, and the one-sided level of each."""

    printed: str
    low: NumberView
    high: NumberView
    low_level: float
    high_level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachView:
    """What is supported at other levels of confidence. `points`: for each confidence in percent the largest size that is still
    supported, and the smallest margin at which what is claimed would be negligible (arms equal, no loss, where that is asked).
    `text` says both at the deciding level, `key` how the figure is read.
    """

    text: str
    key: str
    axis: str
    asked: tuple[NumberView, ...]
    points: tuple[tuple[NumberView, NumberView, NumberView], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageView:
    """One comparison in one language; `p` is adjusted for all languages of all comparisons of the prediction."""

    comparison: str
    language: str
    arm_mean: NumberView
    rival_mean: NumberView
    estimate: NumberView
    p: NumberView


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedView:
    """One printed counterpart of one comparison, with one printed backbone. `expected` is where one more run of each arm is
    expected, a dash where that cannot be said; `source` the file and lines of the printed cells.
    """

    comparison: str
    backbone: str
    status: str
    values: str
    contrast: NumberView
    expected: str
    effect_ratio: NumberView
    effect_ratio_bounds: str
    improvement: NumberView
    sceptical: NumberView
    source: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedNumbersView:
    """A prediction beside the paper's own numbers, apart from every verdict. `why`: what keeps them from being compared.

    `says`: each comparison in full.
    """

    text: str
    why: tuple[str, ...]
    says: tuple[str, ...]
    rows: tuple[PrintedView, ...]
    not_printed: tuple[str, ...]
    not_computable: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnLogsView:
    """An interaction on the scale of logs, with what the margin in points is there; a dash where that is all of a mean."""

    estimate: NumberView
    deciding: IntervalView
    contrary: IntervalView | None
    benchmark: IntervalView
    beyond: IntervalView
    margin: NumberView
    level: NumberView


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """One arm against one rival. `about` goes with the columns of its finding, `told` is all that it is about.

    `name` is unique within its finding, `printed` the estimate with what decides. `stand` is a word for programs, `word` the
    one for readers. `source` are the first digits of the runs' `keys`.
    """

    about: tuple[str, ...]
    told: tuple[tuple[str, str], ...]
    name: str
    arm: str
    rival: str
    means: tuple[NumberView, NumberView]
    estimate: NumberView
    printed: str
    deciding: IntervalView
    contrary: IntervalView | None
    benchmark: IntervalView
    beyond: IntervalView
    on_logs: OnLogsView | None
    stand: str
    word: str
    runs: NumberView
    questions: NumberView
    articles: NumberView
    detectable: NumberView
    detectable_at_most: NumberView
    runs_needed: NumberView
    articles_needed: NumberView
    printed_numbers: str
    printed_says: str
    source: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlsoView:
    """How a prediction stands where another size or margin is asked."""

    at_least: NumberView
    margin: NumberView
    stand: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RerunView:
    """One prediction put to runs. `word` is how it stands, with its relevance; `apart`: it enters no verdict.

    `printed` is short enough for the first table, `text` the whole sentence; `where` is what all comparisons share; `asked`
    says what they are held against and `key` how the figure is read. The headings are those of the comparisons' table.
    `answer`: of an interaction a paragraph that sums it up.
    """

    part: str
    says: str
    reading: str
    label: str
    stand: str
    word: str
    relevance: str
    apart: bool
    printed: str
    text: str
    asked: str
    goal: str
    at_least: NumberView
    margin: NumberView
    needed: int | None
    unit: str
    scope: str
    columns: tuple[str, ...]
    where: str
    arm_heading: str
    rival_heading: str
    estimate_heading: str
    decides_heading: str
    axis: str
    key: str
    comparisons: tuple[ComparisonView, ...]
    power: str
    reach: ReachView | None
    printed_numbers: PrintedNumbersView | None
    languages: tuple[LanguageView, ...]
    languages_text: str
    also: tuple[AlsoView, ...]
    also_text: str
    left_out: tuple[str, ...]
    not_covered: tuple[str, ...]
    beside: tuple[str, ...]
    answer: str = ""

    @property
    def of_losses(self) -> bool:
        """Whether it compares what arms lose, on two scales."""
        return any(row.on_logs is not None for row in self.comparisons)
