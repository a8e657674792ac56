"""An index of a page finds what its tree finds, each element once, whatever a page holds."""

import pytest

from embedingest.ingest.load.web import frame, gaps, hidden, line_numbers, scripts
from embedingest.ingest.load.web.tree import parse

PAGE = """<html lang=en><head><title>A</title><style>.x {top: 1px}</style></head><body class="Main related-x">
<nav class=related role=navigation>Menu</nav><h1 id=Comments>One</h1><p hidden>two</p><SVG><a xlink:href="#n">3</a></SVG>
<blockquote><cite>four</cite></blockquote><p style="DISPLAY:flex; white-space:pre">five</p><a href="b#c" class=headerlink>6</a>
<a epub:type="noteref x" href=d>7</a><span epub:type=pagebreak>8</span><my-own>9</my-own><div class="code line-no">10</div>
<del style="text-decoration:line-through">11</del><input type=checkbox checked><div id=toc class=toc>12</div>
<em title="13 > 12" class=comment-list>13</em><u class="pagen&#117;m" hidden>14</u><IMAGE alt=15><i title="<b class='z'>" id = n>16</i>
<b title='id="' id="disqus-x">18</b>
<table class='p/q'><td>17</table></body></html>"""
SELECTORS = [
    frame._NAVIGATION, frame._ANCHORS, frame._UNREAD, frame._OUTSIDE, frame._PAGES, frame._MAIN, frame._TALK,
    gaps._PARTS, gaps._STYLED, gaps._INLINE, hidden._CONTROLS, line_numbers._CANDIDATES, scripts._BACK, scripts._SHIFTED,
    "q", "blockquote cite", "head > title", "html[lang]", "del, s, strike, [style*='line-through' i]", "*[hidden]", ".x, .y",
    "a[epub\\:type~=noteref]", "textarea, [style*='white-space' i]", "#toc.toc", "my-own", "[class=main]", "input, select",
    "tbody > tr", "img", "[class*=pagenum]", ".pagenum[hidden]", "em[class^=comment]", "#n", "[title*=\\<]", ".p\\/q",
]  # fmt: skip


@pytest.mark.parametrize("selector", SELECTORS)
@pytest.mark.parametrize("kind", ["<!DOCTYPE html>", ""])  # without one, classes and ids are read in any case
def test_an_index_finds_what_the_tree_finds_each_once(kind, selector):
    page = parse(kind + PAGE)
    tree = page.tree
    expected = list(dict.fromkeys(node.mem_id for node in tree.css(selector)))
    assert [node.mem_id for node in page.find(selector)] == expected
    assert [node.mem_id for node in page.find(selector, page.body)] == [
        each for each in expected if each in {node.mem_id for node in tree.body.css(selector)}
    ]
    assert [page.first(selector)] == [tree.css_first(selector)]


def test_an_index_finds_a_new_element_and_none_that_was_taken_out():
    page = parse(PAGE)
    assert page.find("pre") == []
    page.find("nav")[0].replace_with(page.create("pre"))
    assert ([node.tag for node in page.find("pre, nav")], page.find(".related")) == (["pre"], [])
