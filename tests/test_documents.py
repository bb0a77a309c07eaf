"""The YAML door: right files become values, wrong ones become faults with their places, all at once, and nothing raises."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimcheck.claim import Claim
from claimcheck.documents import json_schema, parse, read
from claimcheck.reproduction import Reproduction

GOOD = """\
spec_version: 1
id: one
statement: It is so.
kind: arithmetic
scope: benchmark
paper: arXiv:0000.00000
where: section 1
source_report: {verified: true, confidence: 0.5}
atoms:
  - id: a
    says: it is so
    reported:
      - counts: {column: language, equals: 2}
"""


def faults_of(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "claim.yaml"
    path.write_text(text, encoding="utf-8")
    document, faults = read(path, Claim)
    assert (document is None) == bool(faults)
    return [str(fault).removeprefix(f"{path}:") for fault in sorted(faults)]


def test_a_right_file_has_no_fault(tmp_path: Path):
    assert faults_of(GOOD, tmp_path) == []


def test_five_faults_of_one_file_are_told_at_once_each_at_its_place(tmp_path: Path):
    text = (GOOD.replace("kind: arithmetic", "kind: arithmetics")
            .replace("scope: benchmark", "scoop: benchmark")
            .replace("where: section 1", "where: section 1\nwhere: section 2")
            .replace("confidence: 0.5", "confidence: 5")
            .replace("    says: it is so", "\tsays: it is so"))
    found = faults_of(text.replace("  - id: a\n", "  - id: a\n"), tmp_path)
    assert [line.split(";")[0] for line in found if "YAML" not in line] == [
        "4:7: `kind` cannot be `arithmetics`",
        "5:1: unknown key `scoop`",
        "8:1: the key `where` stands twice (first in line 7)",
        "9:45: `confidence` is 5, out of its range",
        "12:1: a tab in the indentation",
    ]
    assert "did you mean `arithmetic`?" in found[0]
    assert "did you mean `scope`?" in found[1]


@pytest.mark.parametrize(("before", "after", "place", "what"), [
    ("spec_version: 1", "spec_version: 2", "1:15", "`spec_version` cannot be 2"),
    ("id: one", "id: One", "2:5", "`id` cannot be `One`"),
    ("statement: It is so.", "statement: It is: so.", "3:12", "a text with a colon in it"),
    ("statement: It is so.", 'statement: "It is\\nso."', "3:12", "`statement` cannot be"),
    ("statement: It is so.", "statement: 7", "3:12", "`statement` should be a text, got 7"),
    ("statement: It is so.\n", "", "1:1", "the key `statement` is missing"),
    ("verified: true", "verified: yes", "8:27", "`verified` should be true or false, got `yes`"),
    ("says: it is so", "says: *other", "11:11", "an alias, `*other`"),
    ("says: it is so", "says: !!python/object:os.system x", "11:11", "a tag, `tag:yaml.org,2002:python/object:os.system`"),
    ("counts:", "count:", "13:9", "unknown key `count`"),
    ("equals: 2", "equals: two", "13:44", "`equals` should be a whole number, got `two`"),
    ("equals: 2}", "equals: 2, where: {language: 1.5}}", "13:65", "`language` should be a text"),
    ("    reported:\n      - counts: {column: language, equals: 2}\n", "", "10:5", "atom `a` cannot fail"),
    ("counts: {", "says: two\n        counts: {", None, None),
    ("counts: {", "reading: fair\n        counts: {", "10:5", "atom `a` gives under `reported` a fair reading and no literal"),
    ("says: it is so\n", "says: it is so\n    needs: logs\n", "10:5", "atom `a` says in `needs` that it cannot be tested"),
    ("id: one", "id: one\nhidden: 1\nhidden: 2", "4:1", "the key `hidden` stands twice"),
    ("id: one", "? [a, b]\n: 1\nid: one", "2:3", "a list or mapping as a key"),
    ("id: one", "*a : 1\nid: one", "2:1", "an alias, `*a`"),
    ("It is so.", '"half \\ud800 a character"', "3:12", "half a character"),
    ("It is so.", '"a \\x9b31m"', "3:12", "`statement` cannot be `a \\x9b31m`"),
    ("id: one", 'id: "\\e[31m"', "2:5", "`id` cannot be `\\x1b[31m`"),
    ("kind: arithmetic", 'kind: "x\\nclaim.yaml:9:9: forged"', "4:7", "`kind` cannot be `x\\nclaim.yaml:9:9: forged`"),
    ("kind: arithmetic", "kind: vague", "1:1", "`kind: vague`, and no atom names its vague word"),
    ("says: it is so\n", "says: it is so\n    vague: so\n", "10:5", "atom `a` is vague and does not say in `chosen`"),
    ("counts: {column: language, equals: 2}", "reduction_by: {arm: x, against: y, among: z, at_least_percent: 0.2}", "13:23",
     "`at_least_percent` is 0.2, less than one percent"),
    ("paper: arXiv:0000.00000", "paper arXiv:0000.00000", "6:1", "a key without a colon"),
    ("    says: it is so", "      says: it is so", "11:11", "the structure breaks here"),
    ("kind: arithmetic", "kind:\tarithmetic", "4:6", "a tab where YAML allows only spaces"),
    ("spec_version: 1\n", "spec_version: 1\ntables: a/b.csv\n", "2:9", "`tables` cannot be"),
    ("spec_version: 1\n", "spec_version: 1\nreproduction: ../x\n", "2:15", "`reproduction` cannot be"),
    ("      - counts", "      - best_of: {arm: x, among: y}\n        counts", "13:9", "a prediction asks exactly one thing"),
    ("atoms:\n", "atoms: []\nfoo:\n", "9:8", "`atoms` is empty"),
    ("kind: arithmetic", "kind: [arithmetic", "5:6", "not valid YAML"),
])
def test_each_fault_is_told_where_it_stands(tmp_path: Path, before: str, after: str, place: str | None, what: str | None):
    assert before in GOOD
    found = faults_of(GOOD.replace(before, after), tmp_path)
    if place is None:
        assert found == []
    else:
        assert any(line.startswith(f"{place}: {what}") for line in found), found


def test_a_misspelt_key_is_told_once_and_not_as_a_missing_one_too(tmp_path: Path):
    assert len(faults_of(GOOD.replace("statement:", "statment:"), tmp_path)) == 1


def test_a_hidden_key_is_told_whatever_it_is_called(tmp_path: Path):
    found, = faults_of(GOOD + '"hidden (again, line 3)": 1\n', tmp_path)
    assert found.startswith("14:1: unknown key `hidden (again, line 3)`; use one of `spec_version`, `id`, ")


def test_a_refused_key_makes_no_other_fault(tmp_path: Path):
    for extra in ("? [a, b]\n: {c: [1, 2]}\n", "*a : 1\n", "id: [x, {y: 1}]\n"):
        assert len(faults_of(GOOD + extra, tmp_path)) == 1


def test_windows_line_ends_are_no_fault_and_make_none(tmp_path: Path):
    path = tmp_path / "claim.yaml"
    path.write_bytes(GOOD.replace("It is so.", "It is: so.").replace("\n", "\r\n").encode())
    assert [str(fault).removeprefix(f"{path}:") for fault in read(path, Claim)[1]] == [
        "3:12: a text with a colon in it; put the text in quotes"]


def test_many_texts_with_colons_are_all_told(tmp_path: Path):
    atoms = "".join(f"  - id: b{number}\n    says: x: y\n    needs: z\n" for number in range(60))
    assert len(faults_of(GOOD + atoms, tmp_path)) == 60


def test_every_fault_names_the_next_move(tmp_path: Path):
    found = faults_of(GOOD.replace("id: one", "id: One\nextra: 1").replace("equals: 2", "equals: -1"), tmp_path)
    assert len(found) == 3
    assert all("; " in line for line in found)


@pytest.mark.parametrize(("raw", "place"), [
    (b"", "1:1: the file is empty"), (b"- a\n", "1:1: not a mapping"), (b"a: \xff\n", "1:4: not UTF-8 text"),
    (b"a: 1\n---\nb: 2\n", "2:1: a second document"), (b"a: \x00\n", "1:4: a character that YAML does not allow"),
    (b"[" * 3000, "1:41: nested deeper than 40 levels"), (b"a: &x [*x]\n", "1:8: an alias"),
])
def test_what_is_no_claim_at_all_is_one_clear_fault(tmp_path: Path, raw: bytes, place: str):
    path = tmp_path / "claim.yaml"
    path.write_bytes(raw)
    document, faults = read(path, Claim)
    assert document is None
    assert any(str(fault).removeprefix(f"{path}:").startswith(place) for fault in faults)


def test_a_file_that_is_not_there_is_a_fault_and_no_exception(tmp_path: Path):
    assert "cannot be read" in str(read(tmp_path / "none.yaml", Claim)[1][0])


def test_yaml_is_version_1_2_and_norwegian_stays_norwegian():
    parsed = parse("a: [en, no, de]\nb: on\nc: 1e5\nd: 2020-01-01\ne: ~\nf: 'no'\ng: 0o14\n", Path("x.yaml"))
    assert parsed.value == {"a": ["en", "no", "de"], "b": "on", "c": 1e5, "d": "2020-01-01", "e": None, "f": "no", "g": "0o14"}
    assert parsed.values["a", 1] == (1, 9)
    assert parsed.keys["d",] == (4, 1)


def test_folded_text_holds_no_mark_of_the_fold(tmp_path: Path):
    path = tmp_path / "claim.yaml"
    path.write_text(GOOD.replace("It is so.", ">-\n  It is\n  so."), encoding="utf-8")
    document, _ = read(path, Claim)
    assert document is not None
    assert document.value.statement == "It is so."


yamlish = st.text(alphabet=st.sampled_from("ab:-[]{}\"'#&*!|> \n\t,?%@0.1\\é\x00\u2028"), max_size=80)


@given(yamlish)
@settings(max_examples=400, deadline=None)
def test_no_text_whatever_raises(text: str):
    parsed = parse(text, Path("x.yaml"))
    assert isinstance(parsed.value, dict) or parsed.faults


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_claim_broken_anywhere_gives_a_fault_or_a_claim_but_never_an_exception(data: st.DataObject):
    import tempfile

    start = data.draw(st.integers(0, len(GOOD)))
    broken = GOOD[:start] + data.draw(yamlish) + GOOD[start + data.draw(st.integers(0, 20)):]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "claim.yaml"
        path.write_text(broken, encoding="utf-8")
        document, faults = read(path, Claim)
        assert (document is None) == bool(faults)
        lines = broken.count("\n") + 1
        assert all(1 <= fault.line <= lines + 1 and fault.column >= 1 for fault in faults)


@pytest.mark.parametrize("kind", [Claim, Reproduction])
def test_the_json_schema_describes_each_key_and_refuses_others(kind: type):
    schema = json_schema(kind)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["spec_version"]["const"] == 1
    for name, definition in schema["$defs"].items():
        if "properties" in definition:
            assert definition["additionalProperties"] is False, name


def test_the_json_schema_agrees_with_the_door(root: Path):
    import jsonschema

    validator = jsonschema.Draft202012Validator(json_schema(Claim))
    files = sorted((root / "claims").rglob("*.yaml"))
    assert files
    for path in files:
        validator.validate(parse(path.read_text(encoding="utf-8"), path).value)
    assert not validator.is_valid(parse(GOOD.replace("kind: arithmetic", "kind: other"), Path("x")).value)


def test_the_schemas_for_editors_are_those_of_the_code(root: Path):
    import json

    for name, kind in (("claim", Claim), ("reproduction", Reproduction)):
        written = json.loads((root / "schemas" / f"{name}-v1.json").read_text(encoding="utf-8"))
        assert written == json_schema(kind), "run `make schemas`"
