"""Numbers, dates and times are written as their format codes show them."""

import datetime as dt

import pytest

from embedingest.ingest.load.office.sheets.date_format import dated, is_date_code
from embedingest.ingest.load.office.sheets.number_format import shown, text_shown

ACCOUNT = '_-* #,##0.00\\ [$€-407]_-;\\-* #,##0.00\\ [$€-407]_-;_-* "-"??\\ [$€-407]_-;_-@_-'
MOMENT = dt.datetime(2024, 3, 5, 14, 5, 9, 250_000)  # noqa: DTZ001 -- sheets know no time zones


@pytest.mark.parametrize(
    ("value", "code", "said"),
    [
        (1234.5, ACCOUNT, "1,234.50 €"),
        (-2, ACCOUNT, "-2.00 €"),
        (0, ACCOUNT, "- €"),
        (-5.5, "[$$-409]#,##0.00;[RED]-[$$-409]#,##0.00", "-$5.50"),
        (0.75, "# ?/?", "3/4"),
        (1.75, "# ?/?", "1 3/4"),
        (2, "# ?/?", "2"),
        (3.7, "?/?", "26/7"),
        (0.3333, "# ??/??", "1/3"),
        (5.25, "# ?/16", "5 4/16"),
        (12345678, "0.00E+00", "1.23E+07"),
        (6.02214e23, "0.00E+00", "6.02E+23"),
        (1, '"Yes";"Yes";"No"', "Yes"),
        (0, '"Yes";"Yes";"No"', "No"),
        (-1, '"open";"closed"', "closed"),
        (999999, "0.0E+00", "1.0E+06"),
        (0.00012, "0.0E+0", "1.2E-4"),
        (12345, "##0.0E+0", "12.3E+3"),
        (5551234567, "(###) ###-####", "(555) 123-4567"),
        (42, "000-00-0000", "000-00-0042"),
        (5551234, "[<=9999999]###-####;(###) ###-####", "555-1234"),
        (150, '[>100]"high";"low"', "high"),
        (50, '[>100]"high";"low"', "low"),
        (0, '0;-0;"none"', "none"),
        (1, '[=1]"yes";[=0]"no";General', "yes"),
        (7, '[=1]"yes";[=0]"no";General', "7"),
        (-2.5, 'GENERAL" pcs"', "-2.5 pcs"),
        (-1e20, "0;-General", "-1E+20"),
        (2.5e15, "#,##0", "2,500,000,000,000,000"),
        (-4e18, "0.00", "-4000000000000000000.00"),
        (123456789012345678, "0", "123456789012346000"),
        (3e16, "0.0,,,", "30000000.0"),
        (1e15, "0.000000000000000%", "100000000000000000.000000000000000%"),
        (2e21, "0.00", None),
        (1, "0" + "%" * 200, "1" + "0" * 400 + "%" * 200),
        (7, "00\\:00", "00:07"),
        (5, '0.0" m²"', "5.0 m²"),
        (5, "yyyy", None),
        (5, "General", None),
        (5, "0.00;@;@", None),
    ],
)
def test_a_number_is_shown(value, code, said):
    assert shown(value, code) == said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('0;0;0;"<"@">"', "<tin>"),
        ('"Part: "@', "Part: tin"),
        ('@" (raw)"', "tin (raw)"),
        ("0.00;[Red]-0.00;;\\#@", "#tin"),
        ('@"-"@', "tin-tin"),
        ("@", None),
        (ACCOUNT, None),
        ("0.00", None),
        ('0;0;0;"hides it"', None),
        (";;;", None),
    ],
)
def test_a_text_is_shown_with_what_its_format_adds(code, said):
    assert text_shown("tin", code) == said


@pytest.mark.parametrize(
    ("value", "code", "said"),
    [
        (MOMENT, "dd.mm.yyyy", "05.03.2024"),
        (MOMENT, "d mmmm yyyy", "5 March 2024"),
        (MOMENT, "dd/mm/yyyy hh:mm", "05/03/2024 14:05"),
        (MOMENT, "dddd, d. mmm yy", "Tuesday, 5. Mar 24"),
        (MOMENT, "[$-409]d\\-mmm\\-yyyy;@", "5-Mar-2024"),
        (MOMENT, "m/d/yy h:mm AM/PM", "3/5/24 2:05 PM"),
        (MOMENT, "hh:mm:ss.00", "14:05:09.25"),
        (MOMENT, "mm:ss", "05:09"),
        (MOMENT, 'h "Uhr"', "14 Uhr"),
        (dt.date(2024, 3, 5), 'yyyy"年"m"月"d"日"', "2024年3月5日"),
        (dt.time(9, 5), "h:mm", "9:05"),
        (dt.time(0, 5), "h:mm AM/PM", "12:05 AM"),
        (dt.time(9, 5), "dd.mm.yyyy", None),
        (dt.timedelta(hours=30, minutes=5), "[h]:mm:ss", "30:05:00"),
        (dt.timedelta(minutes=95), "[mm]:ss", "95:00"),
        (MOMENT, "[$-407]d. mmmm yyyy", "5. März 2024"),
        (MOMENT, "[$-407]d/ mmmm yyyy", "5. März 2024"),
        (MOMENT, "[$-C07]dd/mm/yyyy", "05.03.2024"),
        (MOMENT, '[$-407]dd\\/mm"/"yyyy', "05/03/2024"),
        (MOMENT, "[$-419]dd/mm/yy", "05.03.24"),
        (MOMENT, "[$-413]d/m/yyyy", "5-3-2024"),
        (MOMENT, "[$-813]d/m/yyyy", "5/3/2024"),
        (MOMENT, "[$-409]m/d/yyyy", "3/5/2024"),
        (MOMENT, "dd/mm/yyyy", "05/03/2024"),
        (MOMENT, "[$-F800]dddd, mmmm dd, yyyy", None),
        (MOMENT, "0.00", None),
    ],
)
def test_a_date_is_shown(value, code, said):
    assert dated(value, code) == said


def test_which_codes_are_of_dates():
    assert [code for code in ("dd.mm.yyyy", "[h]:mm", "0.00", "General", "@", "#,##0") if is_date_code(code)] == [
        "dd.mm.yyyy",
        "[h]:mm",
    ]
