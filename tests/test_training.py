"""N-gram encoder and training: features by hand, gradients and steps against slow twins, and what training is for."""

import os
import subprocess
import sys
from hashlib import sha256
from math import e, log
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.corpora.pairs import TrainingPairs
from claimcheck.design import Arm, Backbone, Training
from claimcheck.errors import UsageFault
from claimcheck.retrieval import encoder as encoders
from claimcheck.retrieval.batches import Batch, BatchPlan, make
from claimcheck.retrieval.building import build
from claimcheck.retrieval.encoder import encode_all
from claimcheck.retrieval.ngrams import BUCKETS, bucket, inverse_document_frequencies, ngrams, weighted, words
from claimcheck.retrieval.training import Trained, info_nce, learning_rate, train

pytestmark = pytest.mark.usefixtures("one_thread")
TRAINING = Training(optimizer="Adam", learning_rate=0.02, betas=(0.9, 0.99), batch_size=16, temperature=0.1, steps=60,
                    warmup_steps=6, schedule="linear decay", feature_dropout=0.3, loss="InfoNCE", negatives="in-batch")
BACKBONE = Backbone(encoder="hashed n-grams", dimensions=24, pooling="sum")
SENTENCES = ("The river rises in the hills.", "Der Fluss entspringt im Norden.", "नदी पहाड़ों से निकलती है।",
             "河流发源于北方。", "แม่น้ำไหลลงสู่ทะเล")


def replaced(training: Training, **changes) -> Training:
    from dataclasses import replace

    return replace(training, **changes)


def toy() -> tuple[TrainingPairs, TrainingPairs]:
    """Two languages of 40 words each, every word with its translation; a question is three words, its sentence those and one
    more. 120 questions to train on, 40 more of the same words to look at afterwards."""
    generator = np.random.default_rng(5)
    letters = {"aa": list("bcdfgaeiou"), "bb": list("klmnpäöüyw")}
    vocabulary = {language: ["".join(generator.choice(alphabet, 6)) for _ in range(40)]
                  for language, alphabet in letters.items()}
    concepts = [generator.choice(40, 4, replace=False) for _ in range(160)]

    def some(those: list) -> TrainingPairs:
        def texts(length: int) -> dict[str, tuple[str, ...]]:
            return {language: tuple(" ".join(vocabulary[language][each] for each in four[:length]) for four in those)
                    for language in ("aa", "bb")}

        return TrainingPairs(questions=tuple(map(str, range(len(those)))), languages=("aa", "bb"), queries=texts(3),
                             passages=texts(4))

    return some(concepts[:120]), some(concepts[120:])


def trained(arm: Arm, training: Training = TRAINING, seed: int = 7) -> tuple[encoders.Encoder, Trained]:
    pairs, _ = toy()
    encoder = build(BACKBONE, [each for texts in pairs.passages.values() for each in texts], training, seed)
    return encoder, train(encoder, pairs, make(pairs, arm, training, seed), training, seed)


def reciprocal_rank(encoder: encoders.Encoder, pairs: TrainingPairs, query_language: str, passage_language: str) -> float:
    queries = encode_all(encoder, encoder.prepare(pairs.queries[query_language], "query"))
    passages = encode_all(encoder, encoder.prepare(pairs.passages[passage_language], "passage"))
    scores = queries @ passages.T
    return float((1 / (scores >= scores.diagonal()[:, None]).sum(dim=1)).mean())


# ---------------------------------------------------------------- features


@pytest.mark.parametrize(("text", "expected"), [
    ("हिन्दी में क्या है?", ("हिन्दी", "में", "क्या", "है")),  # vowel signs and virama are marks, and stay in their words
    ("العَرَبِيَّة", ("العَرَبِيَّة",)),
    ("แม่น้ำ 2 สาย", ("แม่น\u0e49\u0e4d\u0e32", "2", "สาย")),  # NFKC parts sara am into its two signs
    ("iPhone是什么？", ("iphone", "是什么")),
    ("co\u00adoperate, ＡＢＣ½", ("cooperate", "abc1", "2")),  # a soft hyphen is nothing; 1⁄2 has a fraction slash
    ("İstanbul", ("i̇stanbul",)),
    (" – ?! ", ()),
])
def test_words_are_runs_of_letters_marks_and_digits(text: str, expected: tuple[str, ...]):
    assert words(text) == expected


def test_ngrams_by_hand():
    assert ngrams("ab") == ("^ab", "ab$", "^ab$")  # 3 of length 3 and 4 in `^ab$`, which is the whole word too
    assert ngrams("rivers")[-1] == "^rivers$"
    assert len(ngrams("rivers")) == 6 + 5 + 4 + 1  # of 8 characters: 8 - n + 1 for n = 3, 4, 5, and the whole
    assert ngrams("北京市") == ("北", "京", "市", "北京", "京市", "北京市")
    assert ngrams("ไทย") == ("ไ", "ท", "ย", "ไท", "ทย", "ไทย")


def test_buckets_are_filled_as_by_chance_also_by_strings_that_differ_in_one_digit():
    filled = len({bucket(f"^{number:05d}$") for number in range(BUCKETS)})
    # Balls thrown at random into as many bins leave 1/e of them empty; standard deviation about 0.24 x sqrt(bins) / bins.
    assert abs(filled / BUCKETS - (1 - 1 / e)) < 0.01


def test_weights_by_hand():
    # "ab" stands in both texts, "xy" in one: idf log(3/3) + 1 = 1 and log(3/2) + 1. Each word has 3 n-grams.
    rows = weighted(["ab ab xy"], inverse_document_frequencies(["ab ab xy", "ab"]))
    one, other = 1 + log(2), log(3 / 2) + 1  # tf 2 x idf 1; tf 1 x idf
    length = (3 * one ** 2 + 3 * other ** 2) ** 0.5
    expected = {bucket(each): weight / length for word, weight in (("ab", one), ("xy", other)) for each in ngrams(word)}
    assert dict(zip(rows.buckets.tolist(), rows.weights.tolist(), strict=True)) == pytest.approx(expected, rel=1e-6)


@given(texts=st.lists(st.text(max_size=40), max_size=6))
@settings(deadline=None)
def test_every_text_with_features_has_weights_of_length_one(texts: list[str]):
    rows = weighted(texts, inverse_document_frequencies(texts))
    assert len(rows) == len(texts)
    for start, end in zip(rows.starts[:-1], rows.starts[1:], strict=True):
        assert start == end or np.sum(rows.weights[start:end].astype(float) ** 2) == pytest.approx(1, abs=1e-5)


# ---------------------------------------------------------------- encoder


def test_vectors_have_length_one_and_a_text_without_features_is_the_zero_vector():
    encoder = build(BACKBONE, SENTENCES, TRAINING, 0)
    vectors = encode_all(encoder, encoder.prepare([*SENTENCES, "", " ?! "], "passage"))
    assert (vectors.shape, vectors.dtype) == ((len(SENTENCES) + 2, 24), torch.float32)
    torch.testing.assert_close(vectors.norm(dim=1), torch.tensor([1.0] * len(SENTENCES) + [0, 0]))
    assert not vectors.requires_grad
    assert encode_all(encoder, encoder.prepare([], "passage")).shape == (0, 24)


def test_a_text_has_the_same_vector_whatever_it_is_encoded_with_to_the_bit():
    encoder = build(BACKBONE, SENTENCES, TRAINING, 0)
    many = [f"{sentence} {number}" for number in range(100) for sentence in SENTENCES]  # more than a block
    together = encode_all(encoder, encoder.prepare(many, "passage"))
    for place in (0, 1, 255, 256, 499):
        assert torch.equal(encode_all(encoder, encoder.prepare([many[place]], "passage"))[0], together[place])


def test_before_training_a_query_finds_the_text_that_shares_rare_words_with_it_even_unseen_ones():
    encoder = build(Backbone(encoder="hashed n-grams", dimensions=256), SENTENCES, TRAINING, 0)
    texts = ["Xylographs hang in Qyzylorda.", "The museum opened in 1931.", "ภาพพิมพ์ไม้ในเมือง", "木版画悬挂在城市"]
    queries = ["Where do xylographs hang?", "When was the museum opened?", "ภาพพิมพ์ไม้", "木版画"]
    scores = encode_all(encoder, encoder.prepare(queries, "query")) @ encode_all(encoder, encoder.prepare(texts, "passage")).T
    assert scores.argmax(dim=1).tolist() == [0, 1, 2, 3]


def test_the_first_table_depends_on_the_seed_alone_and_has_variance_one_over_its_dimensions():
    one = build(BACKBONE, SENTENCES, TRAINING, 3)
    other = build(BACKBONE, SENTENCES[:2], replaced(TRAINING, feature_dropout=None), 3)
    assert torch.equal(one.table, other.table)
    assert not torch.equal(one.table, build(BACKBONE, SENTENCES, TRAINING, 4).table)
    # The variance of 65536 x 24 normal numbers has a relative standard error of sqrt(2 / 1572864) = 0.0011.
    assert one.table.var().item() * 24 == pytest.approx(1, abs=0.006)


def test_dropout_drops_its_share_of_features_and_none_without_noise():
    encoder = build(BACKBONE, SENTENCES, replaced(TRAINING, feature_dropout=0.25), 0)
    prepared = encoder.prepare([" ".join(f"word{number}" for number in range(3000))], "passage")
    encoder.embed(prepared, [0], np.random.default_rng(1)).sum().backward()
    features = len(prepared.buckets)
    kept = encoder.table.grad._nnz()
    assert abs(kept - 0.75 * features) < 5 * (features * 0.75 * 0.25) ** 0.5
    assert torch.equal(encoder.embed(prepared, [0]), encoder.embed(prepared, [0]))
    same, again, new = (encoder.embed(prepared, [0], np.random.default_rng(seed)) for seed in (2, 2, 3))
    assert torch.equal(same, again)
    assert not torch.equal(same, new)


def test_what_this_version_cannot_build_or_train_is_refused():
    with pytest.raises(UsageFault, match="`transformers` needs a checkpoint"):
        build(Backbone(encoder="transformers", hub="x/y"), SENTENCES, TRAINING, 0)
    with pytest.raises(UsageFault, match="need `dimensions`"):
        build(Backbone(encoder="hashed n-grams"), SENTENCES, TRAINING, 0)
    with pytest.raises(UsageFault, match="without `weight_decay`"):
        build(BACKBONE, SENTENCES, TRAINING, 0).optimizer(replaced(TRAINING, weight_decay=0.1))
    for change, named in (({"loss": None}, "loss"), ({"temperature": None}, "temperature"), ({"schedule": None}, "schedule"),
                          ({"early_stopping": "on the development split"}, "early_stopping"),
                          ({"patience": 2}, "early_stopping")):
        with pytest.raises(UsageFault, match=f"`{named}"):
            trained(Arm(sampling="monolingual"), replaced(TRAINING, **change))


# ---------------------------------------------------------------- loss and schedule


def test_a_passage_equal_to_a_querys_own_is_no_negative_of_it():
    vectors = torch.tensor([[1.0, 0], [0, 1], [1, 0]])
    loss = info_nce(vectors, vectors, torch.tensor([4, 9, 4]), 0.5)
    # Cosines / temperature: 2 for equal vectors, 0 else. Queries 0 and 2: own 2, one negative 0. Query 1: own 2, two at 0.
    by_hand = (2 * -log(e ** 2 / (e ** 2 + 1)) - log(e ** 2 / (e ** 2 + 2))) / 3
    assert loss.item() == pytest.approx(by_hand, rel=1e-6)


def test_without_equal_texts_the_loss_is_cross_entropy_over_the_batch():
    generator = torch.Generator().manual_seed(0)
    queries, passages = (torch.nn.functional.normalize(torch.randn(9, 5, generator=generator)) for _ in range(2))
    slow = -sum(log(np.exp(float(q @ p) / 0.1) / sum(np.exp(float(q @ other) / 0.1) for other in passages))
                for q, p in zip(queries, passages, strict=True)) / 9
    assert info_nce(queries, passages, torch.arange(9), 0.1).item() == pytest.approx(slow, rel=1e-5)


@pytest.mark.parametrize(("schedule", "warmup", "steps", "expected"), [
    ("linear decay", 2, 6, [0, 0.5, 1, 0.75, 0.5, 0.25]),
    ("linear decay", None, 4, [1, 0.75, 0.5, 0.25]),
    ("linear decay", 8, 4, [0, 0.25, 0.5, 0.75]),  # the warm-up is no longer than the run
    ("constant after warm-up", 2, 5, [0, 0.5, 1, 1, 1]),
])
def test_learning_rates_by_hand(schedule: str, warmup: int | None, steps: int, expected: list[float]):
    training = Training(learning_rate=1.0, warmup_steps=warmup, schedule=schedule)
    assert [learning_rate(training, step, steps) for step in range(steps)] == expected


# ---------------------------------------------------------------- gradients and steps against slow twins


def slow_vectors(table: torch.Tensor, encoder: encoders.Encoder, texts: list[str]) -> torch.Tensor:
    """The definition, a text and a feature at a time, in double precision."""
    prepared = encoder.prepare(texts, "passage")
    found = []
    for start, end in zip(prepared.starts[:-1], prepared.starts[1:], strict=True):
        total = sum((float(weight) * table[int(place)] for place, weight
                     in zip(prepared.buckets[start:end], prepared.weights[start:end], strict=True)), torch.zeros(24).double())
        found.append(total / total.norm())
    return torch.stack(found)


def test_the_gradient_is_that_of_the_definition_in_double_precision():
    encoder = build(BACKBONE, SENTENCES, TRAINING, 0)
    queries, passages = ["the river", "der Fluss", "नदी", "the river"], list(SENTENCES[:4])
    same = torch.arange(4)
    prepared = encoder.prepare([*queries, *passages], "passage")
    loss = info_nce(encoder.embed(prepared, range(4)), encoder.embed(prepared, range(4, 8)), same, 0.1)
    loss.backward()
    table = encoder.table.detach().double().requires_grad_()
    slow = info_nce(slow_vectors(table, encoder, queries), slow_vectors(table, encoder, passages), same, 0.1)
    slow.backward()
    assert loss.item() == pytest.approx(slow.item(), rel=1e-5)
    torch.testing.assert_close(encoder.table.grad.to_dense().double(), table.grad, rtol=1e-4, atol=1e-6)


def test_steps_are_adam_on_the_rows_that_a_batch_touches_and_nothing_moves_the_others():
    pairs, _ = toy()
    training = replaced(TRAINING, feature_dropout=0.0, batch_size=4, steps=3, warmup_steps=0, temperature=1.0)
    plan = make(pairs, Arm(sampling="hybrid", alpha=0.5), training, 1)
    encoder = build(BACKBONE, pairs.passages["aa"], training, 1)
    table = encoder.table.detach().double()
    first = encoder.table.detach().clone()
    train(encoder, pairs, plan, training, 1)
    # Kingma and Ba 2015, end of section 2, row by row; a row that a step does not touch keeps its moments.
    moment, square, ever = torch.zeros_like(table), torch.zeros_like(table), torch.zeros(BUCKETS, dtype=torch.bool)
    for step, batch in enumerate(plan.batches):
        table.requires_grad_()
        queries, passages = ([texts[language][place] for place in batch.questions] for texts, language in
                             ((pairs.queries, batch.query_language), (pairs.passages, batch.passage_language)))
        info_nce(slow_vectors(table, encoder, queries), slow_vectors(table, encoder, passages), torch.arange(4), 1.0).backward()
        gradient, table = table.grad, table.detach()
        rows = torch.unique(torch.from_numpy(encoder.prepare([*queries, *passages], "passage").buckets)).long()
        ever[rows] = True
        moment[rows] = 0.9 * moment[rows] + 0.1 * gradient[rows]
        square[rows] = 0.99 * square[rows] + 0.01 * gradient[rows] ** 2
        rate = 0.02 * (3 - step) / 3
        rate *= (1 - 0.99 ** (step + 1)) ** 0.5 / (1 - 0.9 ** (step + 1))
        table[rows] -= rate * moment[rows] / (square[rows].sqrt() + 1e-8)
    difference = (encoder.table.detach().double() - table)[ever].abs()
    assert difference.max() < 1e-6  # a step is about the learning rate, 0.02
    assert torch.equal(encoder.table[~ever], first[~ever])
    assert not torch.equal(encoder.table[ever], first[ever])


# ---------------------------------------------------------------- training


@pytest.mark.parametrize("arm", [Arm(sampling="cross-lingual"), Arm(sampling="hybrid", alpha=0.5)], ids=["cross", "hybrid"])
def test_training_across_languages_lowers_the_loss_and_aligns_the_languages_for_unseen_questions(arm: Arm):
    _, held_out = toy()
    before, _ = trained(Arm(sampling="none"))
    after, result = trained(arm)
    assert np.mean(result.losses[-10:]) < 0.5 * np.mean(result.losses[:10])
    # A random order of 40 has a mean reciprocal rank of H(40) / 40 = 0.107; the two alphabets share no letter.
    assert reciprocal_rank(before, held_out, "aa", "bb") < 0.25
    assert reciprocal_rank(after, held_out, "aa", "bb") > 0.7
    assert reciprocal_rank(after, held_out, "bb", "aa") > 0.7


def test_training_within_languages_does_not_align_them():
    _, held_out = toy()
    after, result = trained(Arm(sampling="monolingual"))
    assert np.mean(result.losses[-10:]) < np.mean(result.losses[:10])
    assert reciprocal_rank(after, held_out, "aa", "aa") > 0.9
    assert reciprocal_rank(after, held_out, "aa", "bb") < 0.25


def test_an_untrained_arm_leaves_the_table_as_it_was():
    encoder, result = trained(Arm(sampling="none"))
    assert torch.equal(encoder.table, build(BACKBONE, SENTENCES, TRAINING, 7).table)
    assert (result.losses, result.fed.pairs) == ((), 0)


class _Recording:
    """An encoder that notes the texts it is asked to embed; also that training needs no more than the protocol."""

    def __init__(self, inner: encoders.Encoder) -> None:
        self.inner, self.dimensions, self.asked, self.optimizer = inner, inner.dimensions, [], inner.optimizer
        self.named_parameters = inner.named_parameters
        self.texts = {}

    def prepare(self, texts, role):
        prepared = self.inner.prepare(texts, role)
        self.texts[id(prepared)] = (role, texts)
        return prepared

    def embed(self, prepared, rows, noise=None):
        role, texts = self.texts[id(prepared)]
        self.asked.append((role, [texts[row] for row in rows]))
        return self.inner.embed(prepared, rows, noise)


def test_what_is_counted_as_fed_is_what_the_encoder_was_given():
    pairs, _ = toy()
    encoder = _Recording(build(BACKBONE, pairs.passages["aa"], TRAINING, 2))
    plan = make(pairs, Arm(sampling="hybrid", alpha=0.4), TRAINING, 2)
    result = train(encoder, pairs, plan, TRAINING, 2)
    assert result.fed == plan.counts()
    assert len(result.losses) == 60
    assert {role: len(set(texts)) == len(texts) for role, texts in encoder.texts.values()} == {"query": True, "passage": True}
    for batch, queries, passages in zip(plan.batches, encoder.asked[::2], encoder.asked[1::2], strict=True):
        assert queries == ("query", [pairs.queries[batch.query_language][place] for place in batch.questions])
        assert passages == ("passage", [pairs.passages[batch.passage_language][place] for place in batch.questions])


def fingerprint() -> str:
    torch.set_num_threads(1)
    encoder, result = trained(Arm(sampling="hybrid", alpha=0.5))
    return sha256(encoder.table.detach().numpy().tobytes() + np.array(result.losses).tobytes()).hexdigest()


def test_a_training_run_repeats_to_the_bit_in_this_process_and_in_another():
    here = fingerprint()
    assert fingerprint() == here
    script = "from test_training import fingerprint; print(fingerprint())"
    there = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parent, text=True, capture_output=True,
                           env={**os.environ, "PYTHONHASHSEED": "12345"}, timeout=60, check=True)
    assert there.stdout.strip() == here


def test_a_loss_that_is_no_number_stops_the_training_and_says_where():
    with pytest.raises(ValueError, match=r"the loss is nan at step 0 of 60 \(.. to .., learning rate 0\); lower"):
        trained(Arm(sampling="monolingual"), replaced(TRAINING, temperature=1e-40))


def test_a_plan_made_for_other_pairs_is_refused():
    texts = {"aa": ("one", None)}
    pairs = TrainingPairs(questions=("a", "b"), languages=("aa",), queries=texts, passages=texts)
    plan = BatchPlan(batches=(Batch(query_language="aa", passage_language="aa", questions=(0, 1)),))
    with pytest.raises(ValueError, match="does not stand in aa"):
        train(build(BACKBONE, ["one"], TRAINING, 0), pairs, plan, TRAINING, 0)
