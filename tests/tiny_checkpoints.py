"""Tiny checkpoints of the architectures and tokenizers that papers start from, so that their whole way can be run anywhere.

Weights are random, from a seed; tokenizers are made from the texts. Layout and names of tensors are those of the published
files, so that whatever reads these reads those. Not a test of its own:

    python tests/tiny_checkpoints.py FOLDER [--data-dir DIR]

writes tiny-xlm-r, tiny-labse, tiny-mbert and tiny-sentence under FOLDER/backbones/, tokenizers made from XQuAD-R.
"""

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ENOUGH = 300_000
"""Characters of the texts that a tokenizer is made from."""
LONGEST_PIECE = 8
LABSE_TOKENS = 256
"""The longest input of the published sentence-transformers/LaBSE, in tokens."""


def xlm_roberta(folder: Path, texts: Sequence[str], *, layers: int = 2, width: int = 64, heads: int = 4, vocabulary: int = 2000,
                seed: int = 0, dropout: float = 0.1, pooler: bool = False) -> Path:
    """As FacebookAI/xlm-roberta-base: a masked language model, encoder under the prefix `roberta.`, Unigram tokenizer.

    `pooler`: with the tensors `roberta.pooler.dense.*`, which the published files hold too: their 278,885,778 numbers are those
    of an encoder with a pooler and the head. Masked language modelling does not train it.
    """
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaForMaskedLM

    _xlm_r_tokenizer(texts, vocabulary).save_pretrained(folder)
    torch.manual_seed(seed)
    config = XLMRobertaConfig(
        vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
        intermediate_size=4 * width, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
        max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, bos_token_id=0, pad_token_id=1, eos_token_id=2)
    model = XLMRobertaForMaskedLM(config)
    state = None
    if pooler:
        extra = torch.nn.Linear(width, width)
        state = model.state_dict() | {f"roberta.pooler.dense.{name}": each for name, each in extra.state_dict().items()}
    model.save_pretrained(folder, state_dict=state)
    return folder


def labse(folder: Path, texts: Sequence[str], *, layers: int = 2, width: int = 64, heads: int = 4, vocabulary: int = 2000,
          seed: int = 0, dropout: float = 0.1) -> Path:
    """As sentence-transformers/LaBSE: BERT with a pooler, and the pooler once more as a Dense module after the [CLS] token."""
    import torch
    from safetensors.torch import save_file
    from transformers import BertModel

    _bert_tokenizer(folder, texts, vocabulary)
    torch.manual_seed(seed)
    model = BertModel(_bert_config(vocabulary, width, layers, heads, dropout))
    model.save_pretrained(folder)
    _write(folder / "modules.json", [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (path, kind) in enumerate([("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense"),
                                               ("3_Normalize", "Normalize")])])
    _write(folder / "sentence_bert_config.json", {"max_seq_length": LABSE_TOKENS, "do_lower_case": False})
    _write(folder / "1_Pooling" / "config.json", {
        "word_embedding_dimension": width, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False,
        "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False})
    _write(folder / "2_Dense" / "config.json", {"in_features": width, "out_features": width, "bias": True,
                                                "activation_function": "torch.nn.modules.activation.Tanh"})
    dense = model.pooler.dense
    save_file({"linear.weight": dense.weight.detach(), "linear.bias": dense.bias.detach()},
              folder / "2_Dense" / "model.safetensors", metadata={"format": "pt"})
    return folder


def mbert(folder: Path, texts: Sequence[str], *, layers: int = 2, width: int = 64, heads: int = 4, vocabulary: int = 2000,
          seed: int = 0, dropout: float = 0.1) -> Path:
    """As google-bert/bert-base-multilingual-cased: encoder with pooler under the prefix `bert.`, both heads beside it.

    The published file holds both by its 178,566,653 numbers; its config.json names the masked language model alone.
    """
    import torch
    from transformers import BertForPreTraining

    _bert_tokenizer(folder, texts, vocabulary)
    torch.manual_seed(seed)
    BertForPreTraining(_bert_config(vocabulary, width, layers, heads, dropout)).save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    _write(folder / "config.json", config | {"architectures": ["BertForMaskedLM"]})
    return folder


def sentence_model(folder: Path, texts: Sequence[str], *, layers: int = 2, width: int = 64, heads: int = 4,
                   vocabulary: int = 2000, seed: int = 0, dropout: float = 0.1) -> Path:
    """A finished model as sentence-transformers itself saves it: BERT, mean over tokens, length one."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertModel

    start = folder.with_name(f"{folder.name}.start")
    _bert_tokenizer(start, texts, vocabulary)
    torch.manual_seed(seed)
    BertModel(_bert_config(vocabulary, width, layers, heads, dropout)).save_pretrained(start)
    modules = [Transformer(str(start), max_seq_length=128), Pooling(width, pooling_mode="mean"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder), create_model_card=False)
    for path in start.iterdir():
        path.unlink()
    start.rmdir()
    return folder


def _bert_config(vocabulary: int, width: int, layers: int, heads: int, dropout: float):
    from transformers import BertConfig

    return BertConfig(vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
                      intermediate_size=4 * width, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
                      max_position_embeddings=512, type_vocab_size=2, pad_token_id=0)


def _xlm_r_tokenizer(texts: Sequence[str], vocabulary: int):
    """A Unigram tokenizer with XLM-R's special tokens and ids: <s> 0, <pad> 1, </s> 2, <unk> 3, <mask> last.

    The published one normalises by a table of SentencePiece's; this one does not.
    """
    from transformers import XLMRobertaTokenizer

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    words = Counter(f"▁{word}" for text in _some(texts) for word in text.split())
    counted = Counter({piece: count for (_, piece), count in _substrings(words).items()})
    pieces = _frequent(counted, vocabulary - len(special) - 1)
    total = sum(counted[each] for each in pieces)
    filling = [f"<unused{number}>" for number in range(vocabulary - 1 - len(special) - len(pieces))]
    entries = [*((each, 0.0) for each in special), *((each, math.log(counted[each] / total)) for each in pieces),
               *((each, -100.0) for each in filling), ("<mask>", 0.0)]
    return XLMRobertaTokenizer(vocab=entries, model_max_length=512)


def _bert_tokenizer(folder: Path, texts: Sequence[str], vocabulary: int) -> None:
    """Write a cased WordPiece tokenizer, vocab.txt among its files as the published ones have it."""
    from tokenizers import normalizers, pre_tokenizers
    from transformers import BertTokenizer

    normalizer, splitter = normalizers.BertNormalizer(strip_accents=False, lowercase=False), pre_tokenizers.BertPreTokenizer()
    words = Counter(word for text in _some(texts) for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)))
    counted = Counter({piece if first else f"##{piece}": count for (first, piece), count in _substrings(words).items()})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*special, *_frequent(counted, vocabulary - len(special))]
    pieces += [f"[unused{number}]" for number in range(vocabulary - len(pieces))]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("".join(f"{each}\n" for each in pieces), encoding="utf-8")
    BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}, do_lower_case=False, strip_accents=False,
                  model_max_length=512).save_pretrained(folder)


def _some(texts: Sequence[str]) -> Sequence[str]:
    """Texts of about ENOUGH characters, evenly from all."""
    return texts[::max(1, sum(map(len, texts)) // ENOUGH)]


def _substrings(words: Counter[str]) -> Counter[tuple[bool, str]]:
    """How often each short piece of a word is met, apart for those that begin one. Kept apart, since WordPiece does."""
    found: Counter[tuple[bool, str]] = Counter()
    for word, count in words.items():
        for start in range(len(word)):
            for end in range(start + 1, min(len(word), start + LONGEST_PIECE) + 1):
                found[start == 0, word[start:end]] += count
    return found


def _frequent(counted: Counter[str], most: int) -> list[str]:
    """The single characters that are met most often, for half the places, then the pieces that cover most characters.

    Counted here and not trained by the library: its trainers break ties by chance, and a checkpoint has to have one digest.
    """
    def covers(piece: str) -> tuple[int, str]:
        return -counted[piece] * len(piece.removeprefix("##")), piece

    characters = sorted((each for each in counted if len(each.removeprefix("##")) == 1), key=covers)[:most // 2]
    longer = sorted((each for each in counted if len(each.removeprefix("##")) > 1 and counted[each] > 1), key=covers)
    return [*characters, *longer[:most - len(characters)]]


def _write(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")


def xquad_r_texts(data_dir: Path | None) -> list[str]:
    """Candidates and questions of XQuAD-R in all its languages."""
    from claimcheck.corpora import lareqa
    from claimcheck.corpora.door import Missing, folders, verified
    from claimcheck.corpora.manifest import manifest

    found = verified(manifest()["xquad-r"], folders(data_dir))
    if isinstance(found, Missing):
        raise SystemExit(f"XQuAD-R is not here; {found.remedy}")
    corpus = lareqa.read("xquad-r", {file.language: path for file, path in found.items() if file.path.endswith(".json")})
    return [each.text for part in corpus.parts.values() for each in (*part.candidates, *part.questions)]


BUILDERS = {"tiny-xlm-r": xlm_roberta, "tiny-labse": labse, "tiny-mbert": mbert, "tiny-sentence": sentence_model}


def main() -> None:
    parser = argparse.ArgumentParser(description="Write tiny checkpoints under FOLDER/backbones/.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data-dir", type=Path, default=None)
    given = parser.parse_args()
    texts = xquad_r_texts(given.data_dir)
    for name, make in BUILDERS.items():
        sys.stdout.write(f"{make(given.folder / 'backbones' / name, texts)}\n")


if __name__ == "__main__":
    main()
