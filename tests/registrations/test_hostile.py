"""Hostile text through every door of the page: names, notes, file names, links. All of it inert."""

import json
from html.parser import HTMLParser

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

CORPUS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "'><iframe srcdoc='<script>alert(1)</script>'>",
    "[a](javascript:alert(1))",
    "[a](  JaVaScRiPt&colon;alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    '![a](x" onerror="alert(1))',
    '<a href="javascript:alert(1)">a</a>',
    "</textarea></form><form action=//evil.example><button>",
    "<style>*{display:none}</style><base href=//evil.example>",
    "{{ settings.SECRET_KEY }}{% debug %}${7*7}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "`</code><script>alert(1)</script>`\n\n    <script>alert(1)</script>",
    "<math><mtext></p><mglyph><style><!--</style><img src onerror=alert(1)>",
]
# What our own page has; nothing else may come out of an answer.
HANDLERS = ("on",)
SCRIPTS = {"/static/js/resume.js", "/static/js/chat.js"}
FORBIDDEN = {"iframe", "svg", "style", "base", "object", "embed", "math"}


class Inspector(HTMLParser):
    """Collects whatever could act."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: (value or "").strip().casefold() for name, value in attrs}
        if tag in FORBIDDEN or (tag == "script" and given.get("src") not in SCRIPTS):
            self.found.append(tag)
        for name, value in given.items():
            scheme = value.partition(":")[0]
            if name.startswith(HANDLERS) or name in ("srcdoc", "style", "formaction"):
                self.found.append(name)
            if name in ("href", "src", "action") and scheme in ("javascript", "data", "vbscript"):
                self.found.append(value)
            if "evil.example" in value and name in ("href", "src", "action"):
                self.found.append(value)


def dangers(*pages: str) -> list[str]:
    inspector = Inspector()
    for page in pages:
        inspector.feed(page)
    return inspector.found


def test_the_inspector_sees_what_could_act():
    seen = dangers("<script>1</script>", "<p onclick=1>", '<a href="javascript:1">', "<svg>")
    assert seen == ["script", "onclick", "javascript:1", "svg"]


@pytest.mark.parametrize("text", CORPUS)
def test_whatever_is_typed_at_any_question_is_inert(parent, text):
    parent.walk(1)
    for step in (1, 2, 5, 6, 9, 12, 13, 26, 28):
        if parent.step > step:
            continue  # taken as an answer, together with what came before
        parent.walk(step, s5=["no"] * 4, s6=["no"] * 4)
        answer = parent.post(text, page=True).json()
        parent.step = answer["routine_number"]
        assert dangers(answer["page"]["html"], answer["page"]["form"]) == []
    body = json.dumps({"session_id": parent.session_id})
    again = parent.client.post("/chat/session", body, content_type="application/json").json()
    plain = parent.client.post("/", {"session_id": parent.session_id, "look": "1"})
    assert len(again["lines"]) > 30
    assert dangers(*(line["html"] for line in again["lines"]), plain.content.decode()) == []


@pytest.mark.parametrize("text", CORPUS)
def test_a_files_name_is_inert(parent, text):
    parent.walk(1)
    name = text.replace("/", "")[:80] + ".jpg"
    for key in (parent.session_id, "nobody-knows"):
        file = SimpleUploadedFile(name, b"MZ nothing", "image/jpeg")
        form = {"session_id": key, "upload": "1", "file": file}
        page = parent.client.post("/", form).content.decode()
        assert dangers(page) == []
    assert "Photo " in page


@pytest.mark.parametrize("text", CORPUS)
def test_a_link_or_a_key_that_is_none_is_inert(db, text):
    client = Client()
    pages = [
        client.post("/", {"resume": text}),
        client.post("/", {"session_id": text}),
        client.get("/resume/" + text.replace("/", "")),
        client.get("/reg_setup/" + text.replace("/", "")),
        client.get("/" + text),
    ]
    assert dangers(*(page.content.decode() for page in pages)) == []
    assert {page.status_code for page in pages} <= {400, 404}
