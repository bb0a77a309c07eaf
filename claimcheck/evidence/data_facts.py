"""Facts about data sets, counted in their files: prediction and corpus -> count of what holds."""

from collections import Counter
from decimal import Decimal

from claimcheck.corpora.corpus import ParallelCorpus
from claimcheck.finding import Cell, Count, Outcome, Source, Statistics, Value
from claimcheck.prediction import DataPrediction, InLanguages, Parallel, Setting, SettingCount


def find_fact(prediction: DataPrediction, corpus: ParallelCorpus) -> Count:
    """What the files of a corpus show for one prediction."""
    match prediction.fact:
        case InLanguages() as fact:
            return _equal(f"{fact.dataset} comes in {fact.languages} languages", len(corpus.languages), fact.languages,
                          note=" ".join(corpus.languages), sources=_files(corpus))
        case Parallel() as fact:
            return _parallel(fact, corpus)
        case SettingCount() as fact:
            return _settings(fact, corpus)


def _files(corpus: ParallelCorpus) -> tuple[Source, ...]:
    """What a fact of a corpus rests on: its files, one a language, which the report lists with their digests."""
    return (Source(file=f"all {len(corpus.languages)} files of {corpus.name}"),)


def _equal(asks: str, found: int, claimed: int, *, note: str, sources: tuple[Source, ...]) -> Count:
    return Count(asks=asks, cells=(Cell(
        about=(), note=note, sources=sources, outcome=Outcome.HOLDS if found == claimed else Outcome.FAILS,
        values=(Value(name="in the files", value=Decimal(found), decimals=0),
                Value(name="in the claim", value=Decimal(claimed), decimals=0))),))


def _parallel(fact: Parallel, corpus: ParallelCorpus) -> Count:
    """A cell for each number of languages that questions stand in; its units are those questions."""
    numbers = Counter(len(languages) for languages in corpus.languages_of_questions().values())
    cells = tuple(Cell(about=(("a question stands in", f"{number} languages"),), units=questions, sources=_files(corpus),
                       values=(Value(name="questions", value=Decimal(questions), decimals=0),),
                       outcome=Outcome.HOLDS if number >= fact.languages else Outcome.FAILS)
                  for number, questions in sorted(numbers.items(), reverse=True))
    return Count(asks=f"a question of {fact.dataset} stands in all {fact.languages} languages", cells=cells)


def _settings(fact: SettingCount, corpus: ParallelCorpus) -> Count:
    if fact.setting is Setting.MONOLINGUAL:
        sizes = [len(part.questions) for part in corpus.parts.values() if part.questions]
    else:
        sizes = [shared for one in corpus.languages for other in corpus.languages
                 if one != other and (shared := corpus.shared_questions(one, other))]
    most = f" to {max(sizes):,}" if sizes and max(sizes) > min(sizes) else ""
    rests = f"each rests on {min(sizes):,}{most} questions" if sizes else "none has a question"
    return _equal(f"{fact.dataset} gives {fact.equals} {fact.setting} settings", len(sizes), fact.equals, note=rests,
                  sources=_files(corpus))


# ---------------------------------------------------------------- what a reader should know of a corpus


def statistics(corpus: ParallelCorpus, title: str) -> tuple[Statistics, ...]:
    """Counts by language, questions by the number of their languages, and, where they differ, questions shared by pairs."""
    tables = [_by_language(corpus, title), _by_number_of_languages(corpus, title)]
    if len({corpus.shared_questions(one, other) for one in corpus.languages for other in corpus.languages}) > 1:
        tables.append(_by_pair(corpus, title))
    return tuple(tables)


def _by_language(corpus: ParallelCorpus, title: str) -> Statistics:
    rows: list[tuple[str, tuple[int | None, ...]]] = []
    for language, part in corpus.parts.items():
        texts = Counter(candidate.text for candidate in part.candidates)
        rows.append((language, (
            len(part.questions), len({question.text for question in part.questions}), len(part.candidates), len(texts),
            _repeated(texts), part.answers_run_past, part.breaks_differ)))
    pool = Counter(candidate.text for part in corpus.parts.values() for candidate in part.candidates)
    sums = [sum(row[1][column] or 0 for row in rows) for column in (0, 2, 5, 6)]
    rows.append(("all", (sums[0], None, sums[1], len(pool), _repeated(pool), sums[2], sums[3])))
    return Statistics(
        title=f"{title} by language",
        says="A candidate is a sentence by its position; the relevant one holds the start of the answer. Repeated: sentences "
             "whose text stands more than once in the pool, so that they tie. Past: answers that end beyond their sentence. "
             "Breaks: sentences that are not the text between their published breaks.",
        columns=("questions", "distinct strings", "sentences", "distinct texts", "repeated", "answers past", "breaks differ"),
        rows=tuple(rows))


def _repeated(texts: Counter[str]) -> int:
    return sum(number for number in texts.values() if number > 1)


def _by_number_of_languages(corpus: ParallelCorpus, title: str) -> Statistics:
    numbers = Counter(len(languages) for languages in corpus.languages_of_questions().values())
    return Statistics(title=f"{title}: questions by the number of languages that they stand in", columns=("questions",),
                      says=f"Of {sum(numbers.values()):,} questions.",
                      rows=tuple((f"in {number}", (numbers[number],)) for number in range(len(corpus.languages), 0, -1)
                                 if numbers[number] or number == len(corpus.languages)))


def _by_pair(corpus: ParallelCorpus, title: str) -> Statistics:
    return Statistics(
        title=f"{title}: questions that two languages share", columns=corpus.languages,
        says="A cross-lingual setting rests on these; a question without a relevant sentence in the other language is left out "
             "of it.",
        rows=tuple((one, tuple(corpus.shared_questions(one, other) for other in corpus.languages)) for one in corpus.languages))
