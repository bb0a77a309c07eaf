"""Search attacks on queries: who attacks sees nothing of an encoder but a score, and may ask for so many.

The objective is the hinge of retrieval, J: the highest score of an irrelevant candidate less the highest of a relevant one,
in the pool that is evaluated. Above 0 the first place is lost, and a query is left alone from there on, also where it was lost
before. A1 searches greedily over letters, A2 over words of other languages, A3 takes the worst of sixteen draws by the same
objective, so what A1 finds beyond it is due to the search. Every arm is attacked with the same budget and the same cap.

Source: Pruthi et al. 2019, arXiv:1905.11268 (moves); Gao et al. 2018, arXiv:1801.04354 (ranking of slots); Tan and Joty 2021,
arXiv:2103.09593 (code-mixing).
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from claimcheck.corpora.corpus import Question
from claimcheck.perturbation import attack_moves, code_mixing
from claimcheck.perturbation.families import FAMILIES
from claimcheck.perturbation.family import Lexicon, seed
from claimcheck.perturbation.text import Text, edits, read

ATTACKS: Mapping[str, str] = {"A1": "greedy search over letters", "A2": "greedy search over words of other languages",
                              "A3": "worst of sixteen draws"}
"""Id -> title, in the order of reports."""
MOST_ASKED = 64
"""Texts that are scored in one step of a search at most, for every arm the same."""
MASKED = 32
"""Slots that are ranked by leaving them out, at most; the other half of a step is for moves."""
SLOTS_TRIED = 8
"""Of the slots, so ranked, the first at which moves are tried."""
DRAWN = ("P1", "P2", "P3", "P4")
DRAWS = 4
"""Of each of these families, in all sixteen: more draws have a worse worst."""
_TOGETHER = 256

Scorer: TypeAlias = Callable[[Sequence[tuple[int, Sequence[str]]]], Sequence[NDArray[np.float32]]]
"""Lists of texts, each with the place of the question that they stand in for -> of each text J, (n,) float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacked:
    """One question after an attack of at most `edits` edits.

    `text`: as it was given where nothing was found that raises J, and then not `applied`; `made`: edits in it, at most;
    `asked`: texts that were scored up to and with this budget, the clean one among them; `clean` and `hinge`: J before, after.
    """

    id: str
    language: str
    attack: str
    edits: int
    text: str
    applied: bool
    made: int
    asked: int
    clean: float
    hinge: float


def attack(kind: str, questions: Sequence[Question], edits: int, score: Scorer,
           lexicon: Lexicon | None = None) -> list[tuple[Attacked, ...]]:
    """Of each question, in order, what an attack makes of it under each budget from 1 to `edits`.

    What is made of a question does not depend on which others are with it, if the score of a list does not.
    Raises ValueError: there is no such attack, or no edit is allowed.
    """
    if kind not in ATTACKS:
        raise ValueError(f"{kind} is no attack; use {', '.join(ATTACKS)}")
    if edits < 1:
        raise ValueError(f"an attack of {edits} edits changes nothing; allow 1 at least")
    made: list[tuple[Attacked, ...]] = []
    for start in range(0, len(questions), _TOGETHER):
        part = questions[start:start + _TOGETHER]
        numbered = list(range(start, start + len(part)))
        clean = score([(number, [each.text]) for number, each in zip(numbered, part, strict=True)])
        states = [_State(number=number, question=each, clean=float(j[0]), hinge=float(j[0]), text=each.text)
                  for number, each, j in zip(numbered, part, clean, strict=True)]
        steps = {"A1": _letters, "A2": _words, "A3": _draws}[kind](states, edits, score, lexicon or {})
        made += [tuple(each.told(kind, budget) for budget, each in enumerate(own, 1)) for own in zip(*steps, strict=True)]
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """A question on its way; `number`: its place among all that are attacked."""

    number: int
    question: Question
    text: str
    clean: float
    hinge: float
    made: int = 0
    asked: int = 1
    draft: attack_moves.Draft | code_mixing.Mixed | None = field(default=None, repr=False)

    @property
    def lost(self) -> bool:
        return self.hinge > 0

    def told(self, kind: str, budget: int) -> Attacked:
        return Attacked(id=self.question.id, language=self.question.language, attack=kind, edits=budget, text=self.text,
                        applied=self.text != self.question.text, made=self.made, asked=self.asked, clean=self.clean,
                        hinge=self.hinge)


def _best(state: _State, drafts: Sequence[attack_moves.Draft | code_mixing.Mixed], scores: NDArray[np.float32]) -> _State:
    """The state after the first of the drafts with the highest J, if that is higher; what was asked is counted either way."""
    asked = replace(state, asked=state.asked + len(drafts))
    if not len(scores) or not float(scores.max()) > state.hinge:
        return asked
    best = int(scores.argmax())
    return replace(asked, text=str(drafts[best]), hinge=float(scores[best]), made=state.made + 1, draft=drafts[best])


def _asked_of(states: Sequence[_State], texts: Sequence[Sequence[str]], score: Scorer) -> list[NDArray[np.float32]]:
    """The scores of each state's texts, empty where it has none."""
    lists = [(state.number, own) for state, own in zip(states, texts, strict=True) if own]
    found = iter(score(lists) if lists else ())
    return [next(found) if own else np.zeros(0, np.float32) for own in texts]


# ---------------------------------------------------------------- A1


def _letters(states: list[_State], most: int, score: Scorer, _lexicon: Lexicon) -> list[list[_State]]:
    steps = []
    texts = {state.number: read(state.question.text, state.question.language) for state in states}
    states = [replace(state, draft=attack_moves.clean(texts[state.number])) for state in states]
    for step in range(most):
        going = [not state.lost and state.made == step and step < _allowed(texts[state.number]) for state in states]
        places = [_spread(attack_moves.free_slots(_draft(state))) if on else ()
                  for state, on in zip(states, going, strict=True)]
        masked = _asked_of(states, [[attack_moves.masked(_draft(state), place) for place in own]
                                    for state, own in zip(states, places, strict=True)], score)
        drafts = [_tried(_draft(state), own, scores) for state, own, scores in zip(states, places, masked, strict=True)]
        scores = _asked_of(states, [[str(draft) for draft in own] for own in drafts], score)
        states = [_best(replace(state, asked=state.asked + len(own)), tried, each)
                  for state, own, tried, each in zip(states, places, drafts, scores, strict=True)]
        steps.append(states)
    return steps


def _allowed(text: Text) -> int:
    return edits(text, "light") if len(text) else 0


def _draft(state: _State) -> attack_moves.Draft:
    assert isinstance(state.draft, attack_moves.Draft)
    return state.draft


def _spread(places: Sequence[int]) -> tuple[int, ...]:
    """At most so many of the slots as are ranked, evenly spread."""
    if len(places) <= MASKED:
        return tuple(places)
    return tuple(places[number * len(places) // MASKED] for number in range(MASKED))


def _tried(draft: attack_moves.Draft, places: Sequence[int], masked: NDArray[np.float32]) -> list[attack_moves.Draft]:
    """The moves at the slots without which J is highest, slot by slot, as many as the cap leaves; ties by place."""
    order = np.argsort(-masked, kind="stable")[:SLOTS_TRIED]
    found = [each for number in order for each in attack_moves.moves(draft, places[number])]
    return found[:MOST_ASKED - len(places)]


# ---------------------------------------------------------------- A2


def _words(states: list[_State], most: int, score: Scorer, lexicon: Lexicon) -> list[list[_State]]:
    steps = []
    by_language = code_mixing.dictionary(lexicon)
    states = [replace(state, draft=code_mixing.clean(state.question.text)) for state in states]
    for step in range(most):
        going = [not state.lost and state.made == step < code_mixing.MOST_WORDS for state in states]
        drafts = [code_mixing.mixed(state.draft, state.question.language, by_language)[:MOST_ASKED]
                  if on and isinstance(state.draft, code_mixing.Mixed) else []
                  for state, on in zip(states, going, strict=True)]
        scores = _asked_of(states, [[str(draft) for draft in own] for own in drafts], score)
        states = [_best(state, own, each) for state, own, each in zip(states, drafts, scores, strict=True)]
        steps.append(states)
    return steps


# ---------------------------------------------------------------- A3


def _draws(states: list[_State], most: int, score: Scorer, _lexicon: Lexicon) -> list[list[_State]]:
    """Each budget draws anew; where a question was lost under a smaller one, it is left as it is there."""
    steps: list[list[_State]] = []
    asked = [state.asked for state in states]
    for budget in range(1, most + 1):
        before = steps[-1] if steps else states
        texts = [[] if state.lost else _drawn(state.question, budget) for state in before]
        scores = _asked_of(states, texts, score)
        asked = [count + len(own) for count, own in zip(asked, texts, strict=True)]
        made = []
        for number, (state, own, each) in enumerate(zip(states, texts, scores, strict=True)):
            if before[number].lost:
                made.append(before[number])
                continue
            base = replace(state, asked=asked[number])
            # the clean text among them is no find, though in another batch it may score a hair higher
            hinges = np.where([text == state.question.text for text in own], -np.inf, each)
            if len(hinges) and float(hinges.max()) > state.hinge:
                best = int(hinges.argmax())
                used = min(budget, _allowed(read(state.question.text, state.question.language)))
                base = replace(base, text=own[best], hinge=float(each[best]), made=used)
            made.append(base)
        steps.append(made)
    return steps


def _drawn(question: Question, budget: int) -> list[str]:
    """Texts of the draws of all families, with as many edits as the budget and the length of the question allow."""
    text = read(question.text, question.language)
    if not len(text):
        return []
    made = []
    for name in DRAWN:
        family = FAMILIES["P1z" if name == "P1" and question.language == "zh" else name]
        for draw in range(DRAWS):
            own = family.edit(text, min(budget, _allowed(text)),
                              random.Random(seed(family, question.language, question.id, draw)), {})  # noqa: S311
            made.append(question.text if own is None else own)
    return made
