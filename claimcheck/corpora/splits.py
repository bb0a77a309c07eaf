"""Which articles are trained on and which are evaluated: partitions by article, equal in all arms, and clusters of questions.

A cluster is a connected component of articles and question ids: what must not be parted, and the unit of resampling. On a
fully parallel data set (XQuAD-R) it is the article.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from claimcheck.corpora.corpus import LanguagePart, ParallelCorpus
from claimcheck.corpora.overlap import shared_articles
from claimcheck.design import Route, Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """`of_question`: question id -> cluster; `of_article`: (language, title) -> cluster. Clusters are called by a title."""

    of_question: Mapping[str, str] = field(repr=False)
    of_article: Mapping[tuple[str, str], str] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """All clusters, sorted."""
        return tuple(sorted(set(self.of_article.values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What one leg of a run trains on and evaluates. `left_out`: articles that would be evaluated and were trained on.

    `select`: what chooses the checkpoint, of articles that are neither; None where nothing of the training data is held back.
    """

    train: ParallelCorpus
    evaluate: ParallelCorpus
    clusters: Clusters
    left_out: tuple[str, ...] = ()
    select: ParallelCorpus | None = None


def clusters(corpus: ParallelCorpus) -> Clusters:
    """Connected components of (language, article) and question id.

    Source: statistics of the data (48 components in XQuAD-R, 520 in MLQA-R) and LAReQA's construction, arXiv:2004.05484.
    """
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for language, part in corpus.parts.items():
        for candidate in part.candidates:
            root((language, candidate.article))
        for question in part.questions:
            parent[root((language, question.article))] = root(("", question.id))
    members: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for node in parent:
        members.setdefault(root(node), []).append(node)
    names: dict[tuple[str, str], str] = {}
    for each, nodes in sorted(members.items(), key=lambda item: min(item[1])):
        titles = sorted((language != "en", language, title) for language, title in nodes if language)
        ids = sorted(name for language, name in nodes if not language)
        name = titles[0][2] if titles else ids[0]
        names[each] = name if name not in names.values() else f"{name} ({ids[0] if ids else titles[0][1]})"
    return Clusters(of_question={name: names[root((language, name))] for language, name in parent if not language},
                    of_article={node: names[root(node)] for node in parent if node[0]})


def in_order(names: Collection[str], seed: int) -> tuple[str, ...]:
    """Clusters in the order that a seed gives: by SHA-256 of seed and name, so that no library's generator can change it."""
    return tuple(sorted(names, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest()))


def parted(names: Collection[str], split: Split, fold: int, training_seed: int) -> tuple[frozenset[str], frozenset[str]]:
    """The clusters trained on, and those evaluated, in a fold (0 where there is one part only).

    Raises ValueError: more are to be evaluated than there are, or none is left to train on.
    """
    order = in_order(names, training_seed if split.seed is None else split.seed)
    if split.folds is not None:
        evaluate = order[fold::split.folds]
        train = [name for name in order if name not in evaluate]
    else:
        assert split.evaluate is not None
        evaluate, train = order[:split.evaluate], list(order[split.evaluate:])
        if split.development is not None:
            evaluate, train = tuple(train[:split.development]), train[split.development:]
    if not evaluate or not train:
        raise ValueError(f"{len(order)} articles cannot be parted so that some are trained on and some evaluated; "
                         "change `split`")
    return frozenset(train), frozenset(evaluate)


def _held_back(trained: frozenset[str], split: Split, training_seed: int) -> frozenset[str]:
    """Those of the clusters trained on that choose the checkpoint instead. Raises ValueError: none is left to train on."""
    order = in_order(trained, training_seed if split.seed is None else split.seed)
    if split.select is not None and split.select >= len(order):
        raise ValueError(f"{len(order)} articles are trained on, and `select` holds back {split.select}; hold back fewer")
    return frozenset(order[: split.select or 0])


def without_training(evaluate: ParallelCorpus, route: Route, languages: Sequence[str]) -> Parts:
    """A data set that is evaluated whole in some languages, where what is trained on are pairs without articles.

    Raises ValueError: a language is not in it.
    """
    return Parts(train=ParallelCorpus(name=route.train, parts={}), evaluate=_in_languages(evaluate, tuple(sorted(languages))),
                 clusters=clusters(evaluate))


def apart_from(corpus: ParallelCorpus, evaluated: ParallelCorpus, languages: Sequence[str]) -> ParallelCorpus:
    """A corpus in those of some languages that it has, without the articles that stand in what is evaluated."""
    own = ParallelCorpus(name=corpus.name, parts={each: corpus.parts[each] for each in languages if each in corpus.parts})
    known = clusters(own)
    both = set(shared_articles(evaluated, own))
    shared = {cluster for (_, title), cluster in known.of_article.items() if title.replace("_", " ") in both}
    return restricted(own, known, frozenset(known.names) - shared)


def parts(corpora: Mapping[str, ParallelCorpus], route: Route, languages: Sequence[str], fold: int,
          training_seed: int) -> Parts:
    """What a route trains on and evaluates in one fold, in the languages of the route, else in these.

    Raises KeyError: a corpus is not there; ValueError: a language is not in a corpus, or the articles cannot be parted.
    """
    spoken = route.languages or languages
    train, evaluate = (_in_languages(corpora[name], tuple(sorted(own))) for name, own in (
        (route.train, spoken), (route.evaluate, route.evaluated_languages or spoken)))
    own = clusters(evaluate)
    if route.split is not None:
        trained, evaluated = parted(own.names, route.split, fold, training_seed)
        selecting = _held_back(trained, route.split, training_seed)
        return Parts(train=restricted(train, own, trained - selecting), evaluate=restricted(evaluate, own, evaluated),
                     clusters=own, select=restricted(train, own, selecting) if selecting else None)
    both = set(shared_articles(evaluate, train))
    shared = {cluster for (_, title), cluster in own.of_article.items() if title.replace("_", " ") in both}
    return Parts(train=train, evaluate=restricted(evaluate, own, frozenset(own.names) - shared), clusters=own,
                 left_out=tuple(sorted(both)))


def restricted(corpus: ParallelCorpus, known: Clusters, kept: Collection[str]) -> ParallelCorpus:
    """The corpus with the questions and candidates of some clusters only; ids and order stay as they are."""
    made = {}
    for language, part in corpus.parts.items():
        places = [place for place, candidate in enumerate(part.candidates)
                  if known.of_article[language, candidate.article] in kept]
        moved = {place: number for number, place in enumerate(places)}
        questions = tuple(each for each in part.questions if known.of_question[each.id] in kept)
        made[language] = LanguagePart(language=language, questions=questions,
                                      candidates=tuple(part.candidates[place] for place in places),
                                      relevant={each.id: moved[part.relevant[each.id]] for each in questions})
    return ParallelCorpus(name=corpus.name, parts=made)


def _in_languages(corpus: ParallelCorpus, languages: Sequence[str]) -> ParallelCorpus:
    if missing := [language for language in languages if language not in corpus.parts]:
        raise ValueError(f"{corpus.name} does not come in {', '.join(missing)}; name other languages")
    return ParallelCorpus(name=corpus.name, parts={language: corpus.parts[language] for language in languages})
