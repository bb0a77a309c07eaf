"""Tier `data`: manifest and door, the readers of XQuAD-R and MLQA-R, facts counted in the files, and the verb `data`."""

import functools
import hashlib
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from claimcheck.corpora import door, lareqa
from claimcheck.corpora.corpus import ParallelCorpus
from claimcheck.corpora.manifest import DataSet, manifest
from claimcheck.errors import CorruptInput, UsageFault
from claimcheck.evidence.data_facts import find_fact, statistics
from claimcheck.finding import Outcome
from claimcheck.prediction import DataPrediction, InLanguages, Parallel, Setting, SettingCount

# questions / sentences a language, as published in LAReQA's own README
PUBLISHED = {
    "xquad-r": {"ar": (1190, 1222), "de": (1190, 1276), "el": (1190, 1234), "en": (1190, 1180), "es": (1190, 1215),
                "hi": (1190, 1244), "ru": (1190, 1219), "th": (1190, 852), "tr": (1190, 1167), "vi": (1190, 1209),
                "zh": (1190, 1196)},
    "mlqa-r": {"ar": (517, 2545), "de": (512, 2362), "en": (1148, 6264), "es": (500, 1787), "hi": (507, 2426),
               "vi": (511, 2828), "zh": (504, 2322)},
}


@pytest.fixture(scope="module")
def real(request: pytest.FixtureRequest) -> dict[str, ParallelCorpus]:
    data_dir: Path = request.getfixturevalue("data_dir")
    return {name: lareqa.read(name, {file.language: data_dir / file.path for file in manifest()[name].files})
            for name in PUBLISHED}


def small(**changes: Any) -> dict[str, Any]:
    """A file of this kind with two sentences and two questions, hand-made."""
    paragraph = {"context": "One is odd. Two is even.", "sentences": ["One is odd.", "Two is even."],
                 "sentence_breaks": [[0, 11], [12, 24]],
                 "qas": [{"id": "q1", "question": "What is odd?", "answers": [{"text": "One", "answer_start": 0}]},
                         {"id": "q2", "question": "What is even?", "answers": [{"text": "Two", "answer_start": 12}]}]}
    return {"data": [{"title": "Numbers", "paragraphs": [{**paragraph, **changes}]}]}


def read_small(tmp_path: Path, content: object, **others: object) -> ParallelCorpus:
    paths = {}
    for language, each in {"en": content, **others}.items():
        paths[language] = tmp_path / f"{language}.json"
        paths[language].write_text(each if isinstance(each, str) else json.dumps(each, indent=1), encoding="utf-8")
    return lareqa.read("small", paths)


# ---------------------------------------------------------------- the real files


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_statistics_come_out_exactly(real, name: str):
    assert {language: (len(part.questions), len(part.candidates)) for language, part in real[name].parts.items()} == (
        PUBLISHED[name])


@pytest.mark.parametrize(("name", "pool", "past", "breaks", "repeated_within", "repeated_in_pool"), [
    ("xquad-r", 13014, 112, 2, 15, 23), ("mlqa-r", 20534, 25, 0, 21, 60)])
def test_pools_and_oddities_are_counted(real, name, pool, past, breaks, repeated_within, repeated_in_pool):
    rows = dict(statistics(real[name], name)[0].rows)
    columns = dict(zip(statistics(real[name], name)[0].columns, range(9), strict=False))
    assert rows["all"][columns["sentences"]] == pool
    assert rows["all"][columns["answers past"]] == past
    assert rows["all"][columns["breaks differ"]] == breaks
    assert rows["all"][columns["repeated"]] == repeated_in_pool
    assert sum(row[columns["repeated"]] for language, row in rows.items() if language != "all") == repeated_within


def test_the_relevant_sentence_holds_the_start_of_the_answer(real, data_dir: Path):
    part = real["xquad-r"].parts["th"]
    document = json.loads((data_dir / "xquad-r" / "th.json").read_text(encoding="utf-8"))
    answers = {question["id"]: question["answers"][0] for article in document["data"] for paragraph in article["paragraphs"]
               for question in paragraph["qas"]}
    ended = 0
    for name, index in part.relevant.items():
        ended += answers[name]["text"] in part.candidates[index].text
    assert len(part.relevant) - ended <= part.answers_run_past  # only an answer that runs past its sentence is not in it


def test_ids_are_positions_and_in_byte_order(real):
    for corpus in real.values():
        for part in corpus.parts.values():
            ids = [candidate.id for candidate in part.candidates]
            assert ids == sorted(ids, key=str.encode)
            assert ids[12] == f"{corpus.name}/{part.language}/00012"


def test_xquad_r_is_parallel_and_mlqa_r_is_not(real):
    def facts(name: str, languages: int) -> tuple[str, dict[str, int]]:
        count = find_fact(DataPrediction(parallel=Parallel(dataset=name, languages=languages)), real[name])
        return f"{count.number(Outcome.HOLDS)} of {count.total}", {cell.about[0][1]: cell.units for cell in count.cells}

    assert facts("xquad-r", 11) == ("1190 of 1190", {"11 languages": 1190})
    assert facts("mlqa-r", 7) == ("0 of 1148", {"4 languages": 820, "3 languages": 263, "2 languages": 65})


def test_the_42_settings_of_mlqa_r_rest_on_161_to_517_questions(real):
    count = find_fact(DataPrediction(settings=SettingCount(dataset="mlqa-r", setting=Setting.CROSS_LINGUAL, equals=42)),
                      real["mlqa-r"])
    assert count.cells[0].outcome is Outcome.HOLDS
    assert count.cells[0].note == "each rests on 161 to 517 questions"


def test_claims_3_and_7_are_judged_by_the_files(claimcheck, paper_claims: Path, data_dir: Path, tmp_path: Path):
    done = claimcheck("run", paper_claims, "--tier", "data", "--data-dir", data_dir, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    third, seventh = report["claims"][2], report["claims"][6]
    assert third["headline"]["verdict"] == third["tiers"]["data"]["verdict"] == "in part"
    assert [finding["printed"] for finding in third["tiers"]["data"]["findings"]] == [
        "11 as claimed", "7 as claimed", "1190 of 1190", "0 of 1148"]
    assert "every question of MLQA-R stands in all 7 languages" in third["headline"]["why"]
    assert {cell["source"] for finding in third["tiers"]["data"]["findings"] for cell in finding["cells"]} == {
        "all 11 files of xquad-r", "all 7 files of mlqa-r"}
    assert seventh["tiers"]["data"]["verdict"] == "confirmed"
    for number in (4, 5):
        assert report["claims"][number - 1]["tiers"]["data"]["verdict"] == "could not run"
        assert "fine-tuning" in report["claims"][number - 1]["tiers"]["data"]["why"]
    assert {each["name"]: each["terms"] for each in report["data_sets"]}["mlqa-r"] == "CC-BY-NC-4.0 (NON-COMMERCIAL USE ONLY)"


def test_a_printed_number_that_the_files_contradict_is_not_verified(claimcheck, paper_claims: Path, data_dir: Path, tmp_path):
    path = paper_claims / "hybrid-batches" / "07-number-of-settings.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("cross-lingual, equals: 42", "cross-lingual, equals: 43"), encoding="utf-8")
    claimcheck("run", paper_claims, "--data-dir", data_dir, "--out", tmp_path / "out")
    seventh = json.loads((tmp_path / "out" / "report.json").read_text())["claims"][6]
    assert seventh["tiers"]["reported"]["verdict"] == "tables agree"
    assert seventh["tiers"]["data"]["verdict"] == "in part"
    assert seventh["headline"]["verdict"] == "unverified"
    assert "Tier reported says tables agree" in seventh["headline"]["why"]
    assert "tier data says in part" in seventh["headline"]["why"]


# ---------------------------------------------------------------- the door


def test_the_manifest_names_source_licence_and_digest_of_every_file():
    for data_set in manifest().values():
        assert data_set.licence
        assert data_set.citation
        assert data_set.source
        for file in data_set.files:
            assert len(file.sha256) == 64
            assert file.url is None or (file.url.startswith("https://") and data_set.source.split()[-1] in file.url)
    assert manifest()["mlqa-r"].non_commercial
    assert round(manifest()["xquad-r"].bytes / 1e6, 1) == 17.9
    assert round(manifest()["mlqa-r"].bytes / 1e6, 1) == 13.6


def test_every_file_here_is_as_published(data_dir: Path):
    for name in ("xquad-r", "mlqa-r", "miracl-dev"):
        found = door.verified(manifest()[name], [data_dir])
        assert not isinstance(found, door.Missing)
        assert len(found) == len(manifest()[name].files)


@pytest.fixture
def copied(data_dir: Path, tmp_path: Path) -> Path:
    for name in ("xquad-r", "mlqa-r"):
        shutil.copytree(data_dir / name, tmp_path / "data" / name)
    return tmp_path / "data"


def test_a_flipped_byte_stops_what_needs_it_and_nothing_else(claimcheck, paper_claims: Path, copied: Path, tmp_path: Path):
    path = copied / "mlqa-r" / "vi.json"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    done = claimcheck("run", paper_claims, "--data-dir", copied, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert f"{path}:1:1: differs from the published mlqa-r/vi.json" in done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    for number in (3, 7):
        tier = report["claims"][number - 1]["tiers"]["data"]
        assert tier["verdict"] == "could not run"
        assert tier["findings"] == []
    assert [each["name"] for each in report["data_sets"]] == ["xquad-r"]
    assert report["claims"][1]["headline"]["verdict"] == "verified"
    assert claimcheck("data", "verify", "--data-dir", copied).returncode == 1


def test_a_corrupt_file_is_named_though_another_is_missing(claimcheck, paper_claims: Path, copied: Path, tmp_path: Path):
    (copied / "xquad-r" / "ar.json").unlink()
    (copied / "xquad-r" / "de.json").write_text("{}", encoding="utf-8")
    for verb in ("run", "report"):
        done = claimcheck(verb, paper_claims, "--data-dir", copied, "--out", tmp_path / "out")
        assert done.returncode == 1
        assert "de.json:1:1: differs from the published" in done.stderr
        tier = json.loads((tmp_path / "out" / "report.json").read_text())["claims"][2]["tiers"]["data"]
        assert "de.json differs" in tier["why"]
    assert claimcheck("data", "verify", "--data-dir", copied).returncode == 1


def test_a_tier_named_that_lacks_something_for_some_claims_ends_with_1(claimcheck, paper_claims: Path, copied: Path, tmp_path):
    shutil.rmtree(copied / "mlqa-r")
    done = claimcheck("run", paper_claims, "--tier", "data", "--data-dir", copied, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "tier data could not run for 2 of 4 claims" in done.stderr


def test_a_data_set_that_cannot_be_counted_is_a_fault(claimcheck, paper_claims: Path):
    path = paper_claims / "hybrid-batches" / "03-parallel-in-11-and-7-languages.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("parallel: {dataset: mlqa-r", "parallel: {dataset: mlqar"),
                    encoding="utf-8")
    done = claimcheck("validate", paper_claims)
    assert done.returncode == 2
    assert "no data set called `mlqar` can be counted; did you mean `mlqa-r`?" in done.stdout


def test_absent_data_in_a_plain_run_could_not_run_with_the_remedy(claimcheck, paper_claims: Path, tmp_path: Path):
    done = claimcheck("run", paper_claims, "--out", tmp_path / "out")
    assert done.returncode == 0
    tier = json.loads((tmp_path / "out" / "report.json").read_text())["claims"][2]["tiers"]["data"]
    assert tier["verdict"] == "could not run"
    assert "claimcheck data fetch xquad-r" in tier["remedy"]
    assert "17.9 MB" in tier["remedy"]
    assert claimcheck("run", paper_claims, "--tier", "data", "--out", tmp_path / "out").returncode == 1


def test_the_given_folder_counts_before_the_environment_and_that_before_the_cache(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("CLAIMCHECK_DATA", str(tmp_path / "environment"))
    with pytest.raises(UsageFault, match="is no folder that can be read"):
        door.folders(None)
    (tmp_path / "environment").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert door.folders(tmp_path / "given") == (tmp_path / "given", tmp_path / "environment",
                                                tmp_path / "cache" / "claimcheck" / "data")


@pytest.fixture
def served(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataSet]:
    """MLQA-R as a data set that a server on this machine gives."""
    monkeypatch.setattr(door, "SCHEMES", ("http://127.0.0.1:",))
    handler = functools.partial(Quiet, directory=str(data_dir))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        data_set = manifest()["mlqa-r"]
        yield replace(data_set, files=tuple(replace(file, url=f"{address}/{file.path}") for file in data_set.files))
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the library gives it
        pass


def test_fetch_announces_the_licence_checks_each_file_and_goes_on_where_it_stopped(served: DataSet, tmp_path: Path):
    said: list[str] = []
    door.fetch(served, tmp_path, said.append)
    assert "CC-BY-NC-4.0 (NON-COMMERCIAL USE ONLY)" in said[0]
    assert "13.6 MB" in said[0]
    assert not isinstance(door.verified(manifest()["mlqa-r"], [tmp_path]), door.Missing)
    (tmp_path / "mlqa-r" / "ar.json").unlink()
    said.clear()
    door.fetch(served, tmp_path, said.append)
    assert [line.partition(":")[0] for line in said[1:]] == ["mlqa-r/ar.json"]


def test_a_run_downloads_what_is_missing_only_with_consent(served: DataSet, tmp_path: Path, monkeypatch):
    from claimcheck.appraisal import data
    from claimcheck.appraisal.appraise import Unavailable

    monkeypatch.setattr(data, "manifest", lambda: {"mlqa-r": served})
    assert isinstance(data.open_all(["mlqa-r"], [tmp_path], None).corpora["mlqa-r"], Unavailable)
    assert not list(tmp_path.iterdir())
    said: list[str] = []
    opened = data.open_all(["mlqa-r"], [tmp_path], data.Consent(folder=tmp_path, report=said.append))
    assert isinstance(opened.corpora["mlqa-r"], ParallelCorpus)
    assert "NON-COMMERCIAL" in said[0]


def test_a_missing_language_is_named(claimcheck, paper_claims: Path, copied: Path, tmp_path: Path):
    (copied / "xquad-r" / "th.json").unlink()
    assert claimcheck("run", paper_claims, "--data-dir", copied, "--out", tmp_path / "out").returncode == 0
    tier = json.loads((tmp_path / "out" / "report.json").read_text())["claims"][2]["tiers"]["data"]
    assert "1 of 11 files are missing (xquad-r/th.json)" in tier["why"]


def test_fetch_keeps_nothing_that_differs_and_replaces_nothing_that_stands(served: DataSet, tmp_path: Path):
    wrong = replace(served, files=tuple(replace(file, sha256=hashlib.sha256(b"x").hexdigest()) for file in served.files))
    with pytest.raises(CorruptInput, match=r"is not the published mlqa-r/ar\.json; try again later; nothing was kept"):
        door.fetch(wrong, tmp_path, lambda line: None)
    assert [path for path in (tmp_path / "mlqa-r").iterdir()] == []  # noqa: C416 - a list reads better in a failure
    (tmp_path / "mlqa-r" / "ar.json").write_text("mine", encoding="utf-8")
    with pytest.raises(CorruptInput, match="4 bytes where"):
        door.fetch(served, tmp_path, lambda line: None)
    assert (tmp_path / "mlqa-r" / "ar.json").read_text(encoding="utf-8") == "mine"


class Rude(Quiet):
    """Answers as no server should."""

    answers = iter(())

    def do_GET(self) -> None:
        self.wfile.write(next(type(self).answers))


@pytest.mark.parametrize("answer", [
    b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"\r\n", b"HTTP/1.1 302 x\r\nLocation: http://[::1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nshort", b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000,
])
def test_no_answer_of_a_server_does_more_than_fail_to_be_the_file(answer: bytes, served: DataSet, tmp_path: Path):
    Rude.answers = iter([answer] * 5)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Rude) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        file = replace(served.files[0], bytes=50, url=f"http://127.0.0.1:{server.server_port}/x")
        with pytest.raises(CorruptInput, match=r"could not be downloaded|is not the published"):
            door.fetch(replace(served, files=(file,)), tmp_path, lambda line: None)
        server.shutdown()
    assert not list((tmp_path / "mlqa-r").iterdir())


def test_a_blocked_folder_is_told_and_breaks_no_run(served: DataSet, tmp_path: Path, monkeypatch):
    from claimcheck.appraisal import data

    (tmp_path / "mlqa-r").write_text("in the way", encoding="utf-8")
    monkeypatch.setattr(data, "manifest", lambda: {"mlqa-r": served})
    opened = data.open_all(["mlqa-r"], [tmp_path], data.Consent(folder=tmp_path, report=lambda line: None))
    assert "could not be downloaded" in str(opened.corrupt[0])


def test_fetch_says_what_cannot_be_had(served: DataSet, tmp_path: Path):
    gone = replace(served, files=(replace(served.files[0], url=f"{served.files[0].url}-gone"),))
    with pytest.raises(CorruptInput, match="could not be downloaded"):
        door.fetch(gone, tmp_path, lambda line: None)
    with pytest.raises(UsageFault, match="cannot be downloaded"):
        door.fetch(manifest()["miracl-dev"], tmp_path, lambda line: None)


@pytest.mark.parametrize("address", ["file:///etc/passwd", "http://127.0.0.1:9/x", "ftp://127.0.0.1/x", ""])
def test_only_https_is_ever_asked(address: str, tmp_path: Path):
    data_set = manifest()["mlqa-r"]
    with pytest.raises(UsageFault, match="no https address"):
        door.fetch(replace(data_set, files=(replace(data_set.files[0], url=address),)), tmp_path, lambda line: None)


# ---------------------------------------------------------------- bad input


def test_a_small_file_by_hand(tmp_path: Path):
    corpus = read_small(tmp_path, small(), de=small(qas=small()["data"][0]["paragraphs"][0]["qas"][:1]))
    part = corpus.parts["en"]
    assert [candidate.id for candidate in part.candidates] == ["small/en/00000", "small/en/00001"]
    assert part.relevant == {"q1": 0, "q2": 1}
    assert corpus.languages_of_questions() == {"q1": ("de", "en"), "q2": ("en",)}
    assert corpus.shared_questions("de", "en") == 1
    assert find_fact(DataPrediction(in_languages=InLanguages(dataset="small", languages=3)), corpus).cells[0].outcome is (
        Outcome.FAILS)


def test_an_answer_past_its_sentence_is_counted_and_not_dropped(tmp_path: Path):
    qas = [{"id": "q1", "question": "?", "answers": [{"text": "odd. Two", "answer_start": 7}]}]
    part = read_small(tmp_path, small(qas=qas)).parts["en"]
    assert (part.relevant, part.answers_run_past) == ({"q1": 0}, 1)


QA = {"id": "q1", "question": "?", "answers": [{"text": "One", "answer_start": 0}]}


@pytest.mark.parametrize(("content", "what"), [
    (json.dumps(small())[:-20], r"en\.json:1:\d+: not JSON"),
    ("[]", "holds no articles"), ('{"data": []}', "holds no articles"), ('{"data": [{"title": "x"}]}', "no paragraphs"),
    (small(sentence_breaks=[[0, 11], [12, 99]]), r"a sentence break \[12, 99\] outside the text"),
    (small(sentence_breaks=[[12, 24], [0, 11]]), "out of order"),
    (small(sentence_breaks=[[0, 11]]), "2 sentences and 1 sentence breaks that do not pair"),
    (small(sentences=None), "has no sentences"), (small(qas=[QA, QA]), "the question id `q1` stands twice"),
    (small(qas=[{**QA, "answers": []}]), "has no answer"), (small(qas=[{**QA, "id": 7}]), "has no id, no text"),
    (small(qas=[{**QA, "answers": [{"text": " ", "answer_start": 11}]}]), "starts at 11, in 0 sentences instead of one"),
    (small(qas=[{**QA, "answers": [{"text": "Zebra", "answer_start": 0}]}]), "is not the text at its place 0"),
    (small(qas=[{**QA, "id": "q 1"}]), "white space in its id"), (small(qas=[{**QA, "question": " "}]), "has no id, no text"),
    (small(sentence_breaks=[[0, 13], [12, 24]]), "overlapping"), (small(sentence_breaks=[[0, 11], [12, 12]]), "empty"),
    (json.dumps(small()).replace('"answer_start": 0', '"answer_start": ' + "9" * 5000), "not JSON of this kind"),
    (json.dumps(small()).replace('"id": "q1"', '"id": "q1", "question": "Evil?"'), "the key `question` stands twice"),
    ("[" * 100_000, "nested too deeply|not JSON"),
])
def test_bad_input_is_told_with_its_file_and_place(tmp_path: Path, content: object, what: str):
    with pytest.raises(CorruptInput, match=what) as caught:
        read_small(tmp_path, content)
    assert all(fault.path == tmp_path / "en.json" for fault in caught.value.faults)


def test_faults_of_all_files_are_told_at_once_at_their_places(tmp_path: Path):
    broken = small(qas=[QA, QA, {**QA, "id": "q2", "answers": []}])
    with pytest.raises(CorruptInput) as caught:
        read_small(tmp_path, broken, de="{", el=small())
    assert [(fault.path.stem, fault.what.split("`")[0]) for fault in caught.value.faults] == [
        ("de", "not JSON: Expecting property name enclosed in double quotes"), ("en", "the question id "),
        ("en", "the question ")]
    lines = (tmp_path / "en.json").read_text(encoding="utf-8").splitlines()
    assert '"q2"' in lines[caught.value.faults[2].line - 1]


def test_a_file_in_another_encoding_is_told(tmp_path: Path):
    path = tmp_path / "en.json"
    path.write_bytes(json.dumps(small(context="caf\xe9"), ensure_ascii=False).encode("latin-1"))
    with pytest.raises(CorruptInput, match="not UTF-8 text at byte"):
        lareqa.read("small", {"en": path})


# ---------------------------------------------------------------- the verb


def test_data_list_shows_licences_and_what_is_here(claimcheck, data_dir: Path):
    text = claimcheck("data", "list", "--data-dir", data_dir).stdout
    assert "11 of 11 files here" in text
    assert "NON-COMMERCIAL" in text
    rows = {row["name"]: row for row in json.loads(claimcheck("data", "list", "--format", "json").stdout)}
    assert rows["xquad-r"]["files_here"] == 0
    assert "data fetch xquad-r" in rows["xquad-r"]["remedy"]


@pytest.mark.parametrize(("arguments", "what"), [
    (["data", "verify", "xquad"], "did you mean `xquad-r`?"), (["data", "fetch", "nothing"], "no such data set"),
    (["data", "fetch", "miracl-dev"], "cannot be downloaded"),
    (["data", "overlap", "xquad-r", "mlqa-r"], "is not on this machine"),
    (["data", "export", "miracl", "--out", "x"], "cannot be counted"),
])
def test_bad_usage_of_data_ends_with_2(claimcheck, arguments: list[str], what: str):
    done = claimcheck(*arguments)
    assert done.returncode == 2, done.stderr
    assert what in done.stderr


def test_verify_of_a_named_data_set_that_is_not_here_ends_with_1(claimcheck):
    assert claimcheck("data", "verify", "xquad-r").returncode == 1
    assert claimcheck("data", "verify").returncode == 0


def test_overlap_of_the_two_shows_the_articles_that_stand_in_both(claimcheck, data_dir: Path):
    done = claimcheck("data", "overlap", "xquad-r", "mlqa-r", "--format", "json", "--data-dir", data_dir)
    found = json.loads(done.stdout)
    assert found["articles"] == ["Harvard University", "Prime number"]
    assert found["questions"]["exact"] == found["questions"]["near"] == 0
    assert (found["sentences"]["exact"], found["sentences"]["near"]) == (3, 1)  # two Hindi scraps; the definition of composite
    assert {match["kind"] for match in found["sentences"]["matches"]} == {"exact", "near"}


@pytest.mark.parametrize(("name", "files"), [("mlqa-r", 7 * 3), ("miracl-dev", 18 * 2)])
def test_export_writes_the_fields_formats(claimcheck, data_dir: Path, tmp_path: Path, name: str, files: int):
    done = claimcheck("data", "export", name, "--out", tmp_path / "out", "--data-dir", data_dir)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(list((tmp_path / "out").iterdir())) == files


def test_the_report_carries_terms_counts_and_overlap(claimcheck, paper_claims: Path, data_dir: Path, tmp_path: Path):
    claimcheck("run", paper_claims, "--data-dir", data_dir, "--out", tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    for text in ("NON-COMMERCIAL", "13,014", "20,534", "Harvard University, Prime number", "0 of 1148"):
        assert text in page, text
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {each["name"] for each in report["inputs"]} >= {"xquad-r/th.json", "mlqa-r/vi.json"}
    shared = next(table for table in report["data_sets"][1]["statistics"] if "share" in table["title"])
    assert {row["name"]: row["counts"] for row in shared["rows"]}["ar"]["es"] == 161
