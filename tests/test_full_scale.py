"""Full scale on small things: mixtures of data sets, one training put to several data sets, MIRACL's path on made passages."""

import hashlib
import json
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from claimcheck.appraisal.departures import departures
from claimcheck.appraisal.fed import fed
from claimcheck.appraisal.library import read_library
from claimcheck.appraisal.measured import Measured, Result
from claimcheck.appraisal.spoken import published, unspoken
from claimcheck.appraisal.works import works
from claimcheck.cli import main
from claimcheck.corpora import lareqa, large, large_door, large_files, miracl, scan, sizes
from claimcheck.corpora.manifest import manifest
from claimcheck.corpora.overlap import questions_of
from claimcheck.corpora.pairs import InLanguages, Mixture, TrainingPairs
from claimcheck.corpora.parallel import open_pairs
from claimcheck.corpora.parallel_writing import pack
from claimcheck.corpora.training_data import training_parts
from claimcheck.design import Arm, Backbone, Data, Design, Route, Split, Training
from claimcheck.engine import publishing
from claimcheck.engine.working import legs
from claimcheck.errors import CorruptInput, UsageFault
from claimcheck.experiment.leg import Leg, execute, execute_each
from claimcheck.experiment.leg_data import mixture
from claimcheck.measurement.measures import parse, values
from claimcheck.measurement.places import Places, from_parquet
from claimcheck.plan import Plan, make
from claimcheck.report.prices import size, span
from claimcheck.reproduction import Look, Reproduction
from claimcheck.retrieval import batches
from claimcheck.run import Condition, Run, digest_of
from claimcheck.stats.power import standardised
from claimcheck.tier import Tier

TRAINING = Training(optimizer="Adam", learning_rate=0.01, batch_size=8, temperature=0.05, steps=12, warmup_steps=2,
                    schedule="linear decay", loss="InfoNCE", negatives="in-batch")
ARMS = {"monolingual": Arm(sampling="monolingual"), "crosslingual": Arm(sampling="cross-lingual"),
        "hybrid": Arm(sampling="hybrid", alpha=0.5)}
MIXTURE = {"both": ("parallel-part", "english-part")}


def pairs(count: int, languages: str, kind: str) -> TrainingPairs:
    spoken = tuple(languages.split())
    return TrainingPairs(questions=tuple(f"{kind}{number:05d}" for number in range(count)), languages=spoken,
                         queries={each: tuple(f"{kind} query {item} {each}" for item in range(count)) for each in spoken},
                         passages={each: tuple(f"{kind} passage {item} {each}" for item in range(count)) for each in spoken})


# ---------------------------------------------------------------- mixtures of data sets


def test_a_mixture_numbers_the_items_of_its_parts_one_after_another():
    one, two = pairs(5, "de en", "a"), pairs(3, "en", "b")
    mixed = Mixture(names=("one", "two"), parts=(one, two))
    assert (mixed.languages, mixed.count, mixed.bounds) == (("de", "en"), 8, (0, 5, 8))
    assert [mixed.part_of(item) for item in range(8)] == [0] * 5 + [1] * 3
    assert mixed.stands("de").tolist() == [True] * 5 + [False] * 3
    found = mixed.texts("en", np.array([7, 0, 4, 5]))
    assert found.queries == ("b query 2 en", "a query 0 en", "a query 4 en", "b query 0 en")
    assert found.negatives == (None,) * 4
    with pytest.raises(ValueError, match="does not stand in de"):
        mixed.texts("de", np.array([5]))
    with pytest.raises(ValueError, match="items are 0 to 7"):
        mixed.texts("en", np.array([8]))


def test_each_batch_comes_from_one_data_set_drawn_by_size_and_a_data_set_in_one_language_fills_no_cross_lingual_one():
    mixed = Mixture(names=("many", "few", "english"), parts=(pairs(600, "de en", "a"), pairs(200, "de en", "b"),
                                                            pairs(200, "en", "c")))
    plans = {name: batches.make(mixed, arm, replace(TRAINING, steps=3000), 7) for name, arm in ARMS.items()}
    of = {name: [Counter({mixed.part_of(item) for item in batch.questions}) for batch in plan.batches]
          for name, plan in plans.items()}
    assert all(len(each) == 1 for each in of["hybrid"])
    drawn = {name: Counter(part for each in counted for part in each) for name, counted in of.items()}
    for name, shares in (("monolingual", (0.6, 0.2, 0.2)), ("crosslingual", (0.75, 0.25, 0.0))):
        for part, share in enumerate(shares):  # five standard deviations of a binomial share
            assert abs(drawn[name][part] / 3000 - share) <= 5 * (share * (1 - share) / 3000) ** 0.5
    assert all(batch.query_language == "en" for batch, each in zip(plans["monolingual"].batches, of["monolingual"], strict=True)
               if 2 in each)


def test_arms_of_a_mixture_share_their_draws_step_by_step():
    mixed = Mixture(names=("one", "two"), parts=(pairs(300, "de en es", "a"), pairs(100, "de en es", "b")))
    long, short = replace(TRAINING, steps=200), replace(TRAINING, steps=20)
    plans = [batches.make(mixed, Arm(sampling="hybrid", alpha=alpha), long, 3) for alpha in (0.25, 0.75)]
    alike = 0
    for one, other in zip(*(plan.batches for plan in plans), strict=True):
        if one.monolingual == other.monolingual:
            assert one == other
            alike += 1
        else:  # another kind, and still the same questions of the same data set, asked in the same language
            assert one.query_language == other.query_language
            assert list(one.questions) == list(other.questions)
    assert 60 < alike < 140
    whole = batches.make(mixed, ARMS["hybrid"], short, 3)
    assert whole.batches[:10] == batches.make(mixed, replace(ARMS["hybrid"], steps_share=0.5), short, 3).batches
    assert whole != batches.make(mixed, replace(ARMS["hybrid"], order=1), short, 3)
    per_item = batches.make(mixed, Arm(sampling="cross-lingual", languages="per item"), short, 3)
    assert all(len({mixed.part_of(item) for item in batch.questions}) == 1 for batch in per_item.batches)


def test_a_mixture_that_can_fill_no_batch_of_a_kind_is_refused():
    english = Mixture(names=("one", "two"), parts=(pairs(20, "en", "a"), pairs(20, "en", "b")))
    with pytest.raises(UsageFault, match="no two languages share"):
        batches.make(english, ARMS["hybrid"], TRAINING, 0)
    assert batches.make(english, ARMS["monolingual"], TRAINING, 0).counts().monolingual == 12
    with pytest.raises(ValueError, match="at least one set of pairs"):
        Mixture(names=(), parts=())


@pytest.mark.parametrize(("mixtures", "routes", "what"), [
    ({"xquad-r": ("one",)}, (), "bears the name of a data set"),
    ({"mixed": ("one", "gone")}, (), "holds `gone`, which `train` does not name"),
    ({"mixed": ("one", "one")}, (), "or a data set twice"),
    ({"mixed": ("one",)}, (Route(train="other", evaluate="xquad-r"),), "names data that `train` or `evaluate` does not"),
    ({"mixed": ("one", "two")}, (Route(train="mixed", evaluate="two"),), "evaluates what its mixture trains on"),
])
def test_a_mixture_that_cannot_be_is_refused_with_the_next_move(mixtures, routes, what):
    with pytest.raises(ValueError, match=what):
        Data(train=("one", "two"), evaluate=("xquad-r", "two"), languages=("en",), mixtures=mixtures, routes=routes)


# ---------------------------------------------------------------- one training, several data sets


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two packed corpora, one parallel in three languages and one in English."""
    folder = tmp_path_factory.mktemp("data")
    draw = random.Random(4)
    words = ["river", "mountain", "treaty", "engine", "painter", "battle", "island", "protein", "theorem", "village"]
    for name, languages, count in (("parallel-part", ("de", "en", "es"), 120), ("english-part", ("en",), 40)):
        source = folder / "source" / name
        source.mkdir(parents=True)
        for language in languages:
            lines = [json.dumps({"query": f"{words[item % 10]} {item} {language}?",
                                 "passage": f"{draw.choice(words)} {item} {language}."}) for item in range(count)]
            (source / f"{language}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        pack(source, folder, name=name)
    return folder


def design(*routes: Route, **more: object) -> Data:
    return Data(train=("parallel-part", "english-part"), evaluate=tuple({route.evaluate: None for route in routes}),
                languages=("de", "en", "es"), mixtures=MIXTURE, routes=routes, **more)


def plan_of(data: Data, arm: str = "hybrid", seed: int = 0, dimensions: int = 16) -> Plan:
    backbone = Backbone(encoder="hashed n-grams", dimensions=dimensions, pooling="sum")
    condition = Condition(reproduction="r", backbone="n-grams", arm=arm, model=backbone, filling=ARMS[arm], data=data,
                          training=TRAINING)
    made = Design(backbones={"n-grams": backbone}, arms={arm: ARMS[arm]}, data=data, training=TRAINING, measures=("AP",),
                  seeds=1)
    return Plan(reproduction="r", profile="p", says="s", tier=Tier.REDUCED, design=made, predictions={},
                runs=(Run(condition=condition, seed=seed),), looks=(Look(runs=3, alpha=0.05),))


def legs_of(data: Data, folders: list[Path], kept: Path | None = None, **more: object) -> tuple[Leg, ...]:
    asked = works(plan_of(data, **more), folders)
    assert isinstance(asked, tuple), asked
    return legs(asked[0], kept=kept)


BOTH = (Route(train="both", evaluate="xquad-r", evaluated_languages=("de", "el", "en", "vi")),
        Route(train="both", evaluate="mlqa-r", evaluated_languages=("de", "en", "vi")))


def test_one_training_on_a_mixture_is_put_to_several_data_sets_in_languages_that_it_never_saw(places: Path, data_dir: Path):
    made = legs_of(design(*BOTH), [places, data_dir])
    assert made[0].run.condition.trainings == ((0, 1),)
    together = list(execute_each(made))
    assert [each.record["route"] for each in together] == ["both > xquad-r", "both > mlqa-r"]
    for leg, each in zip(made, together, strict=True):  # the same as each by itself, to the byte
        alone = execute(leg)
        assert alone.places == each.places
        assert alone.record["batch_plan"] == each.record["batch_plan"]
        assert each.record["trained_on"].keys() == {"de", "en", "es"}
    batches_fed = together[0].record["batches"]
    assert sum(batches_fed["data_sets"].values()) == 12
    assert batches_fed["data_sets"].keys() == {"parallel-part", "english-part"}
    assert batches_fed["in_one_language"] == ["english-part"]
    found = from_parquet(together[0].places)
    assert set(found.query_language.names) == {"de", "el", "en", "vi"}
    assert together[0].record["evaluated"].keys() == {"de", "el", "en", "vi"}


def test_that_arms_see_different_data_is_said_with_the_share_of_their_batches(places: Path, data_dir: Path):
    results = {}
    for arm in ("monolingual", "hybrid", "crosslingual"):
        leg, = legs_of(design(BOTH[1]), [places, data_dir], arm=arm)
        done = execute(leg)
        one = Result(key="0", seed=0, places=from_parquet(done.places), record={"legs": [done.record]})
        results["n-grams", arm] = (one, one)
    measured = Measured(plan=plan_of(design(BOTH[1])), results=results)
    alone = {arm: result[0].record["legs"][0]["batches"]["data_sets"]["english-part"] for (_, arm), result in results.items()}
    assert alone["monolingual"] > alone["crosslingual"] == 0
    said, = fed(measured)
    assert said.startswith("arms see different data: english-part is in one language alone, which no cross-lingual batch can ")
    assert said.endswith(f"; of the batches of monolingual {100 * alone['monolingual'] / 12:.1f} %, hybrid "
                         f"{100 * alone['hybrid'] / 12:.1f} %, crosslingual 0.0 % came from there")
    plain = {key: (replace(result[0], record={"legs": [{"batches": {}}]}),) for key, result in results.items()}
    assert fed(replace(measured, results=plain)) == ()


def test_routes_that_train_on_their_own_are_trained_each_by_itself():
    data = Data(train=("xquad-r", "mlqa-r"), evaluate=("xquad-r", "mlqa-r"), languages=("de", "en", "es"), routes=(
        Route(train="xquad-r", evaluate="mlqa-r"), Route(train="mlqa-r", evaluate="xquad-r", languages=("de", "en"))))
    assert plan_of(data).runs[0].condition.trainings == ((0,), (1,))
    with pytest.raises(ValueError, match="leave out `evaluated_languages`"):
        Route(train="x", evaluate="x", split=Split(folds=2), evaluated_languages=("en",))


def test_a_data_set_of_a_mixture_that_is_not_here_is_named(places: Path, data_dir: Path):
    data = replace(design(*BOTH), mixtures={"both": ("parallel-part", "absent-part")}, train=("parallel-part", "absent-part"))
    found = works(plan_of(data), [places, data_dir])
    assert not isinstance(found, tuple)
    assert "absent-part is no data set that can be trained on" in found.why


def test_a_mixture_that_lacks_a_language_is_refused_before_anything_is_trained(places: Path, data_dir: Path):
    for languages, what in ((("de", "es"), "english-part is in en and in none of the languages trained on, de, es"),
                            (("de", "en", "fr"), "no part of the mixture both comes in fr")):
        data = replace(design(*BOTH), languages=languages)
        found = works(plan_of(data), [places, data_dir])
        assert not isinstance(found, tuple)
        assert found.why == what
    alone = (Route(train="parallel-part", evaluate="xquad-r", languages=("en", "fr")),)
    data = replace(design(*BOTH), languages=("de", "en", "fr"), evaluate=("xquad-r",), routes=alone)
    found = works(plan_of(data), [places, data_dir])
    assert not isinstance(found, tuple)
    assert found.why == "parallel-part does not come in fr"
    files = legs_of(design(*BOTH), [places, data_dir])[0].files
    with pytest.raises(UsageFault, match="english-part is in en and none of the languages trained on, de, es"):
        mixture(MIXTURE["both"], files, ("de", "es"))
    with pytest.raises(ValueError, match="the mixture does not come in fr"):
        mixture(MIXTURE["both"], files, ("de", "en", "fr"))


def test_a_checkpoint_is_chosen_by_what_is_neither_trained_on_nor_evaluated_and_in_a_language_trained_on(
        places: Path, data_dir: Path):
    looking = replace(TRAINING, select_every=4, patience=2)
    for select, languages, what in (
            ("xquad-r", ("de", "en"), "the checkpoint is chosen on xquad-r, which is evaluated"),
            ("miracl", ("de", "en"), "no checkpoint can be chosen on `miracl`"),
            ("squadshifts", ("de", "es"), "the checkpoint is chosen on squadshifts, which is in en and in none of")):
        data = Data(train=("parallel-part",), evaluate=("xquad-r",), languages=languages, select=select,
                    routes=(Route(train="parallel-part", evaluate="xquad-r"),))
        assert isinstance(works(plan_of(data), [places, data_dir]), tuple)  # no loss is looked at
        made = Design(backbones={"n": Backbone(encoder="hashed n-grams", dimensions=8)}, arms=ARMS, data=data, training=looking,
                      measures=("AP",))
        (place, told, _), = unspoken(made, published())
        assert place == ("data", "select")
        assert told.startswith(what)


def test_data_that_choose_a_checkpoint_are_not_trained_on_and_a_language_of_a_route_stands_once():
    with pytest.raises(ValueError, match="`select: two` is trained on"):
        replace(design(*BOTH), train=("parallel-part", "english-part", "two"), select="two")
    with pytest.raises(ValueError, match="`yo` stands twice in `evaluated_languages` of the route `both > miracl`"):
        design(Route(train="both", evaluate="miracl", evaluated_languages=("yo", "yo", "sw")))


# ---------------------------------------------------------------- MIRACL, on made passages of its small languages


SMALL = ("sw", "yo")


@pytest.fixture
def as_many(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    """As if MIRACL held what is made here and no more: of each small language the passages that are judged and 500 others."""
    made = {language: len(judged_passages(data_dir, language)) + 500 for language in SMALL}
    monkeypatch.setattr(sizes, "PASSAGES", {**sizes.PASSAGES, **made})


def judged_passages(data_dir: Path, language: str) -> dict[str, str]:
    """The passages that MIRACL's published development judgments name, with text that we make: its words are the query's."""
    files = {kind: data_dir / "miracl" / f"{kind}.miracl-v1.0-{language}-dev.tsv" for kind in ("topics", "qrels")}
    queries = miracl.read_dev(files["topics"], files["qrels"], language)
    made = {}
    for query in queries.queries:
        for passage, grade in queries.judgments[query.id].items():
            made[passage] = f"{made.get(passage, '')} {query.text}" if grade else made.get(passage, "maji ya mto")
    return made


@pytest.fixture(scope="module")
def passages(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Path:
    """A data folder with made passages of two small languages: JSON lines in one, parquet in the other."""
    folder = tmp_path_factory.mktemp("miracl")
    for language in SMALL:
        rows = [{"docid": name, "title": f"Title {name}", "text": text}
                for name, text in sorted(judged_passages(data_dir, language).items())]
        rows += [{"docid": f"x{number}#0", "title": "Other", "text": f"other passage {number}"} for number in range(500)]
        corpus = folder / "miracl" / f"{language}-corpus"
        corpus.mkdir(parents=True)
        if language == "sw":
            for shard in range(2):
                lines = "".join(json.dumps(row) + "\n" for row in rows[shard::2])
                (corpus / f"docs-{shard}.jsonl").write_text(lines, encoding="utf-8")
        else:
            table = pyarrow.table({name: [row[name] for row in rows] for name in ("docid", "title", "text")})
            pyarrow.parquet.write_table(table, corpus / "dev-00000-of-00001.parquet")
    return folder


MIRACL = Route(train="both", evaluate="miracl", evaluated_languages=SMALL)


def queries_of(data_dir: Path, language: str) -> int:
    lines = (data_dir / "miracl" / f"qrels.miracl-v1.0-{language}-dev.tsv").read_text(encoding="utf-8").splitlines()
    return len({line.split("\t")[0] for line in lines if line.endswith("\t1")})


@pytest.mark.usefixtures("as_many")
def test_small_languages_of_miracl_are_evaluated_whole_after_the_same_training(places: Path, passages: Path, data_dir: Path,
                                                                              tmp_path: Path):
    made = legs_of(design(BOTH[0], MIRACL), [places, passages, data_dir], kept=tmp_path / "parts")
    assert made[0].run.condition.trainings == ((0, 1),)
    results = list(execute_each(made))
    found = from_parquet(results[1].places)
    assert set(found.route.names) == {"both > miracl"}
    assert results[1].record["evaluated"] == {
        language: {"questions": queries_of(data_dir, language), "candidates": len(judged_passages(data_dir, language)) + 500}
        for language in SMALL}
    for measure in ("nDCG@10", "R@100"):
        cells = {cell.query_language: cell for cell in values(found, parse(measure), "monolingual")}
        assert {language: len(cell.values) for language, cell in cells.items()} == {
            language: queries_of(data_dir, language) for language in SMALL}
        assert all(cell.values.mean() > 0.5 for cell in cells.values())  # the words of the query stand in what is relevant
    assert not values(found, parse("AP"), "cross-lingual")
    assert len(set(found.cluster.names)) == sum(queries_of(data_dir, language) for language in SMALL)  # ids stand in both
    left = sorted(path.name for path in (tmp_path / "parts" / "1.passages").iterdir())
    assert left == ["sw.parquet", "yo.parquet"]  # vectors go with their language


@pytest.mark.usefixtures("as_many")
def test_evaluating_that_was_interrupted_goes_on_with_what_stands(places: Path, passages: Path, data_dir: Path, tmp_path: Path,
                                                                  monkeypatch: pytest.MonkeyPatch):
    from claimcheck.experiment import large as evaluating

    def run(folder: Path) -> Places:
        made = legs_of(design(MIRACL), [places, passages, data_dir], kept=folder)
        return from_parquet(execute(made[0]).places)

    whole = run(tmp_path / "whole")
    asked: list[str] = []
    count = evaluating.evaluate_judged

    def broken(queries, shards, *more):
        asked.append(queries.language)
        if queries.language == "yo" and len(asked) == 2:
            raise MemoryError("killed here")
        return count(queries, shards, *more)

    monkeypatch.setattr(evaluating, "evaluate_judged", broken)
    with pytest.raises(MemoryError):
        run(tmp_path / "broken")
    standing = tmp_path / "broken" / "0.passages"
    assert (standing / "sw.parquet").exists()
    assert (standing / "yo" / "shards.json").exists()
    again = run(tmp_path / "broken")
    assert asked == ["sw", "yo", "yo"]  # the language that was done is not encoded again
    assert all(np.array_equal(getattr(again, name), getattr(whole, name)) for name in ("place", "tied", "pool"))


def test_hard_negatives_are_another_data_set_with_queries_of_its_own(places: Path, data_dir: Path, tmp_path: Path,
                                                                      monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(large_files, "queries_of", lambda language: 2)
    folder = tmp_path / "miracl-hard-negatives"
    tables = {"corpus": {"_id": ["1#0", "1#1", "2#0"], "title": ["a", "b", "c"], "text": ["maji", "mto", "mlima"]},
              "queries": {"_id": ["q1", "q2"], "text": ["maji", "mlima"]},
              "qrels": {"query-id": ["q1", "q2", "q2"], "corpus-id": ["1#0", "2#0", "1#1"], "score": [1, 1, 0]}}
    for kind, columns in tables.items():
        (folder / f"sw-{kind}").mkdir(parents=True)
        pyarrow.parquet.write_table(pyarrow.table(columns), folder / f"sw-{kind}" / "dev.parquet")
    route = Route(train="both", evaluate="miracl-hard-negatives", evaluated_languages=("sw",))
    leg, = legs_of(design(route), [places, tmp_path, data_dir])
    found = execute(leg)
    assert found.record["evaluated"] == {"sw": {"questions": 2, "candidates": 3}}
    assert set(from_parquet(found.places).route.names) == {"both > miracl-hard-negatives"}
    pyarrow.parquet.write_table(pyarrow.table({"query-id": ["q3"], "corpus-id": ["1#0"], "score": [1]}),
                                folder / "sw-qrels" / "dev.parquet")
    with pytest.raises(CorruptInput) as told:
        large.read_judged("miracl-hard-negatives", "sw", leg.files["miracl-hard-negatives"])
    assert [fault.what.partition(",")[0] for fault in told.value.faults] == [
        "judges the query `q3`", "the query `q1` has no judgment"]


@pytest.mark.usefixtures("as_many")
def test_a_language_that_is_not_here_is_named_with_what_to_do(places: Path, passages: Path, data_dir: Path):
    data = design(replace(MIRACL, evaluated_languages=("bn", "hi", "sw")))
    found = works(plan_of(data), [places, passages, data_dir])
    assert not isinstance(found, tuple)
    assert found.why == "the passages of miracl in bn are not on this machine, and so it is with 1 more of 3 languages"
    assert "claimcheck data fetch miracl --language bn" in found.remedy


@pytest.mark.usefixtures("as_many")
def test_other_passages_are_another_data_set_and_what_was_fetched_goes_by_its_commit(
        places: Path, passages: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own = large_door.locate("miracl", "yo", [passages, data_dir])
    assert isinstance(own, large_door.Language)
    assert set(own.files("yo")) == {"yo/topics", "yo/judgments", "yo/passages"}
    corpus = tmp_path / "miracl" / "yo-corpus"
    corpus.mkdir(parents=True)
    line = '{"docid": "1#0", "title": "a", "text": "b"}\n'
    (corpus / "docs-0.jsonl").write_text(line, encoding="utf-8")
    monkeypatch.setattr(sizes, "PASSAGES", {"yo": 1})
    other = large_door.locate("miracl", "yo", [tmp_path, data_dir])
    assert isinstance(other, large_door.Language)
    assert other.digest != own.digest
    hub, commit = large_door.repository("miracl")
    assert (hub, commit) == ("mteb/MIRACLRetrieval", manifest()["miracl"].source.rpartition(" ")[2])
    fetched = tmp_path / "third" / "sources" / "miracl" / commit / "yo-corpus"
    fetched.mkdir(parents=True)
    (fetched / "docs-0.jsonl").write_text(line, encoding="utf-8")
    listed = {"yo-corpus/docs-0.jsonl": {"bytes": len(line), "sha256": hashlib.sha256(line.encode()).hexdigest()}}
    (fetched.parent / "yo.json").write_text(json.dumps(listed), encoding="utf-8")
    found = large_door.locate("miracl", "yo", [tmp_path / "third", data_dir])
    assert isinstance(found, large_door.Language)
    assert found.passages == fetched
    assert found.digest == large_door.digest_known("miracl", "yo")  # so that a report needs no data
    asked = works(plan_of(design(replace(MIRACL, evaluated_languages=("yo",)))), [places, tmp_path / "third", data_dir])
    without = works(plan_of(design(replace(MIRACL, evaluated_languages=("yo",)))), [places], look=False)
    assert isinstance(asked, tuple)
    assert isinstance(without, tuple)
    assert [work.key for work in asked] == [work.key for work in without]


def test_only_pairs_in_some_languages_go_into_a_mixture():
    mixed = Mixture(names=("one",), parts=(InLanguages(pairs=pairs(4, "de en es", "a"), languages=("de", "en")),))
    assert mixed.languages == ("de", "en")


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    import torch

    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(before[0])
    torch.use_deterministic_algorithms(before[1])


# ---------------------------------------------------------------- what is not the paper's own


@pytest.fixture(scope="module")
def reproduction(root: Path) -> Reproduction:
    return read_library(root / "claims").reproductions["hybrid-batches"].value


def test_the_paper_s_own_design_departs_from_itself_in_nothing_and_only_it_is_of_tier_full(reproduction: Reproduction):
    for profile in reproduction.profiles:
        found = departures(reproduction, profile)
        assert (found == ()) == (reproduction.tier(profile) is Tier.FULL), profile


def test_the_open_mixture_is_said_to_lack_what_is_not_published_and_its_words_are_those_of_tier_reduced(
        reproduction: Reproduction):
    assert reproduction.tier("open") is Tier.REDUCED
    trained, languages, evaluated, arms = departures(reproduction, "open")
    assert trained.startswith("trained on mmarco, mr-tydi-en and mfaq-en; without wikiqa, duorc, newsqa, google-nq, yahoo-qa "
                              "and entity-questions (the nine languages were made by in-house machine translation")
    assert languages == "trained in ar, de, en, es, hi, ru and zh, not in th and tr"
    assert evaluated == "not evaluated: miracl"
    assert arms == "arms beside the paper's: crosslingual-half"
    more = departures(reproduction, "open-miracl")
    assert "evaluated, and not by the paper: miracl-hard-negatives; miracl in yo" in more
    assert "not evaluated: miracl in ar, es, fa, fi, fr, id, ja, ko, ru and zh" in more


def test_a_training_that_differs_is_said_in_one_sentence_with_both_values(reproduction: Reproduction):
    stated, silent = departures(reproduction, "quick")[-2:]
    assert stated.startswith("training: optimizer `Adam` instead of `AdamW`; learning rate 0.01 instead of 3e-05; ")
    assert "batch size 64 instead of 100" in stated
    assert stated.endswith("not set: query prefix, passage prefix and early stopping")
    open_and_not_listed = "training, left open by the paper and not as listed for it: "
    assert silent.startswith(f"{open_and_not_listed}betas 0.9 and 0.99; steps 200, not 100,000; ")
    assert "schedule" not in silent  # linear decay is one of the two that are listed
    assert departures(reproduction, "open-short")[-1] == (
        f"{open_and_not_listed}steps 10,000, not 100,000; steps of warm-up 500, not 1,000; "
        "steps between looks at the loss 500, not 1,000; looks without a lower loss 5, not 10")


def other(reproduction: Reproduction, **changes: Any) -> Reproduction:
    """The reproduction with a profile `other`, the paper's own but for what is replaced; of training and data single fields."""
    paper, data = reproduction.profiles["paper"], reproduction.paper.states.data
    assert paper.training is not None
    given = {name: value for name, value in changes.items() if name in ("arms", "backbones")}
    given["training"] = replace(paper.training, **changes.get("training", {}))
    given["data"] = replace(data, **changes.get("data", {}))
    return replace(reproduction, profiles={**reproduction.profiles, "other": replace(paper, **given)})


ONE_PART = {"mixtures": {"paper-mixture": ("mmarco",)}}
IN_TWO = ("ar", "en")


@pytest.mark.parametrize(("changes", "said"), [
    ({"training": {"warmup_steps": None}}, "steps of warm-up 0, not 1,000"),
    ({"training": {"max_query_tokens": None}}, "not set: most tokens of a query"),
    ({"training": {"max_passage_tokens": None}}, "not set: most tokens of a passage"),
    ({"training": {"max_passage_tokens": 128}}, "most tokens of a passage 128, not 256 or 512"),
    ({"training": {"patience": None}}, "not set: looks without a lower loss"),
    ({"training": {"temperature": 0.07}}, "temperature 0.07, not 0.05 or 0.01 or 1"),
    ({"training": {"betas": (0.9, 0.98)}}, "betas 0.9 and 0.98"),
    ({"data": ONE_PART}, "trained on mmarco; without mr-tydi-en and mfaq-en; wikiqa, duorc, "),
])
def test_whatever_keeps_a_design_from_tier_full_is_said(reproduction: Reproduction, changes: dict[str, Any], said: str):
    made = other(reproduction, **changes)
    assert made.tier("other") is Tier.REDUCED
    sentence, = departures(made, "other")
    assert said in sentence


def test_so_are_routes_arms_and_encoders(reproduction: Reproduction):
    routes, paper = reproduction.paper.states.data.routes, reproduction.profiles["paper"]
    first, arms, backbones = routes[0], dict(paper.arms or {}), dict(paper.backbones or {})

    def told(**changes: Any) -> tuple[str, ...]:
        made = other(reproduction, **changes)
        assert made.tier("other") is Tier.REDUCED
        return departures(made, "other")

    assert told(data={"routes": tuple(replace(each, train="mmarco") for each in routes)})[0].startswith("trained on mmarco; ")
    assert told(data={"routes": tuple(replace(each, languages=IN_TWO) for each in routes)}) == (
        "trained in ar and en, not in de, es, hi, ru, th, tr and zh",)
    assert told(data={"routes": (replace(first, languages=IN_TWO), *routes[1:])})[0].startswith(
        "not all of it is evaluated after one and the same training: xquad-r after wikiqa, ")
    assert told(data={"routes": (replace(first, evaluated_languages=("ar", "fr")), *routes[1:])}) == (
        "not evaluated: xquad-r in de, el, en, es, hi, ru, th, tr, vi and zh", "evaluated, and not by the paper: xquad-r in fr")
    assert told(data={"select": None}) == ("no checkpoint is chosen by the loss on squadshifts",)
    assert told(arms={**arms, "hybrid": replace(arms["hybrid"], alpha=0.25, steps_share=0.1)}) == (
        "arm hybrid: alpha 0.25 instead of 0.5; share of the steps 0.1",)
    assert told(arms={**arms, "hybrid": Arm(sampling="monolingual")}) == (
        "arm hybrid: sampling `monolingual` instead of `hybrid`; not set: alpha",)
    assert told(arms={"hybrid": arms["hybrid"]}) == ("no arm monolingual and crosslingual",)
    assert told(backbones={**backbones, "labse": replace(backbones["labse"], pooling="mean")}) == (
        "encoder labse: pooling `mean`, not `pooler`",)
    assert told(backbones={**backbones, "labse": replace(backbones["labse"], revision=None)}) == (
        "encoder labse: at no pinned revision",)


def test_how_data_are_written_down_and_what_a_field_does_unset_keep_no_design_from_tier_full(reproduction: Reproduction):
    states, arms = reproduction.paper.states, reproduction.profiles["paper"].arms or {}
    train = states.data.train[::-1]
    for same in ({"training": {"precision": None}}, {"training": {"betas": (0.9, 0.999)}},
                 {"arms": {name: replace(arm, languages=None, note="in other words") for name, arm in arms.items()}},
                 {"data": {"train": train, "languages": states.data.languages[::-1], "mixtures": {"all": train},
                           "routes": tuple(replace(each, train="all") for each in states.data.routes[::-1])}}):
        made = other(reproduction, **same)
        assert (made.tier("other"), departures(made, "other")) == (Tier.FULL, ()), same


def test_where_nothing_is_listed_nothing_may_be_set_and_a_stated_early_end_needs_a_training_that_can_end(
        reproduction: Reproduction):
    listed = tuple(each for each in reproduction.underspecified if each.design_field != "training.patience")
    for patience, said in ((10, "looks without a lower loss 10"), (None, "not set: looks without a lower loss")):
        made = other(replace(reproduction, underspecified=listed), training={"patience": patience})
        assert departures(made, "other") == (f"training, left open by the paper and not as listed for it: {said}",)


def test_every_part_of_the_paper_s_mixture_is_loadable_or_said_not_to_be(reproduction: Reproduction, tmp_path: Path):
    stated = reproduction.paper.states.data
    assert set(stated.train) | {stated.select} <= set(training_parts())
    for name in (*stated.train, stated.select):
        assert training_parts()[name].loadable == (name in ("mr-tydi-en", "mfaq-en", "mmarco", "squadshifts"))
    found = works(make([], reproduction, "paper"), [tmp_path])
    assert not isinstance(found, tuple)
    assert found.why.startswith("wikiqa is not to be had: the nine languages were made by in-house machine translation")
    found = works(make([], reproduction, "open"), [tmp_path])
    assert not isinstance(found, tuple)
    assert "run `claimcheck data fetch mmarco`, then `claimcheck data prepare mmarco`" in found.remedy


def test_other_pairs_under_the_name_of_a_published_part_are_refused(reproduction: Reproduction, tmp_path: Path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "en.jsonl").write_text('{"query": "a", "passage": "b"}\n' * 3, encoding="utf-8")
    pack(source, tmp_path, name="mmarco")
    found = works(make([], reproduction, "open"), [tmp_path])
    assert not isinstance(found, tuple)
    assert found.why.startswith(f"what is packed as mmarco is not what {training_parts()['mmarco'].address} publishes")


@pytest.mark.parametrize(("languages", "count", "what"), [
    (("ar", "de", "en", "es", "hi", "ru", "zh"), 3, "it has 3 items, and the published one 39,780,811"),
    (("de", "en"), 39_780_811, "it is in de, en, and the published one in ar, de, en, es, hi, ru, zh")])
def test_pairs_that_say_that_they_are_the_published_part_are_counted_all_the_same(
        reproduction: Reproduction, tmp_path: Path, languages: tuple[str, ...], count: int, what: str):
    (tmp_path / "source").mkdir()
    for language in languages:
        (tmp_path / "source" / f"{language}.tsv").write_text("a\tb\n" * 3, encoding="utf-8")
    folder = pack(tmp_path / "source", tmp_path, name="mmarco").folder
    stated = json.loads((folder / "pairs.json").read_text())
    stated |= {"source": training_parts()["mmarco"].origin, "count": count, "rows": count}  # as one who means to deceive
    stated.pop("sha256")
    (folder / "pairs.json").write_text(json.dumps({**stated, "sha256": digest_of(stated)}))
    found = works(make([], reproduction, "open"), [tmp_path])
    assert not isinstance(found, tuple)
    assert found.why.endswith(f"publishes: {what}")
    row = next(row for row in json.loads(CliRunner().invoke(main, ["data", "list", "--format", "json", "--data-dir",
                                                                   str(tmp_path)]).stdout) if row["name"] == "mmarco")
    assert row["prepared"] == "otherwise"


def test_a_name_alone_makes_nothing_the_paper_s_own(reproduction: Reproduction, tmp_path: Path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "en.tsv").write_text("a\tb\n", encoding="utf-8")
    pack(tmp_path / "source", tmp_path, name="wikiqa")
    found = works(make([], reproduction, "paper"), [tmp_path])
    assert not isinstance(found, tuple)
    assert found.why.endswith("are not published; what is packed under that name is not known to be it")


def test_what_chooses_the_checkpoint_is_on_record_like_what_is_trained_on_and_both_in_the_languages_of_the_run(
        places: Path, data_dir: Path, tmp_path: Path):
    shutil.copytree(places / "parallel", tmp_path / "parallel")
    data = Data(train=("parallel-part",), evaluate=("xquad-r",), languages=("de", "en", "es"), select="english-part", routes=(
        Route(train="parallel-part", evaluate="xquad-r", evaluated_languages=("de", "el", "en")),))
    plan, training = plan_of(data), replace(TRAINING, select_every=4)
    run = replace(plan.runs[0], condition=replace(plan.runs[0].condition, training=training))
    asked = works(replace(plan, design=replace(plan.design, training=training), runs=(run,)), [tmp_path, data_dir])
    assert isinstance(asked, tuple)
    assert publishing._scanned(asked[0]) == {"xquad-r": {"parallel-part": None, "english-part": None}}
    folder = tmp_path / "parallel" / "parallel-part"
    corpus = lareqa.read("xquad-r", {each: data_dir / "xquad-r" / f"{each}.json" for each in ("de", "en", "es")})
    pairs_ = open_pairs(folder)
    asks = {"questions": questions_of(corpus)}
    scan.keep(folder, "xquad-r", pairs_.digest, scan.digest_of_data(manifest()["xquad-r"]),
              [scan.carried_out(task) for task in scan.tasks(pairs_, folder, asks)])
    found = publishing._scanned(asked[0])["xquad-r"]
    assert found["parallel-part"]["questions in queries"]["languages"] == ["de", "en"]
    assert found["parallel-part"]["questions in queries"]["items"] == 2 * 1190  # Spanish is trained on and not evaluated
    assert found["english-part"] is None


def test_a_byte_that_changed_in_packed_pairs_stops_the_run_and_what_did_not_change_is_read_once(
        places: Path, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from claimcheck.corpora import checked

    shutil.copytree(places / "parallel", tmp_path / "parallel")
    read: list[str] = []
    digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda file, name: read.append(Path(file.name).name) or digest(file, name))

    def asked() -> tuple[object, list[str]]:
        read.clear()
        checked._read.cache_clear()  # as another process
        found = works(plan_of(design(BOTH[0])), [tmp_path, data_dir])
        return found, sorted(name for name in read if name.endswith(".arrow"))

    first, of_first = asked()
    assert isinstance(first, tuple)
    assert of_first == ["de.arrow", "en.arrow", "en.arrow", "es.arrow"]
    assert asked()[1] == []
    path = tmp_path / "parallel" / "parallel-part" / "de.arrow"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"river", b"liver", 1))
    second, of_second = asked()
    assert not isinstance(second, tuple)
    assert second.why == "parallel-part: de.arrow differs from the digest in pairs.json"
    assert of_second == ["de.arrow"]
    assert isinstance(works(plan_of(design(BOTH[0])), [tmp_path, data_dir], look=False), tuple)  # a report needs no data
    path.write_bytes(whole)
    third, _ = asked()
    assert [work.key for work in third] == [work.key for work in first]


def test_the_report_says_at_its_head_what_was_run_instead(claimcheck, root: Path, data_dir: Path, tmp_path: Path):
    done = claimcheck("run", root / "claims", "--profile", "tiny", "--out", tmp_path / "out", CLAIMCHECK_DATA=str(data_dir))
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    said, = report["departures"]
    assert said["says"] == "What was run here is not the paper's own design (profile tiny, tier reduced):"
    assert "encoder n-grams instead of xlm-r and labse" in said["from_the_paper"]
    page, paper = ((tmp_path / "out" / name).read_text() for name in ("index.html", "report.tex"))
    for text, verdicts in ((page, 'id="_verdicts"'), (paper, r"\section{Verdicts}")):
        assert 0 < text.index("encoder n-grams instead of xlm-r and labse") < text.index(verdicts)


def test_the_guide_s_hours_disk_and_power_are_those_that_plan_gives(claimcheck, root: Path, tmp_path: Path):
    page = (root / "docs" / "full-scale.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if " h |" in line]
    assert [row[0] for row in rows] == ["`open-short`", "`open`", "`open-miracl`", "`paper`"]
    for name, runs, *cells in rows:
        done = claimcheck("plan", root / "claims", "--profile", name.strip("`"), "--card", "rtx-4090", "--card", "h200",
                          "--format", "json", CLAIMCHECK_DATA=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
        assert done.returncode == 0, done.stderr
        plan, = json.loads(done.stdout)["plans"]
        assert int(runs) == len(plan["runs"])
        for cell, card in zip(cells, ("rtx-4090", "h200"), strict=False):
            given = next(each for each in plan["cost"]["devices"] if each["card"] == card)["seconds"]
            assert cell == f"{span(given['device_at_the_earliest']).removesuffix(' h')} to {span(given['device'])}"
            spent = [given["parts"][f"encoding {each}"] for each in ("miracl", "miracl-hard-negatives")
                     if f"encoding {each}" in given["parts"] and card == "rtx-4090"]
            assert all(span(each) in page for each in spent), spent
            assert given["bound"] == "estimated"
        if name != "`paper`":
            known = [sum(each["bytes"] or 0 for each in plan["cost"][kind]) for kind in ("downloads", "disk")]
            assert cells[2] == ", ".join(map(size, known))
    for runs, told in ((3, "2.3"), (5, "1.4")):
        assert f"{standardised(runs, 0.05):.1f}" == told
        assert told in page
    assert "deviations of the effect itself, the difference of two arms of one seed, not of an arm" in " ".join(page.split())
    assert "refuses whatever is packed under their names" in " ".join(page.split())
