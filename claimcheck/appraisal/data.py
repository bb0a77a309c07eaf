"""The data sets that claims are about, opened: corpora, or why they cannot be used and what to do."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from claimcheck.appraisal.tier_verdict import Unavailable
from claimcheck.corpora import lareqa
from claimcheck.corpora.corpus import ParallelCorpus
from claimcheck.corpora.door import Missing, fetch, locate, verified
from claimcheck.corpora.manifest import COUNTED, DataSet, File, manifest
from claimcheck.errors import CorruptInput, Fault
from claimcheck.finding import Statistics

if TYPE_CHECKING:
    from claimcheck.corpora.overlap import Overlap

MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What came of opening data sets. `files` holds every file that was read; `corrupt` every fault of files that differ."""

    corpora: Mapping[str, ParallelCorpus | Unavailable]
    files: tuple[File, ...]
    corrupt: tuple[Fault, ...]
    hygiene: tuple[Statistics, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The user's word that missing data may be downloaded, where to, and how to tell of it."""

    folder: Path
    report: Callable[[str], None]


def open_all(names: Iterable[str], places: Sequence[Path], consent: Consent | None) -> Opened:
    """Open data sets by name, each checked against the manifest; with consent, missing ones are downloaded first."""
    corpora: dict[str, ParallelCorpus | Unavailable] = {}
    files: list[File] = []
    corrupt: list[Fault] = []
    for name in dict.fromkeys(names):
        data_set = manifest().get(name)
        if data_set is None or data_set.parser not in COUNTED:
            known = ", ".join(each.name for each in manifest().values() if each.parser in COUNTED)
            corpora[name] = Unavailable(why=f"{name} cannot be counted", remedy=f"data sets that can be: {known}")
            continue
        try:
            corpora[name] = _open(data_set, places, consent)
        except CorruptInput as error:
            corrupt += error.faults
            first, more = error.faults[0], f" (and {len(error.faults) - 1} more)" if len(error.faults) > 1 else ""
            corpora[name] = Unavailable(why=f"{data_set.title}: {first.path.name} {first.what}{more}", remedy=first.next_move)
        else:
            files += data_set.files if isinstance(corpora[name], ParallelCorpus) else ()
    return Opened(corpora=corpora, files=tuple(files), corrupt=tuple(corrupt),
                  hygiene=hygiene(each for each in corpora.values() if isinstance(each, ParallelCorpus)))


def hygiene(corpora: Iterable[ParallelCorpus]) -> tuple[Statistics, ...]:
    """What each two of the corpora share: articles, and questions after the thresholds of `corpora.overlap`.

    Sentences are left to `claimcheck data overlap`, which takes its time.
    """
    pairs = list(combinations(corpora, 2))
    if not pairs:
        return ()  # before numpy is imported: most runs read no data
    from claimcheck.corpora.overlap import DEFAULT, overlap, questions_of, shared_articles

    tables = []
    for one, other in pairs:
        found, back = (overlap(questions_of(a), questions_of(b)) for a, b in ((one, other), (other, one)))
        articles = shared_articles(one, other)
        tables.append(Statistics(
            title=f"What {one.name} and {other.name} share",
            says=f"Articles that stand in both: {', '.join(articles) or 'none'}. Questions compared in "
                 f"{len(found.compared)} shared languages: the same after normalisation, with {DEFAULT.containment:.0%} of "
                 f"their 8-word shingles (16 characters in Thai and Chinese) in one of the other, or nearly the same (Jaccard "
                 f"{DEFAULT.jaccard:g} over 5 characters). Sentences: `claimcheck data overlap {one.name} {other.name}`. This "
                 "is about the data read here and says nothing of what the authors trained on.",
            columns=("questions", "against", "the same", "contained", "nearly the same"),
            rows=(_shared(f"{one.name} in {other.name}", found), _shared(f"{other.name} in {one.name}", back))))
    return tuple(tables)


def _shared(name: str, found: "Overlap") -> tuple[str, tuple[int | None, ...]]:
    sizes = [sum(pair[side] for pair in found.compared.values()) for side in (0, 1)]
    return name, (*sizes, found.exact, found.contained, found.near)


def _open(data_set: DataSet, places: Sequence[Path], consent: Consent | None) -> ParallelCorpus | Unavailable:
    if consent is not None and isinstance(locate(data_set, places), Missing):
        fetch(data_set, consent.folder, consent.report, places)
    found = verified(data_set, places)
    if isinstance(found, Missing):
        return not_here(data_set, found)
    return lareqa.read(data_set.name, {file.language: path for file, path in found.items()})


def not_here(data_set: DataSet, missing: Missing) -> Unavailable:
    """What is said of a data set whose files are not all here."""
    which = ", ".join(file.path for file in missing.files[:MOST_NAMED])
    more = f" and {len(missing.files) - MOST_NAMED} more" if len(missing.files) > MOST_NAMED else ""
    return Unavailable(why=f"{data_set.title} is not on this machine: {len(missing.files)} of {len(data_set.files)} files "
                       f"are missing ({which}{more})", remedy=missing.remedy)
