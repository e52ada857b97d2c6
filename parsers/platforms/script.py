"""Values out of a page's scripts, which are never run."""

import re


def value(script: str, name: str) -> str | None:
    """What the script first gives `name` as: `name: 'x'`, `"name": 5`, `var name = x`."""
    if name not in script:  # which is told a hundred times as fast
        return None
    match = re.search(rf"""\b{name}\b["']?\s*[:=]\s*(?:"([^"]*)"|'([^']*)'|(\d+))""", script)
    return next((group for group in match.groups() if group is not None), None) if match else None


def number(script: str, name: str) -> int | None:
    found = value(script, name)
    return int(found) if found and re.fullmatch(r"\d{1,9}", found) else None
