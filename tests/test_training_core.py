"""The loop: pieces and processes give the loss of the whole, what is kept gives the same bits, faults are told."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import TEXTS

from claimcheck.corpora.corpus import Candidate, LanguagePart, ParallelCorpus, Question
from claimcheck.corpora.pairs import InLanguages, TrainingPairs, in_memory, training_pairs
from claimcheck.design import Arm, Backbone, Training
from claimcheck.errors import CorruptInput
from claimcheck.execution import Execution
from claimcheck.retrieval.batches import Batch, BatchPlan, make
from claimcheck.retrieval.building import build
from claimcheck.retrieval.encoder import Encoder, encode_all
from claimcheck.retrieval.feeding import feed
from claimcheck.retrieval.loss import info_nce
from claimcheck.retrieval.selection import Selection
from claimcheck.retrieval.training import How, backward, noise_of, train
from claimcheck.retrieval.training_state import Kept

pytestmark = pytest.mark.usefixtures("one_thread")
TRAINING = Training(optimizer="AdamW", learning_rate=2e-3, weight_decay=0.01, batch_size=6, temperature=0.05, steps=8,
                    warmup_steps=2, schedule="linear decay", loss="InfoNCE", negatives="in-batch and one given",
                    max_query_tokens=16, max_passage_tokens=32, query_prefix="Query:", passage_prefix="Passage:")
N_GRAMS = Training(optimizer="Adam", learning_rate=0.02, batch_size=6, temperature=0.1, steps=8, warmup_steps=2,
                   schedule="linear decay", feature_dropout=0.3, loss="InfoNCE", negatives="in-batch")
HYBRID = Arm(sampling="hybrid", alpha=0.5)


def some_pairs(*, negatives: bool = True) -> TrainingPairs:
    """24 items in two languages; item 3 has the passage of item 2, and every third comes with a negative."""
    words = " ".join(TEXTS).split()
    draw = np.random.default_rng(3)

    def texts(language: str, length: int) -> list[str]:
        return [" ".join([language, *draw.choice(words, int(draw.integers(1, length)))]) for _ in range(24)]

    passages = {language: texts(language, 14) for language in ("de", "en")}
    for own in passages.values():
        own[3] = own[2]
    given = {language: tuple(text if item % 3 == 0 else None for item, text in enumerate(texts(language, 9)))
             for language in ("de", "en")}
    return TrainingPairs(questions=tuple(f"{item:02d}" for item in range(24)), languages=("de", "en"),
                         queries={language: tuple(texts(language, 6)) for language in ("de", "en")},
                         passages={language: tuple(own) for language, own in passages.items()},
                         negatives=given if negatives else {})


PAIRS = some_pairs()


def encoder_of(data: Path, *, dropout: bool = True, training: Training = TRAINING, **execution) -> Encoder:
    made = build(Backbone(encoder="transformers", folder="tiny-xlm-r", pooling="mean"), (), training, 0,
                 data / "backbones" / "tiny-xlm-r", Execution(device="cpu", **execution))
    if not dropout:
        for module in made.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
    return made


def weights(encoder: Encoder) -> dict[str, bytes]:
    return {name: weight.detach().numpy().tobytes() for name, weight in encoder.named_parameters()}


def gradients(encoder: Encoder) -> dict[str, torch.Tensor]:
    return {name: weight.grad.clone() for name, weight in encoder.named_parameters()}


def one_batch(encoder: Encoder, how: How, batch: Batch | None = None) -> tuple[float, dict[str, torch.Tensor]]:
    batch = batch or Batch(query_language="en", passage_language="de", questions=(0, 2, 3, 5, 9, 17))
    for weight in encoder.parameters():
        weight.grad = None
    fed = feed(encoder, PAIRS, (batch,), given_negatives=True).batch(0)
    return backward(encoder, fed, 0.05, noise_of(7, 0), how), gradients(encoder)


# ---------------------------------------------------------------- the loss


def test_given_negatives_serve_every_query_but_one_whose_own_passage_they_equal():
    queries = torch.tensor([[1.0, 0], [0, 1]])
    passages = torch.tensor([[1.0, 0], [0, 1], [1, 0]])  # the third is a negative, equal to the first query's own passage
    loss = info_nce(queries, passages, torch.tensor([4, 9, 4]), 0.5)
    # cosine / temperature: query 0: own 2, other 0. Query 1: own 2, others 0 and 0.
    by_hand = (np.log1p(np.exp(-2)) + np.log1p(2 * np.exp(-2))) / 2
    assert loss.item() == pytest.approx(by_hand, rel=1e-6)


def test_a_batch_is_fed_with_its_texts_and_the_negatives_behind_them(checkpoints: Path):
    encoder = encoder_of(checkpoints)
    batch = Batch(query_language=("en", "de", "en"), passage_language=("de", "de", "en"), questions=(0, 4, 3))
    fed = feed(encoder, PAIRS, (batch,), given_negatives=True).batch(0)
    expected = [PAIRS.passages["de"][0], PAIRS.passages["de"][4], PAIRS.passages["en"][3],
                PAIRS.negatives["de"][0], PAIRS.negatives["en"][3]]
    alone = encoder.prepare(expected, "passage")
    starts = fed.passages.prepared.starts
    for place, row in enumerate(fed.passages.rows):
        assert (fed.passages.prepared.ids[starts[row]:starts[row + 1]].tolist()
                == alone.ids[alone.starts[place]:alone.starts[place + 1]].tolist())
    assert len(fed.queries) == 3
    assert len(feed(encoder, PAIRS, (batch,), given_negatives=False).batch(0).passages) == 3


def test_equal_passages_are_no_negatives_of_each_other_wherever_they_come_from(checkpoints: Path):
    encoder = encoder_of(checkpoints)
    batch = Batch(query_language="en", passage_language="en", questions=(2, 3, 5))
    same = feed(encoder, PAIRS, (batch,), given_negatives=True).batch(0).same
    assert same[0] == same[1]
    assert len(set(same.tolist())) == len(same) - 1


def test_the_loss_and_its_gradient_are_those_of_sentence_transformers(checkpoints: Path):
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.losses import CachedMultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    encoder = encoder_of(checkpoints, dropout=False, training=replace(TRAINING, query_prefix=None, passage_prefix=None))
    items = np.array([0, 6, 9, 12, 15])  # each has a negative
    texts = {kind: [getattr(PAIRS, kind)["en"][item] for item in items] for kind in ("queries", "passages", "negatives")}
    ours, found = one_batch(encoder, How(), Batch(query_language="en", passage_language="en", questions=items.tolist()))
    module = Transformer(str(checkpoints / "backbones" / "tiny-xlm-r"), max_seq_length=32)
    theirs = SentenceTransformer(modules=[module, Pooling(32, pooling_mode="mean")], device="cpu").train()
    for each in theirs.modules():
        if isinstance(each, torch.nn.Dropout):
            each.p = 0.0
    loss = CachedMultipleNegativesRankingLoss(theirs, scale=20, mini_batch_size=2)
    features = [theirs.preprocess(texts[kind]) for kind in ("queries", "passages", "negatives")]
    value = loss(features, torch.zeros(len(items)))
    value.backward()
    assert ours == pytest.approx(value.item(), abs=1e-5)
    expected = {name.removeprefix("0.auto_model.").removeprefix("0.model."): weight.grad
                for name, weight in theirs.named_parameters()}
    for name, gradient in found.items():
        assert (gradient - expected[name.removeprefix("model.")]).abs().max() < 1e-4, name


# ---------------------------------------------------------------- pieces


@pytest.mark.parametrize("most", [1, 40, 90])
def test_a_batch_taken_in_pieces_has_the_loss_and_the_gradient_of_the_whole(checkpoints: Path, most: int):
    encoder = encoder_of(checkpoints, dropout=False)
    whole, expected = one_batch(encoder, How())
    loss, found = one_batch(encoder, How(execution=Execution(device="cpu", tokens_at_once=most)))
    assert loss == pytest.approx(whole, abs=1e-6)
    assert max(gradient.abs().max() for gradient in expected.values()) > 0.1
    assert all((found[name] - expected[name]).abs().max() < 2e-5 for name in expected)


def test_pieces_drop_in_the_second_pass_what_they_dropped_in_the_first(checkpoints: Path):
    # one query and one passage a piece: with the noise of each piece known, the loss can be built without any caching
    encoder = encoder_of(checkpoints)
    batch = Batch(query_language="en", passage_language="en", questions=(1, 7))
    loss, found = one_batch(encoder, How(execution=Execution(device="cpu", tokens_at_once=1)), batch)
    for weight in encoder.parameters():
        weight.grad = None
    fed, noise = feed(encoder, PAIRS, (batch,), given_negatives=True).batch(0), noise_of(7, 0)
    queries, passages = (torch.cat([encoder.embed(part.prepared, [row], noise) for row in part.rows])
                         for part in (fed.queries, fed.passages))
    direct = info_nce(queries, passages, torch.from_numpy(fed.same), 0.05)
    direct.backward()
    assert loss == direct.item()
    assert all((found[name] - gradient).abs().max() < 1e-6 for name, gradient in gradients(encoder).items())
    assert one_batch(encoder, How(), batch)[0] != loss  # taken whole, something else is dropped


def test_activations_computed_again_change_nothing(checkpoints: Path):
    plain, again = (one_batch(encoder_of(checkpoints, recompute=recompute), How()) for recompute in (False, True))
    assert plain[0] == pytest.approx(again[0], abs=1e-6)
    assert all((again[1][name] - gradient).abs().max() < 1e-5 for name, gradient in plain[1].items())


@pytest.mark.filterwarnings("ignore")  # of what torch uses of itself while it compiles
def test_compiled_transformers_have_the_same_loss_and_gradients(checkpoints: Path):
    if shutil.which("g++") is None and shutil.which("clang++") is None:
        pytest.skip("torch.compile needs a C++ compiler on a processor, and there is none here")
    plain, compiled = (one_batch(encoder_of(checkpoints, dropout=False, compiled=each), How()) for each in (False, True))
    assert plain[0] == pytest.approx(compiled[0], abs=1e-5)
    assert all((compiled[1][name] - gradient).abs().max() < 5e-5 for name, gradient in plain[1].items())


def test_strict_attention_gives_the_same_vectors(checkpoints: Path):
    plain, strict = (encoder_of(checkpoints, strict=each) for each in (False, True))
    found = [encode_all(each, each.prepare(TEXTS, "query")) for each in (plain, strict)]
    assert (found[0] - found[1]).abs().max() < 1e-6


# ---------------------------------------------------------------- streams


def test_pairs_read_from_disk_train_to_the_same_weights_as_pairs_in_memory(checkpoints: Path, tmp_path: Path):
    from claimcheck.corpora.parallel_writing import pack

    for language in PAIRS.languages:
        texts = zip(PAIRS.queries[language], PAIRS.passages[language], PAIRS.negatives[language], strict=True)
        rows = [{"query": query, "passage": passage} | ({"negative": negative} if negative else {})
                for query, passage, negative in texts]
        (tmp_path / f"{language}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "hi.jsonl").write_text("null\n" * 24)
    packed = InLanguages(pairs=pack(tmp_path, tmp_path / "out", name="x"), languages=("de", "en"))
    assert in_memory(packed).passages == PAIRS.passages
    found = []
    for pairs in (PAIRS, packed):
        for arm in (HYBRID, Arm(sampling="cross-lingual", languages="per item")):
            encoder = encoder_of(checkpoints)
            result = train(encoder, pairs, make(pairs, arm, TRAINING, 1), TRAINING, 1)
            found.append((weights(encoder), result.losses, result.fed))
    assert found[0] == found[2]
    assert found[1] == found[3]
    assert found[0] != found[1]
    with pytest.raises(ValueError, match="do not come in fr"):
        InLanguages(pairs=PAIRS, languages=("en", "fr"))


# ---------------------------------------------------------------- interrupted


class _Pulled(Exception):
    """The plug."""


def interrupted(encoder: Encoder, training: Training, at: int, how: How, pairs: TrainingPairs = PAIRS) -> None:
    """Train until the plug is pulled at the start of a step."""
    plan = make(pairs, HYBRID, training, 5)
    inner, calls = encoder.embed, [0]

    def embed(prepared, rows, noise=None):
        calls[0] += noise is not None
        if calls[0] > 2 * at:  # queries and passages, once each a step
            raise _Pulled
        return inner(prepared, rows, noise)

    encoder.embed = embed
    with pytest.raises(_Pulled):
        train(encoder, pairs, plan, training, 5, how)


@pytest.mark.parametrize("kind", ["transformer", "n-grams"])
@pytest.mark.parametrize("at", [1, 2, 5, 7])
def test_training_that_was_interrupted_ends_in_the_same_bits(checkpoints: Path, tmp_path: Path, kind: str, at: int):
    training = TRAINING if kind == "transformer" else N_GRAMS

    def fresh() -> Encoder:
        if kind == "transformer":
            return encoder_of(checkpoints)
        return build(Backbone(encoder="hashed n-grams", dimensions=8), [text for text in TEXTS if text], training, 5)

    plan = make(PAIRS, HYBRID, training, 5)
    whole = fresh()
    expected = train(whole, PAIRS, plan, training, 5)
    how = How(kept=Kept(folder=tmp_path / "0.training", seconds=0))
    interrupted(fresh(), training, at, how)
    assert json.loads((tmp_path / "0.training" / "state.json").read_text())["losses"] == list(expected.losses[:at])
    again = fresh()
    result = train(again, PAIRS, plan, training, 5, How(kept=Kept(folder=tmp_path / "0.training", seconds=0)))
    assert weights(again) == weights(whole)
    assert result == replace(expected, executions=result.executions)
    assert [step for step, _ in result.executions] == [0]


def test_a_training_that_stands_whole_is_not_made_again(checkpoints: Path, tmp_path: Path):
    plan, how = make(PAIRS, HYBRID, TRAINING, 5), How(kept=Kept(folder=tmp_path / "0.training", seconds=0))
    first, second = encoder_of(checkpoints), encoder_of(checkpoints)
    expected = train(first, PAIRS, plan, TRAINING, 5, how)
    second.embed = None  # nothing is embedded any more
    assert train(second, PAIRS, plan, TRAINING, 5, how) == expected
    assert weights(second) == weights(first)


def test_a_training_that_stands_whole_with_its_looks_is_looked_at_no_further(checkpoints: Path, tmp_path: Path):
    training = replace(TRAINING, select_every=3)
    plan = make(PAIRS, HYBRID, training, 5)
    how = How(selection=selecting(3), kept=Kept(folder=tmp_path / "0.training", seconds=0))
    first, second = encoder_of(checkpoints), encoder_of(checkpoints)
    expected = train(first, PAIRS, plan, training, 5, how)
    assert [step for step, _ in expected.looks] == [3, 6, 8]
    assert train(second, PAIRS, plan, training, 5, how) == expected  # as it is where the evaluation after it was interrupted
    assert weights(second) == weights(first)


@pytest.mark.parametrize("moment", ["after the old one was put aside", "with half a new one beside it"])
def test_whoever_is_killed_while_a_state_takes_its_place_loses_nothing(checkpoints: Path, tmp_path: Path, moment: str):
    plan, folder = make(PAIRS, HYBRID, TRAINING, 5), tmp_path / "0.training"
    whole = encoder_of(checkpoints)
    expected = train(whole, PAIRS, plan, TRAINING, 5)
    interrupted(encoder_of(checkpoints), TRAINING, 4, How(kept=Kept(folder=folder, seconds=0)))
    folder.rename(tmp_path / ".0.training.old")
    if "half" in moment:
        (tmp_path / ".0.training.new").mkdir()
        (tmp_path / ".0.training.new" / "weights.safetensors").write_bytes(b"half")
    again = encoder_of(checkpoints)
    seen: list[int] = []
    inner = again.embed
    again.embed = lambda *given: seen.append(1) or inner(*given)
    assert train(again, PAIRS, plan, TRAINING, 5, How(kept=Kept(folder=folder, seconds=0))).losses == expected.losses
    assert len(seen) == 2 * (8 - 4)  # four steps were kept
    assert weights(again) == weights(whole)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["0.training"]


def test_it_is_kept_as_often_as_is_asked_and_told_how_far_it_is(checkpoints: Path, tmp_path: Path,
                                                                monkeypatch: pytest.MonkeyPatch):
    from claimcheck.measurement.progress import progress_of

    now = iter(range(0, 10_000, 10))
    kept, states = Kept(folder=tmp_path / "0.training", seconds=45, clock=lambda: next(now)), []
    inner = Kept._write
    monkeypatch.setattr(Kept, "_write", lambda self, state: (states.append(state.step), inner(self, state)))
    plan = make(PAIRS, HYBRID, TRAINING, 5)
    train(encoder_of(checkpoints), PAIRS, plan, TRAINING, 5, How(kept=kept))
    assert states == [6, 8]  # the clock says 0 after the first step, 10 more after each: 50 after the sixth; and at the end
    assert progress_of(tmp_path / "0.training")["step"] == 8
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.training", "0.training.progress.json"]


def test_going_on_with_other_hands_is_put_on_record(checkpoints: Path, tmp_path: Path):
    kept = Kept(folder=tmp_path / "0.training", seconds=0)
    few = Execution(device="cpu", tokens_at_once=64)
    interrupted(encoder_of(checkpoints), TRAINING, 3, How(kept=kept))
    result = train(encoder_of(checkpoints), PAIRS, make(PAIRS, HYBRID, TRAINING, 5), TRAINING, 5, How(kept=kept, execution=few))
    assert [(step, how.tokens_at_once) for step, how in result.executions] == [(0, Execution().tokens_at_once), (3, 64)]
    often = replace(few, checkpoint_seconds=1)  # how often it is kept is no other way to compute
    plan = make(PAIRS, HYBRID, TRAINING, 5)
    again = train(encoder_of(checkpoints), PAIRS, plan, TRAINING, 5, How(kept=kept, execution=often))
    assert [step for step, _ in again.executions] == [0, 3]


@pytest.mark.parametrize("spoilt", ["state.json", "weights.safetensors", "moments.safetensors"])
def test_a_kept_training_that_is_damaged_is_told_and_not_used(checkpoints: Path, tmp_path: Path, spoilt: str):
    how = How(kept=Kept(folder=tmp_path / "0.training", seconds=0))
    interrupted(encoder_of(checkpoints), TRAINING, 3, how)
    path = tmp_path / "0.training" / spoilt
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CorruptInput, match=rf"{spoilt}.*cannot be gone on from; remove the folder"):
        train(encoder_of(checkpoints), PAIRS, make(PAIRS, HYBRID, TRAINING, 5), TRAINING, 5, how)
    other = make(PAIRS, HYBRID, TRAINING, 6)
    if spoilt != "state.json":
        with pytest.raises(CorruptInput, match="is of another plan of batches"):
            train(encoder_of(checkpoints), PAIRS, other, TRAINING, 6, how)


# ---------------------------------------------------------------- choosing a checkpoint


def selecting(every: int = 2) -> Selection:
    return Selection(pairs=replace(some_pairs(negatives=False)), every=every, batch_size=5)


def test_the_loss_that_chooses_is_the_mean_over_queries_of_monolingual_batches(checkpoints: Path):
    encoder = encoder_of(checkpoints)
    summed = 0.0
    for language in ("de", "en"):
        for start in range(0, 24, 5):
            items = range(start, min(start + 5, 24))
            queries, passages = ([own[language][item] for item in items] for own in (PAIRS.queries, PAIRS.passages))
            vectors = [encode_all(encoder, encoder.prepare(texts, role))
                       for texts, role in ((queries, "query"), (passages, "passage"))]
            same = torch.tensor([passages.index(text) for text in passages])
            summed += info_nce(*vectors, same, 0.05).item() * len(items)
    assert selecting().loss(encoder, 0.05, How().ranks) == pytest.approx(summed / 48, abs=1e-6)


def test_training_ends_when_patience_does_and_leaves_the_weights_of_the_lowest_loss(checkpoints: Path,
                                                                                    monkeypatch: pytest.MonkeyPatch):
    told = iter([0.9, 0.5, 0.7, 0.5, 0.6, 0.1])
    seen: dict[int, dict[str, bytes]] = {}
    monkeypatch.setattr(Selection, "loss",
                        lambda self, encoder, *_: seen.setdefault(len(seen), weights(encoder)) and next(told))
    training = replace(TRAINING, steps=12, select_every=2, patience=3)
    encoder = encoder_of(checkpoints)
    result = train(encoder, PAIRS, make(PAIRS, HYBRID, training, 5), training, 5, How(selection=selecting()))
    assert result.looks == ((2, 0.9), (4, 0.5), (6, 0.7), (8, 0.5), (10, 0.6))  # an equal loss is no lower one
    assert result.chosen == 4
    assert len(result.losses) == 10
    assert result.fed.pairs == 60
    assert weights(encoder) == seen[1] != seen[4]


def test_a_checkpoint_is_chosen_alike_after_an_interruption(checkpoints: Path, tmp_path: Path):
    training = replace(TRAINING, select_every=3)
    plan = make(PAIRS, HYBRID, training, 5)
    whole, again = encoder_of(checkpoints), encoder_of(checkpoints)
    expected = train(whole, PAIRS, plan, training, 5, How(selection=selecting(3)))
    assert [step for step, _ in expected.looks] == [3, 6, 8]  # and at the end
    how = How(selection=selecting(3), kept=Kept(folder=tmp_path / "0.training", seconds=0))
    interrupted(encoder_of(checkpoints), training, 7, how)
    assert train(again, PAIRS, plan, training, 5, how) == expected
    assert weights(again) == weights(whole)


# ---------------------------------------------------------------- what can go wrong


def test_a_loss_that_is_no_number_ends_training_and_says_where(checkpoints: Path, tmp_path: Path):
    encoder = encoder_of(checkpoints)
    training = replace(TRAINING, learning_rate=1e30, warmup_steps=0)
    with pytest.raises(ValueError, match=r"the loss is (nan|inf) at step \d of 8 .*lower the learning rate"):
        train(encoder, PAIRS, make(PAIRS, HYBRID, training, 5), training, 5)


@pytest.mark.parametrize(("had", "error", "says"), [
    (16_384, torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), "run again with --tokens-at-once"),
    (40, RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "with --tokens-at-once 32 --recompute"),
    (20, MemoryError(), "with --tokens-at-once 32 --recompute")])
def test_out_of_memory_names_the_setting_that_would_fit(checkpoints: Path, had: int, error: Exception, says: str):
    encoder = encoder_of(checkpoints)

    def embed(*_, **__):
        raise error

    encoder.embed = embed
    long = replace(PAIRS, passages={language: tuple(f"{each} {' '.join(TEXTS)}" for each in own)
                                    for language, own in PAIRS.passages.items()})
    with pytest.raises(MemoryError, match=rf"out of memory at step 0; .*{says}"):
        train(encoder, long, make(long, HYBRID, TRAINING, 5), TRAINING, 5, How(execution=Execution(tokens_at_once=had)))


def test_other_failures_are_not_called_out_of_memory(checkpoints: Path):
    encoder = encoder_of(checkpoints)

    def embed(*_, **__):
        raise RuntimeError("shapes differ")

    encoder.embed = embed
    with pytest.raises(RuntimeError, match=r"^shapes differ$"):
        train(encoder, PAIRS, make(PAIRS, HYBRID, TRAINING, 5), TRAINING, 5)


# ---------------------------------------------------------------- together


def together(rank: int, size: int, folder: str, data: str) -> None:
    """One of several processes: gradients of one batch, whole and in pieces, and then a training."""
    from claimcheck.retrieval.ranks import Ranks

    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", rank=rank, world_size=size, init_method=f"file://{folder}/meeting-{size}")
    ranks = Ranks(rank=rank, size=size)
    encoder = encoder_of(Path(data), dropout=False)
    made = {}
    for name, most in (("whole", 16_384), ("pieces", 40)):
        loss, found = one_batch(encoder, How(ranks=ranks, execution=Execution(device="cpu", tokens_at_once=most)))
        made[name] = {"loss": torch.tensor(loss), **found}
    try:
        ranks.check_alike(f"of {rank}", "the plan of batches")
        made["differs"] = {"told": torch.tensor(0)}
    except ValueError as error:
        made["differs"] = {"told": torch.tensor("is not the same in all" in str(error))}
    training = replace(TRAINING, select_every=3)
    encoder = encoder_of(Path(data), dropout=False)
    kept = Kept(folder=Path(folder) / f"{size}.training", seconds=0)
    result = train(encoder, PAIRS, make(PAIRS, HYBRID, training, 5), training, 5,
                   How(ranks=ranks, selection=selecting(3), kept=kept))
    made["trained"] = {"losses": torch.tensor(result.losses), "looks": torch.tensor(result.looks)}
    made["vectors"] = {"all": encode_all(encoder, encoder.prepare(TEXTS, "passage"), ranks)}
    torch.save(made, f"{folder}/{size}-{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_and_three_processes_have_the_loss_the_gradients_and_the_training_of_one(checkpoints: Path, tmp_path: Path):
    encoder = encoder_of(checkpoints, dropout=False)
    loss, expected = one_batch(encoder, How())
    training = replace(TRAINING, select_every=3)
    alone = encoder_of(checkpoints, dropout=False)
    result = train(alone, PAIRS, make(PAIRS, HYBRID, training, 5), training, 5, How(selection=selecting(3)))
    vectors = encode_all(alone, alone.prepare(TEXTS, "passage"))
    for size in (2, 3):
        torch.multiprocessing.spawn(together, args=(size, str(tmp_path), str(checkpoints)), nprocs=size)
        found = [torch.load(tmp_path / f"{size}-{rank}.pt", weights_only=True) for rank in range(size)]
        for made in found:
            for name in ("whole", "pieces"):
                assert made[name]["loss"].item() == pytest.approx(loss, abs=1e-6)
                assert all((made[name][key] - gradient).abs().max() < 2e-5 for key, gradient in expected.items())
            assert made["trained"]["losses"].tolist() == pytest.approx(result.losses, abs=1e-4)
            assert made["differs"]["told"].item() == 1
            assert (made["vectors"]["all"] - vectors).abs().max() < 1e-3
        for other in found[1:]:  # all processes hold the same to the bit
            assert torch.equal(found[0]["vectors"]["all"], other["vectors"]["all"])
            assert torch.equal(found[0]["trained"]["looks"], other["trained"]["looks"])
        assert (tmp_path / f"{size}.training" / "best.safetensors").exists()


def corpus() -> ParallelCorpus:
    """The pairs as a corpus of four articles, so that a leg can be made of it."""
    parts = {}
    for language in PAIRS.languages:
        candidates = tuple(Candidate(id=f"x/{language}/{item:05d}", language=language, article=f"article {item % 4}",
                                     text=f"{item} {PAIRS.passages[language][item]}") for item in range(24))
        questions = tuple(Question(id=f"q{item:02d}", language=language, text=PAIRS.queries[language][item],
                                   article=f"article {item % 4}") for item in range(24))
        parts[language] = LanguagePart(language=language, questions=questions, candidates=candidates,
                                       relevant={f"q{item:02d}": item for item in range(24)})
    return ParallelCorpus(name="x", parts=parts)


def test_articles_that_choose_a_checkpoint_are_neither_trained_on_nor_evaluated():
    from claimcheck.corpora.splits import parts
    from claimcheck.design import Route, Split

    split = Split(evaluate=1, seed=0, select=1)
    found = parts({"x": corpus()}, Route(train="x", evaluate="x", split=split), ("de", "en"), 0, 3)
    sides = (found.train, found.evaluate, found.select)
    articles = [{question.article for question in side.parts["en"].questions} for side in sides]
    assert [len(each) for each in articles] == [2, 1, 1]
    assert len(set.union(*articles)) == 4
    with pytest.raises(ValueError, match="3 articles are trained on, and `select` holds back 3"):
        parts({"x": corpus()}, Route(train="x", evaluate="x", split=replace(split, select=3)), ("de", "en"), 0, 3)
    assert training_pairs(found.select).count == 6


def test_a_plan_is_a_plan_whatever_trains_by_it(checkpoints: Path):
    encoder = encoder_of(checkpoints)
    plan = make(PAIRS, Arm(sampling="none"), TRAINING, 0)
    before = weights(encoder)
    assert plan == BatchPlan(batches=())
    assert train(encoder, PAIRS, plan, TRAINING, 0).losses == ()
    assert weights(encoder) == before
    assert os.environ.get("RANK") is None  # nothing here was started by torchrun


def two_processes(data: Path):
    """A leg that two processes carry out."""
    from claimcheck.design import Data, Route
    from claimcheck.experiment.leg import Leg
    from claimcheck.run import Condition, Run

    route = Route(train="x", evaluate="y")
    condition = Condition(reproduction="r", backbone="b", arm="a", model=Backbone(encoder="transformers", pooling="mean"),
                          filling=HYBRID, data=Data(train=("x",), evaluate=("y",), languages=("de", "en"), routes=(route,)),
                          training=TRAINING)
    return Leg(key="k" * 64, number=0, run=Run(condition=condition, seed=0), route=route, fold=0, files={}, checkpoint=data,
               execution=Execution(device="cpu", processes=2))


def nowhere(leg, made) -> None:
    """Takes a result and keeps nothing."""


def test_memory_that_is_out_in_one_of_several_processes_ends_all_and_is_told(checkpoints: Path, tmp_path: Path, monkeypatch):
    from torch.distributed import launcher
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

    from claimcheck.experiment import together

    class Ended(Exception):
        """In place of the end of a process."""

    def ended(status: int) -> None:
        raise Ended(str(status))

    monkeypatch.setattr(together, "execute_each",
                        lambda *_: (_ for _ in ()).throw(MemoryError("out of memory at step 3; do this")))
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda *_, **__: None)
    monkeypatch.setattr(together, "end_with", lambda _: None)
    monkeypatch.setattr(together.os, "_exit", ended)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")

    def launched(said: Path | None, status: int = 9):
        def start(legs, put, parent, folder):
            if said is not None:
                with pytest.raises(Ended, match="1"):
                    together._one(legs, put, parent, folder)
            raise ChildFailedError("x", {1: ProcessFailure(local_rank=1, pid=1, exitcode=status, error_file="")})

        return lambda config, entry: start

    monkeypatch.setattr(launcher.api, "elastic_launch", launched(tmp_path))
    with pytest.raises(MemoryError, match=r"out of memory at step 3; do this \(process 1 of 2\)"):
        together.carry_out([two_processes(checkpoints)], nowhere)
    monkeypatch.setattr(launcher.api, "elastic_launch", launched(None))
    with pytest.raises(RuntimeError, match="process 1 of 2 ended with status 9"):
        together.carry_out([two_processes(checkpoints)], nowhere)
    monkeypatch.setattr(launcher.api, "elastic_launch", launched(None, -9))
    with pytest.raises(together.ProcessLost, match="process 1 of 2 was ended by signal 9"):  # another try may go well
        together.carry_out([two_processes(checkpoints)], nowhere)
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(together, "execute_each", lambda *_: (_ for _ in ()).throw(full))
    monkeypatch.setattr(launcher.api, "elastic_launch", launched(tmp_path))
    with pytest.raises(OSError, match=r"No space left on device \(process 1 of 2\)"):
        together.carry_out([two_processes(checkpoints)], nowhere)


def test_a_fault_that_all_processes_meet_is_raised_as_it_is(checkpoints: Path, monkeypatch: pytest.MonkeyPatch):
    from torch.distributed import launcher

    from claimcheck.experiment import together

    fault = CorruptInput([])
    monkeypatch.setattr(launcher.api, "elastic_launch", lambda config, entry: lambda *_: {0: fault, 1: fault})
    with pytest.raises(CorruptInput):
        together.carry_out([two_processes(checkpoints)], nowhere)
