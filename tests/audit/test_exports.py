"""CSV as people export it: what stands above and below the rows, marks of decimals and quotation, and the bad line."""

import warnings

import pytest

from labkit.audit.files.logs import count_file, count_file_scores
from labkit.errors import DataWarning, UserError

NAMES = {"label": "y", "prediction": "yhat", "sensitive": "race"}
ROWS = "y,yhat,race\n0,1,a\n1,1,b\n"
BY_SCORE = {**NAMES, "prediction": None, "score": "s", "threshold": 0.5}


def read(folder, content, **options):
    """Count a CSV; return the sizes of its groups, and what was warned about."""
    path = folder / "log.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        counts = count_file(path, **{**NAMES, **options})
    assert all(issubclass(each.category, DataWarning) for each in caught)
    return dict(zip(counts.groups.tolist(), counts.sizes.tolist(), strict=True)), [str(each.message) for each in caught]


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\n" + ROWS.replace(",", ";"),
        '"sep=;"\r\n' + ROWS.replace(",", ";").replace("\n", "\r\n"),
        "\n\n ,,\n" + ROWS,
        'y,yhat,"race\n"\n0,1,a\n1,1,b\n',
        'y,"y\r\nhat",race\r\n0,1,a\r\n1,1,b\r\n',
        'y,yhat,race,"more\nlines, and; commas"\n0,1,a,\n1,1,b,"x\ny"\n',
        "y;yhat;race;Income, net, yearly, EUR, before taxes\n0;1;a;4\n1;1;b;5\n",
        'y;yhat;race;"Income, net, yearly; in EUR, before taxes"\n0;1;a;4\n1;1;b;5\n',
        "y,yhat,race,\n0,1,a,\n1,1,b,\n",
        "y,yhat,race\n0,1,a,\n1,1,b,,\n",
        "sep=,\r" + ROWS.replace("\n", "\r"),
        "y, yhat, race\n0, 1, a\n1, 1, b\n",
        ROWS.replace("\n", "\r"),
        "y,yhat,race\r\n0,1,a\n1,1,b\r\n\r\n",
        ROWS + "\n   \n\n",
        f"y,yhat,race,text\n0,1,a,{'x' * 3_000_000}\n1,1,b,\n",
        '"y","yhat","race"\n"0","1","a"\n"1","true ","b"\n',
        "y,yhat,race\nno,Yes,a\nYES,no ,b\n",
    ],
)
def test_exports_are_read_without_a_word(content, tmp_path):
    """Where nothing is lost: ``sep=``, blank lines, line breaks and delimiters in names, blanks, long values."""
    wanted = {"prediction": "y hat"} if "y\r\nhat" in content else {}
    assert read(tmp_path, content, **wanted) == ({"a": 1, "b": 1}, [])


def test_names_are_found_below_titles_although_several_are_unknown(tmp_path):
    """A title with a comma in it is not taken for the names of columns."""
    content = "Housing office;;;\nApplications 2026, as of May;;;\nNo;Group;Refused;Points\n1;a;yes;3\n2;b;no;4\n"
    with pytest.raises(UserError, match=r"line 3\) .* did you mean 'Refused'\? it has No, Group, Refused, Points"):
        read(tmp_path, content, label=None, prediction="refused", sensitive="nationality")


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (f"Decisions 2026,,\n\nof the office,,\n{ROWS}", "in line 4; .* left out: 'Decisions 2026', 'of the office'"),
        (f"{ROWS},,\n,,\n", "the last 2 rows of log.csv hold no value and were left out"),
        (f"{ROWS},,\n", "the last row of log.csv holds no value and was left out"),
        (ROWS.replace("0,1,a\n", '0,1,a\n,,\n"","",\n'), "has 2 rows without any value.*: line 3, 4"),
        (
            'y,yhat,race,text\n0,1,a,"say "hi" now"\n1,1,b,"x"\n',
            "quotation marks in log.csv do not follow .* in line 2",
        ),
        ('y,yhat,race,text\n0,1,a,"5\\" pipe"\n1,1,b,"x, y"\n', "quotation marks in log.csv .* in line 2"),
    ],
)
def test_what_is_left_out_is_said(content, note, tmp_path):
    """Titles, rows without any value, and marks that do not follow the rules."""
    sizes, (said,) = read(tmp_path, content)
    assert sizes == {"a": 1, "b": 1}
    with pytest.raises(AssertionError, match=note):
        raise AssertionError(said)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("y,yhat,race\n0,1,a\n1,2,b\n1,3,b\n", "'yhat' must hold 0 and 1, .* it has '2' in line 3; recode it first"),
        ('y,yhat,race,t\n0,1,a,"x\ny"\n1,maybe,b,\n', "'yhat' must hold .* it has 'maybe' in line 4; recode"),
        (f"{ROWS}0,NA,b\n", r"'yhat' must hold .*missing.*\(first in line 4, which has 'NA' there: without quotation"),
        (f'{ROWS}0,"",b\n', r"'yhat' must hold .*missing.*\(first in line 4, which has nothing there"),
        (f'{ROWS}0,"NA",b\n', "'yhat' must hold .* it has 'NA' in line 4"),
        (f"{ROWS}0,1,\n", r"'race' is missing for 1 people.*\(first in line 4, which has nothing there"),
        (f"{ROWS}Total,193,\n", r"'y' must hold .* it has 'Total' in line 4; drop that row if it is one of totals"),
        (f"{ROWS},193,Summe\n", r"in line 4.*; drop that row if it is one of totals \('Summe'\)"),
        (f"{ROWS}193,193,Total\n", r"'y' must hold .* it has '193' in line 4; drop that row if it is one of totals"),
        (f"{ROWS}Total\n", "line 4 has 1 fields and the header has 3 names: 'Total'; drop that row if"),
        (f"{ROWS}0,1,a,b\n", "line 4 has 4 fields .* put quotation marks around values that hold the delimiter"),
        ('"y","yhat","race"\n"1",0,1,"a"\n', r"line 2 has 4 fields .* R writes .* row.names = FALSE"),
        (f'{ROWS}0,1,"open\n1,1,a\n1,1,b\n', "a quotation mark in line 4 opens a value and does not close"),
        (f'{ROWS}0,"1,a\n1,1,"b"\n', "a quotation mark in line 4 opens a value and does not close"),
        (f"Title\n\n{ROWS}0,2,b\n", "it has '2' in line 6"),
        (
            "Title\ny,yhat,rase\n0,1,a\n",
            r"'race': log.csv \(line 2\) has .* 'rase'\? it has y, yhat, rase",
        ),
        ("y,yhat,RawScore\n0,1,a\n", "unknown column 'race': log.csv has no such column; it has y, yhat, RawScore"),
        (f"y,yhat,{','.join(f'c{i}' for i in range(99))}\n", "unknown column 'race': .* c37 and 61 more"),
    ],
)
def test_the_first_bad_row_is_named_by_its_line(content, message, tmp_path):
    """Lines are those of the file, whatever stands above them and however many lines a value has."""
    with pytest.raises(UserError, match=message):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("options", "values", "message"),
    [
        ({"weight": "s"}, "1,-2", "weight column 's' .*-2.*first in line 3, which has '-2' there"),
        ({"count": "s"}, "1,2.5", "count column 's' .*2.5.*first in line 3"),
        ({"person": "s"}, "1,", "person column 's' is missing for 1 rows.*first in line 3"),
        ({"prediction": None, "score": "s", "threshold": 1}, "1,inf", "score column 's' .*inf.*first in line 3"),
        (
            {"prediction": None, "score": "s", "threshold": 1},
            "1,1_0",
            "'s' must hold numbers, but it has '1_0' in line 3",
        ),
    ],
)
def test_the_line_of_a_bad_number_is_named(options, values, message, tmp_path):
    """Whatever the number is for."""
    first, second = values.split(",")
    with pytest.raises(UserError, match=message):
        read(tmp_path, f"y,yhat,race,s\n0,1,a,{first}\n1,1,b,{second}\n", **options)
    if "threshold" not in options:
        return
    (tmp_path / "log.csv").write_text("y,race,s\n0,a,0.5\n1,b,1.5\n")
    with pytest.raises(UserError, match="score column 's' .*1.5.*first in line 3"):
        count_file_scores(tmp_path / "log.csv", label="y", score="s", sensitive="race")


def test_decimal_commas_are_read_where_they_are_named(tmp_path):
    """As an option; otherwise the message names it. Points are then marks of thousands, or a mistake."""
    content = "y;s;race\n0;0,73;a\n1;0,2;b\n1;1.234,5;b\n"
    with pytest.raises(UserError, match="'s' must hold numbers, but it has '0,73' in line 2; .*decimal=','"):
        read(tmp_path, content, **BY_SCORE)
    path = tmp_path / "log.csv"
    assert count_file(path, **BY_SCORE, decimal=",").cells.tolist() == [[0, 1, 0, 0], [0, 0, 1, 1]]
    with pytest.raises(UserError, match="'yhat' must hold .* it has '1,0' in line 2; .*decimal=','"):
        read(tmp_path, "y;yhat;race\n0;1,0;a\n")
    assert read(tmp_path, "y;yhat;race\n0;1,0;a\n1;0;b\n", decimal=",") == ({"a": 1, "b": 1}, [])
    with pytest.raises(UserError, match="it has '0.2' in line 3; its decimal mark is a point"):
        read(tmp_path, "y;s;race\n0;0,73;a\n1;0.2;b\n", **BY_SCORE, decimal=",")
    with pytest.raises(UserError, match="decimal=';' is no decimal mark"):
        read(tmp_path, content, decimal=";")


def test_scores_of_exports_are_those_of_their_numbers(tmp_path):
    """Decimal commas, too."""
    (tmp_path / "log.csv").write_text("sep=;\ny;race;s\n0;a;0,25\n1;a;0,75\n\n1;b;1,0\n")
    options = {"label": "y", "score": "s", "sensitive": "race", "decimal": ","}
    assert count_file_scores(tmp_path / "log.csv", **options).sizes.tolist() == [2, 1]
