"""`claimcheck perturb`: a file of queries in, lines or a page out; faulty files are refused with every fault and its place."""

import json
import os
import re
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.cli import main, perturbed_queries
from claimcheck.cli.query_files import queries
from claimcheck.corpora.corpus import Question
from claimcheck.errors import CorruptInput
from claimcheck.files import placed
from claimcheck.measurement.trec_lines import MOST
from claimcheck.perturbation.families import FAMILIES
from claimcheck.perturbation.family import Perturbed, perturb
from claimcheck.report.perturbed import SHOWN, render

ENGLISH, ARABIC, THAI, HINDI = ("How many points did the defense give up?", "كم نقطة تخلى عنها دفاع الفريق NFL؟",
                                "ผู้เล่นทีมรับของแพนเธอร์สได้รับเลือกกี่คน", "कितने खिलाड़ियों का चयन किया गया था?")
FILE = f"q2\ten\t{ENGLISH}\nq1\tar\t{ARABIC}\nq1\tth\t{THAI}\nq1\thi\t{HINDI}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "queries.tsv"
    path.write_text(FILE, encoding="utf-8")
    return path


def faults(content: str | bytes) -> list[str]:
    with pytest.raises(CorruptInput) as error:
        queries(content if isinstance(content, bytes) else content.encode(), Path("q.tsv"))
    return str(error.value).splitlines()


# ---------------------------------------------------------------- the command


def test_lines_come_in_the_order_of_queries_then_families_then_draws(claimcheck, file: Path):
    done = claimcheck("perturb", file, "--family", "P2", "--family", "P6", "--draws", 2)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(list(row) == ["id", "language", "family", "draw", "text", "applied"] for row in rows)
    each = [("P2", 0), ("P2", 1), ("P6", 0)]
    assert [(row["id"], row["language"], row["family"], row["draw"]) for row in rows] == [
        (*query, *draw) for query in (("q2", "en"), ("q1", "ar"), ("q1", "th"), ("q1", "hi")) for draw in each]
    question = Question(id="q2", language="en", text=ENGLISH)
    assert rows[1]["text"] == perturb(question, FAMILIES["P2"], draw=1).text
    assert (rows[2]["text"], rows[2]["applied"]) == (ENGLISH.lower(), True)
    assert (rows[5]["text"], rows[5]["applied"]) == (ARABIC, False)  # Arabic has no case
    assert "P2 letter left out: 8 of 8 changed\nP6 lower case: 1 of 1 changed\n" in done.stderr
    assert "note: P6 does not exist in ar, hi, th: those queries stay as they are" in done.stderr


def test_tabs_hold_the_same_and_standard_input_and_files_are_alike(claimcheck, file: Path, tmp_path: Path):
    asked = ("--family", "P1", "--budget", "stress")
    lines = claimcheck("perturb", file, *asked)
    assert claimcheck("perturb", file, *asked, "--out", tmp_path / "new" / "out.jsonl").stdout == ""
    assert (tmp_path / "new" / "out.jsonl").read_text(encoding="utf-8") == lines.stdout
    tabbed = claimcheck("perturb", file, *asked, "--format", "tsv").stdout
    assert [line.split("\t") for line in tabbed.splitlines()] == [
        [value if isinstance(value, str) else json.dumps(value) for value in json.loads(line).values()]
        for line in lines.stdout.splitlines()]


def test_code_switching_learns_of_the_file_itself(claimcheck, tmp_path: Path):
    # Haus and house stand in three queries, as a link must; every other word in one
    pairs = [("Das Haus brennt", "The house burns"), ("Ein Haus fällt", "A house falls"), ("Kein Haus ist", "No house is")]
    text = "".join(f"{n}\tde\t{german}\n{n}\ten\t{english}\n" for n, (german, english) in enumerate(pairs))
    (tmp_path / "q.tsv").write_text(text, encoding="utf-8")
    done = claimcheck("perturb", "q.tsv", "--family", "P13", "--draws", 1)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    german = [row["text"] for row in rows if row["language"] == "de"]
    assert german == ["Das House brennt", "Ein House fällt", "Kein House ist"]
    (tmp_path / "q.tsv").write_text("1\tde\tDas Haus brennt\n", encoding="utf-8")
    alone = claimcheck("perturb", "q.tsv", "--family", "P13", "--draws", 1)
    assert json.loads(alone.stdout)["applied"] is False
    assert "note: P13 has no words in de: they are learned of queries that stand in en too" in alone.stderr


def test_a_language_without_families_is_left_as_it_is_and_told_of(claimcheck, tmp_path: Path):
    (tmp_path / "q.tsv").write_text("1\tsw\tJe, nani alishinda?\n2\tzh-Hant\t誰贏了？\n", encoding="utf-8")
    done = claimcheck("perturb", "q.tsv", "--family", "P2", "--draws", 1)
    assert done.returncode == 0
    assert [json.loads(line)["applied"] for line in done.stdout.splitlines()] == [False, False]
    assert ("note: no family exists in sw, zh-Hant: those queries stay as they are; families are for ar de el en es hi ru th "
            "tr vi zh") in done.stderr


def test_bad_usage_and_bad_files_end_as_everywhere_and_write_nothing(claimcheck, file: Path, tmp_path: Path):
    (tmp_path / "out.jsonl").write_text("as it was", encoding="utf-8")
    unknown = claimcheck("perturb", file, "--family", "P99", "--out", "out.jsonl")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("--family P99: there is no such family; use one of P1, P1z, P2,")
    assert claimcheck("perturb", file).returncode == 2
    assert claimcheck("perturb", tmp_path / "none.tsv", "--family", "P2").returncode == 2
    folder = claimcheck("perturb", file, "--family", "P2", "--out", tmp_path)
    assert folder.returncode == 2
    file.write_text(FILE + "q1\thi\t\n", encoding="utf-8")
    faulty = claimcheck("perturb", file, "--family", "P2", "--out", "out.jsonl")
    assert (faulty.returncode, faulty.stdout) == (1, "")
    assert faulty.stderr.splitlines() == [
        f"{file}:5:1: the id `q1` stands twice in `hi`, first on line 4; keep one of the two lines",
        f"{file}:5:7: the text is empty; give the query, or remove the line"]
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "as it was"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "cache") == ["out.jsonl", "queries.tsv"]


# ---------------------------------------------------------------- files of any size


def asked(file: Path, out: Path) -> None:
    """What the command does, in this process. Raises Abort: it was interrupted."""
    main.main(["perturb", str(file), "--family", "P2", "--draws", "500", "--out", str(out)], standalone_mode=False)


def beside(out: Path) -> list[Path]:
    return [path for path in out.parent.iterdir() if path.name.startswith(f".{out.name}.")]


def test_lines_are_written_while_they_are_made_and_the_file_is_in_place_at_the_end(file: Path, tmp_path: Path, monkeypatch):
    out, written = tmp_path / "out.jsonl", list[int]()

    def watched(*given):
        written.append(sum(path.stat().st_size for path in beside(out)))
        assert not out.exists()
        return perturb(*given)

    monkeypatch.setattr(perturbed_queries, "perturb", watched)
    asked(file, out)
    assert len(written) == 4 * 500  # queries x draws
    lines = out.read_bytes().splitlines(keepends=True)
    assert len(lines) == len(written)
    most = max(2 * max(map(len, lines)), 1 << 17)  # a line on its way, and the buffer of a file
    made = 0
    for line, stood in zip(lines, written, strict=True):
        assert stood >= made - most
        made += len(line)
    assert made > 1.5 * most  # so that one that is written at the end would have been found out
    assert beside(out) == []


def test_an_interrupt_leaves_what_stood_and_nothing_beside_it(file: Path, tmp_path: Path, monkeypatch):
    out, count = tmp_path / "out.jsonl", 0
    out.write_text("as it was", encoding="utf-8")

    def interrupted(*given):
        nonlocal count
        count += 1
        if count == 1500:
            assert len(beside(out)) == 1
            raise KeyboardInterrupt
        return perturb(*given)

    monkeypatch.setattr(perturbed_queries, "perturb", interrupted)
    with pytest.raises(click.Abort):
        asked(file, out)
    assert count == 1500
    assert out.read_text(encoding="utf-8") == "as it was"
    assert beside(out) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, ValueError])
def test_a_file_stands_in_its_place_whole_or_not_at_all(tmp_path: Path, error: type[BaseException]):
    path = tmp_path / "file"
    with placed(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == 0o666 & ~os.umask(os.umask(0o022))
    with pytest.raises(error), placed(path) as file:  # noqa: PT012 - what breaks off
        file.write(b"ha")
        raise error
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"), placed(tmp_path / "folder") as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder"]


def on_terminal(tmp_path: Path, *arguments: object, lines_too: bool) -> tuple[str, str]:
    """Standard output elsewhere than on the terminal, and what the terminal shows."""
    parent, child = os.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "XDG_CACHE_HOME": str(tmp_path)}
    shown: list[bytes] = []

    def watch() -> None:  # a terminal holds little: who writes would wait
        try:
            while chunk := os.read(parent, 4096):
                shown.append(chunk)
        except OSError:  # nobody has it open any more
            return

    with subprocess.Popen([sys.executable, "-m", "claimcheck", "perturb", *map(str, arguments)], cwd=tmp_path, stderr=child,
                          stdout=child if lines_too else subprocess.PIPE, env=environment) as done:
        os.close(child)
        reader = threading.Thread(target=watch)
        reader.start()
        text = done.stdout.read() if done.stdout else b""
    reader.join()
    os.close(parent)
    assert done.returncode == 0
    return text.decode(), b"".join(shown).decode()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals on this system")
def test_a_bar_is_drawn_on_a_terminal_but_never_amid_lines_and_a_log_is_told_once(claimcheck, file: Path, tmp_path: Path):
    logged = claimcheck("perturb", file, "--family", "P2")
    assert logged.stderr == "perturbing: 4 queries\nP2 letter left out: 12 of 12 changed\n"  # 4 queries x 3 draws
    lines, shown = on_terminal(tmp_path, file, "--family", "P2", lines_too=False)
    assert lines == logged.stdout
    assert "\x1b" in shown
    assert "4/4" in shown
    _, shown = on_terminal(tmp_path, file, "--family", "P2", lines_too=True)
    assert shown.replace("\r\n", "\n") == logged.stdout + "P2 letter left out: 12 of 12 changed\n"


# ---------------------------------------------------------------- files of queries


@given(st.lists(st.tuples(st.text(st.characters(exclude_characters="\t\n\r\0", exclude_categories=["Cs"]), min_size=1),
                          st.sampled_from(["en", "zh", "sw", "pt-BR", "fil"]),
                          st.text(st.characters(exclude_characters="\t\n\r\0", exclude_categories=["Cs"]), min_size=1))
                .filter(lambda row: row[0].strip() and row[2].strip() and not row[0].startswith("\ufeff")),
                min_size=1, max_size=5, unique_by=lambda row: row[:2]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_stands_between_tabs_is_read_as_it_is(rows, end: str, mark: bool):
    content = ("\ufeff" * mark + end.join("\t".join(row) for row in rows)).encode()
    found = [(each.id, each.language, each.text) for each in queries(content, Path("q.tsv"))]
    assert found == rows
    assert queries(content + end.encode(), Path("q.tsv")) == queries(content, Path("q.tsv"))


def test_every_fault_of_a_file_is_told_with_its_place_and_the_next_move():
    write = "write id, language and text with a tab between them"
    code = "write one of ar de el en es hi ru th tr vi zh, or another code in small letters, whose queries stay as they are"
    lines = ["q1\ten\tGood?", "", "q2 en no tabs", "q3\ten\tone\ttoo many", "\ten\tno id", "q4\tEnglish\tname", "q5\t\t ",
             "q1\ten\tagain", ""]
    assert faults("\n".join(lines)) == [
        f"q.tsv:2:1: 1 field, where a query has 3; {write}",
        f"q.tsv:3:1: 1 field, where a query has 3; {write}",
        f"q.tsv:4:1: 4 fields, where a query has 3; {write}",
        "q.tsv:5:1: the id is empty; give each query an id",
        f"q.tsv:6:4: the language `English` is no code of a language; {code}",
        f"q.tsv:7:4: the language `` is no code of a language; {code}",
        "q.tsv:7:5: the text is empty; give the query, or remove the line",
        "q.tsv:8:1: the id `q1` stands twice in `en`, first on line 1; keep one of the two lines"]


def test_bytes_that_are_no_text_are_faults_at_their_place():
    assert faults(b"q1\ten\t\xc3\xa9\xff?\nq2\ten\ta\0b\nq3\ten\tone\rq4\ten\ttwo") == [
        "q.tsv:1:8: the byte 0xff is not UTF-8; save the file as UTF-8",  # q 1 tab e n tab é, then it
        "q.tsv:2:8: a NUL character is in the text; remove it",
        "q.tsv:3:1: 5 fields, where a query has 3; write id, language and text with a tab between them",
        "q.tsv:3:10: a carriage return comes before the end of the line; remove it, or end lines with line feeds"]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf"])
def test_a_file_without_a_query_is_a_fault(content: bytes):
    assert faults(content) == ["q.tsv:1:1: holds no query; write id, language and text with a tab between them"]


def test_of_very_many_faulty_lines_the_first_are_told_and_the_others_counted():
    found = faults("no query\n" * (MOST + 5))
    assert len(found) == MOST + 1
    assert found[-1] == f"q.tsv:{MOST + 1}:1: 5 more faulty lines from here on; mend those above first"


# ---------------------------------------------------------------- the page


class Page(HTMLParser):
    """What stands in paragraphs with a language, and which elements and attributes there are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.elements: list[dict[str, str]] = []
        self.set: list[tuple[str, str, str]] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        given = dict(attributes)
        self.elements.append({"": tag, **given})
        if tag == "p" and "lang" in given:
            self.set.append((given["lang"], given["dir"], ""))
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "p"

    def handle_data(self, data):
        if self.inside:
            language, direction, text = self.set[-1]
            self.set[-1] = (language, direction, text + data)


def test_the_page_shows_before_and_after_set_for_their_scripts(claimcheck, file: Path):
    done = claimcheck("perturb", file, "--family", "P2", "--family", "P12", "--draws", 1, "--format", "html")
    assert done.returncode == 0, done.stderr
    page = Page(done.stdout)
    lines = claimcheck("perturb", file, "--family", "P2", "--family", "P12", "--draws", 1).stdout.splitlines()
    after = {(row["language"], row["family"]): row["text"] for row in map(json.loads, lines)}
    assert page.set == [
        ("en", "ltr", ENGLISH), ("en", "ltr", after["en", "P2"]),
        ("ar", "rtl", ARABIC), ("ar", "rtl", after["ar", "P2"]), ("ar", "rtl", ARABIC), ("ar-Latn", "ltr", after["ar", "P12"]),
        ("th", "ltr", THAI), ("th", "ltr", after["th", "P2"]), ("th", "ltr", THAI), ("th-Latn", "ltr", after["th", "P12"]),
        ("hi", "ltr", HINDI), ("hi", "ltr", after["hi", "P2"]), ("hi", "ltr", HINDI), ("hi-Latn", "ltr", after["hi", "P12"])]
    for name in ("Arabic (ar)", "Thai (th)", "Hindi (hi)", "English (en)"):
        assert name in done.stdout


def test_the_page_runs_nothing_loads_nothing_and_escapes_every_text():
    hostile = "<script>alert(1)</script> \"&amp;'"
    question = Question(id=hostile, language="en", text=hostile)
    family = FAMILIES["P2"]
    page = render([question], [family], [perturb(question, family)], "light")
    assert "default-src 'none'" in page
    assert {"script", "link"} & Page(page).tags == {"link"}  # of the empty icon
    assert not re.search(r"(?:src|href)=\"(?!data:,|#)", page)
    assert "url(" not in page
    assert hostile not in page


def test_changed_clusters_are_marked_whole_and_others_not():
    question = Question(id="q", language="hi", text="यह किताब है")
    after = Perturbed(id="q", language="hi", family="P2", draw=0, text="यह किब है", applied=True)
    page = render([question], [FAMILIES["P2"]], [after], "light")
    assert '<p lang="hi" dir="ltr">यह कि<del>ता</del>ब है</p>' in page
    assert '<p lang="hi" dir="ltr">यह किब है</p>' in page


def test_the_page_counts_all_and_says_how_many_it_shows():
    family = FAMILIES["P7"]
    questions = [Question(id=str(number), language="en", text=f"Who won{'?' * (number > 0)}") for number in range(SHOWN + 3)]
    page = render(questions, [family], [perturb(each, family) for each in questions], "light")
    assert f"{SHOWN + 2} changed, 1 as they were; {SHOWN} are shown." in page
    assert f">{SHOWN + 2} of {SHOWN + 3}</td>" in page
    assert len(Page(page).set) == 2 * SHOWN


def test_the_page_shows_different_queries_first_and_then_more_draws_of_them():
    family = FAMILIES["P2"]
    questions = [Question(id=str(number), language="en", text=ENGLISH) for number in range(SHOWN + 3)]

    def shown(count: int) -> list[str]:
        made = perturbed_queries.perturbed(questions[:count], [family], draws=4)  # P2 finds a slot in each draw
        page = render(questions[:count], [family], made, "light")
        assert f"{4 * count} changed over all draws, 0 as they were" in page
        return re.findall(r"<bdi>(\d+)</bdi>, draw (\d)", page)

    assert shown(SHOWN + 3) == [(str(number), "0") for number in range(SHOWN)]
    # of three queries and ten rows: one each, then seven of the nine further draws in their order
    assert shown(3) == [*(("0", str(draw)) for draw in range(4)), *(("1", str(draw)) for draw in range(4)),
                        ("2", "0"), ("2", "1")]


def test_what_scrolls_can_be_reached_by_keyboard_and_names_stand_where_a_role_takes_them():
    families = [FAMILIES["P2"], FAMILIES["P6"]]
    questions = [Question(id="q", language="en", text=ENGLISH), Question(id="q", language="hi", text=HINDI)]
    page = render(questions, families, perturbed_queries.perturbed(questions, families), "light")
    elements = Page(page).elements
    scrolling = [each for each in elements if each.get("class") == "scroll"]
    assert scrolling
    assert all((each["tabindex"], each["role"]) == ("0", "group") and each["aria-label"] for each in scrolling)
    assert all("role" in each for each in elements if "aria-label" in each)
    assert page.count('<span class="unseen">does not exist</span>') == 1  # Hindi has no case


# ---------------------------------------------------------------- the document


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def test_the_page_on_perturbation_shows_what_its_commands_give(claimcheck, root: Path, tmp_path: Path):
    page = root / "docs" / "perturbation.md"
    tabbed, printed = blocks(page, "text")
    (tmp_path / "queries.tsv").write_text(tabbed, encoding="utf-8")
    commands = [line.split("#")[0].split()[1:] for block in blocks(page, "sh") for line in block.splitlines()]
    done = [claimcheck(*command) for command in commands]
    assert [each.returncode for each in done] == [0] * len(commands), [each.stderr for each in done]
    assert done[0].stdout == printed
    assert (tmp_path / "perturbed.html").is_file()


def test_the_page_on_perturbation_lists_every_family_and_language(root: Path):
    text = (root / "docs" / "perturbation.md").read_text(encoding="utf-8")
    for family in FAMILIES.values():
        row = re.search(rf"^\| {family.id} \| (.*) \| (.*) \|$", text, flags=re.MULTILINE)
        assert row, family.id
        languages = row[2]
        if languages == "all":
            assert len(family.languages) == 11, family.id
        elif languages.startswith("all but "):
            assert len(family.languages) == 11 - len(languages.split()[2:]), family.id
            assert not family.languages & set(languages.split()[2:]), family.id
        else:
            assert set(languages.split()) == family.languages, family.id
