"""The report's forms: hostile text stays text, the page needs no network, the paper compiles, the JSON keeps its schema."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.report import json_export
from claimcheck.report.latex import escape

HOSTILE = (r"""<script>document.title='owned'</script> "><img src=x onerror=alert(1)> &amp; {{ 60013*7 }} {% raw %} """
           r"""\input{/etc/passwd} \end{document} $x_1^2$ 100 % #1 ~ ^^M `` '' -- --- << >> ?` !` ]]> <!-- */ </style> """
           "\u202e evil \u0645\u0631\u062d\u0628\u0627 \u4f60\u597d \U0001f600 \u0e2a\u0e27\u0e31 e\u0301 \u0142 \ufb01 "
           "\N{MINUS SIGN} \u201cq\u201d")
CLAIM = """\
spec_version: 1
id: hostile
statement: {statement}
kind: reporting
scope: benchmark
paper: {statement}
where: {statement}
source_report: {{verified: true, confidence: 0.5}}
literal: {statement}
settled_by: {statement}
atoms:
  - id: a
    says: {statement}
    vague: "<b>"
    chosen: {statement}
    reported:
      - says: "<i>$x$</i> %"
        reports: {{column: "<col>", values: ["<u>&", "[#_%"]}}
      - better_than: {{arm: "<u>&", than: ["[#_%", "*x"], among: "<col>"}}
      - best_of: {{arm: "<u>&", among: "<col>"}}
  - id: b
    says: {statement}
    needs: {statement}
"""


HOSTILE_TABLE = "".join(
    ["<col>,[dataset],*,value\n"] + [f'{arm},"[900cm]{"x" * number}",*{"y" * 900 * number},0.{number + place}\n'
                                      for number in range(5) for place, arm in enumerate(("<u>&", "[#_%", "*x"))])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report whose every text is hostile."""
    from claimcheck.cli import main

    folder = tmp_path_factory.mktemp("hostile")
    (folder / "claims").mkdir()
    quoted = json.dumps(HOSTILE[:380])
    assert len(HOSTILE) <= 380
    (folder / "claims" / "hostile.yaml").write_text(CLAIM.format(statement=quoted), encoding="utf-8")
    (folder / "claims" / "reported.csv").write_text(HOSTILE_TABLE, encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["run", str(folder / "claims"), "--out", str(folder / "out")])
    assert ended.value.code == 0
    return folder / "out"


@pytest.fixture(scope="module")
def example(root: Path) -> Path:
    return root / "reports" / "hybrid-batches"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_hostile_text_stays_text_in_html(hostile: Path):
    page = Tags()
    page.feed((hostile / "index.html").read_text(encoding="utf-8"))
    names = {tag for tag, _ in page.found}
    assert not names & {"script", "img", "iframe", "object", "embed", "form", "base"}
    assert not [name for _, attributes in page.found for name in attributes if name.startswith("on")]
    assert HOSTILE in page.text
    assert "420091" not in "".join(page.text)


def test_hostile_text_stays_text_in_json(hostile: Path):
    raw = (hostile / "report.json").read_text(encoding="ascii")
    claim, = json.loads(raw)["claims"]
    assert claim["statement"] == HOSTILE


def compiled(folder: Path, pdflatex: str, tmp_path: Path) -> Path:
    """Compile report.tex elsewhere, twice, without a shell to escape to."""
    shutil.copy(folder / "report.tex", tmp_path)
    for _ in range(2):
        done = subprocess.run([pdflatex, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "report.tex"],
                              cwd=tmp_path, capture_output=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    return tmp_path


@pytest.mark.parametrize("which", ["example", "hostile"])
def test_the_paper_compiles_and_loses_no_glyph(which: str, request: pytest.FixtureRequest, pdflatex: str, tmp_path: Path):
    log = (compiled(request.getfixturevalue(which), pdflatex, tmp_path) / "report.log").read_text("latin-1")
    assert "Missing character" not in log
    assert "root:" not in log


def test_the_example_has_no_line_that_runs_far_out_of_its_page(example: Path, pdflatex: str, tmp_path: Path):
    log = (compiled(example, pdflatex, tmp_path) / "report.log").read_text("latin-1")
    assert [float(width) for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log) if float(width) > 15] == []


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_escaped_text_holds_no_bare_special_character(text: str):
    printed = escape(text)
    bare = re.sub(r"\\(textbackslash|textasciitilde|textasciicircum|textquotedbl|textbar|textless|textgreater|"
                  r"textasciigrave|dots)\{\}|\\[{}$&%#_]|\$(-|\\times|\\le|\\ge|\\pm|\\cdot|\\infty)\$|"
                  r"\\texttt\{\[U\+[0-9A-F]{4,6}\]\}|\\allowbreak\{\}|\{[\[\]*]?\}|~", "", printed)
    assert not set(bare) & set("\\{}$&%#_^~"), printed
    assert "\n" not in printed


@pytest.mark.parametrize("which", ["example", "hostile"])
def test_report_json_keeps_its_schema(which: str, request: pytest.FixtureRequest):
    document = json.loads((request.getfixturevalue(which) / "report.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(json_export.schema()).validate(document)


def test_the_schema_of_the_report_is_itself_valid_and_describes_itself(root: Path):
    schema = json_export.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads((root / "schemas" / "report-v1.json").read_text(encoding="utf-8")) == schema, "run `make schemas`"
    for key in ("headline", "tiers", "source_report"):
        assert key in schema["$defs"]["claim"]["required"]


def test_the_page_is_one_file_that_needs_no_network(example: Path):
    text = (example / "index.html").read_text(encoding="utf-8")
    page = Tags()
    page.feed(text)
    assert "default-src 'none'" in text
    for tag, attributes in page.found:
        assert tag != "script"
        assert not attributes.get("src")
        if tag == "link":
            assert attributes["href"] == "data:,"
    assert "@import" not in text
    assert "url(" not in text
    assert len(text.encode()) < 2_000_000


def test_links_within_the_page_lead_somewhere(example: Path):
    page = Tags()
    page.feed((example / "index.html").read_text(encoding="utf-8"))
    ids = [attributes["id"] for _, attributes in page.found if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.found:
        target = attributes.get("href") or ""
        if tag == "a" and target.startswith("#"):
            assert target[1:] in ids


def test_the_committed_example_is_what_the_claims_and_the_runs_beside_it_give(example: Path, root: Path, data_dir: Path,
                                                                              tmp_path: Path):
    from claimcheck.cli import main

    with pytest.raises(SystemExit):
        main(["report", str(root / "claims"), "--data-dir", str(data_dir), "--out", str(tmp_path / "out"),
              "--store", str(example / "store")])
    for name in ("index.html", "report.tex", "report.json"):
        assert (tmp_path / "out" / name).read_bytes() == (example / name).read_bytes(), f"{name}: run `make report`"


@pytest.mark.parametrize("which", ["example", "hostile"])
@pytest.mark.parametrize("width", [1300, 390])
def test_the_page_in_a_browser(which: str, width: int, request: pytest.FixtureRequest, chromium: str):
    """No script runs, no request leaves, nothing is logged, and the page is no wider than the window."""
    from playwright import sync_api

    page_file = request.getfixturevalue(which) / "index.html"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        requests: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: (said.append("a dialog"), dialog.dismiss()))
        page.goto(page_file.as_uri())
        assert page.title().startswith("Claims of ")
        assert page.get_by_role("heading", level=1).count() == 1
        claims = json.loads((page_file.parent / "report.json").read_text(encoding="utf-8"))["claims"]
        assert page.locator("table.verdicts tbody tr").count() == len(claims)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert said == []
