"""XML: every word once, without tags; headings, tables and listings as such; nothing raw."""

import pytest

from embedingest.errors import DocumentError
from embedingest.ingest.load.choose import choose
from embedingest.ingest.load.inner import load_inner
from tests import samples

SHEET = 'xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
FLAT = (
    'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:x="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
)


def load(text, name="a.xml"):
    return load_inner(text.encode(), name, name)


@pytest.mark.parametrize(
    ("name", "source", "text"),
    [
        ("a.xml", "<r><a>One</a><b>Two <i>and</i> three</b><!-- no --><c/></r>", "One\n\nTwo and three"),
        ("a.xml", "<r><p><b>Two</b> <i>words</i></p></r>", "Two words"),
        ("a.dbk", ("<book><title>Mill</title><chapter><title>Water</title><para>It <emphasis>turns</emphasis>:"
         "<itemizedlist><listitem><para>wheel</para></listitem></itemizedlist> Then it stops.</para>"
         "<programlisting>a &lt; b\n  c</programlisting></chapter></book>"),
         "# Mill\n\n## Water\n\nIt turns:\n\n- wheel\n\nThen it stops.\n\n```\na < b\n  c\n```"),
        ("a.fb2", ("<FictionBook xmlns='http://x'><body><section><title><p>One</p></title><p>Words.</p></section></body>"
         "<binary id='a'>AAAA</binary></FictionBook>"), "# One\n\nWords."),
        ("a.enex", ("<en-export><note><title>Note</title><content><![CDATA[<?xml version='1.0'?><en-note><div>Buy milk.</div>"
         "<div>And tea.</div></en-note>]]></content><resource><data>AAAA</data></resource></note></en-export>"),
         "# Note\n\nBuy milk.\n\nAnd tea."),
        ("a.svg", ("<svg xmlns='http://www.w3.org/2000/svg'><style>a{b}</style><path d='M0'/><text x='1'>Big "
         "<tspan>mill</tspan><tspan x='1' dy='9'>wheel</tspan></text></svg>"), "Big mill\nwheel"),
        ("a.xml", (f"<Workbook {SHEET}><Styles><Style>no</Style></Styles><Worksheet ss:Name='Sales'><Table><Row><Cell><Data>a</Data>"
         "</Cell><Cell ss:Index='3'><Data>c</Data></Cell></Row></Table></Worksheet></Workbook>"),
         "## Sales\n\n| a |  | c |\n| --- | --- | --- |"),
        ("a.fods", (f"<d {FLAT}><t:table t:name='S'><t:table-row><t:table-cell t:number-columns-repeated='2'><x:p>1</x:p></t:table-cell>"
         "<t:table-cell t:number-columns-repeated='16382'/></t:table-row></t:table></d>"), "## S\n\n| 1 | 1 |\n| --- | --- |"),
        ("a.xlf", "<xliff><file><body><trans-unit><source>Mill</source><target>Mühle</target></trans-unit></body></file></xliff>",
         "Mill\n\nMühle"),
        ("a.ttml", "<tt><body><div><p begin='1s'>One<br/>two</p><p>Three</p></div></body></tt>", "One\ntwo\n\nThree"),
        ("a.rss", ("<rss><channel><item><title>News</title><description>&lt;p&gt;All &lt;b&gt;the&lt;/b&gt; news&lt;/p&gt;"
         "</description></item></channel></rss>"), "# News\n\nAll the news"),
        ("a.xml", "<r><p># 1 in sales</p></r>", "\\# 1 in sales"),
        ("a.xml", "<r><p>Not&nbsp;well <b>formed</p></r>", "Not well formed"),
    ],
)  # fmt: skip
def test_words_without_tags(name, source, text):
    assert load(source, name).text.replace("\u00a0", " ").strip().replace("**", "") == text


def test_remarks_of_authors_on_a_draft_are_counted():
    document = load(
        "<topic><title>Mill</title><body><p>It turns.</p><draft-comment>Says who?</draft-comment></body></topic>"
    )
    assert (document.text, document.notices) == ("# Mill\n\nIt turns.\n", {"comments_left_out": 1})


@pytest.mark.parametrize(
    ("encoding", "words"),
    [("Shift_JIS", "①髙橋～№"), ("GBK", "朱镕基 囍"), ("KOI8-U", "Мельниця"), ("utf-16", "Mühle")],
)
def test_xml_in_an_encoding_of_which_the_parser_knows_nothing_is_as_sound_as_any(encoding, words):
    codec = {"Shift_JIS": "cp932"}.get(encoding, encoding)
    document = load_inner(
        f'<?xml version="1.0" encoding="{encoding}"?>\n<r><p>{words}</p></r>'.encode(codec), "a.xml", "a.xml"
    )
    assert (document.text, document.notices) == (f"{words}\n", {})


def test_what_is_left_out_is_counted():
    assert load(f"<r><p>Words</p><data>{'QUJD' * 200}</data><binary>AA</binary></r>").notices == {
        "encoded_data": 1,
        "skipped_images": 1,
    }
    assert load("<r><p>a<b></r>").notices == {"invalid_xml": 1}


def test_declared_entities_are_refused():
    with pytest.raises(DocumentError) as caught:
        load('<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>')
    assert caught.value.code == "bomb"


def test_xml_is_known_whatever_its_suffix():
    assert choose("table.xls", b"<?xml version='1.0'?><Workbook/>") == "xml"
    assert choose("page", b"<?xml version='1.0'?>\n<html>") == "html"


def test_no_nesting_is_too_deep_and_no_row_too_wide():
    assert load("<a>" * 20_000 + "deep" + "</a>" * 20_000).text == "deep\n"
    assert load("<a>x " * 20_000 + "</a>" * 20_000).text == "x " * 19_999 + "x\n"
    wide = load("<t><row>" + "<c>w</c>" * 1000 + "</row></t>").text
    assert wide.count("w") == 1000


def test_an_outline_is_its_words_which_are_attributes():
    inner = '<outline text="Water &amp; wheel" _note="A note."><outline text="Deep"/></outline><outline text="Wind" url="x"/>'
    document = load(
        f'<opml><head><title>List</title></head><body><outline text="Mills">{inner}</outline></body></opml>', "a.opml"
    )
    assert document.text == "List\n\n# Mills\n\n## Water & wheel\n\nA note.\n\n- Deep\n\n- Wind\n"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<article><para>Water<footnote><para>A note.</para></footnote> turns.</para></article>", "Water turns.\n\nA note."),
        ("<TEI><p>Dear Bo,<note place='foot'>Her brother.</note> I write.</p></TEI>", "Dear Bo, I write.\n\nHer brother."),
        ("<TEI><p><note place='foot'>A note.</note>First.</p></TEI>", "First.\n\nA note."),
        ("<article><note><para>Beware.</para></note><para>Go on.</para></article>", "Beware.\n\nGo on."),
        ("<sec><p>CO<sub>2</sub>, 10<sup>3</sup> m<xref ref-type='bibr'>1</xref></p></sec>", "CO₂, 10^3 m[1]"),
        ("<TEI><p>the 5<hi rend='sup'>th</hi> <hi rend='bold'>day</hi></p></TEI>", "the 5th day"),
        ("<TEI><p><choice><sic>teh</sic><corr>the</corr></choice> word</p></TEI>", "the word"),
        ("<a><p>It is <math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>.</p></a>", "It is \\frac{a}{b}."),
        ("<a><list list-type='order'><list-item><p>One</p><p>more</p></list-item><list-item><p>Two</p></list-item></list></a>",
         "1. One\n\n   more\n\n2. Two"),
        ("<task><title>Grind</title><taskbody><result>Run:<codeblock>a = 1\nb</codeblock>then</result></taskbody></task>",
         "# Grind\n\nRun:\n\n```\na = 1\nb\n```\n\nthen"),
        ("<topic><title>Mill</title><body><section><title>Sails</title>Four of <b>them</b>.</section></body></topic>",
         "# Mill\n\n## Sails\n\nFour of them."),
        ("<map><title>Book</title><topicref navtitle='Corn'><topicref navtitle='Rye'/></topicref></map>",
         "Book\n\n# Corn\n\n- Rye"),
        ("<TEI><p><title>Faust</title> is a play.</p></TEI>", "Faust is a play."),
        ("<TEI><list><head>Fruit</head><item>apple</item><item>pear</item></list></TEI>", "Fruit\n\n- apple\n- pear"),
        ("<book><chapter><title>C</title><table><title>Prices</title><tgroup><row><entry>a</entry></row></tgroup></table></chapter></book>",
         "## C\n\nPrices\n\n| a |\n| --- |"),
    ],
)  # fmt: skip
def test_notes_stand_below_their_sentence_and_lists_and_signs_as_they_are_shown(source, text):
    assert load(source).text.strip() == text


def test_a_book_says_who_wrote_it():
    person = "<first-name>Ann</first-name><last-name>Miller</last-name>"
    head = f"<title-info><genre>sf</genre><author>{person}</author><book-title>The Mill</book-title><lang>en</lang></title-info>"
    body = "<body><title><p>The Mill</p></title><section><title><p>One</p></title><p>Words.</p></section></body>"
    book = load(f"<FictionBook><description>{head}</description>{body}</FictionBook>", "a.fb2")
    assert (book.title, book.metadata) == ("The Mill", {"author": "Ann Miller", "language": "en"})
    assert book.text == "# The Mill\n\n## One\n\nWords.\n"
    docbook = "<article><info><title>Mill</title><author><personname>Ann Miller</personname></author></info></article>"
    assert load(docbook, "a.dbk").metadata == {"author": "Ann Miller"}


@pytest.mark.parametrize(
    ("sign", "text"),
    [
        ("1", "[1] By Ann."),
        ("[2]", "[2] By Ann."),
        ("*", "[*] By Ann."),
        ("About the mill", "### About the mill\n\nBy Ann."),
    ],
)
def test_a_note_of_a_book_stands_behind_the_sign_that_leads_to_it(sign, text):
    notes = f"<body name='notes'><title><p>Notes</p></title><section id='a'><title><p>{sign}</p></title><p>By Ann.</p></section></body>"
    book = f"<FictionBook><body><section><p>Words<a>[1]</a>.</p></section></body>{notes}</FictionBook>"
    assert (
        load(book, "a.fb2").text.strip().replace("## Notes", "# Notes")
        == f"Words[1].\n\n# Notes\n\n{text.replace('###', '##')}"
    )


def test_subtitles_say_who_speaks_and_a_drawing_has_no_metadata():
    names = 'xmlns:ttm="http://www.w3.org/ns/ttml#metadata"'
    head = '<head><metadata><ttm:title>Film</ttm:title><ttm:agent xml:id="a"><ttm:name>Ann</ttm:name></ttm:agent></metadata></head>'
    cues = '<p ttm:agent="a">Hello<br/>you</p><p>No.</p>'
    film = load(f"<tt {names}>{head}<body><div>{cues}</div></body></tt>", "a.ttml")
    assert (film.title, film.text) == ("Film", "Film\n\nAnn: Hello\nyou\n\nNo.\n")
    assert (
        load("<svg><title>Plan</title><metadata><r>x</r></metadata><text>Wheel</text></svg>").text == "Plan\n\nWheel\n"
    )


def test_boxes_of_a_list_of_things_to_do_are_ticked_or_not():
    note = '<en-note><div><en-todo checked="true"/>Milk</div><div><en-todo/>Tea</div></en-note>'
    export = f"<en-export><note><title>List</title><content><![CDATA[{note}]]></content></note></en-export>"
    assert load(export, "a.enex").text == "# List\n\n[x] Milk\n\n[ ] Tea\n"


def test_comments_on_cells_of_flat_sheets_are_counted_and_what_a_file_says_of_itself_is_no_text():
    office = 'xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    cell = "<t:table-cell><o:annotation><x:p>Check</x:p></o:annotation><x:p>50 %</x:p></t:table-cell>"
    meta = "<o:meta><title>Sums</title><date>2024-01-01</date></o:meta>"
    document = load(
        f"<o:document {office} {FLAT}>{meta}<t:table><t:table-row>{cell}</t:table-row></t:table></o:document>", "a.fods"
    )
    assert (document.title, document.text) == ("Sums", "| 50 % |\n| --- |\n")
    assert document.notices == {"comments_left_out": 1}
    day = "<Cell><Data>2024-03-05T00:00:00.000</Data><Comment><Data>Check</Data></Comment></Cell><Cell><Data>2024-03-05T10:00:00.000</Data></Cell>"
    sheet = load(f"<Workbook {SHEET}><Worksheet><Table><Row>{day}</Row></Table></Worksheet></Workbook>")
    assert sheet.text.startswith("| 2024-03-05 | 2024-03-05T10:00:00 |\n")
    assert sheet.notices == {"comments_left_out": 1}
    formulas = "<Cell ss:Formula='=1+1'/><Cell ss:Formula='=2'><Data>2</Data></Cell>"
    sheet = load(f"<Workbook {SHEET}><Worksheet><Table><Row>{formulas}</Row></Table></Worksheet></Workbook>")
    assert sheet.notices == {"formulas_without_values": 1}


def test_words_that_only_their_elements_part_stand_apart():
    menu = "<menuchoice><guimenu>File</guimenu><guimenuitem>Open</guimenuitem></menuchoice>"
    keys = "<keycombo><keycap>Ctrl</keycap><keycap>S</keycap></keycombo>"
    synopsis = "<cmdsynopsis><command>mill</command><arg>-v</arg><arg choice='plain'>FILE</arg></cmdsynopsis>"
    assert load(f"<a><para>Choose {menu} or {keys}.</para>{synopsis}</a>").text == (
        "Choose File > Open or Ctrl+S.\n\nmill [-v] FILE\n"
    )
    verse = "<lg><l>O wheel</l><l>O <hi>water</hi></l></lg><p>hyphen<lb break='no'/>ated</p>"
    opener = "<opener><dateline>Leeds, 1820</dateline><salute>Dear Bo,</salute></opener>"
    assert load(f"<TEI><text><body>{opener}{verse}</body></text></TEI>").text == (
        "Leeds, 1820\n\nDear Bo,\n\nO wheel\n\nO water\n\nhyphenated\n"
    )


@pytest.mark.parametrize("name", ["choice", "menuchoice", "cmdsynopsis", "del", "list", "item"])
def test_no_element_in_itself_is_too_deep(name):
    assert load(f"<a><p>x {f'<{name}>' * 3000}y{f'</{name}>' * 3000}</p></a>").text.split()[-1].strip("~") == "y"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<article><para>Mills<indexterm><primary>mill</primary><see>wheel</see></indexterm> turn.</para></article>", "Mills turn."),
        ("<TEI><p>The wheel<index><term>wheel<index><term>parts</term></index></term></index> turns.</p></TEI>", "The wheel turns."),
        ("<topic><p>Grind<indexterm>rye<indexterm>flour</indexterm></indexterm>.</p></topic>", "Grind."),
        ("<TEI><p>the <app>\n<lem wit='#A'>mill</lem>\n<rdg wit='#B'>myll</rdg><rdg wit='#C'/><rdg>mylne</rdg></app></p></TEI>",
         "the mill [myll] [mylne]"),
        (("<article><front/><body><sec><label>2</label><title>Mills</title><p>Words.</p><sec><label>2.1</label><title>Wheels</title>"
         "<fig><label>Fig. 3</label><caption><title>A wheel.</title><p>Oak.</p></caption></fig><p>More.</p></sec></sec></body></article>"),
         "# 2 Mills\n\nWords.\n\n## 2.1 Wheels\n\nFig. 3 A wheel.\n\nOak.\n\nMore."),
        ("<article><section><title>Use</title><tip><title>Wet rye</title><para>Dry it.</para></tip><para>Grind.</para></section></article>",
         "## Use\n\nWet rye\n\nDry it.\n\nGrind."),
        ("<a><fn-group><title>Notes</title></fn-group><table-wrap><label>Table 1</label><caption><p>Sacks</p></caption></table-wrap></a>",
         "Notes\n\nTable 1 Sacks"),
        ("<a><p>Only €<b>19</b><sup>.95</sup> or 7<sup>49</sup> EUR</p></a>", "Only €19.95 or 7.49 EUR"),
        ("<a><ref><set>x</set><set>y</set></ref></a>", "x\n\ny"),
        ("<a><label>Alone</label><aff><label>b</label>Leeds</aff></a>", "Alone\n\nb Leeds"),
    ],
)  # fmt: skip
def test_what_names_a_thing_stands_at_it_and_what_only_an_index_prints_is_no_text(source, text):
    assert load(source).text.strip() == text


def test_a_reference_and_a_person_are_a_line_each():
    name = "<name><surname>Bo</surname><given-names>Kim</given-names></name>"
    cited = f"<person-group>{name}{name.replace('Bo', 'Li')}</person-group><article-title>On <i>rye</i></article-title><year>1999</year>"
    reference = (
        f"<ref><label>7</label><element-citation>{cited}<fpage>3</fpage><lpage>8</lpage></element-citation></ref>"
    )
    contributor = f"<contrib>{name}<degrees>PhD</degrees><xref ref-type='aff'><sup>2</sup></xref></contrib>"
    assert load(f"<a><contrib-group>{contributor}</contrib-group><ref-list>{reference}</ref-list></a>").text == (
        "Bo Kim, PhD[2]\n\n7 Bo Kim, Li Kim, On rye, 1999, 3–8\n"
    )
    entry = "<biblioentry><author><personname>Kim Bo</personname></author><title>Mills</title><pubdate>1999</pubdate></biblioentry>"
    assert load(f"<book><bibliography><title>Read</title>{entry}</bibliography></book>").text == (
        "# Read\n\nKim Bo, Mills, 1999\n"
    )


def grid(rows):
    return "\n".join([*rows[:1], "|" + " --- |" * (rows[0].count("|") - 1), *rows[1:]]) + "\n"


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        (("<table><tgroup cols='3'><colspec colname='a'/><colspec colname='b'/><colspec colname='c'/><spanspec spanname='ab' namest='a' "
         "nameend='b'/><thead><row><entry spanname='ab'>Mill</entry><entry>Kg</entry></row></thead><tbody><row><entry colname='c'>7</entry>"
         "</row><row><entry morerows='2' namest='a' nameend='b'>Low</entry><entry>8</entry></row><row><entry>9</entry></row></tbody><tbody>"
         "<row><entry>New</entry></row></tbody></tgroup></table>"),
         ["| Mill |  | Kg |", "|  |  | 7 |", "| Low |  | 8 |", "| Low |  | 9 |", "| New |  |  |"]),
        ("<t><tr><td rowspan='2'>a</td><td>b</td><td rowspan='3'>z</td></tr><tr><td>c</td></tr><tr><td colspan='2'>d</td></tr></t>",
         ["| a | b | z |", "| a | c | z |", "| d |  | z |"]),
        ("<TEI><table><row><cell rows='2'>a</cell><cell cols='2'>b</cell><cell>c</cell></row><row><cell>d</cell></row></table></TEI>",
         ["| a | b |  | c |", "| a | d |  |  |"]),
        ((f"<Workbook {SHEET}><Table><Row><Cell ss:MergeDown='1'><Data>a</Data></Cell><Cell ss:MergeAcross='1'><Data>b</Data></Cell>"
         "<Cell><Data>c</Data></Cell></Row><Row><Cell ss:Index='3'><Data>d</Data></Cell></Row></Table></Workbook>"),
         ["| a | b |  | c |", "| a |  | d |  |"]),
        ((f"<d {FLAT}><t:table><t:table-row><t:table-cell t:number-rows-spanned='2' t:number-columns-spanned='2'><x:p>a</x:p></t:table-cell>"
         "<t:covered-table-cell/><t:table-cell><x:p>b</x:p></t:table-cell></t:table-row><t:table-row><t:covered-table-cell "
         "t:number-columns-repeated='2'/><t:table-cell><x:p>c</x:p></t:table-cell></t:table-row></t:table></d>"),
         ["| a |  | b |", "| a |  | c |"]),
    ],
)  # fmt: skip
def test_cells_that_fill_rows_stand_in_each_and_those_beside_them_in_their_columns(source, rows):
    assert load(source).text == grid(rows)


def test_tables_that_follow_each_other_are_two():
    row = "<tbody><row><entry>{}</entry></row></tbody>"
    tables = "".join(f"<informaltable><tgroup>{row.format(word)}</tgroup></informaltable>" for word in ("a", "b"))
    assert load(f"<article>{tables}</article>").text == "| a |\n| --- |\n\n| b |\n| --- |\n"


def test_a_note_in_a_heading_stands_below_it():
    document = load(
        "<article><section><title>Water<footnote><para>Of rain.</para></footnote></title><para>It turns.</para></section></article>"
    )
    assert document.text == "## Water\n\nOf rain.\n\nIt turns.\n"
    assert document.title == "Water"


def test_lines_that_are_kept_are_no_listing_unless_their_letters_have_one_width():
    body = "<literallayout>A wheel<footnote><para>Of\nwood.</para></footnote> turns.\n   By <emphasis>water</emphasis>.</literallayout>"
    assert load(f"<section>{body}</section>").text == "A wheel turns.\nBy water.\n\nOf wood.\n"
    assert (
        load('<section><literallayout class="monospaced">a\n  b</literallayout></section>').text == "```\na\n  b\n```\n"
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('2<hi rendition="simple:superscript">10</hi> and H<hi rendition="#sub">2</hi>O', "2^10 and H₂O"),
        ('10<emphasis role="superscript">8</emphasis>', "10^8"),
        ('<hi rend="strikethrough">Old\n   words</hi> new', "~~Old words~~ new"),
        ("<alternatives><tex-math>E = mc^2</tex-math><math><mi>E</mi></math></alternatives> holds", "E = mc^2 holds"),
    ],
)
def test_what_elements_say_of_the_looks_of_their_words(body, text):
    assert load(f"<text><body><p>{body}</p></body></text>").text == f"{text}\n"


@pytest.mark.parametrize("listing", ["<code>{}</code>", "<ab type='codeblock python'>{}</ab>"])
def test_lines_of_code_that_stand_apart_are_a_listing(listing):
    body = listing.format("def f():\n    return 1")
    assert load(f"<sec>{body}<p>Use <code>f\nx</code>.</p></sec>").text == (
        "```\ndef f():\n    return 1\n```\n\nUse f x.\n"
    )


def test_a_formula_apart_is_written_once():
    both = "<alternatives><math><mi>E</mi></math><tex-math>E = 1</tex-math></alternatives>"
    assert load(f"<sec><disp-formula>{both}</disp-formula></sec>").text == "E = 1\n"


def test_an_outline_has_its_title_its_lines_and_no_markup():
    head = "<head><title>Mills</title><dateCreated>Mon</dateCreated><expansionState>1, 2</expansionState></head>"
    note = "First line.&#10;Second line.&#10;&#10;Another."
    body = f'<body><outline text="The &lt;b&gt;water&lt;/b&gt; wheel" _note="{note}"/></body>'
    document = load(f"<opml>{head}{body}</opml>")
    assert document.text == "Mills\n\n- The water wheel\n\nFirst line.\nSecond line.\n\nAnother.\n"
    assert document.title == "Mills"


def test_pictures_without_words_are_counted():
    picture = '<mediaobject><imageobject><imagedata fileref="a.png"/></imageobject>{}</mediaobject>'
    told = picture.format("<textobject><phrase>A wheel</phrase></textobject>")
    document = load(f"<section>{picture.format('')}{told}<graphic/></section>")
    assert (document.text, document.notices) == ("A wheel\n", {"skipped_images": 2})


def test_an_office_file_saved_as_one_xml_text_is_read_as_that_file_is():
    package = 'xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage"'
    word = f'xmlns:w="{samples.W}"'
    body = '<w:p><w:pPr><w:pStyle w:val="H"/></w:pPr><w:r><w:t>Mill</w:t></w:r></w:p><w:p><w:r><w:t>It turns.</w:t></w:r></w:p>'
    parts = {
        "/_rels/.rels": samples.relations(rId1=("officeDocument", "word/document.xml")),
        "/word/_rels/document.xml.rels": samples.relations(rId1=("styles", "styles.xml")),
        "/word/document.xml": f"<w:document {word}><w:body>{body}</w:body></w:document>",
        "/word/styles.xml": f'<w:styles {word}><w:style w:styleId="H"><w:name w:val="heading 1"/></w:style></w:styles>',
        "/docProps/app.xml": "<Properties><Application>Office</Application></Properties>",
    }
    inner = "".join(
        f'<pkg:part pkg:name="{name}"><pkg:xmlData>{part}</pkg:xmlData></pkg:part>' for name, part in parts.items()
    )
    inner += '<pkg:part pkg:name="/word/media/a.png"><pkg:binaryData>iVBORw0K</pkg:binaryData></pkg:part>'
    document = load(f'<?xml version="1.0"?><pkg:package {package}>{inner}</pkg:package>')
    assert (document.text, document.title) == ("# Mill\n\nIt turns.\n", "Mill")
    assert load(f"<pkg:package {package}><pkg:part/></pkg:package>").text == ""
