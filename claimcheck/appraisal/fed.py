"""Where arms differ in more than how batches are filled: data in one language alone, which no cross-lingual batch can hold."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from claimcheck.appraisal.measured import Measured


def fed(measured: Measured) -> tuple[str, ...]:
    """One sentence for each mixture that has such data, with the share of each arm's batches that came from it, of all runs."""
    batches: dict[tuple[str, ...], dict[str, Counter[bool]]] = {}
    for (_, arm), results in measured.results.items():
        for leg in (leg for result in results for leg in result.record.get("legs", ())):
            given: Mapping[str, Any] = leg.get("batches", {})
            single, of = tuple(given.get("in_one_language", ())), given.get("data_sets", {})
            if single and of and sum(of.values()):
                seen = batches.setdefault(single, {}).setdefault(arm, Counter())
                seen.update({alone: sum(number for name, number in of.items() if (name in single) is alone)
                             for alone in (True, False)})
    return tuple(f"arms see different data: {' and '.join(single)} {'are' if len(single) > 1 else 'is'} in one language alone, "
                 f"which no cross-lingual batch can hold; of the batches of {', '.join(map(_share, arms, arms.values()))} came "
                 "from there" for single, arms in batches.items())


def _share(arm: str, seen: Mapping[bool, int]) -> str:
    return f"{arm} {100 * seen[True] / (seen[True] + seen[False]):.1f} %"
