"""Shards of encoded passages: the same bytes however often encoding was interrupted, and no damage that stays unsaid."""

import hashlib
import io
import json
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from claimcheck.corpora.miracl import Passage
from claimcheck.errors import CorruptInput, MeasurementFailed, UsageFault
from claimcheck.files import held
from claimcheck.retrieval import shard_writing
from claimcheck.retrieval.shard_writing import write
from claimcheck.retrieval.shards import Shards, gather, open_shards, rows_of, verify

MADE_FROM = {"encoder": "numbers", "revision": 3}
WHOLE = {"made_from.json", "shards.json", *(f"0000{shard}.{kind}" for shard in range(3)
                                            for kind in ("json", "vectors.npy", "ids.npy"))}  # of ten passages, four each


def passage(number: int) -> Passage:
    return Passage(id=f"{number}#0", title="", text=str(number))


PASSAGES = [passage(number) for number in range(10)]


def vector(number: int) -> list[float]:
    """Of the passage with this number; thirds are no binary fractions, so a change of precision shows."""
    return [float(number), number / 3, 1.0]


class Numbers:
    """An encoder of passages that are numbers; `batches`: which ones it was given at once."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def __call__(self, texts: list[str], role: str) -> torch.Tensor:
        assert role == "passage"
        self.batches.append([int(text) for text in texts])
        return torch.tensor([vector(number) for number in self.batches[-1]])


def stored(folder: Path, **more) -> Shards:
    """Three shards, of 4, 4 and 2 passages, unless `more` says otherwise."""
    given = {"passages": PASSAGES, "embed": Numbers(), "name": "miracl/sw", "made_from": MADE_FROM, "size": 4, **more}
    return write(given.pop("passages"), given.pop("embed"), folder, **given)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def array_bytes(array: np.ndarray, *, allow_pickle: bool = False) -> bytes:
    made = io.BytesIO()
    np.save(made, array, allow_pickle=allow_pickle)
    return made.getvalue()


def test_what_was_encoded_is_read_back_to_the_bit_in_the_order_in_which_it_came(tmp_path: Path):
    shards = stored(tmp_path / "new" / "folder")
    assert open_shards(shards.folder) == shards
    assert (shards.name, shards.made_from, shards.stored_as) == ("miracl/sw", MADE_FROM, "float32")  # as given, and the default
    assert (shards.count, shards.dimensions) == (10, 3)  # ten passages; `vector` has three numbers
    assert [each for part in shards.parts for each in part.ids().tolist()] == [each.id.encode() for each in PASSAGES]
    found = np.concatenate([part.vectors() for part in shards.parts])
    assert found.dtype == np.float32
    assert found.tobytes() == np.array([vector(number) for number in range(10)], np.float32).tobytes()
    verify(shards)


@pytest.mark.parametrize(("count", "size", "counts"), [  # by hand
    (1, 4, [1]), (3, 4, [3]), (4, 4, [4]), (5, 4, [4, 1]), (8, 4, [4, 4]), (9, 4, [4, 4, 1]), (3, 1, [1, 1, 1])])
def test_every_shard_but_the_last_is_full_and_is_encoded_at_once(tmp_path: Path, count: int, size: int, counts: list[int]):
    embed = Numbers()
    shards = stored(tmp_path, passages=PASSAGES[:count], embed=embed, size=size)
    assert [part.count for part in shards.parts] == counts == [len(batch) for batch in embed.batches]
    assert [part.start for part in shards.parts] == [sum(counts[:number]) for number in range(len(counts))]


def test_title_and_text_are_encoded_with_one_space_between_them(tmp_path: Path):
    seen: list[str] = []

    def embed(texts: list[str], role: str) -> torch.Tensor:
        seen.extend(texts)
        return torch.ones(len(texts), 1)

    stored(tmp_path, passages=[Passage(id="1#0", title="Ziwa", text="Maji.")], embed=embed)
    assert seen == ["Ziwa Maji."]  # the form in which MIRACL's dense baselines saw passages, see `encoded_text`


def test_files_hold_what_the_format_says_and_the_digests_that_hashlib_gives(tmp_path: Path):
    stored(tmp_path)
    held = contents(tmp_path)
    assert held.keys() == WHOLE
    record = json.loads(held["00001.json"])
    for kind in ("vectors", "ids"):
        assert record[f"{kind}_sha256"] == hashlib.sha256(held[f"00001.{kind}.npy"]).hexdigest()
    assert (record["count"], record["first"], record["last"]) == (4, "4#0", "7#0")  # the second four of ten
    for name, content in held.items():  # a seal is the digest of the canonical JSON of all the rest
        if name.endswith(".json"):
            plain = {key: value for key, value in json.loads(content).items() if key != "sha256"}
            canonical = json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()
            assert json.loads(content)["sha256"] == hashlib.sha256(canonical).hexdigest()
    assert not any(str(tmp_path).encode() in content for content in held.values())  # so the bytes are equal in any folder


@pytest.mark.parametrize("done", range(11))  # 1 + 3 shards x 3 + 1 files: so many stand when the power goes
def test_wherever_encoding_was_interrupted_going_on_gives_the_same_bytes_and_encodes_no_whole_shard_again(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: int):
    stored(tmp_path / "at once")
    left, put = done, shard_writing.beside

    def interrupted(path: Path, content: bytes) -> Path:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        return put(path, content)

    monkeypatch.setattr(shard_writing, "beside", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stored(tmp_path / "twice")
    assert len(contents(tmp_path / "twice")) == done
    monkeypatch.undo()
    if done:
        with pytest.raises(CorruptInput, match=r"shards\.json.*is missing: encoding was interrupted; encode again"):
            open_shards(tmp_path / "twice")
    embed = Numbers()
    stored(tmp_path / "twice", embed=embed)
    assert contents(tmp_path / "twice") == contents(tmp_path / "at once")
    whole = max(0, done - 1) // 3  # a shard is whole with its third file, after made_from.json
    assert embed.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]][whole:]


def test_what_is_whole_is_neither_encoded_nor_written_again(tmp_path: Path):
    stored(tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.name != "shards.json"}
    embed = Numbers()
    stored(tmp_path, embed=embed)
    assert embed.batches == []
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.name != "shards.json"} == before


def test_no_more_passages_than_those_of_one_shard_are_alive_at_a_time(tmp_path: Path):
    class Counted(Passage):
        __slots__ = ("__weakref__",)

    alive: weakref.WeakSet[Passage] = weakref.WeakSet()
    most = 0

    def made(number: int) -> Passage:
        nonlocal most
        one = Counted(id=str(number), title="", text=str(number))
        alive.add(one)
        most = max(most, len(alive))
        return one

    def stream() -> Iterator[Passage]:
        for number in range(40):
            yield made(number)

    stored(tmp_path, passages=stream(), size=8)
    assert most == 8  # a shard's, while its last one comes
    stored(tmp_path, passages=stream(), size=8)  # and where shards stand already
    assert most == 8


@pytest.mark.parametrize(("other", "told"), [
    ({"made_from": {**MADE_FROM, "revision": 4}}, "made_from.revision is 3 there and 4 here"),
    ({"made_from": {**MADE_FROM, "revision": True}}, "made_from.revision is 3 there and true here"),
    ({"made_from": {"encoder": "numbers"}}, "made_from.revision is 3 there and nothing here"),
    ({"made_from": {**MADE_FROM, "prefix": None}}, "made_from.prefix is nothing there and null here"),
    ({"name": "miracl/yo"}, 'name is "miracl/sw" there and "miracl/yo" here'),
    ({"size": 5}, "size is 4 there and 5 here"),
    ({"store_as": "float16", "size": 5}, 'size is 4 there and 5 here, type is "float32" there and "float16" here')])
def test_a_folder_of_other_settings_is_refused_with_what_differs_and_stays_as_it_was(tmp_path: Path, other: dict, told: str):
    stored(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(UsageFault) as refused:
        stored(tmp_path, **other)
    assert f"made from something else: {told}; name another folder" in str(refused.value)
    assert contents(tmp_path) == before


def test_a_shard_that_is_made_from_something_else_than_its_folder_is_refused(tmp_path: Path):
    stored(tmp_path / "a")
    stored(tmp_path / "b", made_from={"encoder": "other"})
    for path in (tmp_path / "b").glob("00001.*"):
        path.replace(tmp_path / "a" / path.name)
    with pytest.raises(UsageFault, match=r"00001\.json: the shard is made from something else than made_from\.json says"):
        stored(tmp_path / "a")


@pytest.mark.parametrize(("corpus", "told"), [
    ([*PASSAGES[:5], passage(77), *PASSAGES[6:]], r"00001\.ids\.npy: holds `5#0` at place 2 where the corpus now has `77#0`"),
    (PASSAGES[1:], r"00000\.ids\.npy: holds `0#0` at place 1 where the corpus now has `1#0`"),
    (PASSAGES[:9], r"00002\.ids\.npy: holds `9#0` at place 2 where the corpus now has no passage"),
    ([*PASSAGES, passage(10)], r"00002\.ids\.npy: holds no passage at place 3 where the corpus now has `10#0`"),
    (PASSAGES[:8], r"00002\.json: the passages end before this shard")])
def test_another_corpus_under_the_same_name_is_noticed(tmp_path: Path, corpus: list[Passage], told: str):
    stored(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(UsageFault, match=told):
        stored(tmp_path, passages=corpus)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["00001.json", "00001.vectors.npy", "00001.ids.npy", "00002.ids.npy"])
@pytest.mark.parametrize("change", [lambda content: content[:-3], lambda content: content[:20], lambda content: b"",
                                    lambda content: content + b"\0", None], ids=["end", "most", "all", "longer", "missing"])
def test_a_file_that_is_cut_off_or_missing_is_named_at_once_and_mended_by_encoding_its_shard_again(
        tmp_path: Path, name: str, change: Callable[[bytes], bytes] | None):
    before = contents(stored(tmp_path).folder)
    (tmp_path / name).unlink()
    if change:
        (tmp_path / name).write_bytes(change(before[name]))
    with pytest.raises(CorruptInput) as refused:
        open_shards(tmp_path)
    assert [fault.path for fault in refused.value.faults] == [tmp_path / name]
    assert "remove the shard's .json and encode again" in str(refused.value)
    if change or not name.endswith(".json"):  # where the JSON itself is missing, the shard is encoded again as it is
        with pytest.raises(CorruptInput, match=name):
            stored(tmp_path)
    (tmp_path / name[:5]).with_suffix(".json").unlink(missing_ok=True)
    embed = Numbers()
    stored(tmp_path, embed=embed)
    assert len(embed.batches) == 1
    assert contents(tmp_path) == before


def test_a_file_cut_off_after_the_shards_were_opened_is_named_when_it_is_read(tmp_path: Path):
    shards = stored(tmp_path)
    for kind in ("vectors", "ids"):
        path = tmp_path / f"00001.{kind}.npy"
        path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(CorruptInput, match=r"00001\.vectors\.npy"):
        gather(shards, np.array([5]))
    with pytest.raises(CorruptInput, match=r"00001\.ids\.npy"):
        rows_of(shards, ["0#0"])


def test_every_damaged_shard_is_named_not_the_first_alone(tmp_path: Path):
    stored(tmp_path)
    (tmp_path / "00000.vectors.npy").unlink()
    (tmp_path / "00001.json").unlink()
    (tmp_path / "00002.ids.npy").write_bytes(array_bytes(np.array([b"8#0"])))
    with pytest.raises(CorruptInput) as refused:
        open_shards(tmp_path)
    assert [fault.path.name for fault in refused.value.faults] == ["00000.vectors.npy", "00001.json", "00002.ids.npy"]


@pytest.mark.parametrize(("kind", "content", "told"), [
    ("vectors", array_bytes(np.zeros((4, 2), np.float32)), "float32 of shape (4, 2) instead of float32 of shape (4, 3)"),
    ("vectors", array_bytes(np.zeros((4, 3), np.float16)), "float16 of shape (4, 3) instead of float32 of shape (4, 3)"),
    ("vectors", array_bytes(np.zeros((4, 3), ">f4")), ">f4 of shape (4, 3) instead of float32 of shape (4, 3)"),
    ("vectors", array_bytes(np.zeros((3, 3), np.float32)), "up to the passage `3#0`"),
    ("ids", array_bytes(np.array(["0#0", "1#0", "2#0", "3#0"])), "<U3 of shape (4,) instead of 4 ids"),
    ("ids", array_bytes(np.array([b"0#0", b"1#0", b"3#0"])), "|S3 of shape (3,) instead of 4 ids"),
    ("vectors", b"no array", "cannot be read as an array")], ids=lambda value: "" if isinstance(value, bytes) else value)
def test_an_array_of_another_type_or_shape_is_refused(tmp_path: Path, kind: str, content: bytes, told: str):
    stored(tmp_path)
    (tmp_path / f"00000.{kind}.npy").write_bytes(content)
    with pytest.raises(CorruptInput) as refused:
        open_shards(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / f'00000.{kind}.npy'}:1:1: ")
    assert told in str(refused.value)


@pytest.mark.parametrize("header", [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3",  # numpy gives a TokenError
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), []: 0}",  # TypeError
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4, -3)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 1000000000000000)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 100000000000000000000000000)}", "__import__('os')", "", "\0"])
def test_no_header_of_an_array_makes_more_than_a_fault(tmp_path: Path, header: str):
    stored(tmp_path)
    text = header.ljust(117) + "\n"
    content = b"\x93NUMPY\x01\0" + len(text).to_bytes(2, "little") + text.encode() + bytes(48)  # 4 x 3 numbers of 4 bytes
    (tmp_path / "00000.vectors.npy").write_bytes(content)
    with pytest.raises(CorruptInput, match=r"00000\.vectors\.npy"):
        open_shards(tmp_path)


class Trap:
    """What a pickle could do to whoever loads it."""

    sprung = False

    def __reduce__(self) -> tuple:
        return setattr, (Trap, "sprung", True)


def test_no_pickle_is_ever_loaded(tmp_path: Path):
    shards = stored(tmp_path)
    for kind in ("ids", "vectors"):
        (tmp_path / f"00001.{kind}.npy").write_bytes(array_bytes(np.array([Trap()] * 4, object), allow_pickle=True))
    for look in (lambda: open_shards(tmp_path), lambda: rows_of(shards, ["0#0"]), lambda: gather(shards, np.array([5])),
                 lambda: stored(tmp_path)):
        with pytest.raises(CorruptInput, match=r"00001\.(ids|vectors)\.npy.*objects"):
            look()
    with pytest.raises(CorruptInput, match="differs from the digest"):
        verify(shards)
    assert not Trap.sprung


def test_shards_that_changed_places_are_noticed(tmp_path: Path):
    stored(tmp_path)

    def swap(*kinds: str) -> None:
        for kind in kinds:
            one, other = tmp_path / f"00000.{kind}", tmp_path / f"00001.{kind}"
            one.replace(tmp_path / "between")
            other.replace(one)
            (tmp_path / "between").replace(other)

    swap("json", "vectors.npy", "ids.npy")
    with pytest.raises(CorruptInput, match=r"00000\.json.*not the shard that shards\.json names(.|\n)*00001\.json"):
        open_shards(tmp_path)
    with pytest.raises(UsageFault, match="holds `4#0` at place 1 where the corpus now has `0#0`"):
        stored(tmp_path)
    swap("json", "vectors.npy")  # only the ids are swapped now
    with pytest.raises(CorruptInput, match=r"00000\.ids\.npy.*of another shard: this one goes from `0#0` up to .*`3#0`"):
        open_shards(tmp_path)
    swap("ids.npy", "vectors.npy")  # only the vectors, of the same shape: what reading every byte is for
    with pytest.raises(CorruptInput, match=r"00000\.vectors\.npy.*differs from the digest in 00000\.json"):
        verify(open_shards(tmp_path))


@pytest.mark.parametrize("name", ["00001.vectors.npy", "00001.ids.npy"])
def test_a_flipped_byte_is_found_by_verifying_and_only_its_file_is_named(tmp_path: Path, name: str):
    shards = stored(tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[-6] ^= 1  # in the last vector, or in the middle of the ids: `2#0` of 4 ids of 3 bytes is not first or last
    (tmp_path / name).write_bytes(content)
    assert open_shards(tmp_path) == shards  # sizes, first and last are as they were
    with pytest.raises(CorruptInput) as refused:
        verify(shards)
    assert [fault.path for fault in refused.value.faults] == [tmp_path / name]


def test_verifying_names_every_file_that_differs_or_cannot_be_read(tmp_path: Path):
    shards = stored(tmp_path)
    (tmp_path / "00000.ids.npy").unlink()
    (tmp_path / "00002.vectors.npy").write_bytes(b"")
    with pytest.raises(CorruptInput) as refused:
        verify(shards)
    assert [fault.path.name for fault in refused.value.faults] == ["00000.ids.npy", "00002.vectors.npy"]


@pytest.mark.parametrize("name", ["made_from.json", "00001.json", "shards.json"])
@pytest.mark.parametrize("change", [lambda text: text.replace(": 4", ": 5").replace(": 2", ": 3"), lambda text: "[]",
                                    lambda text: text[:-4], lambda text: "[" * 100_000], ids=["number", "list", "cut", "deep"])
def test_a_json_that_differs_from_its_own_digest_is_named(tmp_path: Path, name: str, change: Callable[[str], str]):
    stored(tmp_path)
    (tmp_path / name).write_text(change((tmp_path / name).read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(CorruptInput, match=name) as refused:
        stored(tmp_path) if name == "made_from.json" else open_shards(tmp_path)
    assert "digest of itself" in str(refused.value) or "missing or damaged" in str(refused.value)


def test_a_folder_that_holds_nothing_is_told_from_one_that_was_interrupted(tmp_path: Path):
    with pytest.raises(CorruptInput, match=r"shards\.json.*missing.*check the path"):
        open_shards(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_vector_that_is_not_finite_is_named_with_file_and_passage_and_whole_shards_are_kept(tmp_path: Path, value: float):
    def broken(texts: list[str], role: str) -> torch.Tensor:
        made = Numbers()(texts, role)
        made[[each in (" 6", " 7") for each in texts], 1] = value
        return made

    with pytest.raises(MeasurementFailed) as failed:
        stored(tmp_path, embed=broken)
    assert str(failed.value).startswith(
        f"{tmp_path / '00001.vectors.npy'}: the vector of the passage `6#0` is not finite as float32, the first of 2 among 4;")
    assert contents(tmp_path).keys() == {"made_from.json", "00000.json", "00000.vectors.npy", "00000.ids.npy"}
    embed = Numbers()
    stored(tmp_path, embed=embed)  # the encoder is mended
    assert embed.batches == [[4, 5, 6, 7], [8, 9]]


def test_a_number_beyond_float16_is_refused_and_not_stored_as_infinite(tmp_path: Path):
    def large(texts: list[str], role: str) -> torch.Tensor:
        return torch.tensor([[65519.0], [65520.0]])  # the largest half is 65504, the next would be 65536: halfway goes up

    assert gather(stored(tmp_path / "a", passages=PASSAGES[:2], embed=large), np.array([1])).item() == 65520
    with pytest.raises(MeasurementFailed, match="passage `1#0` is not finite as float16, the first of 1 among 2"):
        stored(tmp_path / "b", passages=PASSAGES[:2], embed=large, store_as="float16")


@pytest.mark.parametrize(("embed", "told"), [
    (lambda texts, role: torch.ones(len(texts)), "shape (4,) for 4 texts"),
    (lambda texts, role: torch.ones(len(texts) - 1, 3), "shape (3, 3) for 4 texts"),
    (lambda texts, role: torch.ones(len(texts), 0), "shape (4, 0) for 4 texts"),
    (lambda texts, role: torch.ones(len(texts), 3 if texts[0] == " 0" else 2),
     "shape (4, 2) for 4 texts, 3 dimensions in the shards before")])
def test_vectors_of_another_shape_than_asked_are_refused(tmp_path: Path, embed: Callable, told: str):
    with pytest.raises(MeasurementFailed) as failed:
        stored(tmp_path, embed=embed)
    assert told in str(failed.value)


def test_shards_of_different_dimensions_do_not_stand_together(tmp_path: Path):
    stored(tmp_path)
    for name in ("00000.json", "00002.json"):
        (tmp_path / name).unlink()
    texts_encoded: list[int] = []

    def narrower(texts: list[str], role: str) -> torch.Tensor:
        texts_encoded.append(len(texts))
        return torch.ones(len(texts), 2)

    with pytest.raises(CorruptInput, match=r"00001\.vectors\.npy.*of shape \(4, 3\) instead of float32 of shape \(4, 2\)"):
        stored(tmp_path, embed=narrower)
    assert texts_encoded == [4]  # the third shard is not encoded in vain


@pytest.mark.parametrize("bad", ["", "a\0b", "5#0\0", "\0", "x" * 256, "é" * 128, "\ud800"],
                         ids=["empty", "NUL", "NUL at the end", "NUL alone", "long", "long in bytes", "surrogate"])
def test_an_id_that_an_array_of_bytes_cannot_keep_is_refused(tmp_path: Path, bad: str):
    corpus = [*PASSAGES[:4], Passage(id=bad, title="", text="4")]
    with pytest.raises(CorruptInput, match=r"00001\.ids\.npy.* is not 1 to 255 bytes of UTF-8 without NUL; mend the corpus"):
        stored(tmp_path, passages=corpus)
    assert (tmp_path / "00000.json").exists()


def test_an_id_that_stands_twice_in_a_shard_is_refused_with_both_places_beside_every_other_fault(tmp_path: Path):
    embed = Numbers()
    with pytest.raises(CorruptInput) as refused:
        stored(tmp_path, passages=[passage(number) for number in (1, 2, 1, 2)], embed=embed)
    assert [fault.what for fault in refused.value.faults] == [
        "the id `1#0` stands twice, at passages 1 and 3 of this shard",
        "the id `2#0` stands twice, at passages 2 and 4 of this shard"]
    assert embed.batches == []  # before any time is spent


def test_ids_of_every_script_and_length_come_back(tmp_path: Path):
    ids = ["a", "ab", "Ünïcode", "سؤال#3", "日本語", "𝔘", "e\u0301", "é", " ", "\ufffd",
           "x" * 255, "é" * 127 + "x", "a\nb", "\x7f"]
    shards = stored(tmp_path, passages=[Passage(id=each, title="", text="1") for each in ids], size=5)
    assert rows_of(shards, ids[::-1]) == {each: row for row, each in enumerate(ids)}
    assert [each.decode() for part in shards.parts for each in part.ids().tolist()] == ids
    stored(tmp_path, passages=[Passage(id=each, title="", text="1") for each in ids], size=5)  # compared with themselves


def test_float16_is_what_numpy_rounds_to_and_is_read_as_float32(tmp_path: Path):
    shards = stored(tmp_path, store_as="float16")
    halves = np.array([vector(number) for number in range(10)], np.float32).astype(np.float16)
    assert [part.vectors().dtype for part in shards.parts] == [np.float16] * 3
    assert np.array_equal(np.concatenate([part.vectors() for part in shards.parts]), halves)
    found = gather(shards, np.arange(10))
    assert found.dtype == np.float32
    assert np.array_equal(found, halves.astype(np.float32))
    assert not np.array_equal(found, np.array([vector(number) for number in range(10)], np.float32))  # thirds lost bits


def test_vectors_with_a_gradient_or_of_a_type_numpy_lacks_are_stored_too(tmp_path: Path):
    def embed(texts: list[str], role: str) -> torch.Tensor:
        return torch.tensor([[0.5 * int(text)] for text in texts], dtype=torch.bfloat16, requires_grad=True)

    assert gather(stored(tmp_path, embed=embed), np.array([9])).item() == 4.5  # half of nine, exact in either type


def test_rows_are_found_by_id_in_their_order_whatever_the_order_asked(tmp_path: Path):
    shards = stored(tmp_path)
    found = rows_of(shards, ["9#0", "0#0", "4#0", "3#0", "9#0"])
    assert list(found.items()) == [("0#0", 0), ("3#0", 3), ("4#0", 4), ("9#0", 9)]
    assert rows_of(shards, []) == {}


def test_rows_agree_with_a_dictionary_of_all_ids_on_random_ones(tmp_path: Path):
    draw = np.random.default_rng(0)
    ids = [f"{number}" for number in draw.permutation(5000)]
    shards = stored(tmp_path, passages=[Passage(id=each, title="", text="1") for each in ids], size=700)
    oracle = {each: row for row, each in enumerate(ids)}
    for some in (1, 10, 5000):
        asked = draw.choice(ids, some, replace=False).tolist()
        assert rows_of(shards, asked) == {each: oracle[each] for each in asked}


def test_ids_that_no_shard_holds_are_named_the_first_five_and_how_many_more(tmp_path: Path):
    shards = stored(tmp_path)
    with pytest.raises(CorruptInput) as refused:
        rows_of(shards, ["1#0", *(f"x{number}" for number in range(7))])
    assert str(refused.value) == (f"{tmp_path}:1:1: `miracl/sw` holds no passage x0, x1, x2, x3, x4 and 2 more; "
                                  "use judgments and corpus of one release")
    for absent in ("", "1#0\0", "1#", "1#00", "x" * 300, "\ud800"):  # near what is there, or nothing that a shard can hold
        for asked in ([absent], [absent, "1#0"]):
            with pytest.raises(CorruptInput, match="holds no passage"):
                rows_of(shards, asked)


def test_an_empty_id_in_a_damaged_file_is_no_passage_that_was_asked_for(tmp_path: Path):
    shards = stored(tmp_path)
    (tmp_path / "00001.ids.npy").write_bytes(array_bytes(np.array([b"4#0", b"", b"6#0", b"7#0"])))
    assert rows_of(shards, ["6#0"]) == {"6#0": 6}
    with pytest.raises(CorruptInput, match="holds no passage 5#0;"):
        rows_of(shards, ["5#0"])


def test_an_id_that_stands_in_two_shards_is_refused_only_where_it_is_asked_for(tmp_path: Path):
    shards = stored(tmp_path, passages=[*PASSAGES[:8], PASSAGES[2]])
    assert rows_of(shards, ["3#0", "7#0"]) == {"3#0": 3, "7#0": 7}
    with pytest.raises(CorruptInput, match=r"00002\.ids\.npy.*the passage `2#0`, which stands in 00000\.ids\.npy already"):
        rows_of(shards, ["2#0"])


def test_another_process_that_writes_the_folder_is_noticed_and_left_alone(tmp_path: Path):
    with held(tmp_path / ".lock") as free:
        assert free
        with pytest.raises(UsageFault, match="another process is writing this folder"):
            stored(tmp_path)
    assert not list(tmp_path.glob("*.npy"))
    assert len(stored(tmp_path).parts) == 3


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path):
    (tmp_path / ".00000.vectors.npy.abcd").write_bytes(b"half")
    (tmp_path / ".mine").write_bytes(b"of somebody else")
    stored(tmp_path)
    assert sorted(path.name for path in tmp_path.glob(".*")) == [".lock", ".mine"]


def test_vectors_are_gathered_in_any_order_with_repeats(tmp_path: Path):
    shards = stored(tmp_path)
    for rows in ([9, 0, 4, 4, 3, 9, 0, 8], [5], list(range(10))[::-1], []):
        expected = np.array([vector(row) for row in rows], np.float32).reshape(-1, 3)
        found = gather(shards, np.array(rows, np.int64))
        assert found.dtype == np.float32
        assert np.array_equal(found, expected)


def test_only_the_shards_of_the_rows_are_opened_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shards = stored(tmp_path)
    opened, vectors = [], type(shards.parts[0]).vectors

    def watched(shard):
        opened.append(shard.path.name)
        return vectors(shard)

    monkeypatch.setattr(type(shards.parts[0]), "vectors", watched)
    gather(shards, np.array([9, 1, 8, 1, 0]))
    assert opened == ["00000.json", "00002.json"]


@pytest.mark.parametrize("rows", [[10], [-1], [0, 3, 10], [-1, 0]])
def test_a_row_that_is_none_is_refused(tmp_path: Path, rows: list[int]):
    with pytest.raises(ValueError, match=f"rows are 0 to 9, not {min(rows)} to {max(rows)}"):
        gather(stored(tmp_path), np.array(rows))


def test_nothing_to_encode_and_nowhere_to_put_it_are_faults(tmp_path: Path):
    with pytest.raises(CorruptInput, match="there are no passages of `miracl/sw` to encode"):
        stored(tmp_path / "a", passages=[])
    with pytest.raises(ValueError, match="at least one passage"):
        stored(tmp_path / "b", size=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageFault, match="the folder cannot be made"):
        stored(tmp_path / "file" / "folder")


def test_a_disk_that_is_full_is_said_and_whole_shards_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    put = shard_writing.beside

    def full(path: Path, content: bytes) -> Path:
        if path.name == "00001.ids.npy":
            raise OSError(28, "No space left on device")
        return put(path, content)

    monkeypatch.setattr(shard_writing, "beside", full)
    with pytest.raises(MeasurementFailed, match=r"00001\.ids\.npy: cannot be written \(No space left on device\); make room"):
        stored(tmp_path)
    monkeypatch.undo()
    embed = Numbers()
    stored(tmp_path, embed=embed)
    assert embed.batches == [[4, 5, 6, 7], [8, 9]]


# ---------------------------------------------------------------- several processes


def _together(rank: int, size: int, folder: str) -> None:
    """One of several processes that encode one corpus; a second corpus has an id that stands twice in a shard."""
    from claimcheck.retrieval.ranks import Ranks

    torch.distributed.init_process_group("gloo", rank=rank, world_size=size, init_method=f"file://{folder}/meeting")
    numbers, ranks, place = Numbers(), Ranks(rank=rank, size=size), Path(folder)
    stored(place / "shards", embed=numbers, ranks=ranks)
    told = []
    for begun in (place / "shards", place / "begun"):
        try:
            stored(begun, ranks=ranks, passages=[*PASSAGES[:5], PASSAGES[4], *PASSAGES[5:]])
        except (CorruptInput, UsageFault) as error:
            told.append(str(error))
    again = Numbers()
    stored(place / "half", embed=again, ranks=ranks)
    (place / f"{rank}.json").write_text(json.dumps({"batches": numbers.batches, "told": told, "again": again.batches}))
    torch.distributed.destroy_process_group()


def test_several_processes_share_the_shards_out_and_write_the_same_bytes(tmp_path: Path):
    stored(tmp_path / "alone")
    stored(tmp_path / "half")
    for name in ("shards.json", "00001.json"):
        (tmp_path / "half" / name).unlink()  # as it is when encoding was interrupted
    torch.multiprocessing.spawn(_together, args=(2, str(tmp_path)), nprocs=2)
    made = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    assert [each["batches"] for each in made] == [[[0, 1, 2, 3], [8, 9]], [[4, 5, 6, 7]]]
    assert contents(tmp_path / "shards") == contents(tmp_path / "half") == contents(tmp_path / "alone")
    assert [each["again"] for each in made] == [[], [[4, 5, 6, 7]]]
    assert made[0]["told"] == made[1]["told"]  # what one of them meets, all of them say
    assert "it is of another corpus" in made[0]["told"][0] or "stands twice" in made[0]["told"][0]
    assert "stands twice, at passages 1 and 2 of this shard" in made[0]["told"][1]
    assert not (tmp_path / "begun" / "shards.json").exists()
    with held(tmp_path / "shards" / ".lock") as free:
        assert free


def test_an_iterator_serves_one_process_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from claimcheck.retrieval.ranks import Ranks

    monkeypatch.setattr(Ranks, "meet", lambda *_: None)
    with pytest.raises(ValueError, match="no iterator"):
        stored(tmp_path, passages=iter(PASSAGES), ranks=Ranks(rank=0, size=2))
