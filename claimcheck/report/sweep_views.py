"""What the view holds of fields that the paper leaves open: the same claims at each value, apart from every verdict."""

from dataclasses import dataclass

from claimcheck.report.rerun_views import IntervalView, NumberView


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueView:
    """One value of a field. `word` and `why` are empty where its runs stand; `tier` is what these are evidence of."""

    value: str
    declared: bool
    tier: str
    word: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptComparisonView:
    """One comparison at one value: the estimate with the bounds that would decide, and how it stands."""

    printed: str
    estimate: NumberView
    deciding: IntervalView
    stand: str
    word: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptRowView:
    """A comparison at each value, None where it has no runs or could not be compared."""

    name: str
    told: tuple[tuple[str, str], ...]
    cells: tuple[SweptComparisonView | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptStandView:
    """A prediction at one value: how it stands, and what it gave in few words."""

    stand: str
    word: str
    printed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptPredictionView:
    """A prediction at each value, with its comparisons."""

    part: str
    says: str
    reading: str
    label: str
    cells: tuple[SweptStandView | None, ...]
    rows: tuple[SweptRowView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptClaimView:
    """A claim at each value. `words` are the tier's, empty where there are no runs; `notes` what must stand beside a word.

    `text`: whether the word is the same at all values, or which values change it.
    """

    number: int
    id: str
    statement: str
    words: tuple[str, ...]
    notes: tuple[str, ...]
    text: str
    predictions: tuple[SweptPredictionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptView:
    """A field that the paper leaves open, the claims at each of its values, the declared one first. `text` says what it is."""

    reproduction: str
    profile: str
    field: str
    what: str
    chosen: str
    text: str
    values: tuple[ValueView, ...]
    claims: tuple[SweptClaimView, ...]
