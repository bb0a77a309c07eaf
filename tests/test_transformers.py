"""Transformers as encoders: packed rows against padded ones, pooling, prefixes, lengths, types; other libraries as oracles."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest
import tiny_checkpoints
import torch
from conftest import TEXTS
from tokenizers import normalizers

from claimcheck.design import Backbone, Training
from claimcheck.errors import CorruptInput, UsageFault
from claimcheck.execution import Execution
from claimcheck.retrieval import encoder as encoders
from claimcheck.retrieval import packing
from claimcheck.retrieval.building import build
from claimcheck.retrieval.encoder import cut, encode_all
from claimcheck.retrieval.transformer_encoder import TransformerEncoder

pytestmark = pytest.mark.usefixtures("one_thread")
LENGTHS = Training(max_query_tokens=12, max_passage_tokens=24, query_prefix="Query:", passage_prefix="Passage:")
POOLINGS = (("tiny-xlm-r", "mean"), ("tiny-xlm-r", "cls"), ("tiny-mbert", "mean"), ("tiny-labse", "pooler"))


def loaded(data: Path, name: str, pooling: str, training: Training = LENGTHS, **execution) -> TransformerEncoder:
    backbone = Backbone(encoder="transformers", folder=name, pooling=pooling)
    made = build(backbone, (), training, 0, data / "backbones" / name, Execution(device="cpu", **execution))
    assert isinstance(made, TransformerEncoder)
    return made


def padded(encoder: TransformerEncoder) -> TransformerEncoder:
    """The same encoder with rows filled up, which every architecture takes."""
    encoder.packed = False
    encoder.model.set_attn_implementation("sdpa")
    return encoder


# ---------------------------------------------------------------- packed rows


@pytest.mark.parametrize(("name", "pooling"), POOLINGS)
def test_packed_rows_give_what_padded_ones_give(checkpoints: Path, name: str, pooling: str):
    encoder = loaded(checkpoints, name, pooling)
    assert encoder.packed
    assert encoder.as_json()["rows"] == "packed"
    prepared = encoder.prepare(TEXTS, "passage")
    packed = encode_all(encoder, prepared)
    assert torch.allclose(packed.norm(dim=1), torch.ones(len(TEXTS)))
    assert len(set(map(tuple, packed.round(decimals=4).tolist()))) == len(TEXTS)  # no two texts are the same to it
    assert (packed - encode_all(padded(encoder), prepared)).abs().max() < 1e-6


@pytest.mark.parametrize(("name", "pooling"), POOLINGS)
def test_gradients_of_packed_rows_are_those_of_padded_ones(checkpoints: Path, name: str, pooling: str):
    encoder = loaded(checkpoints, name, pooling)
    direction = torch.randn(len(TEXTS), 32, generator=torch.Generator().manual_seed(1))
    found = []
    for each in (encoder, padded(loaded(checkpoints, name, pooling))):
        (each.embed(each.prepare(TEXTS, "query"), range(len(TEXTS))) * direction).sum().backward()
        found.append({name: weight.grad for name, weight in each.named_parameters()})
    assert found[0].keys() == found[1].keys()
    largest = max(gradient.abs().max() for gradient in found[1].values())
    assert largest > 0.1
    assert all((found[0][name] - found[1][name]).abs().max() < 1e-5 * largest for name in found[0])


@pytest.mark.filterwarnings("ignore")  # torch says of nested tensors that they may change
def test_attention_over_ragged_rows_in_one_operation_is_that_length_by_length(checkpoints: Path):
    encoder = loaded(checkpoints, "tiny-xlm-r", "mean")
    prepared = encoder.prepare(TEXTS, "passage")
    found = []
    for encoder.jagged in (False, True):
        encoder.zero_grad()
        vectors = encoder.embed(prepared, range(len(TEXTS)))
        vectors.sum().backward()
        found.append((vectors.detach(), encoder.model.encoder.layer[0].attention.self.query.weight.grad.clone()))
    assert (found[0][0] - found[1][0]).abs().max() < 1e-6
    assert (found[0][1] - found[1][1]).abs().max() < 1e-5


@pytest.mark.filterwarnings("ignore")
def test_a_card_that_has_no_gradient_of_ragged_attention_computes_it_length_by_length(checkpoints: Path,
                                                                                      monkeypatch: pytest.MonkeyPatch):
    encoder = loaded(checkpoints, "tiny-xlm-r", "mean")
    assert encoder.as_json()["attention"] == "by length"
    encoder.jagged = True
    assert encoder._trains()
    assert all(weight.grad is None for weight in encoder.parameters())
    assert not encoder.model.training
    assert encoder.as_json()["attention"] == "over ragged rows"

    def fails(*_, **__):
        raise RuntimeError("no kernel")

    monkeypatch.setattr(packing, "_jagged", fails)
    assert not encoder._trains()
    assert all(weight.grad is None for weight in encoder.parameters())
    assert encoder.as_json()["not_done"] == {"attention over ragged rows": "no kernel"}  # the record says why
    assert "not_done" not in loaded(checkpoints, "tiny-xlm-r", "mean").as_json()


def test_memory_that_is_out_while_an_encoder_is_tried_is_no_fault_of_packing(checkpoints: Path,
                                                                             monkeypatch: pytest.MonkeyPatch):
    def fails(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(TransformerEncoder, "_packed", fails)
    with pytest.raises(MemoryError, match="out of memory while the encoder is loaded"):
        loaded(checkpoints, "tiny-xlm-r", "mean")


def test_a_vector_does_not_depend_on_the_rows_it_is_asked_with(checkpoints: Path):
    encoder = loaded(checkpoints, "tiny-xlm-r", "mean")
    prepared = encoder.prepare(TEXTS, "query")
    whole = encode_all(encoder, prepared)
    with torch.no_grad():
        some = encoder.embed(prepared, [7, 0, 7, 3])
    assert (some - whole[[7, 0, 7, 3]]).abs().max() < 1e-6
    assert encode_all(encoder, encoder.prepare([], "query")).shape == (0, 32)


def test_an_architecture_with_attention_of_its_own_is_padded(tmp_path: Path):
    from transformers import MPNetConfig, MPNetModel

    tiny_checkpoints.mbert(tmp_path, TEXTS[:-1] * 3, width=32, vocabulary=200)
    torch.manual_seed(0)
    MPNetModel(MPNetConfig(vocab_size=200, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
                           max_position_embeddings=66, pad_token_id=0)).save_pretrained(tmp_path)
    made = build(Backbone(encoder="transformers", folder="x", pooling="mean"), (), LENGTHS, 0, tmp_path,
                 Execution(device="cpu"))
    assert made.as_json()["attention"] in ("eager", "sdpa")
    assert made.as_json()["not_done"] == {"packed rows": "give other vectors than padded ones"}
    assert made.as_json()["rows"] == "padded"  # its distances between tokens would run on from one text into the next
    prepared = made.prepare(TEXTS, "passage")
    alone = torch.cat([made.embed(prepared, [row]) for row in range(len(TEXTS))]).detach()
    assert (encode_all(made, prepared) - alone).abs().max() < 1e-6


def test_a_layout_says_where_texts_stand():
    found = packing.layout(np.array([2, 2, 3]), torch.device("cpu"), jagged=True)
    assert found.blocks == ((2, 2), (1, 3))
    assert found.tokens == 7
    assert found.jagged.tolist() == [0, 2, 4, 7]
    tokens = torch.tensor([[1.0], [3], [5], [7], [2], [4], [9]])
    assert packing.mean_of_each(tokens, found).tolist() == [[2], [6], [5]]
    assert packing.first_of_each(tokens, found).tolist() == [[1], [5], [2]]


def test_texts_are_cut_into_blocks_that_fit_and_none_is_lost():
    tokens = np.array([5, 1, 1, 9, 2, 2, 2])
    assert [tokens[block].tolist() for block in cut(tokens, 6)] == [[5, 1], [1], [9], [2, 2, 2]]
    assert cut(np.zeros(0, dtype=np.int64), 6) == []


# ---------------------------------------------------------------- pooling, prefixes, lengths, types


def test_labse_pooled_by_its_pooler_is_what_sentence_transformers_makes_of_it(checkpoints: Path):
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(checkpoints / "backbones" / "tiny-labse"), device="cpu", local_files_only=True)
    plain = Training(max_query_tokens=theirs.max_seq_length, max_passage_tokens=theirs.max_seq_length)
    ours = loaded(checkpoints, "tiny-labse", "pooler", plain)
    made = encode_all(ours, ours.prepare(TEXTS, "passage"))
    expected = torch.from_numpy(theirs.encode(TEXTS))
    assert (made - expected).abs().max() < 1e-6
    other = loaded(checkpoints, "tiny-labse", "mean", plain)  # mean pooling makes another model of it
    assert (encode_all(other, other.prepare(TEXTS, "passage")) - expected).abs().max() > 0.1


@pytest.mark.parametrize("name", ["tiny-sentence", "tiny-labse"])
def test_a_finished_model_is_evaluated_as_its_library_evaluates_it_and_is_not_trained(checkpoints: Path, name: str):
    from sentence_transformers import SentenceTransformer

    backbone = Backbone(encoder="sentence-transformers", folder=name)
    made = build(backbone, (), Training(), 0, checkpoints / "backbones" / name, Execution(device="cpu"))
    theirs = SentenceTransformer(str(checkpoints / "backbones" / name), device="cpu", local_files_only=True)
    for role, encode in (("query", theirs.encode_query), ("passage", theirs.encode_document)):
        vectors = encode_all(made, made.prepare(TEXTS, role))
        assert vectors.dtype == torch.float32
        assert (vectors - torch.nn.functional.normalize(torch.from_numpy(encode(TEXTS)))).abs().max() < 1e-6
    with pytest.raises(UsageFault, match="is evaluated as it is"):
        made.optimizer(Training(optimizer="AdamW", learning_rate=1e-3))
    with pytest.raises(UsageFault, match="is evaluated as it is"):
        made.embed(made.prepare(TEXTS, "query"), [0], np.random.default_rng(0))


def test_prefixes_stand_before_texts_and_lengths_cut_them_special_tokens_included(checkpoints: Path):
    encoder = loaded(checkpoints, "tiny-xlm-r", "mean")
    for role, prefix, most in (("query", "Query:", 12), ("passage", "Passage:", 24)):
        prepared = encoder.prepare(TEXTS, role)
        for row, text in enumerate(TEXTS):
            ids = prepared.ids[prepared.starts[row]:prepared.starts[row + 1]].tolist()
            assert ids == encoder.tokenizer(f"{prefix} {text}", truncation=True, max_length=most)["input_ids"]
            assert (ids[0], ids[-1]) == (0, 2)
        assert prepared.tokens.max() == most
    spaced = loaded(checkpoints, "tiny-xlm-r", "mean", Training(query_prefix="query:\t"))
    first = spaced.prepare(["a"], "query").ids.tolist()
    assert first == spaced.tokenizer("query:\ta")["input_ids"]  # a prefix that ends with a space gets no other


def test_weights_are_float32_whatever_type_they_are_stored_in(checkpoints: Path, tmp_path: Path):
    from transformers import AutoModel, AutoTokenizer

    folder = checkpoints / "backbones" / "tiny-xlm-r"
    AutoModel.from_pretrained(folder, dtype=torch.float16).save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    made = build(Backbone(encoder="transformers", pooling="mean"), (), LENGTHS, 0, tmp_path, Execution(device="cpu"))
    assert {weight.dtype for _, weight in made.named_parameters()} == {torch.float32}


def test_bfloat16_is_for_cards_and_the_processor_keeps_to_float32(checkpoints: Path):
    plain, other = (loaded(checkpoints, "tiny-mbert", "mean", Training(precision=each)) for each in (None, "bfloat16"))
    assert other.as_json()["products"] == "float32"
    assert torch.equal(encode_all(plain, plain.prepare(TEXTS, "query")), encode_all(other, other.prepare(TEXTS, "query")))


def test_weight_decay_takes_matrices_and_spares_biases_and_norms(checkpoints: Path):
    encoder = loaded(checkpoints, "tiny-xlm-r", "mean")
    optimizer = encoder.optimizer(Training(optimizer="AdamW", learning_rate=0.1, weight_decay=0.5))
    before = {name: weight.detach().clone() for name, weight in encoder.named_parameters()}
    for weight in encoder.parameters():
        weight.grad = torch.zeros_like(weight)
    optimizer.step()
    for name, weight in encoder.named_parameters():
        kept = 1.0 if name.endswith("bias") or "LayerNorm" in name else 1 - 0.1 * 0.5
        assert torch.allclose(weight, before[name] * kept), name


def test_settings_of_another_kind_of_encoder_are_refused(checkpoints: Path):
    with pytest.raises(UsageFault, match="needs `pooling"):
        build(Backbone(encoder="transformers", folder="x"), (), LENGTHS, 0, checkpoints / "backbones" / "tiny-xlm-r")
    with pytest.raises(UsageFault, match="`feature_dropout` is of hashed n-grams"):
        loaded(checkpoints, "tiny-xlm-r", "mean", Training(feature_dropout=0.1))
    with pytest.raises(UsageFault, match="`max_passage_tokens: 600`: this encoder has positions for 512"):
        loaded(checkpoints, "tiny-xlm-r", "mean", Training(max_passage_tokens=600))
    with pytest.raises(UsageFault, match="goes with `optimizer: AdamW`"):
        loaded(checkpoints, "tiny-xlm-r", "mean").optimizer(Training(optimizer="Adam", learning_rate=1, weight_decay=1))
    with pytest.raises(TypeError, match="prepared by another encoder"):
        loaded(checkpoints, "tiny-xlm-r", "mean").embed([1], [0])


# ---------------------------------------------------------------- checkpoints that are no use


def test_a_pooler_that_the_checkpoint_lacks_is_an_error_and_never_random(checkpoints: Path):
    with pytest.raises(CorruptInput, match=r"lacks weights .*pooler\.dense.*its pooling may be mean or cls"):
        loaded(checkpoints, "tiny-xlm-r", "pooler")


def test_weights_that_are_missing_or_of_another_shape_are_an_error(checkpoints: Path, tmp_path: Path):
    import shutil

    from safetensors.torch import load_file, save_file

    folder = tmp_path / "x"
    shutil.copytree(checkpoints / "backbones" / "tiny-mbert", folder)
    whole = load_file(folder / "model.safetensors")
    name = next(each for each in whole if each.endswith("layer.1.output.dense.weight"))
    for changed in ({key: value for key, value in whole.items() if key != name}, {**whole, name: whole[name][:-1].clone()}):
        save_file(changed, folder / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(CorruptInput, match=r"lacks weights of the encoder|another shape|cannot be loaded"):
            build(Backbone(encoder="transformers", pooling="mean"), (), LENGTHS, 0, folder)


@pytest.mark.parametrize("spoilt", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_file_that_is_no_such_file_is_one_clear_error(checkpoints: Path, tmp_path: Path, spoilt: str):
    import shutil

    folder = tmp_path / "x"
    shutil.copytree(checkpoints / "backbones" / "tiny-xlm-r", folder)
    (folder / spoilt).write_bytes(b"not what it should be")
    with pytest.raises(CorruptInput, match="cannot be loaded as an encoder"):
        build(Backbone(encoder="transformers", pooling="mean"), (), LENGTHS, 0, folder)


def test_encoding_several_texts_at_a_time_is_a_constant(monkeypatch: pytest.MonkeyPatch, checkpoints: Path):
    encoder = loaded(checkpoints, "tiny-labse", "pooler")
    prepared = encoder.prepare(TEXTS * 4, "passage")
    whole = encode_all(encoder, prepared)
    monkeypatch.setattr(encoders, "TOKENS_ENCODED", 50)
    assert (encode_all(encoder, prepared) - whole).abs().max() < 1e-6
    assert torch.equal(encode_all(encoder, prepared), encode_all(encoder, prepared))


# ---------------------------------------------------------------- what an encoder sees of a query in other words

CLEAN = "Der Fluss entspringt im Norden und mündet, nach vielen Windungen, in das Meer?"
OTHERWISE = {
    "the same text": CLEAN,
    "joiner": CLEAN.replace("Fluss", "Fl\u200duss"),
    "non-joiner": CLEAN.replace("Fluss", "Fl\u200cuss"),
    "letters and marks apart": unicodedata.normalize("NFD", CLEAN),
    "full-width mark": CLEAN.replace("?", "？"),
    "a letter less": CLEAN.replace("Norden", "Nrden"),
    "words swapped": CLEAN.replace("im Norden", "Norden im"),
}


def unseen(encoder) -> set[str]:
    prepared = encoder.prepare([CLEAN, *OTHERWISE.values()], "query")
    rows = np.arange(1, 1 + len(OTHERWISE))
    same = prepared.alike(np.zeros(len(rows), np.int64), rows)
    assert same.dtype == bool
    return {name for name, each in zip(OTHERWISE, same.tolist(), strict=True) if each}


def test_what_an_encoder_does_not_see_depends_on_its_normaliser(checkpoints: Path):
    # by the published rules: BertNormalizer deletes marks of format and leaves NFD; SentencePiece's nmt_nfkc composes and folds
    whole = Training(max_query_tokens=120, max_passage_tokens=120)
    assert unseen(loaded(checkpoints, "tiny-labse", "pooler", whole)) == {"the same text", "joiner", "non-joiner"}
    xlm_r = loaded(checkpoints, "tiny-xlm-r", "mean", whole)
    xlm_r.tokenizer.backend_tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    assert unseen(xlm_r) == {"the same text", "letters and marks apart", "full-width mark"}
    n_grams = build(Backbone(encoder="hashed n-grams", dimensions=8, pooling="sum"), [CLEAN], Training(), 0, None,
                    Execution(device="cpu"))
    assert unseen(n_grams) == {*OTHERWISE} - {"a letter less"}  # a bag of n-grams knows no order, and drops joiners


def test_a_finished_model_sees_what_its_own_tokenizer_gives_it(checkpoints: Path):
    folder = checkpoints / "backbones" / "tiny-sentence"
    made = build(Backbone(encoder="sentence-transformers", folder="x"), (), Training(), 0, folder, Execution(device="cpu"))
    assert {"the same text"} <= unseen(made) <= {*OTHERWISE} - {"words swapped"}
    cut_off = build(Backbone(encoder="sentence-transformers", folder="x"), (), Training(max_query_tokens=6), 0, folder,
                    Execution(device="cpu"))
    assert {"full-width mark", "words swapped"} <= unseen(cut_off)  # they stand behind the end of what it reads
