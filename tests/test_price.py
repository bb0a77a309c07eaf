"""What runs cost before they are made: arithmetic by hand, counts against the libraries' own, rates through the real code."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from claimcheck import plan as planning
from claimcheck.appraisal import budget, price
from claimcheck.appraisal.bill import Offer, SlotMemory, Tried, bill
from claimcheck.appraisal.library import read_library
from claimcheck.appraisal.load import Basis, Lengths, fewest_of, loads, looks_of, passages_at_once
from claimcheck.appraisal.tier_verdict import Unavailable
from claimcheck.appraisal.works import works
from claimcheck.corpora import miracl, shapes, sizes
from claimcheck.corpora.corpus import JudgedQueries, Question
from claimcheck.corpora.parallel_writing import pack
from claimcheck.corpora.shapes import Shape, shape_of
from claimcheck.corpora.training_data import training_parts
from claimcheck.design import Arm, Backbone, Data, Perturbations, Route, Split, Training
from claimcheck.errors import CorruptInput, UsageFault
from claimcheck.execution import Execution
from claimcheck.measurement import rates
from claimcheck.measurement.cards import CARDS, Card
from claimcheck.measurement.rates import EncoderRate, LegRate, Pace, Texts
from claimcheck.measurement.store import Store
from claimcheck.perturbation.families import FAMILIES
from claimcheck.report import prices
from claimcheck.run import Condition, Run
from claimcheck.tier import Tier

SHAPE = Shape(model_type="bert", layers=2, width=10, heads=2, feed_forward=40, vocabulary=100, positions=32, types=2)
TRAINING = Training(optimizer="AdamW", learning_rate=1e-5, batch_size=4, steps=100, temperature=0.05, max_query_tokens=8,
                    max_passage_tokens=16, loss="InfoNCE", schedule="linear decay", negatives="in-batch and one given",
                    select_every=10, patience=3, early_stopping="a loss")
MONOLINGUAL = Arm(sampling="monolingual")
MODEL = Backbone(encoder="transformers", hub="a/b", revision="0" * 40, pooling="mean")


def run_of(data: Data, training: Training = TRAINING, arm: Arm = MONOLINGUAL, model: Backbone = MODEL,
           perturbations: Perturbations | None = None) -> Run:
    return Run(condition=Condition(reproduction="r", backbone="b", arm="a", model=model, filling=arm, data=data,
                                   training=training, perturbations=perturbations), seed=0)


MIXED = Data(train=("mine",), evaluate=("xquad-r", "miracl"), languages=("en", "de"), select="squadshifts", routes=(
    Route(train="mine", evaluate="xquad-r", evaluated_languages=("en", "de", "tr")),
    Route(train="mine", evaluate="miracl", evaluated_languages=("sw", "yo"))))


# ---------------------------------------------------------------- shapes

@pytest.mark.parametrize("hub", ["FacebookAI/xlm-roberta-base", "FacebookAI/xlm-roberta-large", "sentence-transformers/LaBSE",
                                 "google-bert/bert-base-multilingual-cased"])
@pytest.mark.parametrize("pooler", [False, True])
def test_a_published_shape_has_as_many_weights_as_the_library_builds(hub: str, pooler: bool):
    import torch
    from transformers import AutoConfig, BertModel, XLMRobertaModel

    shape = shape_of(Backbone(encoder="transformers", hub=hub, revision="0" * 40), ())
    assert shape is not None
    config = AutoConfig.for_model(
        shape.model_type, vocab_size=shape.vocabulary, hidden_size=shape.width, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, intermediate_size=shape.feed_forward, max_position_embeddings=shape.positions,
        type_vocab_size=shape.types)
    with torch.device("meta"):
        model = (BertModel if shape.model_type == "bert" else XLMRobertaModel)(config, add_pooling_layer=pooler)
    assert shape.parameters(pooler=pooler) == sum(each.numel() for each in model.parameters())
    products = [each.weight.numel() for each in model.encoder.modules() if isinstance(each, torch.nn.Linear)]
    assert shape.layer_weights == sum(products)


def test_the_shape_of_a_checkpoint_is_read_from_its_configuration(checkpoints: Path):
    import torch
    from transformers import AutoModel

    found = shape_of(Backbone(encoder="transformers", folder="tiny-labse"), (checkpoints,))
    assert found is not None
    assert (found.layers, found.width, found.vocabulary, found.longest) == (2, 32, 200, 512)
    assert found.source == "config.json of the checkpoint"
    with torch.device("cpu"):
        model = AutoModel.from_pretrained(checkpoints / "backbones" / "tiny-labse")
    assert found.parameters(pooler=True) == model.num_parameters()
    assert shape_of(Backbone(encoder="transformers", folder="tiny-xlm-r"), (checkpoints,)).longest == 512  # of 514 positions


def test_of_an_architecture_that_is_not_counted_no_shape_is_told(checkpoints: Path, tmp_path: Path):
    path = tmp_path / "config.json"
    config = json.loads((checkpoints / "backbones" / "tiny-labse" / "config.json").read_text(encoding="utf-8"))
    for changed in ({"model_type": "deberta-v2"}, {"hidden_size": None}, {"hidden_size": "32"}):
        path.write_text(json.dumps(config | changed), encoding="utf-8")
        assert shapes._of_config(path) is None
    path.write_text(json.dumps(config), encoding="utf-8")
    assert shapes._of_config(path) is not None
    assert shape_of(Backbone(encoder="transformers", hub="nobody/knows", revision="0" * 40), ()) is None
    assert shape_of(Backbone(encoder="hashed n-grams", dimensions=8), ()) is None


def test_miracls_passages_add_up_to_what_is_published():
    assert sum(sizes.PASSAGES.values()) == 106_332_152
    assert sizes.PASSAGES.keys() == sizes.DEV_QUERIES.keys()


def test_hard_negatives_add_up_to_what_is_published_and_are_no_more_than_the_corpus():
    assert [sum(each[place] for each in sizes.HARD.values()) for place in (0, 1)] == [11_076, 2_449_382]
    for language, (queries, passages, _) in sizes.HARD.items():
        assert queries == min(sizes.DEV_QUERIES[language], 1000 if language in ("ar", "fi", "ru") else 10**9)
        assert passages <= sizes.PASSAGES[language]
    assert sizes.questions_and_candidates("miracl-hard-negatives", ("ar", "el", "yo")) == (1119, 192_103 + 49_043)
    assert sizes.passages("miracl-hard-negatives", ("ar", "yo")) == 192_103 + 49_043
    assert sizes.passages("xquad-r", ("ar",)) == 0
    assert sizes.passage_bytes("miracl", "yo") == 3 * 7_864_168  # what a list says of it cannot be
    assert sizes.passage_bytes("xquad-r", "en") is None


def test_the_texts_of_the_parallel_sets_are_those_of_their_files(data_dir: Path):
    from claimcheck.corpora import lareqa
    from claimcheck.corpora.door import verified
    from claimcheck.corpora.manifest import manifest

    for name in ("xquad-r", "mlqa-r"):
        corpus = lareqa.read(name, {file.language: path for file, path in verified(manifest()[name], (data_dir,)).items()})
        for language, part in corpus.parts.items():
            assert sizes.questions_and_candidates(name, (language,)) == (len(part.questions), len(part.candidates))
    assert sizes.questions_and_candidates("xquad-r", (*corpus.parts, "el", "ru", "th", "tr")) == (13_090, 13_014)


# ---------------------------------------------------------------- operations

def test_operations_are_those_that_torch_counts():
    import numpy as np
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from claimcheck.experiment.rates import random_encoder
    from claimcheck.retrieval.transformer_encoder import Tokens

    shape = Shape(model_type="bert", layers=3, width=64, heads=4, feed_forward=256, vocabulary=50, positions=512, types=2)
    # strict: attention as bare products, which are what torch counts
    encoder = random_encoder(shape, MODEL, TRAINING, Execution(device="cpu", strict=True))
    for number, length in ((6, 16), (2, 300)):  # products of weights dominate one, attention is two fifths of the other
        texts = Tokens(starts=np.arange(number + 1) * length, ids=np.full(number * length, 7, dtype=np.int32))
        with torch.no_grad(), FlopCounterMode(display=False) as counted:
            encoder.embed(texts, range(number))
        expected = price.forwards(shape, Texts.alike(number, length))
        assert counted.get_total_flops() == pytest.approx(expected, rel=0.03)
        with FlopCounterMode(display=False) as counted:
            encoder.embed(texts, range(number)).sum().backward()
        assert counted.get_total_flops() == pytest.approx(3 * expected, rel=0.03)


def test_operations_by_hand():
    # N = 2 (4 * 10^2 + 2 * 10 * 40) = 2400; 3 texts of 5 tokens: 2 * 2400 * 15 + 4 * 2 * 10 * 75
    assert price.forwards(SHAPE, Texts.alike(3, 5)) == 72_000 + 6_000


def test_a_card_is_priced_by_its_peak_its_use_and_the_ways_through():
    data = replace(MIXED, routes=MIXED.routes[:1])
    load, = loads(run_of(data), SHAPE)
    card = Card(title="c", memory=1e9, peak=1000.0, source="s")
    whole = Execution(device="cuda", tokens_at_once=10_000)
    one_way = price.forwards(SHAPE, load.trained)
    assert price.on_card(load, SHAPE, card, 0.5, whole)[price.TRAINED] == pytest.approx(3 * one_way / 500)
    pieces = replace(whole, tokens_at_once=100, recompute=True)
    assert price.on_card(load, SHAPE, card, 0.5, pieces)[price.TRAINED] == pytest.approx(5 * one_way / 500)
    encoded = Texts.alike(3 * 1190, 8) + Texts.alike(1180 + 1276 + 1167, 16)
    found = price.on_card(load, SHAPE, card, 0.5, whole)
    assert found["encoding xquad-r"] == pytest.approx(price.forwards(SHAPE, encoded) / 500)


# ---------------------------------------------------------------- loads

def test_a_pair_has_a_query_a_passage_and_the_negative_that_is_given():
    load, = loads(run_of(MIXED), SHAPE)
    assert load.pair == Texts(number=3, tokens=8 + 2 * 16, squares=8**2 + 2 * 16**2)
    assert load.batch_tokens == 4 * 40
    assert load.trained == Texts(number=1200, tokens=16_000, squares=230_400)
    without, = loads(run_of(MIXED, replace(TRAINING, negatives="in-batch")), SHAPE)
    assert without.pair.tokens == 24


def test_one_training_serves_all_that_is_evaluated_after_it():
    load, = loads(run_of(MIXED), SHAPE)
    assert load.legs == (0, 1)
    assert load.encoded["miracl"] == Texts.alike(482 + 119, 8) + Texts.alike(131_924 + 49_043, 16)
    assert load.basis is Basis.AT_MOST
    assert not load.unknown
    assert passages_at_once(load.run) == 131_924


def test_hard_negatives_are_counted_like_any_corpus_and_lie_on_the_disk():
    data = replace(MIXED, evaluate=("miracl-hard-negatives",), routes=(
        Route(train="mine", evaluate="miracl-hard-negatives", evaluated_languages=("ar", "fi")),))
    load, = loads(run_of(data), SHAPE)
    assert load.encoded == {"miracl-hard-negatives": Texts.alike(2000, 8) + Texts.alike(192_103 + 194_415, 16)}
    assert not load.unknown
    assert passages_at_once(load.run) == 194_415


def test_perturbed_queries_are_encoded_draw_by_draw_where_their_family_exists():
    asked = Perturbations(families=("P1", "P1z", "P5", "P7"), draws=2)
    data = replace(MIXED, routes=(Route(train="mine", evaluate="xquad-r", evaluated_languages=("de", "en", "zh")),
                                  MIXED.routes[1]))
    clean, = loads(run_of(data), SHAPE)
    beside, = loads(run_of(data, perturbations=asked), SHAPE)
    # P1 draws in de and en, P1z in zh alone, P5 draws nothing and exists in de, P7 draws nothing and exists in all three
    more = 1190 * (2 * 2 + 2 * 1 + 1 + 3)
    assert beside.encoded["xquad-r"].number - clean.encoded["xquad-r"].number == more
    assert beside.encoded["xquad-r"].tokens - clean.encoded["xquad-r"].tokens == more * 8
    assert beside.encoded["miracl"] == clean.encoded["miracl"]  # of a large corpus none is perturbed
    assert not beside.unknown
    assert not FAMILIES["P5"].drawn


def test_the_arm_before_training_is_encoded_and_trains_nothing():
    load, = loads(run_of(MIXED, arm=Arm(sampling="none")), SHAPE)
    assert (load.steps, load.looks, load.trained, load.looked) == (0, 0, Texts(), Texts())
    assert load.encoded["xquad-r"].number == 3 * 1190 + 1180 + 1276 + 1167


def test_looks_and_the_earliest_end():
    assert looks_of(TRAINING, 100) == 10
    assert looks_of(TRAINING, 101) == 11  # the last one after the last step
    assert fewest_of(TRAINING, 100) == 40  # the first look is the lowest so far, three more are not lower
    assert fewest_of(TRAINING, 30) == 30
    assert fewest_of(replace(TRAINING, patience=None), 100) == 100
    load, = loads(run_of(MIXED), SHAPE)
    assert load.looked == (Texts.alike(37_691, 8) + Texts.alike(37_691, 16)).times(10)
    half, = loads(run_of(MIXED, arm=Arm(sampling="cross-lingual", steps_share=0.5)), SHAPE)
    assert (half.steps, half.looks) == (50, 5)


def test_folds_evaluate_each_text_once_together():
    data = Data(train=("xquad-r",), evaluate=("xquad-r",), languages=("en", "de"), routes=(
        Route(train="xquad-r", evaluate="xquad-r", split=Split(folds=4)),))
    made = loads(run_of(data, replace(TRAINING, select_every=None, patience=None, early_stopping=None)), SHAPE)
    assert len(made) == 4
    assert sum(each.encoded["xquad-r"].number for each in made) == 2 * 1190 + 1180 + 1276


def test_what_a_trial_counted_stands_in_place_of_the_bound():
    found = LegRate(begin_seconds=1, evaluate_seconds=2, pair=Texts(number=3, tokens=20, squares=150),
                    looked=Texts.alike(5, 4), evaluated=Texts.alike(7, 4), sampled=9)
    load, = loads(run_of(MIXED), SHAPE, lambda number: found)
    assert load.basis is Basis.ABOUT
    assert load.pair == found.pair
    assert load.looked.number == 50
    assert load.encoded["xquad-r"] == found.evaluated
    only_first, = loads(run_of(MIXED), SHAPE, lambda number: found if number == 0 else None)
    assert only_first.basis is Basis.AT_MOST


def test_what_nobody_knows_is_not_counted_and_said():
    data = Data(train=("mine",), evaluate=("theirs",), languages=("en",), select="own", routes=(
        Route(train="mine", evaluate="theirs", evaluated_languages=("en",)),))
    load, = loads(run_of(data), SHAPE)
    assert len(load.unknown) == 2
    assert load.encoded == {}
    without, = loads(run_of(MIXED, replace(TRAINING, max_query_tokens=None)), None)
    assert "how long texts are" in " ".join(without.unknown)
    assert Lengths.of(replace(TRAINING, max_query_tokens=None), SHAPE) == Lengths(query=32, passage=16)


# ---------------------------------------------------------------- arithmetic

def test_seconds_of_texts_by_hand():
    pace = Pace.between((10, 2.0), (30, 3.0))
    assert pace.seconds(Texts.alike(2, 20)) == pytest.approx(2 * (1.5 * 20 + 0.05 * 400))
    assert Pace.between((10, 3.0), (30, 2.0)) == Pace(per_token=3.0, per_square=0.0)
    assert Pace.between((10, 1.0), (30, 6.0)) == Pace(per_token=0.0, per_square=0.2)
    assert rates.level((1, 5.0), (3, 4.0)) == 0.0


def test_a_measured_price_by_hand():
    load, = loads(run_of(replace(MIXED, routes=MIXED.routes[:1])), SHAPE)
    rate = EncoderRate(train=Pace(per_token=0.003, per_square=0), encode=Pace(per_token=0.001, per_square=0), pass_seconds=0.1,
                       step_seconds=0.5, tokens=100, lengths=(4, 8))
    whole = price.measured(load, rate, {}, Execution(device="cpu", tokens_at_once=160))
    assert whole[price.TRAINED] == pytest.approx(16_000 * 0.003 + 100 * (0.5 + 0.1))
    pieces = price.measured(load, rate, {}, Execution(device="cpu", tokens_at_once=64))  # 160 tokens in three pieces
    assert pieces[price.TRAINED] == pytest.approx(16_000 * 0.004 + 100 * (0.5 + 3 * 0.1))
    tried = {0: LegRate(begin_seconds=2.0, evaluate_seconds=3.0)}
    assert price.measured(load, rate, tried, Execution(device="cpu"))[price.BESIDE] == 5.0


def test_works_are_handed_out_longest_first():
    assert price.makespan([1, 2, 3, 4], 1) == 10
    assert price.makespan([7, 6, 5, 4], 2) == 11
    assert price.makespan([5], 3) == 5
    assert price.makespan([], 2) == 0


def test_hours_know_what_stands_and_what_ends_early():
    load, = loads(run_of(MIXED), SHAPE)
    one = price.Timed(load=load, parts={price.TRAINED: 100.0, price.LOOKED: 10.0, "encoding xquad-r": 5.0})
    found = price.hours([one, replace(one, stands=True)], 2)
    assert (found.most, found.wall, found.left, found.wall_left) == (230, 115, 115, 115)
    assert found.fewest == pytest.approx(2 * (110 * 0.4 + 5))  # 40 of 100 steps
    assert found.parts[price.TRAINED] == 200


def test_memory_by_hand():
    load, = loads(run_of(MIXED), SHAPE)
    # embeddings (100 + 32 + 2) 10 + 20; a layer 4 * 100 + 2 * 400 weights, 40 + 40 + 10 biases, 40 of two norms... = 1320 + 10
    parameters = 1360 + 2 * (1200 + 4 * 10 + 40 + 10 + 4 * 10)
    assert SHAPE.parameters(pooler=False) == parameters
    found = price.memory(SHAPE, load, Execution(device="cuda", tokens_at_once=64), pooler=False, half=True)
    assert found.state == 16 * parameters + 4 * 1000 + 2 * 2400
    assert found.a_token == 2 * 34 * 10
    assert (found.tokens, found.best) == (64, 4 * parameters)
    assert found.peak == found.state + 64 * 680
    room = (found.state + 6_800) / 0.9
    assert found.most_tokens(room) in (9, 10)  # floats
    assert not found.fits(room)
    assert replace(found, tokens=9).fits(room)
    assert found.most_tokens(10) == 0
    again = price.activations(SHAPE, half=True, recompute=True)
    assert again == 2 * 2 * 10 + 340


def test_every_card_tells_its_source():
    assert all(card.source and 0 < card.peak < 1e16 and card.memory >= 8e9 for card in CARDS.values())


# ---------------------------------------------------------------- rates

def test_rates_are_kept_under_what_they_are_of(tmp_path: Path):
    rate = EncoderRate(train=Pace(per_token=1.0, per_square=0.5), encode=Pace(per_token=0.5, per_square=0.25), pass_seconds=0.1,
                       step_seconds=0.2, tokens=64, lengths=(4, 8), peak_bytes=None)
    leg = LegRate(begin_seconds=1.0, evaluate_seconds=2.0, pair=Texts.alike(2, 3))
    assert not rates.any_kept(tmp_path)
    path = rates.put(tmp_path, {"device": "x"}, rate)
    rates.put(tmp_path, {"device": "y"}, leg)
    assert rates.any_kept(tmp_path)
    assert rates.encoder_rate(tmp_path, {"device": "x"}) == rate
    assert rates.leg_rate(tmp_path, {"device": "y"}) == leg
    assert rates.encoder_rate(tmp_path, {"device": "z"}) is None
    path.write_text(path.read_text(encoding="utf-8").replace("0.25", "0.35"), encoding="utf-8")
    with pytest.raises(CorruptInput, match="--calibrate"):
        rates.encoder_rate(tmp_path, {"device": "x"})


def test_an_encoder_is_tried_through_the_code_that_trains_and_encodes(monkeypatch: pytest.MonkeyPatch, one_thread):
    from claimcheck.experiment import rates as trial

    shape = Shape(model_type="xlm-roberta", layers=1, width=16, heads=2, feed_forward=64, vocabulary=50, positions=34, types=1)
    seen: dict[str, list[int]] = {"backward": [], "encode_all": []}
    for name in seen:
        real = getattr(trial, name)

        def spy(encoder, given, *others, name=name, real=real):
            parts = (given.queries, given.passages) if name == "backward" else (given,)
            seen[name].append(sum(int(part.tokens.sum()) for part in parts))
            return real(encoder, given, *others)

        monkeypatch.setattr(trial, name, spy)
    monkeypatch.setattr(trial, "_MOST_TOKENS", {"processor": 256})
    monkeypatch.setattr(trial, "_LEAST_SECONDS", 0.0)
    found = trial.try_encoder(shape, MODEL, TRAINING, Execution(device="cpu"))
    assert found.lengths == (8, 16)
    assert found.tokens == 256
    assert max(seen["backward"]) == max(seen["encode_all"]) == 256
    assert min(found.train.per_token, found.encode.per_token, found.step_seconds) >= 0
    assert found.train.seconds(Texts.alike(1, 16)) + found.pass_seconds > 0
    of = trial.of_encoder(shape, "mean", TRAINING, Execution(device="cpu"))
    assert of == trial.of_encoder(shape, "mean", replace(TRAINING, precision="bfloat16"), Execution(device="cpu"))
    assert of != trial.of_encoder(shape, "mean", TRAINING, Execution(device="cpu", recompute=True))


def planted_leg(model: Backbone, training: Training, checkpoint: Path | None = None):
    from claimcheck.experiment.leg import Leg

    route = Route(train="synthetic", evaluate="synthetic", split=Split(evaluate=4, seed=0, select=2))
    data = Data(train=("synthetic",), evaluate=("synthetic",), languages=SPOKEN, routes=(route,))
    return Leg(key="k", number=0, run=run_of(data, training, model=model), route=route, fold=0, files={}, checkpoint=checkpoint)


SPOKEN = ("aa", "bb")


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> None:
    from claimcheck.corpora import synthetic

    monkeypatch.setattr(f"{__name__}.SPOKEN", tuple(sorted(synthetic.make().parts))[:2])


def test_n_grams_are_tried_by_a_few_real_steps(spoken, one_thread):
    from claimcheck.experiment import rates as trial

    training = replace(TRAINING, optimizer="Adam", learning_rate=0.01, negatives="in-batch", max_query_tokens=None,
                       max_passage_tokens=None, select_every=None, patience=None, early_stopping=None)
    leg = planted_leg(Backbone(encoder="hashed n-grams", dimensions=8), training)
    found = trial.try_leg(leg, Execution(device="cpu"))
    assert found.step_seconds is not None
    assert found.step_seconds >= 0
    assert found.begin_seconds >= 0
    assert found.evaluate_seconds > 0
    assert found.peak_bytes
    load, = loads(leg.run, None, {0: found}.get)
    assert price.of_ngrams(load, {0: found}) == {
        price.TRAINED: 100 * found.step_seconds, price.BESIDE: found.begin_seconds + found.evaluate_seconds}
    assert price.of_ngrams(load, {}) is None
    another = replace(leg, run=replace(leg.run, seed=5, condition=replace(leg.run.condition, arm="x",
                                                                           filling=Arm(sampling="cross-lingual"))))
    assert trial.of_leg(another, Execution(device="cpu")) == trial.of_leg(leg, Execution(device="cpu"))


def test_around_a_transformer_texts_are_counted_and_none_is_encoded(spoken, checkpoints: Path, monkeypatch, one_thread):
    from claimcheck.corpora import synthetic
    from claimcheck.experiment import leg_data
    from claimcheck.experiment import rates as trial
    from claimcheck.retrieval import transformer_loading

    folder = checkpoints / "backbones" / "tiny-xlm-r"
    leg = planted_leg(replace(MODEL, hub=None, revision=None, folder="tiny-xlm-r"), TRAINING, folder)
    found = trial.try_leg(leg, Execution(device="cpu"))
    data = leg.run.condition.data
    part, pairs = leg_data.training_data(data, {}, leg.route, 0, 0)
    chosen = leg_data.selection(data, TRAINING, {}, leg.route, part)
    encoder = transformer_loading.load(leg.run.condition.model, folder, TRAINING, Execution(device="cpu"))
    texts = {kind: {each.text for own in part.evaluate.parts.values() for each in getattr(own, kind)}
             for kind in ("questions", "candidates")}
    tokens = [encoder.prepare(sorted(texts["questions"]), "query").tokens,
              encoder.prepare(sorted(texts["candidates"]), "passage").tokens]
    assert found.evaluated.number == len(texts["questions"]) + len(texts["candidates"])
    assert found.evaluated.tokens == sum(int(each.sum()) for each in tokens)
    assert found.evaluated.squares == sum(int((each**2).sum()) for each in tokens)
    assert found.pair.number == 2  # no negative is given in these data
    assert found.sampled == sum(int(pairs.stands(language).sum()) for language in pairs.languages)
    assert found.looked.number == 2 * sum(int(chosen.pairs.stands(language).sum()) for language in chosen.pairs.languages)
    assert found.step_seconds is None
    assert synthetic.make().parts.keys() >= set(SPOKEN)


def test_perturbed_queries_are_tried_with_the_leg_and_ranked(spoken, checkpoints: Path, one_thread, monkeypatch):
    from claimcheck.experiment import rates as trial
    from claimcheck.retrieval import ranking

    family = replace(FAMILIES["P2"], languages=frozenset(SPOKEN), edit=lambda text, _, draw, words: f"{text} {draw.random()}")
    monkeypatch.setitem(FAMILIES, "P2", family)  # type: ignore[arg-type]
    ranked: list[int] = []
    real = ranking._ranked
    monkeypatch.setattr(ranking, "_ranked", lambda queries, *others: ranked.append(len(queries)) or real(queries, *others))
    leg = planted_leg(replace(MODEL, hub=None, revision=None, folder="tiny-xlm-r"), TRAINING,
                      checkpoints / "backbones" / "tiny-xlm-r")
    asked = Perturbations(families=("P2",), draws=3)
    perturbed = replace(leg, run=replace(leg.run, condition=replace(leg.run.condition, perturbations=asked)))
    execution = Execution(device="cpu")
    clean, beside = trial.try_leg(leg, execution), trial.try_leg(perturbed, execution)
    assert trial.of_leg(leg, execution) != trial.of_leg(perturbed, execution)
    assert ranked[1] == 4 * ranked[0]  # clean, and three draws that all differ
    assert beside.evaluated.number - clean.evaluated.number == 3 * ranked[0]


def test_of_a_large_corpus_reading_and_ranking_are_tried_and_grow_with_it(checkpoints: Path, monkeypatch, one_thread):
    from claimcheck.experiment import rates_of_large
    from claimcheck.experiment.leg import Leg
    from claimcheck.retrieval import transformer_loading

    folder = checkpoints / "backbones" / "tiny-xlm-r"
    queries = JudgedQueries(name="miracl/yo", language="yo", queries=tuple(
        Question(id=str(each), language="yo", text=f"query {each}") for each in range(5)), judgments={
        str(each): {"p": 1, "q": 0} for each in range(5)})
    monkeypatch.setattr(rates_of_large.large, "read_judged", lambda *_: queries)
    monkeypatch.setattr(rates_of_large.miracl, "passages", lambda _: (
        miracl.Passage(id=str(each), title="title", text="text") for each in range(1000)))
    monkeypatch.setattr(rates_of_large, "SAMPLED", 100)
    monkeypatch.setattr(rates_of_large, "RANKED", (64, 256))
    taken = {64: 2.0, 256: 5.0}
    ranked: list[int] = []
    real = rates_of_large._ranked
    monkeypatch.setattr(rates_of_large, "_ranked", lambda given, number, *others: (
        real(given, number, *others), ranked.append(number), taken[number])[-1])
    data = replace(MIXED, routes=(Route(train="mine", evaluate="miracl", evaluated_languages=("yo",)),))
    leg = Leg(key="k", number=0, run=run_of(data), route=data.routes[0], fold=0, files={"miracl": {"yo/passages": folder}})
    encoder = transformer_loading.load(replace(MODEL, hub=None, revision=None, folder="tiny-xlm-r"), folder, TRAINING,
                                       Execution(device="cpu"))
    texts, seconds = rates_of_large.around(encoder, leg, "cpu")
    assert texts.number == pytest.approx(5 + 49_043)
    assert ranked == [64, 64, 256]
    ranking = 5.0 + 3.0 / (256 - 64) * (49_043 - 256)
    assert ranking < seconds < ranking + 600
    assert rates_of_large.ranking(queries, 64, 8, "cpu") == 2.0  # no more than are tried


# ---------------------------------------------------------------- bills and budgets

@pytest.fixture(scope="module")
def library(root: Path):
    return read_library(root / "claims", root / "reproductions")


def plan_of(library, profile: str):
    own = [each.value for each in library.claims]
    return planning.make(own, library.reproductions["hybrid-batches"].value, profile)


def test_the_bill_of_the_papers_design_is_made_though_it_cannot_run_here(library, tmp_path: Path):
    plan = plan_of(library, "paper")
    asked = works(plan, (tmp_path,))
    assert isinstance(asked, Unavailable)
    offer = Offer(slots=2, execution=Execution(), cards={name: CARDS[name] for name in ("rtx-4090", "h200")}, utilisation=0.3)
    made = bill(plan, asked, Store(path=tmp_path / "store"), (tmp_path,), offer, Tried())
    assert (made.trainings, made.steps, made.fewest) == (30, 3_000_000, 330_000)
    assert made.tokens == 3_000_000 * 100 * (64 + 2 * 256)
    here, small, large = made.quotes
    assert here.hours is None
    assert small.hours is not None
    assert large.hours is not None
    assert small.hours.most / large.hours.most == pytest.approx(CARDS["h200"].peak / CARDS["rtx-4090"].peak)
    assert small.hours.wall == pytest.approx(small.hours.most / 2, rel=0.05)
    assert small.hours.fewest < small.hours.most
    by_hand = 4 * (2 * 84_934_656 * made.tokens + 4 * 12 * 768 * 3e8 * (64**2 + 2 * 256**2)) / (165.2e12 * 0.3)
    assert small.hours.parts[price.TRAINED] == pytest.approx(by_hand)
    assert {each.backbone: each.estimated.fits(24e9) for each in small.memory} == {"xlm-r": True, "labse": True}
    downloads = {each.what: each.bytes for each in made.downloads}
    assert downloads["backbone xlm-r"] == 4 * 278_043_648
    text = "\n".join(prices.lines(made, offer))
    assert prices.NOT_CALIBRATED in text
    assert "at most" in text
    assert "assumed" in text
    assert "estimated 1,320 h of a device" in text  # what rests on an assumption bounds nothing
    assert text.count("not in these hours: the optimizer's step") == 2
    told = prices.as_json(made, offer)["devices"][1]["seconds"]
    assert (told["bound"], len(told["not_in_them"])) == ("estimated", 1)
    assert json.dumps(prices.as_json(made, offer))


def test_a_bill_uses_the_rates_that_were_measured(library, tmp_path: Path):
    plan = plan_of(library, "paper")
    rate = EncoderRate(train=Pace(per_token=3e-6, per_square=0), encode=Pace(per_token=1e-6, per_square=0), pass_seconds=0,
                       step_seconds=0, tokens=1024, lengths=(32, 128), peak_bytes=7 * 10**9)
    offer = Offer(slots=1, execution=Execution(tokens_at_once=100_000), cards={}, utilisation=0.3)
    asked = works(plan, (tmp_path,))
    tried = Tried(device="a device", encoders={"xlm-r": rate})
    half, = bill(plan, asked, Store(path=tmp_path), (tmp_path,), offer, tried).quotes
    assert half.hours is None
    assert half.lacking == "labse"
    tried = replace(tried, encoders={"xlm-r": rate, "labse": rate})
    made = bill(plan, asked, Store(path=tmp_path), (tmp_path,), offer, tried)
    assert made.quotes[0].hours is not None
    assert made.quotes[0].hours.parts[price.TRAINED] == pytest.approx(3e-6 * made.tokens)
    assert "7 GB measured here with 1,024 tokens at once" in "\n".join(prices.lines(made, offer))


def test_on_this_device_it_is_said_that_what_was_not_tried_is_not_in_the_price(library, tmp_path: Path):
    plan = plan_of(library, "mbert")
    rate = EncoderRate(train=Pace(per_token=3e-6, per_square=0), encode=Pace(per_token=1e-6, per_square=0), pass_seconds=0,
                       step_seconds=0, tokens=1024, lengths=(32, 128))
    offer = Offer(slots=1, execution=Execution(), cards={}, utilisation=0.3)
    quotes = []
    for legs in ({}, {("mbert", number): LegRate(begin_seconds=1, evaluate_seconds=2) for number in range(3)}):
        tried = Tried(device="a device", encoders={"mbert": rate}, legs=legs)
        quotes += bill(plan, works(plan, (tmp_path,)), Store(path=tmp_path), (tmp_path,), offer, tried).quotes
    assert ["ranking" in "".join(each.left_out) for each in quotes] == [True, False]
    assert [price.BESIDE in each.hours.parts for each in quotes] == [False, True]


@pytest.mark.parametrize("name", ["wikiqa", "mmarco"])
def test_the_bill_and_the_runs_agree_that_a_name_alone_is_no_published_part(library, tmp_path: Path, name: str):
    source = tmp_path / "source"
    source.mkdir()
    (source / "en.jsonl").write_text('{"query": "a", "passage": "b"}\n', encoding="utf-8")
    pack(source, tmp_path, name=name)
    plan, offer = plan_of(library, "paper"), Offer(slots=1, execution=Execution(), cards={}, utilisation=0.3)
    asked = works(plan, (tmp_path,))
    assert isinstance(asked, Unavailable)
    made = bill(plan, asked, Store(path=tmp_path / "store"), (tmp_path,), offer, Tried())
    assert {each for each, _ in made.unavailable} == {each for each, part in training_parts().items() if not part.loadable}
    assert 32_169_500_000 in [each.bytes for each in made.downloads if each.what == "mmarco, as published"]
    if name == "mmarco":
        assert isinstance(works(plan_of(library, "open"), (tmp_path,)), Unavailable)


def test_on_the_disk_stand_published_files_and_the_pairs_packed_of_them(library, tmp_path: Path):
    plan, offer = plan_of(library, "open"), Offer(slots=1, execution=Execution(), cards={}, utilisation=0.3)

    def amounts() -> tuple[dict[str, float | None], dict[str, float | None]]:
        made = bill(plan, works(plan, (tmp_path,)), Store(path=tmp_path), (tmp_path,), offer, Tried())
        return {each.what: each.bytes for each in made.disk}, {each.what: each.bytes for each in made.downloads}

    disk, downloads = amounts()
    assert disk["mmarco, as published"] == downloads["mmarco, as published"] == 32_169_500_000
    assert disk["mmarco, packed"] == 31_700_000_000
    assert disk["mmarco, while it is packed"] == 1_351_077_560  # 7 languages of 9,650,554 lines, 20 bytes each
    assert "mmarco, packed" not in downloads
    part = training_parts()["mr-tydi-en"]
    path = tmp_path / "sources" / part.name / str(part.revision) / part.files[0]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"12345")
    disk, downloads = amounts()
    assert disk["mr-tydi-en, as published"] == 5
    assert "mr-tydi-en, packed" in disk
    assert not any(each.startswith("mr-tydi-en") for each in downloads)


def test_miracl_is_fetched_by_language_and_has_a_size(library, tmp_path: Path):
    plan, offer = plan_of(library, "open-miracl"), Offer(slots=1, execution=Execution(), cards={}, utilisation=0.3)
    made = bill(plan, works(plan, (tmp_path,)), Store(path=tmp_path), (tmp_path,), offer, Tried())
    found = {each.what.partition(" (")[0]: each.bytes for each in made.downloads}
    assert found["passages of miracl"] == 59_713_182 + 96_812_097 + 10_199_394 + 72_312_363 + 109_637_414 + 23_592_504
    assert found["passages of miracl-hard-negatives"] == 3 * sum(
        sizes.HARD[each][2] for each in ("ar", "es", "fa", "fi", "fr", "id", "ja", "ko", "ru", "zh"))
    assert not made.unknown


@pytest.mark.parametrize("text", ["", "4", "h", "-1h", "0h", "4 weeks", "1e3h", "nan"])
def test_a_budget_that_is_no_span_of_time_is_refused_in_one_sentence(text: str):
    with pytest.raises(UsageFault, match="write for example 90min, 4h or 2d"):
        budget.seconds(text)


def test_declared_designs_are_those_that_test_a_claim_look_by_look(library):
    own = [each.value for each in library.claims]
    reproduction = library.reproductions["hybrid-batches"].value
    plans = [plan_of(library, profile) for profile in reproduction.profiles]
    found = budget.declared(plans, own)
    names = {each.plan.profile for each in found}
    assert {"quick", "sequential", "paper", "perturbed"} <= names
    tests = {each.plan.profile: {*each.tests} for each in found}
    of_queries = {claim.id for claim in own if any(each.interaction is not None for atom in claim.atoms for each in atom.rerun)}
    assert of_queries
    assert [name for name, each in tests.items() if of_queries & each] == ["perturbed", "robustness"]  # they perturb queries
    assert not names & {"development", "tiny", "tiny-transformers"}
    looks = [each for each in found if each.plan.profile == "sequential"]
    assert [len(each.plan.runs) for each in looks] == [21, 35, 56]
    assert [each.whole for each in looks] == [False, False, True]


def test_of_what_fits_the_highest_tier_then_the_longest_is_taken(library, tmp_path: Path):
    own = [each.value for each in library.claims]
    found = {(each.plan.profile, each.look): each for each in budget.declared(
        [plan_of(library, profile) for profile in ("quick", "sequential", "paper")], own)}
    offer = Offer(slots=1, execution=Execution(), cards={"h200": CARDS["h200"]}, utilisation=0.3)

    def candidate(name: str, look: int, seconds: float | None, cannot: str = "") -> budget.Candidate:
        each = found[name, look]
        made = bill(each.plan, Unavailable(tier=Tier.REDUCED, why="", remedy=""), Store(path=tmp_path), (), offer, Tried())
        hours = None if seconds is None else price.Hours(parts={}, most=seconds, fewest=seconds, wall=seconds,
                                                         wall_fewest=seconds, left=seconds, wall_left=seconds)
        return budget.Candidate(declared=each, bill=replace(made, unknown=(), runnable=True), cannot_run=cannot,
                                quote=replace(made.quotes[0], hours=hours))

    quick, first, last = candidate("quick", 1, 50.0), candidate("sequential", 1, 60.0), candidate("sequential", 3, 200.0)
    paper, unknown = candidate("paper", 1, 90.0), candidate("sequential", 3, None)
    assert budget.largest([quick, first, last], 1000) is last
    assert budget.largest([quick, first, last], 100) is quick  # the first look cannot be run by itself
    assert budget.largest([quick, paper, last], 1000) is paper  # the paper's own design, though it is shorter
    assert budget.largest([quick, replace(paper, cannot_run="no data"), last], 1000) is last
    absent = replace(last, lacking="mmarco is not here", remedy="fetch it")  # which can be had
    assert budget.largest([quick, absent], 1000) is absent
    assert budget.largest([quick, unknown], 10) is None
    assert budget.cheapest([quick, unknown, last]) is quick
    part = replace(last, bill=replace(last.bill, unknown=("encoding theirs",)))  # of which not all is counted
    assert part.seconds is None
    assert budget.largest([quick, part], 1000) is quick
    estimated = price.Memory(state=20e9, a_token=1e5, tokens=16_384, best=0)
    wide = replace(last, quote=replace(last.quote, memory=(SlotMemory(backbone="xlm-r", estimated=estimated, room=24e9),)))
    assert budget.largest([quick, wide], 1000) is quick
    assert budget.cheapest([wide]) is None
    assert budget.largest([quick, replace(wide, quote=replace(wide.quote, memory=(
        SlotMemory(backbone="xlm-r", estimated=replace(estimated, tokens=8192), room=24e9),)))], 1000) is not quick
    told = "\n".join(prices.table([part, wide], 100, quick))
    assert "no price: not counted is encoding theirs" in told
    assert "does not fit: xlm-r takes 21.6 GB with 16,384 tokens at once (estimated); does not fit into 24 GB" in told
    told = "\n".join(prices.table([quick, first, last, unknown, replace(paper, cannot_run="no data")], 100, quick))
    for words in ("chosen", "ends with its last look", "does not fit: about 3.33 min is more than 100 s",
                  "cannot be run: no data", prices.NOT_CALIBRATED):
        assert words in told


# ---------------------------------------------------------------- the command

def test_every_command_of_the_page_on_cost_runs(claimcheck, paper_claims: Path, data_dir: Path, root: Path, tmp_path: Path):
    page = (root / "docs" / "cost.md").read_text(encoding="utf-8")
    commands = [line.split("#")[0].split() for block in re.findall(r"^```sh\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
                for line in block.splitlines()]
    assert len(commands) >= 3
    for command in commands:
        smaller = ("--profile", "tiny") if "--calibrate" in command else ()
        done = claimcheck(*command[1:], *smaller, "--store", tmp_path / "own", cwd=paper_claims.parent,
                          CLAIMCHECK_DATA=str(data_dir))
        assert done.returncode == 0, (command, done.stderr)
        assert "note:" not in done.stderr, done.stderr
    assert "measured here" in done.stdout
    assert len(list((tmp_path / "own" / "rates").glob("*.json"))) == 1


def test_plan_says_what_a_profile_costs_and_what_a_budget_buys(claimcheck, paper_claims: Path, tmp_path: Path):
    own = tmp_path / "own"
    done = claimcheck("plan", paper_claims, "--profile", "paper", "--card", "l4", "--slots", "4", "--format", "json",
                      "--store", own)
    made, = json.loads(done.stdout)["plans"]
    here, card = made["cost"]["devices"]
    assert (here["how"], here["seconds"]) == ("not calibrated on this device", None)
    assert card["how"] == "estimated from published peak"
    assert card["seconds"]["wall"] == pytest.approx(card["seconds"]["device"] / 4, rel=0.1)
    assert made["power"] == []
    assert not own.exists()
    wrong = claimcheck("plan", paper_claims, "--budget", "soon")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    bought = claimcheck("plan", paper_claims, "--budget", "1h", "--store", own)
    assert bought.returncode == 0, bought.stderr
    assert "nothing fits" in bought.stdout
    assert "to run quick: " in bought.stdout


def test_a_budget_prints_the_command_that_was_priced_and_nothing_that_memory_forbids(claimcheck, paper_claims: Path,
                                                                                     tmp_path: Path):
    given = ("plan", paper_claims, "--card", "rtx-4090", "--store", tmp_path / "own")
    small = claimcheck(*given, "--budget", "60d", "--tokens-at-once", "8192", "--recompute", "--slots", "2")
    command, = (line for line in small.stdout.splitlines() if line.startswith("run it: "))
    assert command.endswith("--profile open-miracl --jobs 2 --tokens-at-once 8192 --recompute")
    assert "not in its time: the optimizer's step" in small.stdout
    wide = claimcheck(*given, "--budget", "60d", "--tokens-at-once", "65536")
    assert "run it: " not in wide.stdout
    assert "--tokens-at-once 51712 would fit at most" in wide.stdout
    assert claimcheck(*given, "--budget", "876h").stdout.count("chosen: open\n") == 1  # open-miracl takes 894 h


def test_where_no_shape_is_known_plan_says_what_to_fetch_and_not_to_calibrate_again(claimcheck, paper_claims: Path,
                                                                                  tmp_path: Path):
    given = {"CLAIMCHECK_DATA": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    asked = ("plan", paper_claims, "--calibrate", "--store", tmp_path / "own", "--profile")
    done = claimcheck(*asked, "tiny-transformers", **given)
    line, = (each for each in done.stdout.splitlines() if each.strip().startswith("on this device"))
    assert "the shape of tiny-xlm-r and tiny-labse is not known while the checkpoint is not here; fetch it" in line
    assert prices.NOT_CALIBRATED not in done.stdout
    done = claimcheck(*asked, "tiny", **given)
    assert "hashed n-grams are tried on the data themselves, which are not here" in done.stdout


def test_the_deviations_that_a_plan_speaks_of_are_those_of_the_difference(claimcheck, paper_claims: Path, tmp_path: Path):
    told = claimcheck("plan", paper_claims, "--profile", "open-short", "--store", tmp_path / "own").stdout
    assert "2.3 standard deviations over runs, those of the difference of two arms of one seed and not of an arm" in told
