"""What of evaluation data stands in a packed corpus: found as `overlap` finds it, kept beside the corpus, and told."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from claimcheck.appraisal.training_overlap import _of
from claimcheck.cli import main
from claimcheck.corpora.manifest import manifest
from claimcheck.corpora.overlap import Kind, Texts, overlap
from claimcheck.corpora.parallel import open_pairs
from claimcheck.corpora.parallel_writing import pack
from claimcheck.corpora.scan import FOLDER, carried_out, digest_of_data, keep, kept, on_record, scan, tasks, texts_of
from claimcheck.errors import CorruptInput
from claimcheck.run import digest_of

ASKED = Texts(name="asked", by_language={"en": (
    ("q1", "Who wrote the first program for the analytical engine?"),
    ("q2", "When did the river flood the old town for the very first time in the century?"),
    ("q3", "What is the longest mountain tunnel of the northern part of that country?"),
    ("q4", "Which team?"),
    ("q5", "which  TEAM"))})
TRAINED = (
    "WHO wrote the first program for the analytical engine",  # q1, the same but for case and mark
    "Tell me when did the river flood the old town for the very first time in the century and why",  # holds q2
    "What is the longest mountain tunnels of the northern part of that country?",  # nearly q3
    "Something else that nobody asks here at all, ever.",
    "which team")  # q4 and q5


def found(texts: tuple[str, ...], near: bool = True) -> dict[str, tuple[Kind, float]]:
    scanned = scan(ASKED, "en", iter([texts[:2], texts[2:]]), "questions in queries", near=near)
    return {match.id: (match.kind, match.score) for match in scanned.matches}


def test_each_item_is_found_in_the_strongest_way_in_which_a_text_holds_it():
    made = found(TRAINED)
    assert {name: kind for name, (kind, _) in made.items()} == {
        "q1": Kind.EXACT, "q2": Kind.CONTAINED, "q3": Kind.NEAR, "q4": Kind.EXACT}  # q5 is the same text as q4
    assert made["q2"][1] == 1.0  # all eight-word runs of q2 stand in the text
    scanned = scan(ASKED, "en", iter([TRAINED]), "questions in queries", near=True)
    assert (scanned.items, scanned.texts, scanned.exact, scanned.contained, scanned.near) == (5, 5, 3, 1, 1)
    assert found(tuple(reversed(TRAINED))) == made
    without = found(TRAINED, near=False)
    # each of the six eight-word runs of q3 has the word in it that differs
    assert without.keys() == made.keys() - {"q3"}


def test_it_finds_what_overlap_finds(data_dir: Path):
    from claimcheck.corpora import lareqa
    from claimcheck.corpora.overlap import questions_of

    spoken = ("de", "zh")
    asked, trained = (questions_of(lareqa.read(name, {each: data_dir / name / f"{each}.json" for each in spoken}))
                      for name in ("xquad-r", "mlqa-r"))
    for language in spoken:
        texts = [text for _, text in trained.by_language[language]]
        mixed = [*texts, *(text for _, text in asked.by_language[language][:7])]
        items = tuple((f"t{number}", text) for number, text in enumerate(mixed))
        of_mixed = overlap(asked, replace(trained, by_language={language: items}))
        scanned = scan(asked, language, iter([mixed[:100], mixed[100:]]), "questions in queries", near=True)
        assert scanned.exact + scanned.contained + scanned.near == of_mixed.matched_a >= 7


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    lines = [json.dumps({"query": text, "passage": f"Passage {number}. {text}"}) for number, text in enumerate(TRAINED)]
    (source / "en.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (source / "de.jsonl").write_text("\n".join(["null"] * 4 + [lines[0]]) + "\n", encoding="utf-8")
    return pack(source, tmp_path, name="mine").folder


def test_a_packed_corpus_is_gone_through_in_each_language_of_both(packed: Path):
    pairs = open_pairs(packed)
    assert [list(some) for some in texts_of(pairs, "de", "queries")] == [[TRAINED[0]]]
    asked = tasks(pairs, packed, {"questions": ASKED, "sentences": ASKED})
    assert [(task.what, task.language, task.near) for task in asked] == [
        ("questions in queries", "en", True), ("sentences in passages", "en", False)]
    questions, sentences = (carried_out(task) for task in asked)
    assert (questions.exact, questions.contained, questions.near) == (3, 1, 1)
    assert sentences.texts == 5
    assert {match.id for match in sentences.matches} >= {"q1", "q2"}  # a passage holds the sentence whole


def test_what_was_found_is_kept_with_the_digests_of_both_and_counts_for_no_other(packed: Path):
    pairs = open_pairs(packed)
    scans = [carried_out(task) for task in tasks(pairs, packed, {"questions": ASKED})]
    digest = digest_of_data(manifest()["xquad-r"])
    path = keep(packed, "xquad-r", pairs.digest, digest, scans)
    assert kept(packed, "xquad-r", pairs.digest, digest) == tuple(scans)
    assert kept(packed, "xquad-r", "other", digest) is None
    assert kept(packed, "mlqa-r", pairs.digest, digest) is None
    assert on_record(packed, pairs.digest, "xquad-r", {"en"}) == {"questions in queries": {
        "items": 5, "texts": 5, "exact": 3, "contained": 1, "near": 1, "short": 2, "languages": ["en"]}}
    assert on_record(packed, "other", "xquad-r", {"en"}) is None
    assert all(on_record(packed, pairs.digest, name, {"en"}) is None for name in ("miracl", "miracl-hard-negatives"))
    assert path.parent.name == FOLDER
    path.write_text(path.read_text().replace('"exact": 3', '"exact": 0'))
    with pytest.raises(CorruptInput, match="remove it and scan again"):
        kept(packed, "xquad-r", pairs.digest, digest)


def test_what_an_earlier_version_kept_is_scanned_again(packed: Path):
    pairs = open_pairs(packed)
    scans = [carried_out(task) for task in tasks(pairs, packed, {"questions": ASKED})]
    path = keep(packed, "xquad-r", pairs.digest, "d", scans)
    said = json.loads(path.read_text())
    said.pop("sha256")
    said.pop("form")
    for each in said["scans"]:
        each.pop("short")
    path.write_text(json.dumps({**said, "sha256": digest_of(said)}))
    assert kept(packed, "xquad-r", pairs.digest, "d") is None


def test_only_the_languages_asked_for_are_on_record_and_what_was_not_sought_is_no_zero(packed: Path):
    pairs, digest = open_pairs(packed), digest_of_data(manifest()["xquad-r"])
    both = Texts(name="asked", by_language={**ASKED.by_language, "de": ASKED.by_language["en"][:2]})
    keep(packed, "xquad-r", pairs.digest, digest,
         [carried_out(task) for task in tasks(pairs, packed, {"questions": both, "sentences": both})])
    rows = {spoken: on_record(packed, pairs.digest, "xquad-r", spoken) for spoken in (("de",), ("de", "en"))}
    assert [(each["questions in queries"]["items"], each["questions in queries"]["languages"]) for each in rows.values()] == [
        (2, ["de"]), (7, ["de", "en"])]
    assert {each["sentences in passages"]["near"] for each in rows.values()} == {None}


@pytest.mark.parametrize(("language", "text", "short"), [
    ("en", "one two three four five six seven", True), ("en", "one two three four five six seven eight", False),
    ("zh", "一二三四五六七八九十一二三四五", True), ("zh", "一二三四五六七八九十一二三四五六", False)])
def test_a_text_shorter_than_a_shingle_is_counted_apart_since_it_cannot_be_contained(language: str, text: str, *, short: bool):
    asked = Texts(name="asked", by_language={language: (("q1", text),)})
    scanned = scan(asked, language, iter([[f"{text} and more"]]), "questions in queries", near=False)
    assert (scanned.short, scanned.contained) == (int(short), int(not short))


def test_the_report_says_what_was_not_looked_for_and_what_chose_the_checkpoint():
    counts = {"items": 10, "texts": 1000, "exact": 1, "contained": 2, "near": 3, "short": 4, "languages": ["de", "en"]}
    of_sentences = {**counts, "near": None, "short": 0}
    scanned = {"questions in queries": counts, "sentences in passages": of_sentences}
    trained, chosen = _of({"xquad-r": {"mmarco": scanned, "squadshifts": None}}, "squadshifts")
    assert trained == (
        "in mmarco, which is trained on, stand of xquad-r 6 of 10 questions (1 the same, 2 contained, 3 nearly the same), of "
        "1,000 queries; in de, en (not looked for: that one of 4 that have fewer than 8 words (16 characters in Thai, Chinese "
        "and Japanese) is contained); 3 of 10 sentences (1 the same, 2 contained), of 1,000 passages; in de, en (not looked "
        "for: near-duplicates)")
    assert chosen == ("whether squadshifts holds what is evaluated of xquad-r was not looked at before it chose the checkpoint "
                      "(`claimcheck data overlap squadshifts xquad-r`)")


def test_the_counts_are_of_items_and_not_of_pairs():
    many = tuple(f"{TRAINED[0]}{'!' * number}" for number in range(30))
    scanned = scan(ASKED, "en", iter([many]), "questions in queries", near=True)
    assert Counter(exact=scanned.exact, contained=scanned.contained, near=scanned.near) == Counter(exact=1)


def test_the_command_says_what_stands_in_a_packed_corpus_and_looks_once(packed: Path, data_dir: Path,
                                                                        monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CLAIMCHECK_DATA", str(data_dir))
    first = json.loads((data_dir / "xquad-r" / "en.json").read_text())["data"][0]["paragraphs"][0]["qas"][0]["question"]
    lines = [json.dumps({"query": first, "passage": "Something."})]
    source = packed.parent.parent / "more"
    source.mkdir()
    (source / "en.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pack(source, packed.parent.parent, name="holds-one")
    asked = ["data", "overlap", "holds-one", "xquad-r", "--data-dir", str(packed.parent.parent)]
    done = CliRunner().invoke(main, [*asked, "--jobs", "1"])
    assert done.exit_code == 0, done.output
    assert "questions of xquad-r in queries of holds-one: 1,190 against 1 in 1 language: 1 the same" in done.stdout
    assert "near-duplicates were not looked for" in done.stdout
    again = CliRunner().invoke(main, [*asked, "--format", "json"])
    assert json.loads(again.stdout)["scans"][0]["exact"] == 1
    assert "comparing" not in again.stderr  # what was found is kept
    other = CliRunner().invoke(main, ["data", "overlap", "mine", "miracl", *asked[4:], "--jobs", "1"])
    assert other.exit_code == 0, other.output
    assert "questions of miracl-dev in queries of mine: 1,104 against 6 in 2 languages: 0 the same" in other.stdout
