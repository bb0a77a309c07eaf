"""The published files of a part of the training data made into packed pairs, all or nothing, the number of items checked."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from claimcheck.corpora import checked, published_pairs, training_files
from claimcheck.corpora.parallel import PackedPairs
from claimcheck.corpora.parallel_writing import pack_items
from claimcheck.corpora.training_data import TrainingPart
from claimcheck.corpora.triple_writing import Tables, pack_triples
from claimcheck.errors import CorruptInput, Fault, UsageFault

MSMARCO_LANGUAGES: Mapping[str, str] = MappingProxyType({
    "ar": "arabic", "zh": "chinese", "nl": "dutch", "en": "english", "fr": "french", "de": "german", "hi": "hindi",
    "id": "indonesian", "it": "italian", "ja": "japanese", "pt": "portuguese", "ru": "russian", "es": "spanish",
    "vi": "vietnamese"})
"""Code -> what the files of mMARCO call the language, all that it was translated into."""
TRIPLES = "msmarco-triples"
"""The parser that the registry names for triples of ids; every other one is among `published_pairs.READERS`."""
MSMARCO_TRIPLES = "data/triples.train.ids.small.tsv"


def msmarco_tables(language: str) -> tuple[str, str]:
    """Where mMARCO has the questions and the passages of a language."""
    name = MSMARCO_LANGUAGES[language]
    return f"data/google/queries/train/{name}_queries.train.tsv", f"data/google/collections/{name}_collection.tsv"


def prepare(part: TrainingPart, places: Sequence[Path], out: Path, *, any_count: bool = False,
            told: Callable[[int], None] | None = None) -> PackedPairs:
    """Pack the files of a part, found in one of the data folders `places`, as the corpus of its name in the data folder `out`.

    The corpus says as its source where the part is from and at which commit; with `any_count`, and where the number of items is
    not the published one, also how many there are, so that it does not count as the part itself. `told`: as in `pack`.
    Raises UsageFault: the part cannot be had, its files are not here, or as `pack`; CorruptInput: every fault of the files,
    each that has not the digest that is known of it, or another number of items than was published.
    """
    training_files.refuse(part)
    folder, absent = training_files.here(part, places)
    if folder is None:
        raise UsageFault(f"{part.name}: {len(absent)} of {len(part.files)} files, {absent[0]} first, are not on this machine, "
                         f"or not in one folder; {training_files.remedy(part)}")
    files = [folder / name for name in part.files]
    _as_known(part, folder)

    def counted(count: int) -> str:
        if part.expected is None or count == part.expected:
            return part.origin
        what = f"{count:,} items where {part.expected:,} were published"
        if not any_count:
            # the file that alone says how many there are; where several do, none of them is to blame
            blamed = folder / MSMARCO_TRIPLES if part.parser == TRIPLES else files[0] if len(files) == 1 else folder
            raise CorruptInput([Fault(path=blamed, what=what, next_move=(
                "it may be cut off: fetch it again, or pack whatever is there with --any-count"))])
        return f"{part.origin}, but {what}"

    if part.parser == TRIPLES:
        tables = {language: Tables(queries=folder / queries, passages=folder / passages)
                  for language in part.languages for queries, passages in [msmarco_tables(language)]}
        return pack_triples(tables, folder / MSMARCO_TRIPLES, out, name=part.name, licence=part.terms, source_note=part.origin,
                            citation=part.citation, counted=counted, told=told)
    language, = part.languages
    given = published_pairs.source(language, files, published_pairs.READERS[part.parser])
    return pack_items([given], out, name=part.name, licence=part.terms, source_note=part.origin, citation=part.citation,
                      counted=counted, told=told)


def _as_known(part: TrainingPart, folder: Path) -> None:
    """Raises CorruptInput: each file whose digest is known and another one."""
    known = dict(zip(part.files, part.digests, strict=True)) if part.digests else {}
    found = checked.digests([folder / name for name in known], folder / ".checked.json")
    if faults := [Fault(path=folder / name, what="differs from the published one, by its SHA-256", next_move=(
            f"remove it and run `claimcheck data fetch {part.name}`; nothing is made of it until then"))
            for name, (_, digest) in known.items() if found[folder / name] != digest]:
        raise CorruptInput(faults)
