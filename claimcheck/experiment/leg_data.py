"""What a leg reads: the pairs that it trains on, what it evaluates, and what chooses its checkpoint."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from claimcheck.corpora import lareqa, synthetic
from claimcheck.corpora.corpus import ParallelCorpus
from claimcheck.corpora.large import LARGE
from claimcheck.corpora.pairs import InLanguages, Mixture, Pairs, in_memory, training_pairs
from claimcheck.corpora.parallel import PACKED, open_pairs
from claimcheck.corpora.splits import Parts, apart_from, parts, without_training
from claimcheck.design import SYNTHETIC, Data, Route, Training
from claimcheck.errors import UsageFault
from claimcheck.retrieval import batches
from claimcheck.retrieval.selection import Selection

MOST_SELECTING = 1 << 16
"""Items of a packed corpus that choose a checkpoint, at most: they are held in memory."""

Files = Mapping[str, Mapping[str, Path]]


def training_data(data: Data, files: Files, route: Route, fold: int, seed: int) -> tuple[Parts, Pairs]:
    """What a leg evaluates, and the pairs that it trains on, in its languages.

    Raises ValueError or UsageFault: a language is missing, or the data cannot serve so; CorruptInput: a file is damaged.
    """
    spoken = data.trained_in(route)
    names = data.parts(route)
    apart = route.train in data.mixtures or PACKED in files.get(route.train, {})
    if route.evaluate in LARGE:
        part = without_training(ParallelCorpus(name=route.evaluate, parts={}), route, ())
        if not apart:
            return part, training_pairs(_in(_corpus(files, route.train), spoken))
    elif apart:
        part = without_training(_corpus(files, route.evaluate), route, data.evaluated_in(route))
    else:
        corpora = {name: _corpus(files, name) for name in (route.train, route.evaluate)}
        part = parts(corpora, route, data.languages, fold, seed)
        return part, training_pairs(part.train)
    if route.train not in data.mixtures:
        return part, InLanguages(pairs=open_pairs(files[route.train][PACKED]), languages=spoken)
    return part, mixture(names, files, spoken)


def mixture(names: tuple[str, ...], files: Files, spoken: tuple[str, ...]) -> Mixture:
    """The data sets of a mixture, each in those of the languages that it has. Raises UsageFault: one has none of them."""
    made = []
    for name in names:
        pairs = open_pairs(files[name][PACKED]) if PACKED in files.get(name, {}) else training_pairs(_corpus(files, name))
        own = tuple(language for language in spoken if language in pairs.languages)
        if not own:
            raise UsageFault(f"{name} is in {', '.join(pairs.languages)} and none of the languages trained on, "
                             f"{', '.join(spoken)}; take it out of the mixture")
        made.append(InLanguages(pairs=pairs, languages=own))
    if missing := [language for language in spoken if not any(language in each.languages for each in made)]:
        raise ValueError(f"the mixture does not come in {', '.join(missing)}; name other languages, or add data in those")
    return Mixture(names=names, parts=tuple(made))


def selection(data: Data, training: Training, files: Files, route: Route, part: Parts) -> Selection | None:
    """The pairs that choose the checkpoint: articles held back from training, else those of a data set of its own."""
    if training.select_every is None:
        return None
    languages, name = data.trained_in(route), data.select
    if part.select is not None:
        pairs = training_pairs(part.select)
    elif name is None:
        raise UsageFault("`select_every` looks at a loss, and neither `select` in the data nor one in the split says on what; "
                         "add one of them")
    elif PACKED in files.get(name, {}):
        packed = open_pairs(files[name][PACKED])
        if packed.count > MOST_SELECTING:
            raise UsageFault(f"{name} holds {packed.count} items, and a checkpoint is chosen on {MOST_SELECTING} at most; "
                             "pack fewer")
        spoken = tuple(language for language in languages if language in packed.languages)
        pairs = in_memory(InLanguages(pairs=packed, languages=spoken))
    else:
        corpus = _corpus(files, name)
        # apart from whatever is evaluated after this training, so that one checkpoint serves all of it
        alike = [each for each in data.routes
                 if (each.train, each.split) == (route.train, None) and each.evaluate not in LARGE]
        for evaluated in [part.evaluate] if route.split is not None else [
                _in(_corpus(files, each.evaluate), data.evaluated_in(each)) for each in alike]:
            corpus = apart_from(corpus, evaluated, languages)
        pairs = training_pairs(_in(corpus, [language for language in languages if language in corpus.parts]))
    return Selection(pairs=pairs, every=training.select_every, batch_size=batches.stated(training.batch_size, "batch_size"))


def whole_corpus(files: Files, name: str) -> ParallelCorpus:
    """A parallel data set in all its languages."""
    return _corpus(files, name)


def _in(corpus: ParallelCorpus, languages: tuple[str, ...] | list[str]) -> ParallelCorpus:
    if missing := [language for language in languages if language not in corpus.parts]:
        raise ValueError(f"{corpus.name} does not come in {', '.join(missing)}; name other languages")
    return ParallelCorpus(name=corpus.name, parts={language: corpus.parts[language] for language in languages})


def _corpus(files: Files, name: str) -> ParallelCorpus:
    return _read(name, tuple(sorted(files.get(name, {}).items())))


@lru_cache(maxsize=4)
def _read(name: str, files: tuple[tuple[str, Path], ...]) -> ParallelCorpus:
    return synthetic.make() if name == SYNTHETIC else lareqa.read(name, dict(files))
