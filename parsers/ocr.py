"""The engine that reads text from pictures, an extra: `nianbao[ocr]` (rapidocr's models, run by onnxruntime).

The models lie in the wheel; nothing is ever fetched. It is given one line of text at a time, cut out by us: what is a
cell, and what is a blank one, is never the engine's to decide.
"""

import functools
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

PACKAGES = ("rapidocr", "onnxruntime")
UNSURE = "\ufffd"  # stands after a reading not to be relied on: with it no text is a number
HEIGHT = 48  # pixels: the height of line that the model was made for
MAX_WIDTH = 60 * HEIGHT  # a longer line is none


class Line(NamedTuple):
    """What the engine reads, and how sure it is: the mean of its characters, from 0 to 1."""

    text: str
    sure: float


def available() -> bool:
    return all(find_spec(name) for name in PACKAGES)


def version() -> str:
    """What readings depend on; "" without the engine."""
    return " ".join(f"{name} {metadata.version(name)}" for name in PACKAGES) if available() else ""


def read(line: Any) -> Line:
    """The text of a picture of one line, grey and HEIGHT pixels high."""
    if line.shape[0] != HEIGHT or not 0 < line.shape[1] <= MAX_WIDTH:
        raise ValueError(f"a line of {line.shape[1]} × {line.shape[0]} pixels")
    found = _engine()(line, use_det=False, use_cls=False, use_rec=True)
    return Line(found.txts[0], float(found.scores[0])) if found.txts else Line("", 0.0)


@functools.cache
def _engine() -> Any:
    import rapidocr

    models = sorted((Path(str(rapidocr.__file__)).parent / "models").glob("*_rec_*.onnx"))
    if not models:  # it is named outright below, as one that is not there would be fetched
        raise ValueError(f"the wheel of rapidocr {metadata.version('rapidocr')} holds no model")
    return rapidocr.RapidOCR(
        params={
            "Global.use_det": False,
            "Global.use_cls": False,
            "Global.use_preprocess_img": False,
            "Global.log_level": "critical",
            "Rec.model_path": str(models[-1]),
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # readers are as many as there are cores
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
