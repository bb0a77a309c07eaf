"""Reported tables: decimals with printed precision, and every fault of a file with its line."""

from decimal import Decimal
from pathlib import Path

import pytest

from claimcheck.errors import CorruptInput
from claimcheck.evidence.reported_table import ReportedTable, read_number, read_table

HEADER = "table,dataset,metric,sampling,language,value\n"


def table(tmp_path: Path, text: str, header: str = HEADER) -> ReportedTable:
    path = tmp_path / "reported.csv"
    path.write_text(header + text, encoding="utf-8")
    return read_table(path)


def test_a_number_keeps_its_printed_decimals():
    assert [read_number(text).decimals for text in (".5479", "410.2", "21", "0.70", "-1.5", "1e-3")] == [4, 1, 0, 2, 1, 3]
    assert read_number(".5479").slack == Decimal("0.00005")
    assert read_number("21").slack == Decimal("0.5")


@pytest.mark.parametrize("text", ["", "n/a", "nan", "inf", "1,5", "1_0", "--1", "9" * 50, "1e99999", "1e29", "0." + "1" * 18])
def test_what_is_no_number_is_refused(text: str):
    with pytest.raises(ValueError, match="is not a number"):
        read_number(text)


def test_dropped_trailing_zeros_come_back_from_the_rest_of_the_table(tmp_path: Path):
    # 0.487 among four-decimal rates was printed by a script that drops zeros: it means 0.4870, known to 0.00005
    rows = table(tmp_path, "3,x,map,a,en,0.4871\n3,x,map,a,de,0.5012\n3,x,map,a,el,0.487\n3,x,rd,a,el,410.2\n").rows
    assert [row.printed.decimals for row in rows] == [4, 4, 4, 1]


def test_precision_is_inferred_only_from_a_majority_of_cells_that_were_printed_together(tmp_path: Path):
    # two of four cells with four decimals are no majority: 0.5 is known to 0.05
    rows = table(tmp_path, "3,x,map,a,en,0.4999\n3,x,map,a,de,0.5\n3,x,map,a,el,0.4871\n3,x,map,a,es,0.48\n").rows
    assert [row.printed.decimals for row in rows] == [4, 1, 4, 2]
    # without the columns table and metric nothing says which cells were printed together
    lines = "".join(f"rate,{name},0.4{name}71\n" for name in range(5))
    rows = table(tmp_path, f"rd,a,100\n{lines}", "measure,method,value\n").rows
    assert [row.printed.decimals for row in rows] == [0, 4, 4, 4, 4, 4]


def test_one_cell_of_more_decimals_does_not_sharpen_the_others(tmp_path: Path):
    rows = table(tmp_path, "3,x,map,a,en,0.48\n3,x,map,a,de,0.50\n3,x,map,a,el,0.487\n").rows
    assert [row.printed.decimals for row in rows] == [2, 2, 3]


def test_summing_rows_are_selected_only_where_they_are_named(tmp_path: Path):
    found = table(tmp_path, "3,x,map,a,en,.4\n3,x,map,a,mean,.4\n")
    assert [row.keys["language"] for row in found.select({"dataset": "x"})] == ["en"]
    assert [row.keys["language"] for row in found.select({"language": "mean"})] == ["mean"]
    assert [row.source.line for row in found.select({"table": 3, "language": ("en", "mean")})] == [2, 3]


def test_every_fault_of_a_table_is_told_with_its_line(tmp_path: Path):
    with pytest.raises(CorruptInput) as caught:
        table(tmp_path, "3,x,map,a,en,x.4\n3,x,map\n3,x,map,a,de,.5\n3,x,map,a,de,.6\n")
    assert [(fault.line, fault.column) for fault in caught.value.faults] == [(2, 14), (3, 1), (5, 1)]
    assert caught.value.exit_status == 1
    assert "the same cell as in line 4" in str(caught.value)


@pytest.mark.parametrize(("header", "what"), [
    ("", "the first line must name the columns"), ("a,b\n1,2\n", "the first line must name the columns"),
    ("a,a,value\n", "the first line must name the columns"), (HEADER, "holds no cells"), ('a,value\n"x,1\n', "not valid CSV"),
])
def test_what_is_no_table_is_refused(tmp_path: Path, header: str, what: str):
    with pytest.raises(CorruptInput, match=what):
        table(tmp_path, "", header)


def test_a_table_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path):
    path = tmp_path / "reported.csv"
    path.write_bytes(HEADER.encode() + b"3,x,map,a,\xff,.4\n")
    with pytest.raises(CorruptInput, match=r":2:1: not UTF-8"):
        read_table(path)


def test_places_are_right_behind_quotes_and_line_breaks(tmp_path: Path):
    with pytest.raises(CorruptInput) as caught:
        table(tmp_path, '3,"n, long",map,a,en,zz\n\n3,"two\nlines",map,a,en,yy\n3,x,map,a,de,xx\n')
    assert [(fault.line, fault.column) for fault in caught.value.faults] == [(2, 22), (4, 1), (6, 14)]


def test_spaces_around_fields_and_a_capital_header_are_no_traps(tmp_path: Path):
    assert table(tmp_path, " 3 , x ,map,a,en, .5 \n").rows[0].keys["dataset"] == "x"
    with pytest.raises(CorruptInput, match="write `value` for `Value`"):
        table(tmp_path, "1,2\n", "a,Value\n")
