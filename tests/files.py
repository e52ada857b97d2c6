"""What the tests of the readers share: files made by hand, damaged, and what was read of them."""

import io
import random
import time
import zipfile
from collections.abc import Callable, Mapping

from parsers.model import Content


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return file.getvalue()


def rows(content: Content, number: int = 0) -> list[list[str | None]]:
    """The texts of one of its grids."""
    return [[cell.text if cell else None for cell in row] for row in content.grids[number].rows]


def survives_damage(content: bytes, read: Callable[[bytes], object], count: int = 500) -> None:
    """Bytes past the first 512 changed at random: a reading or a refusal, never another exception, never a hang."""
    chance = random.Random(2020)
    refused = 0
    for _ in range(count):
        changed = bytearray(content)
        for _ in range(chance.choice((1, 3, 30))):
            changed[chance.randrange(512, len(content))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        started = time.process_time()
        try:
            read(bytes(changed))
        except ValueError:
            refused += 1
        assert time.process_time() - started < 5
    assert 0 < refused < count
