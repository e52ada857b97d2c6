"""Everything that the site says of itself, it says in Chinese and in English."""

import re
from importlib.resources import files
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from archive import dictionary, events, indicators, tables
from archive.site import words
from parsers import checks, form

TEMPLATES = sorted(Path(str(files("archive") / "site" / "templates")).glob("*.html"))
HAN = re.compile(r"[\u4e00-\u9fff]")
# Names that are the same in both, and what no reader sees as words; 年报 is the seal, 征地 an example of a word.
NAMES = (
    *("年报", "征地", "Atom", "JSON", "Feed", "CSV", "SHA256SUMS", "Datasette", "API", "CC", "BY", "MIT"),
    *("HTTP", "Croissant", "curl", "rowspan", "colspan"),
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_say_nothing_in_one_language_only(path: Path) -> None:
    tree = jinja2.Environment().parse(path.read_text("utf-8"))
    markup = "".join(data.data if isinstance(data, nodes.TemplateData) else "¤" for data in _outputs(tree))
    bare = re.sub(r"<(pre|code|title)\b.*?</\1>|<[^>]*>|&\w+;", " ", markup, flags=re.DOTALL)
    said = [word for word in re.findall(rf"[A-Za-z][A-Za-z0-9]+|{HAN.pattern}+", bare) if word not in NAMES]
    assert said == []


def _outputs(tree: nodes.Template) -> list[nodes.Node]:
    return [part for output in tree.find_all(nodes.Output) for part in output.nodes]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_each_pair_of_words_is_chinese_and_english(path: Path) -> None:
    tree = jinja2.Environment().parse(path.read_text("utf-8"))
    calls = [c for c in tree.find_all(nodes.Call) if isinstance(c.node, nodes.Name) and c.node.name == "t"]
    pairs = [
        tuple(part.value for part in c.args)
        for c in calls
        if c.args and all(isinstance(p, nodes.Const) for p in c.args)
    ]
    for zh, en in pairs:
        assert not re.search(r"[A-Za-z]{3,} [a-z]+ [a-z]+", zh), zh
        assert not HAN.search(re.sub("征地|中文", "", en)), en
        assert bool(zh.strip()) >= bool(en.strip()), (zh, en)
    macros = [
        c for c in tree.find_all(nodes.Call) if isinstance(c.node, nodes.Name) and c.node.name in ("tab", "choice")
    ]
    for call in macros:
        _, zh, en = (part.value for part in call.args[:3])
        assert HAN.search(zh) and not HAN.search(en), (zh, en)


def halves(message: str) -> tuple[str, str]:
    zh, _, en = message.rpartition(" / ")
    return zh, en


def test_every_word_of_the_data_has_both() -> None:
    pairs = {**words.WORDS, **{name: state[2:] for name, state in words.STATES.items()}}
    pairs |= {kind: halves(said) for kind, said in events.KINDS.items()}
    pairs |= {check.name: (check.zh, check.en) for check in checks.catalogue().values()}
    pairs |= {one.indicator: (one.zh, one.en) for one in indicators.indicators()}
    pairs |= {name: halves(dictionary.described(name)) for name in tables.TABLES | tables.VIEWS}
    for name in tables.TABLES | tables.VIEWS:
        columns = [c for c in dictionary.columns_of(name) if HAN.search(c.meaning)]
        pairs |= {f"{name}.{c.name}": halves(c.meaning) for c in columns}
    wrong = {name: pair for name, pair in pairs.items() if not (HAN.search(pair[0]) or pair[0] == "?")}
    assert wrong == {}
    assert {name: pair for name, pair in pairs.items() if HAN.search(pair[1]) or not pair[1].strip()} == {}


def test_every_label_of_every_form_has_its_english() -> None:
    known = words.english()
    labels = {
        part
        for one in form.forms()
        for item in form.items(one.name)
        for label in (item.table_label, item.row_label, item.col_label)
        for part in ([label] if label in known else re.split("[/>]", label))
    }
    assert {label for label in labels if label and label not in known} == set()
