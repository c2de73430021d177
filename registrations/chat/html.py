"""Markdown of a chat reply as HTML that can do no harm. Pure."""

import nh3
from django.utils.html import escape
from markdown_it import MarkdownIt

# Raw HTML is shown as text; the second sieve is there for whatever the first lets through.
_READER = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
_READER.disable("image")
_TAGS = set("p br strong em ul ol li a table thead tbody tr th td code pre blockquote hr".split())
_TAGS |= {"h3", "h4", "del"}
_HEADINGS = {"h1": "h3", "h2": "h3", "h5": "h4", "h6": "h4"}


def safe(markdown: str) -> str:
    """Harmless HTML; links open in a new tab, headings fit below the page's own."""
    tokens = _READER.parse(markdown)
    for token in tokens:
        token.tag = _HEADINGS.get(token.tag, token.tag)
    drawn = _READER.renderer.render(tokens, _READER.options, {})
    return nh3.clean(
        drawn,
        tags=_TAGS,
        attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    ).strip()


def typed(text: str) -> str:
    """What a parent typed, as a paragraph in which nothing acts."""
    shown = escape(text.strip()).replace("\n", "<br>")
    return f"<p>{shown}</p>" if shown else ""
