"""What a run's packed training data hold of what it evaluates, in sentences: hygiene of our own data, shown beside a run."""

from collections.abc import Iterator, Mapping
from typing import Any

from claimcheck.appraisal.measured import Measured
from claimcheck.corpora.shingles import CHARACTERS, WORDS


def overlaps(measured: Measured) -> tuple[str, ...]:
    """One sentence for each packed corpus and each data set evaluated after it; nothing of runs on other data."""
    records = (result.record for results in measured.results.values() for result in results)
    selects = measured.plan.design.data.select
    return tuple(dict.fromkeys(text for record in records for text in _of(record.get("training_overlap", {}), selects)))


def _of(found: Mapping[str, Mapping[str, Any]], selects: str | None) -> Iterator[str]:
    """`selects`: the data set that chooses the checkpoint, if one does; it is none of those trained on."""
    for evaluated, parts in found.items():
        for part, scanned in parts.items():
            before = "it chose the checkpoint" if part == selects else "it was trained on"
            serves = "chooses the checkpoint" if part == selects else "is trained on"
            if scanned is None:
                yield (f"whether {part} holds what is evaluated of {evaluated} was not looked at before {before} "
                       f"(`claimcheck data overlap {part} {evaluated}`)")
                continue
            yield f"in {part}, which {serves}, stand of {evaluated} " + "; ".join(
                _counted(what, each) for what, each in scanned.items())


def _counted(what: str, each: Mapping[str, Any]) -> str:
    """What was found in which languages, and what was not looked for."""
    own, _, other = what.partition(" in ")
    ways = [f"{each['exact']:,} the same", f"{each['contained']:,} contained"]
    ways += [f"{each['near']:,} nearly the same"] if each["near"] is not None else []
    spoken = f"; in {', '.join(each['languages'])}" if each["languages"] else ""
    short = (f"that one of {each['short']:,} that have fewer than {WORDS} words ({CHARACTERS} characters in Thai, Chinese and "
             "Japanese) is contained")
    left = [short] if each["short"] else []
    left += ["near-duplicates"] if each["near"] is None else []
    return (f"{each['exact'] + each['contained'] + (each['near'] or 0):,} of {each['items']:,} {own} ({', '.join(ways)}), of "
            f"{each['texts']:,} {other}{spoken}" + (f" (not looked for: {'; '.join(left)})" if left else ""))
