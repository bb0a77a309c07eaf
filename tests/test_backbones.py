"""The door to backbones: what is found where, what is refused and why, and fetching from a hub of this machine's own."""

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import huggingface_hub
import pytest
import tiny_checkpoints

from claimcheck.corpora import checkpoints
from claimcheck.corpora.backbones import Absent, Checkpoint, digest_known, fetch, files_sha256, locate, transformer_folder
from claimcheck.design import Backbone
from claimcheck.errors import CorruptInput, UsageFault

HUB, COMMIT, OTHER = "some-org/tiny-encoder", "a" * 40, "b" * 40
TEXTS = ["The quick brown fox jumps.", "Der Hund schläft heute.", "В Москве идёт снег.", "北京是中国的首都。"] * 8
SMALL = {"layers": 1, "width": 16, "heads": 2, "vocabulary": 120}
PINNED = Backbone(encoder="transformers", hub=HUB, revision=COMMIT, pooling="mean")
IN_FOLDER = Backbone(encoder="transformers", folder="one", pooling="mean")
FINISHED = Backbone(encoder="sentence-transformers", folder="one")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one tiny checkpoint of each kind."""
    folder = tmp_path_factory.mktemp("made")
    tiny_checkpoints.xlm_roberta(folder / "xlm-r", TEXTS, **SMALL)
    tiny_checkpoints.labse(folder / "labse", TEXTS, **SMALL)
    tiny_checkpoints.mbert(folder / "mbert", TEXTS, **SMALL)
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Hugging Face cache that is not this user's."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    return tmp_path / "hub-cache"


@pytest.fixture
def place(tmp_path: Path, made: Path) -> Path:
    """A data folder with the tiny XLM-R as the folder checkpoint `one`."""
    shutil.copytree(made / "xlm-r", tmp_path / "data" / "backbones" / "one")
    return tmp_path / "data"


def told(backbone: Backbone, *places: Path) -> list[str]:
    """What is wrong with a checkpoint that is there."""
    with pytest.raises(CorruptInput) as caught:
        locate(backbone, places)
    assert all(fault.next_move for fault in caught.value.faults)
    return [f"{fault.path.name}: {fault.what}" for fault in caught.value.faults]


def safetensors(header: object, payload: int) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(payload)


# --- where it is found --------------------------------------------------------------------------------------------------------


def test_a_folder_checkpoint_is_found_in_the_first_place_that_has_it(place: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    found = locate(IN_FOLDER, [tmp_path / "empty", tmp_path / "none", place])
    assert isinstance(found, Checkpoint)
    assert (found.folder, found.source) == (place / "backbones" / "one", "folder")
    assert len(found.digest) == 64
    assert list(files_sha256(found)) == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert digest_known(IN_FOLDER) is None


def test_the_digest_of_a_folder_is_that_of_what_decides_and_of_nothing_else(place: Path):
    folder = place / "backbones" / "one"
    before = locate(IN_FOLDER, [place])
    (folder / "README.md").write_text("words")
    (folder / "optimizer.pt").write_bytes(b"never opened")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "config.json").write_text("{}")
    assert locate(IN_FOLDER, [place]) == before
    by_hand = hashlib.sha256("".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in (
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")).encode()).hexdigest()
    assert isinstance(before, Checkpoint)
    assert before.digest == by_hand
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    changed = locate(IN_FOLDER, [place])
    assert isinstance(changed, Checkpoint)
    assert changed.digest != before.digest


def test_a_mirror_comes_before_the_cache_of_the_hub_and_both_have_the_digest_of_the_commit(
        made: Path, place: Path, own_cache: Path):
    snapshot = own_cache / "models--some-org--tiny-encoder" / "snapshots" / COMMIT
    shutil.copytree(made / "xlm-r", snapshot)
    cached = locate(PINNED, [place])
    assert cached == Checkpoint(folder=snapshot, digest=str(digest_known(PINNED)), source="hub cache")
    mirror = place / "backbones" / HUB / COMMIT
    shutil.copytree(made / "xlm-r", mirror)
    assert locate(PINNED, [place]) == Checkpoint(folder=mirror, digest=str(digest_known(PINNED)), source="mirror")
    assert digest_known(PINNED) == hashlib.sha256(f"hub {HUB} {COMMIT}".encode()).hexdigest()
    assert digest_known(Backbone(encoder="transformers", hub=HUB, revision=OTHER)) != digest_known(PINNED)


def test_what_the_cache_of_the_hub_has_only_in_part_is_absent_and_no_fault(made: Path, own_cache: Path):
    snapshot = own_cache / "models--some-org--tiny-encoder" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    shutil.copy(made / "xlm-r" / "config.json", snapshot)
    (snapshot / "pytorch_model.bin").write_bytes(b"\x80")
    found = locate(PINNED, [])
    assert isinstance(found, Absent)
    assert found.why.endswith("only in part: it lacks tokenizer.json, model.safetensors")
    assert "claimcheck backbones fetch" in found.remedy


@pytest.mark.parametrize("offline", [False, True])
def test_looking_up_asks_nothing_of_the_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, offline: bool):
    def refused(*arguments: object, **named: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("socket.socket.connect", refused)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", offline)
    found = locate(PINNED, [tmp_path])
    assert isinstance(found, Absent)
    assert found.why == f"{HUB} at commit {COMMIT[:12]} is not on this machine"
    assert f"backbones/{HUB}/{COMMIT}/" in found.remedy


@pytest.mark.parametrize(("backbone", "why", "remedy"), [
    (Backbone(encoder="transformers", hub=HUB), "names no revision, and nothing is loaded from the hub without one", "40 hex"),
    (Backbone(encoder="transformers", hub=HUB, revision="main"), f"the revision main of {HUB} is no commit", "40 hexadecimal"),
    (Backbone(encoder="transformers", hub="../../etc", revision=COMMIT), "no id of a model", "ORGANISATION/NAME"),
    (Backbone(encoder="transformers", hub="bert", revision=COMMIT), "no id of a model", "ORGANISATION/NAME"),
    (Backbone(encoder="transformers"), "neither a model of the `hub` nor a `folder`", "give it"),
    (Backbone(encoder="transformers", folder="two"), "backbones/two/ stands in none of the data folders", "CLAIMCHECK_DATA"),
    (Backbone(encoder="transformers", folder="../one"), "stands in none", "put the checkpoint there"),
    (Backbone(encoder="hashed n-grams", dimensions=8), "hashed n-grams have no checkpoint", "none is needed"),
])
def test_what_cannot_be_found_says_why_and_what_to_do(place: Path, backbone: Backbone, why: str, remedy: str):
    found = locate(backbone, [place, place / "backbones" / "one"])
    assert isinstance(found, Absent)
    assert why in found.why
    assert remedy in found.remedy


# --- what is refused ----------------------------------------------------------------------------------------------------------


def test_a_file_that_is_cut_off_is_named(place: Path):
    path = place / "backbones" / "one" / "model.safetensors"
    whole = path.read_bytes()
    for kept in range(0, len(whole), 997):
        path.write_bytes(whole[:kept])
        found, = told(IN_FOLDER, place)
        assert found.startswith("model.safetensors: cut off"), (kept, found)
    path.write_bytes(whole + b"\0")
    said = f"model.safetensors: too long: {len(whole) + 1:,} bytes where its header tells of {len(whole):,}"
    assert told(IN_FOLDER, place) == [said]


def test_a_header_with_a_flipped_bit_is_refused_or_still_tells_the_same_layout(place: Path):
    """A bit in the name of a tensor cannot be seen in the header; loading tells of it, and the digest of the file differs."""
    path = place / "backbones" / "one" / "model.safetensors"
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    names = checkpoints.tensors(path)
    assert isinstance(names, frozenset)
    refused = 0
    for at in range(0, 8 + length, 3):
        flipped = bytearray(whole)
        flipped[at] ^= 1 << (at % 7)
        path.write_bytes(flipped)
        found = checkpoints.tensors(path)
        if isinstance(found, frozenset):
            assert at >= 8
            assert len(found) in (len(names), len(names) + 1)  # one more where the entry of metadata lost its name
        else:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(("content", "what"), [
    (b"", "cut off or no safetensors: 0 bytes"),
    (b"\x80\x04\x95" + bytes(200), "cut off or no safetensors"),
    (safetensors([], 0), "holds no tensor"),
    (safetensors({"__metadata__": {"format": "pt"}}, 0), "holds no tensor"),
    (safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, 4), "type, shape and place of a do not fit"),
    (safetensors({"a": {"dtype": "X9", "shape": [1], "data_offsets": [0, 4]}}, 4), "type, shape and place of a do not fit"),
    (safetensors({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [4, 0]}}, 4), "type, shape and place of a do not fit"),
    (safetensors({"a": 7}, 4), "type, shape and place of a do not fit"),
    (safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, 8), "leave a gap or overlap at byte 0"),
    (safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]},
                  "b": {"dtype": "F32", "shape": [1], "data_offsets": [2, 6]}}, 6), "leave a gap or overlap at byte 4"),
    (struct.pack("<Q", 9) + b'{"a": }  ', "a header that is no JSON"),
    (struct.pack("<Q", 17) + b'{"a": 1, "a": 2} ', "a header that is no JSON"),
])
def test_what_is_no_safetensors_is_refused(tmp_path: Path, content: bytes, what: str):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    found = checkpoints.tensors(path)
    assert not isinstance(found, frozenset)
    assert what in found.what


def test_a_sound_file_gives_the_names_of_its_tensors(tmp_path: Path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors({"b": {"dtype": "F32", "shape": [2, 3], "data_offsets": [2, 26]},
                                  "a": {"dtype": "BF16", "shape": [], "data_offsets": [0, 2]},
                                  "none": {"dtype": "F32", "shape": [0], "data_offsets": [26, 26]}}, 26))
    assert checkpoints.tensors(path) == {"a", "b", "none"}


def test_a_pickle_is_never_opened_and_said_to_be_all_there_is(place: Path):
    folder = place / "backbones" / "one"
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch owned'\ntR.")
    assert told(IN_FOLDER, place) == [
        "model.safetensors: is missing, and only pytorch_model.bin is there: pickles from outside are never opened"]
    assert not Path("owned").exists()


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_a_checkpoint_that_needs_code_of_its_own_is_refused(place: Path, name: str):
    path = place / "backbones" / "one" / name
    path.write_text(json.dumps(json.loads(path.read_text()) | {"auto_map": {"AutoModel": "modeling.Mine"}}))
    assert told(IN_FOLDER, place) == [f"{name}: has an `auto_map`: it needs code of its own, which is never run"]


def test_every_fault_is_told_at_once(place: Path):
    folder = place / "backbones" / "one"
    (folder / "config.json").write_text('{"hidden_size": 16}')
    (folder / "tokenizer.json").write_text('{"version": ')
    (folder / "tokenizer_config.json").write_text("[]")
    (folder / "adapter_config.json").write_text("{}")
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:-5])
    found = told(IN_FOLDER, place)
    assert [line.split(":")[0] for line in found] == [
        "adapter_config.json", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    (folder / "config.json").unlink()
    (folder / "tokenizer.json").unlink()
    (folder / "adapter_config.json").unlink()
    assert told(IN_FOLDER, place) == [
        "config.json: is missing",
        f"model.safetensors: cut off: {len(weights) - 5:,} bytes where its header tells of {len(weights):,}",
        "tokenizer.json: is missing, and so are sentencepiece.bpe.model and vocab.txt: no tokenizer stands there",
        "tokenizer_config.json: is no JSON object"]


def test_weights_in_parts_are_checked_part_by_part(place: Path):
    folder = place / "backbones" / "one"
    (folder / "model.safetensors").unlink()
    index = folder / "model.safetensors.index.json"
    names = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    for number, name in enumerate(names):
        (folder / name).write_bytes(safetensors({f"t{number}": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, 4))
    index.write_text(json.dumps({"weight_map": {"t0": names[0], "t1": names[1]}}))
    found = locate(IN_FOLDER, [place])
    assert isinstance(found, Checkpoint)
    assert {*names, index.name} < set(files_sha256(found))
    index.write_text(json.dumps({"weight_map": {"t0": names[0], "t1": names[1], "t2": names[1], "t3": names[1],
                                                "t4": "model-00003-of-00002.safetensors", "t5": "../../secret.safetensors"}}))
    assert told(IN_FOLDER, place) == [
        f"{names[1]}: lacks t2, which {index.name} places there, and 1 more",
        f"model-00003-of-00002.safetensors: is missing, and {index.name} names it",
        f"{index.name}: names the file ../../secret.safetensors, which is no part of a checkpoint"]
    index.write_text('{"metadata": {}}')
    assert told(IN_FOLDER, place) == [f"{index.name}: holds no `weight_map` from tensors to files"]


def test_a_finished_model_is_checked_module_by_module_and_a_transformer_alone(made: Path, tmp_path: Path):
    folder = tmp_path / "data" / "backbones" / "one"
    shutil.copytree(made / "labse", folder)
    whole = locate(FINISHED, [tmp_path / "data"])
    assert isinstance(whole, Checkpoint)
    assert {"modules.json", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors", "vocab.txt",
            "sentence_bert_config.json"} < set(files_sha256(whole))
    (folder / "2_Dense" / "model.safetensors").rename(folder / "2_Dense" / "pytorch_model.bin")
    (folder / "1_Pooling" / "config.json").unlink()
    assert told(FINISHED, tmp_path / "data") == [
        "config.json: is missing, and modules.json names its folder",
        "model.safetensors: is missing, and only pytorch_model.bin is there: pickles from outside are never opened"]
    assert isinstance(locate(IN_FOLDER, [tmp_path / "data"]), Checkpoint)  # the encoder alone: its pooler stands in its weights


def test_weights_may_stand_in_the_folder_of_the_first_module(made: Path, tmp_path: Path):
    folder = tmp_path / "data" / "backbones" / "one"
    shutil.copytree(made / "labse", folder)
    (folder / "0_Transformer").mkdir()
    for path in list(folder.iterdir()):
        if path.is_file() and path.name != "modules.json":
            path.rename(folder / "0_Transformer" / path.name)
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["path"] = "0_Transformer"
    (folder / "modules.json").write_text(json.dumps(modules))
    for backbone in (FINISHED, IN_FOLDER):
        found = locate(backbone, [tmp_path / "data"])
        assert isinstance(found, Checkpoint)
        assert transformer_folder(found.folder) == folder / "0_Transformer"
        assert "0_Transformer/model.safetensors" in files_sha256(found)
    (folder / "0_Transformer" / "model.safetensors").unlink()
    assert told(FINISHED, tmp_path / "data") == ["model.safetensors: is missing"]


@pytest.mark.parametrize(("change", "what"), [
    (lambda modules: modules[0].update(type="os.system"), "names a module of type os.system: not one of"),
    (lambda modules: modules[1].update(type="sentence_transformers.models.Router"), "names a module of type sentence_tr"),
    (lambda modules: modules[2].update(path="../../elsewhere"), "places a module at ../../elsewhere"),
    (lambda modules: modules.clear(), "is no list of modules"),
    (lambda modules: modules[1].pop("path"), "is no list of modules"),
])
def test_modules_of_another_kind_are_refused(made: Path, tmp_path: Path, change: Callable[[list], object], what: str):
    folder = tmp_path / "data" / "backbones" / "one"
    shutil.copytree(made / "labse", folder)
    modules = json.loads((folder / "modules.json").read_text())
    change(modules)
    (folder / "modules.json").write_text(json.dumps(modules))
    found, = told(FINISHED, tmp_path / "data")
    assert found.startswith(f"modules.json: {what}")


def test_a_transformer_is_no_finished_model(place: Path):
    assert told(FINISHED, place) == ["modules.json: is missing, so this is no finished model of sentence-transformers"]


# --- the tiny checkpoints -----------------------------------------------------------------------------------------------------


def test_the_tiny_checkpoints_are_what_the_published_ones_are(made: Path):
    from safetensors import safe_open
    from transformers import AutoConfig, AutoTokenizer

    kinds = {"xlm-r": ("XLMRobertaTokenizer", "xlm-roberta", ["XLMRobertaForMaskedLM"], 514, (0, 1, 2, 3, 119)),
             "labse": ("BertTokenizer", "bert", ["BertModel"], 512, (2, 0, 3, 1, 4)),
             "mbert": ("BertTokenizer", "bert", ["BertForMaskedLM"], 512, (2, 0, 3, 1, 4))}
    for name, (tokenizer, kind, architectures, positions, ids) in kinds.items():
        loaded, config = AutoTokenizer.from_pretrained(made / name), AutoConfig.from_pretrained(made / name)
        assert type(loaded).__name__ == tokenizer
        assert (loaded.cls_token_id, loaded.pad_token_id, loaded.sep_token_id, loaded.unk_token_id, loaded.mask_token_id) == ids
        assert (config.model_type, config.architectures, config.max_position_embeddings) == (kind, architectures, positions)
        assert len(loaded) == config.vocab_size == 120
        assert loaded.convert_ids_to_tokens(loaded("Der Hund")["input_ids"])[0] == loaded.cls_token
    assert AutoTokenizer.from_pretrained(made / "labse").tokenize("Der Hund") != AutoTokenizer.from_pretrained(
        made / "labse").tokenize("der hund")
    tensors = {name: checkpoints.tensors(made / name / "model.safetensors") for name in kinds}
    assert "roberta.embeddings.word_embeddings.weight" in tensors["xlm-r"]
    assert not any("pooler" in each for each in tensors["xlm-r"])
    assert {"bert.pooler.dense.weight", "cls.seq_relationship.weight"} < tensors["mbert"]
    assert "pooler.dense.weight" in tensors["labse"]
    with safe_open(made / "labse" / "model.safetensors", "np") as own, safe_open(
            made / "labse" / "2_Dense" / "model.safetensors", "np") as dense:
        assert (own.get_tensor("pooler.dense.weight") == dense.get_tensor("linear.weight")).all()
        assert (own.get_tensor("pooler.dense.bias") == dense.get_tensor("linear.bias")).all()


def test_a_seed_gives_the_same_bytes_and_another_seed_others(made: Path, tmp_path: Path):
    def digests(folder: Path) -> dict[str, str]:
        return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in checkpoints.files(folder).items()}

    for name, build in (("xlm-r", tiny_checkpoints.xlm_roberta), ("labse", tiny_checkpoints.labse)):
        assert digests(build(tmp_path / name, TEXTS, **SMALL)) == digests(made / name)
        other = digests(build(tmp_path / f"{name}-other", TEXTS, **SMALL, seed=1))
        assert {each for each, digest in other.items() if digest != digests(made / name)[each]} == {
            each for each in other if each.endswith(".safetensors")}


def test_the_published_xlm_r_holds_a_pooler_and_a_tiny_one_may(tmp_path: Path):
    folder = tiny_checkpoints.xlm_roberta(tmp_path / "one", TEXTS, **SMALL, pooler=True)
    names = checkpoints.tensors(folder / "model.safetensors")
    assert isinstance(names, frozenset)
    assert {each for each in names if "pooler" in each} == {"roberta.pooler.dense.weight", "roberta.pooler.dense.bias"}


def test_a_model_that_sentence_transformers_saved_is_whole(tmp_path: Path):
    pytest.importorskip("sentence_transformers")
    tiny_checkpoints.sentence_model(tmp_path / "backbones" / "one", TEXTS, **SMALL)
    found = locate(FINISHED, [tmp_path])
    assert isinstance(found, Checkpoint)
    assert {"modules.json", "1_Pooling/config.json", "model.safetensors"} < set(files_sha256(found))
    assert [path.name for path in (tmp_path / "backbones").iterdir()] == ["one"]


# --- fetching -----------------------------------------------------------------------------------------------------------------


class FakeHub:
    """A hub on this machine with one model at one commit, answering what huggingface_hub asks; it notes what was asked for."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.asked = files, []
        self.given = dict(files)
        """What is sent, where that is not what is listed."""
        self.broken: set[str] = set()
        """Files that break off half-way."""
        self.commit, self.page = COMMIT, b""
        """The commit that it says it answers with; what it answers to everything instead, where it is no hub."""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments: object) -> None:
                pass

            def do_HEAD(self) -> None:
                self.answer(*hub.answer(self.path), body=False)

            def do_GET(self) -> None:
                self.answer(*hub.answer(self.path), body=True)

            def answer(self, status: int, headers: dict[str, str], content: bytes, *, body: bool) -> None:
                hub.asked.append(self.path)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if body and self.path.rpartition("/")[2] in hub.broken:
                    self.wfile.write(content[:len(content) // 2])
                    self.close_connection = True
                elif body:
                    self.wfile.write(content)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        path = path.partition("?")[0]
        if self.page:
            return 200, {"Content-Type": "text/html"}, self.page
        if not path.startswith((f"/api/models/{HUB}/", f"/{HUB}/")):
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        if COMMIT not in path:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
        if path == f"/api/models/{HUB}/revision/{COMMIT}":
            listed = [{"rfilename": name, "size": len(content), "blobId": blob(content), **self.lfs(name, content)}
                      for name, content in self.files.items()]
            return 200, {}, json.dumps({"id": HUB, "sha": self.commit, "tags": ["license:mit"], "siblings": listed}).encode()
        if path == f"/api/models/{HUB}/tree/{COMMIT}":
            return 200, {}, json.dumps([{"type": "file", "path": name, "size": len(content), "oid": blob(content)}
                                        for name, content in self.files.items()]).encode()
        name = path.removeprefix(f"/{HUB}/resolve/{COMMIT}/")
        if name not in self.files:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        return 200, {"X-Repo-Commit": COMMIT, "ETag": f'"{blob(self.files[name])}"'}, self.given[name]

    @staticmethod
    def lfs(name: str, content: bytes) -> dict[str, object]:
        if not name.endswith((".safetensors", ".bin")):
            return {}
        return {"lfs": {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}}

    def fetched(self) -> set[str]:
        return {path.removeprefix(f"/{HUB}/resolve/{COMMIT}/") for path in self.asked if "/resolve/" in path}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.fixture
def hub(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    files = {path.relative_to(made / "labse").as_posix(): path.read_bytes()
             for path in (made / "labse").rglob("*") if path.is_file()}
    extra = ("pytorch_model.bin", "2_Dense/pytorch_model.bin", "modeling_own.py", "tf_model.h5", "onnx/model.onnx",
             "onnx/config.json", "flax_model.msgpack", "README.md", ".gitattributes", "rust_model.ot")
    made_hub = FakeHub(files | dict.fromkeys(extra, b"not wanted"))
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", made_hub.address)
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE",
                        made_hub.address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    yield made_hub
    made_hub.close()


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_model_is_fetched_without_pickles_and_code_and_put_in_its_place(made: Path, hub: FakeHub, tmp_path: Path):
    said: list[str] = []
    place = fetch(PINNED, tmp_path / "data", said.append)
    assert place == tmp_path / "data" / "backbones" / HUB / COMMIT
    assert left(place) == left(made / "labse")
    assert all((place / name).read_bytes() == (made / "labse" / name).read_bytes() for name in left(place))
    assert hub.fetched() == set(left(made / "labse"))
    assert [path.name for path in (tmp_path / "data" / "backbones").iterdir()] == ["some-org"]  # nothing half-written is left
    assert "licence mit" in said[0]
    assert said[-1] == f"{HUB} at commit {COMMIT[:12]}: {len(left(place))} files as the hub lists them"
    assert place.stat().st_mode & 0o700 == 0o700
    assert place.stat().st_mode & 0o077 == 0o777 & ~_umask() & 0o077
    for backbone in (PINNED, Backbone(encoder="sentence-transformers", hub=HUB, revision=COMMIT)):
        found = locate(backbone, [tmp_path / "data"])
        assert isinstance(found, Checkpoint)
        assert (found.source, found.folder) == ("mirror", place)
    asked = len(hub.asked)
    assert fetch(PINNED, tmp_path / "data", said.append) == place
    assert len(hub.asked) == asked  # what is here is not asked for again


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_is_here_and_faulty_is_neither_used_nor_replaced(hub: FakeHub, tmp_path: Path):
    place = fetch(PINNED, tmp_path, lambda line: None)
    (place / "model.safetensors").write_bytes(b"")
    with pytest.raises(CorruptInput, match=r"model\.safetensors:1:1: cut off"):
        fetch(PINNED, tmp_path, lambda line: None)
    assert (place / "model.safetensors").read_bytes() == b""


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_that_is_not_what_the_hub_lists_leaves_nothing(hub: FakeHub, tmp_path: Path, name: str):
    changed = bytearray(hub.files[name])
    changed[-1] ^= 1
    hub.given[name] = bytes(changed)
    with pytest.raises(CorruptInput) as caught:
        fetch(PINNED, tmp_path, lambda line: None)
    fault, = caught.value.faults
    assert (fault.path.name, fault.what) == (name, f"what {hub.address} gave is not what it lists")
    assert left(tmp_path) == []


def test_a_download_that_breaks_off_leaves_nothing(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between the library's own attempts
    hub.broken.add("model.safetensors")
    with pytest.raises(CorruptInput, match="could not be downloaded from"):
        fetch(PINNED, tmp_path, lambda line: None)
    assert "model.safetensors" in hub.fetched()
    assert left(tmp_path) == []


@pytest.mark.parametrize(("page", "commit", "what"), [
    (b"<html>Log in</html>", COMMIT, "could not be downloaded"), (b"{}", COMMIT, "could not be downloaded"),
    (b"", OTHER, f"it answered with commit {OTHER}")])
def test_what_answers_and_is_not_that_commit_is_told(hub: FakeHub, tmp_path: Path, page: bytes, commit: str, what: str):
    hub.page, hub.commit = page, commit
    with pytest.raises(CorruptInput, match=what) as caught:
        fetch(PINNED, tmp_path, lambda line: None)
    assert len(str(caught.value).splitlines()) == 1
    assert left(tmp_path) == []


def test_a_checkpoint_that_is_faulty_on_the_hub_takes_no_place(hub: FakeHub, tmp_path: Path):
    hub.files["config.json"] = hub.given["config.json"] = b'{"auto_map": {"AutoModel": "own.Own"}, "model_type": "own"}'
    hub.files["model.safetensors"] = hub.given["model.safetensors"] = hub.files["model.safetensors"][:-1]
    with pytest.raises(CorruptInput) as caught:
        fetch(PINNED, tmp_path, lambda line: None)
    assert [fault.path for fault in caught.value.faults] == [
        tmp_path / "backbones" / HUB / COMMIT / name for name in ("config.json", "model.safetensors")]
    assert left(tmp_path) == []


def test_a_revision_with_pickles_alone_is_said_to_have_no_safetensors(hub: FakeHub, tmp_path: Path):
    for name in ("model.safetensors", "2_Dense/model.safetensors"):
        del hub.files[name]
    with pytest.raises(CorruptInput, match=r"has no safetensors, only .*pytorch_model\.bin.*: pickles from outside are"):
        fetch(PINNED, tmp_path, lambda line: None)
    assert hub.fetched() == set()
    assert left(tmp_path) == []


@pytest.mark.parametrize(("backbone", "what"), [
    (Backbone(encoder="transformers", hub=HUB), "names no revision"),
    (Backbone(encoder="transformers", hub=HUB, revision="main"), "is no commit"),
    (Backbone(encoder="transformers", hub=HUB, revision=OTHER), f"the hub has no commit {OTHER}"),
    (Backbone(encoder="transformers", hub="some-org/none", revision=COMMIT), "the hub shows no such model"),
    (Backbone(encoder="transformers", folder="one"), "one is a folder of your own"),
    (Backbone(encoder="hashed n-grams", dimensions=8), "this backbone is no model of the hub"),
])
def test_what_cannot_be_fetched_is_a_wrong_use(hub: FakeHub, tmp_path: Path, backbone: Backbone, what: str):
    with pytest.raises(UsageFault, match=what) as caught:
        fetch(backbone, tmp_path, lambda line: None)
    assert "\n" not in str(caught.value)
    assert left(tmp_path) == []


def test_a_hub_out_of_reach_and_one_turned_off_are_told_alike(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    hub.close()
    with pytest.raises(CorruptInput, match=f"could not be downloaded from {hub.address}: .*; check the network") as caught:
        fetch(PINNED, tmp_path, lambda line: None)
    assert len(str(caught.value).splitlines()) == 1
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    huggingface_hub.close_session()
    with pytest.raises(CorruptInput, match=r"offline mode is enabled.*HF_HUB_OFFLINE"):
        fetch(PINNED, tmp_path, lambda line: None)
    huggingface_hub.close_session()
    assert left(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_told(hub: FakeHub, tmp_path: Path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(CorruptInput, match="cannot be written"):
        fetch(PINNED, tmp_path / "data", lambda line: None)


# --- the command --------------------------------------------------------------------------------------------------------------

CLAIM = """\
spec_version: 1
id: one
statement: It is so.
kind: arithmetic
scope: benchmark
paper: arXiv:0000.00000
where: section 1
source_report: {verified: true, confidence: 0.5}
reproduction: r
atoms:
  - id: a
    says: it is so
    needs: nothing that there is
settled_by: nothing
"""
REPRODUCTION = f"""\
spec_version: 1
id: r
default_profile: quick
paper:
  id: arXiv:0000.00000
  title: T
  year: 2024
  url: https://arxiv.org/abs/0000.00000
  states:
    backbones: {{theirs: {{encoder: transformers}}}}
    arms: {{monolingual: {{sampling: monolingual}}}}
    data: {{train: [xquad-r], evaluate: [mlqa-r], languages: [en, de]}}
    training:
      {{optimizer: AdamW, learning_rate: 0.001, weight_decay: 0.01, batch_size: 4, temperature: 0.05, steps: 2, warmup_steps: 0,
        schedule: linear decay, loss: InfoNCE, negatives: in-batch, max_query_tokens: 64, max_passage_tokens: 64}}
    measures: [AP]
    seeds: 3
profiles:
  quick:
    says: quick
    backbones: {{n-grams: {{encoder: hashed n-grams, dimensions: 8, pooling: sum}}}}
    training:
      {{optimizer: Adam, learning_rate: 0.01, batch_size: 4, temperature: 0.05, steps: 2, warmup_steps: 0,
        schedule: linear decay, loss: InfoNCE, negatives: in-batch}}
  small:
    says: small
    backbones:
      base: {{encoder: transformers, hub: {HUB}, revision: {COMMIT}, pooling: cls}}
      own: {{encoder: sentence-transformers, folder: one}}
      loose: {{encoder: transformers, hub: {HUB}, pooling: mean}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in (("claims/one.yaml", CLAIM), ("reproductions/r.yaml", REPRODUCTION)):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    return tmp_path


def test_backbones_are_fetched_and_listed_by_the_command(claimcheck, project: Path, hub: FakeHub, made: Path, tmp_path: Path):
    data = tmp_path / "data"
    shutil.copytree(made / "labse", data / "backbones" / "one")
    online = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "hf"), "PYTHONWARNINGS": "error", "HF_HUB_OFFLINE": "0"}
    before = json.loads(claimcheck("backbones", "list", "claims", "--data-dir", data, "--format", "json", **online).stdout)
    assert [(row["profile"], row["name"], row["state"]) for row in before] == [
        ("quick", "n-grams", "none needed"), ("small", "base", "absent"), ("small", "own", "here"),
        ("small", "loose", "absent")]
    assert before[1]["remedy"].startswith("run `claimcheck backbones fetch claims base --profile small`")
    assert before[2]["path"] == str(data / "backbones" / "one")
    done = claimcheck("backbones", "fetch", "claims", "base", "--profile", "small", "--data-dir", data, **online)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"base: whole in {data / 'backbones' / HUB / COMMIT}\n"
    offline = claimcheck("backbones", "list", "--data-dir", data, **(online | {"HF_HUB_OFFLINE": "1"}))
    assert offline.returncode == 0, offline.stderr
    assert f"r  small  base: transformers, {HUB} at {COMMIT}, pooling cls\n    here (mirror): {data}" in offline.stdout
    assert "r  quick  n-grams: hashed n-grams, pooling sum\n    needs no checkpoint" in offline.stdout
    assert "names no revision, and nothing is loaded from the hub without one" in offline.stdout
    weights = data / "backbones" / "one" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    faulty = claimcheck("backbones", "list", "--data-dir", data, **online)
    assert faulty.returncode == 1
    assert "faulty: 1 fault" in faulty.stdout
    assert f"{weights}:1:1: cut off" in faulty.stderr


@pytest.mark.parametrize(("arguments", "what"), [
    (("base",), "base: no backbone of profile quick; use one of `n-grams`"),
    (("base", "--profile", "smal"), "--profile smal: no reproduction of these claims has such a profile; did you mean"),
    (("own", "--profile", "small"), "nothing to fetch: one is a folder of your own; put it under backbones/ of a data folder"),
    (("n-grams",), "nothing to fetch: this backbone is no model of the hub"),
])
def test_a_name_that_cannot_be_fetched_ends_the_command(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                        arguments: tuple[str, ...], what: str):
    from click.testing import CliRunner

    from claimcheck.cli import main

    monkeypatch.chdir(project)
    done = CliRunner().invoke(main, ["backbones", "fetch", "claims", *arguments, "--data-dir", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stderr.startswith(what), done.stderr
    assert done.stderr.count("\n") == 1


def test_neither_the_door_nor_the_command_loads_anything_heavy(place: Path):
    code = ("import sys; from pathlib import Path; from claimcheck.cli import main; from claimcheck.design import Backbone\n"
            "assert 'huggingface_hub' not in sys.modules\n"
            "from claimcheck.corpora.backbones import locate\n"
            f"print(type(locate(Backbone(encoder='transformers', folder='one'), [Path({str(place)!r})])).__name__)\n"
            "print(sorted({'torch', 'transformers', 'huggingface_hub', 'safetensors', 'numpy'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["Checkpoint", "[]"]
