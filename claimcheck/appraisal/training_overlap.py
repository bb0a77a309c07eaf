"""What a run's packed training data hold of what it evaluates, in sentences: hygiene of our own data, shown beside a run."""

from collections.abc import Iterator, Mapping
from typing import Any

from claimcheck.appraisal.measured import Measured


def overlaps(measured: Measured) -> tuple[str, ...]:
    """One sentence for each packed corpus and each data set evaluated after it; nothing of runs on other data."""
    records = (result.record for results in measured.results.values() for result in results)
    return tuple(dict.fromkeys(text for record in records for text in _of(record.get("training_overlap", {}))))


def _of(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for evaluated, parts in found.items():
        for part, scanned in parts.items():
            if scanned is None:
                yield (f"whether {part} holds what is evaluated of {evaluated} was not looked at before it was trained on "
                       f"(`claimcheck data overlap {part} {evaluated}`)")
                continue
            yield f"in {part}, which is trained on, stand of {evaluated} " + "; ".join(
                _counted(what, each) for what, each in scanned.items())


def _counted(what: str, each: Mapping[str, int]) -> str:
    found = each["exact"] + each["contained"] + each["near"]
    own, _, other = what.partition(" in ")
    return (f"{found:,} of {each['items']:,} {own} ({each['exact']:,} the same, {each['contained']:,} contained, "
            f"{each['near']:,} nearly the same), of {each['texts']:,} {other}")
