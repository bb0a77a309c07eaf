"""Many queries after every draw of several families."""

from collections.abc import Iterable, Iterator, Sequence

from claimcheck.corpora.corpus import Question
from claimcheck.perturbation.family import Family, Lexicon, Perturbed, perturb
from claimcheck.perturbation.text import Budget

DRAWS = 3
"""So many draws of a family that draws at random, unless others are asked for."""


def perturbed(questions: Iterable[Question], families: Sequence[Family], budget: Budget = "light", draws: int = DRAWS,
              lexicon: Lexicon | None = None) -> Iterator[Perturbed]:
    """Each query in turn after each draw of each family; of a family that draws nothing there is one draw.

    Also where a family does not exist in a query's language, so that nobody counts on what is not there: `applied` says it.
    """
    for question in questions:
        for family in families:
            for draw in range(draws if family.drawn else 1):
                yield perturb(question, family, budget, draw, lexicon)
