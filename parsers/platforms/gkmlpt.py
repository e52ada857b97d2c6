"""Guangdong's gkmlpt: window._CONFIG holds the tree of columns; a column's list is JSON, which `json_list` reads."""

import json
import re
from collections.abc import Iterator
from typing import Any

from parsers.model import Document, Link
from parsers.numbers import squash
from parsers.platforms import script

_TREE = re.compile(r"\bTREE[\"']?\s*[:=]\s*(?=\[)")
_COLUMN = re.compile(r"(?:政府|政务)?信息公开(?:工作)?(?:年度报告|年报)|年度报告|年报")


def links(document: Document, kind: str) -> list[Link]:
    tree = _TREE.search(document.text) if "_CONFIG" in document.text else None
    site = script.value(document.text, "SID")
    root, platform, _ = document.url.partition("/gkmlpt/")
    if not tree or not site or not platform:
        return []
    try:
        nodes = json.JSONDecoder().raw_decode(document.text, tree.end())[0]
    except (ValueError, RecursionError):
        return []
    return [
        Link(f"{root}/gkmlpt/api/all/{node['id']}?page=1&sid={site}", squash(str(node["name"])), "column")
        for node in _nodes(nodes)
        if _COLUMN.fullmatch(squash(str(node.get("name", "")))) and re.fullmatch(r"\d{1,12}", str(node.get("id")))
    ]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            yield node
            todo += node.values()
        elif isinstance(node, list):
            todo += reversed(node)
