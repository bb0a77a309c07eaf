"""Work: a run that is to stand in the store, with what it depends on and where its data are."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from claimcheck.measurement.provenance import Ingredients
from claimcheck.run import Condition, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`files`: data set -> language -> file; the synthetic corpus needs none. `key`: the result's name in the store.

    `checkpoint`: the folder of the backbone's weights, where it has any.
    """

    run: Run
    ingredients: Ingredients
    files: Mapping[str, Mapping[str, Path]] = field(repr=False)
    key: str
    checkpoint: Path | None = None


def work(run: Run, ingredients: Ingredients, files: Mapping[str, Mapping[str, Path]], checkpoint: Path | None = None) -> Work:
    """The work of a run, with the data sets that it names only, so that no other data set moves its key."""
    names = sorted({*run.condition.data.used} | selecting(run.condition))
    own = replace(ingredients, data={name: ingredients.data[name] for name in names})
    return Work(run=run, ingredients=own, files={name: files[name] for name in names if name in files}, key=own.key(run),
                checkpoint=checkpoint)


def selecting(condition: Condition) -> set[str]:
    """The data set that chooses the checkpoint, if one does."""
    chooses = condition.training.select_every is not None and condition.data.select is not None
    return {condition.data.select} if chooses and condition.data.select is not None else set()
