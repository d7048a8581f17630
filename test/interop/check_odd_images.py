"""Compares what the lake made of odd images with what Pillow and `datasets` say: python check_odd_images.py FOLDER RESULTS.

RESULTS holds a line of JSON for each file and policy: name, policy, reason (of a reject) or the row's facts and the path
of its asset. Every line that is wrong is printed; the last one says how many were checked.
"""

import io
import json
import re
import sys
import warnings
from pathlib import Path

import numpy as np
from datasets import Image as ImageFeature
from PIL import Image

warnings.simplefilter("ignore")
FEATURE = ImageFeature()

# What Pillow opens and the lake refuses all the same, with its reason: coded data is missing or spoiled, which Pillow
# passes over; an animation or a document of which a later page is cut; compressions that libvips lacks.
REFUSED = {
    r"jpeg-rot-|jpeg-restart-missing|jpeg-arithmetic": "its data|a part of its data|its coding",
    r"png-fewer-lines|png-no-plte": "PNG",
    r"gif-cut-second": "within a frame",
    r"tiff-rot-g4": "Bad code word",
    r"tiff-old-jpeg-(tiles-)?cut": "its data ends before",
    r"tiff-old-jpeg-tiles-beside-tables": "tiles beside each other",  # of which Pillow shows rubbish
    r"tiff-(zstd|lzma)": "not configured",
    r"tiff-grey12": "whole number of bytes",
}


def frames(data: bytes):
    """Upright frames as `datasets` shows the first, and the facts of the file."""
    first = FEATURE.decode_example({"bytes": data, "path": None})
    image = Image.open(io.BytesIO(data))
    count = getattr(image, "n_frames", 1)
    orientation = image.getexif().get(274)  # of a TIFF, loading turns it and forgets it
    image.load()
    dpi = None
    if "dpi" in image.info and image.format != "JPEG":
        dpi = float(image.info["dpi"][0])
    elif image.info.get("jfif_unit") in (1, 2):
        dpi = float(image.info["dpi"][0])
    return first, count, orientation if orientation in range(1, 9) else None, dpi


def eight_bits(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I;16"):
        return np.repeat((np.asarray(image).astype(int) >> 8)[..., None], 3, 2)
    return np.asarray(image.convert("RGB")).astype(int)


def on_grey(image: Image.Image) -> np.ndarray:
    if image.mode == "La":
        image = image.convert("LA")
    if image.mode in ("LA", "PA", "La", "RGBa") or (image.mode == "P" and "transparency" in image.info):
        image = image.convert("RGBA")
    if image.mode != "RGBA":
        return eight_bits(image)
    ground = Image.new("RGBA", image.size, (128, 128, 128, 255))
    ground.alpha_composite(image)
    return np.asarray(ground.convert("RGB")).astype(int)


def problem(line: dict, data: bytes):
    try:
        original, count, orientation, dpi = frames(data)
        unreadable = None
    except Exception as error:
        unreadable = f"{type(error).__name__}: {error}"
    name, policy, reason = line["name"], line["policy"], line["reason"]
    if reason is not None:
        if re.search(r"[:;]\s*$|internal|undefined|Warning treated|^\s*$", reason):
            return f"a reason that says nothing: {reason}"
        if unreadable is not None:
            return None
        expected = next((text for kind, text in REFUSED.items() if re.match(kind, name)), None)
        if expected is None or not re.search(expected, reason):
            return f"refused, though Pillow opens it: {reason}"
        return None
    stored = Path(line["path"]).read_bytes()
    if policy == "preserve" and stored != data:
        return "preserve changed its bytes"
    if unreadable is not None:
        return f"taken, though {unreadable}"
    shown, pages, *_ = frames(stored)
    if (line["width"], line["height"]) != original.size:
        return f"row says {line['width']}x{line['height']}, Pillow {original.size}"
    if shown.size != original.size:
        return f"stored as {shown.size}, came as {original.size}"
    if line["pages"] != count or pages != count:
        return f"{count} pages came, row says {line['pages']}, stored are {pages}"
    if (line["orientation"] or 1) != (orientation or 1):
        return f"orientation {orientation}, row says {line['orientation']}"
    if dpi is not None and dpi > 1 and abs((line["dpi"] or 0) - dpi) > 0.01 * dpi:
        return f"{dpi} dots an inch, row says {line['dpi']}"
    if stored == data:
        return None
    if original.info.get("icc_profile") and not shown.info.get("icc_profile"):
        return "its profile is lost"
    kept_dpi = shown.info.get("dpi")
    if dpi is not None and dpi > 1.5 and (kept_dpi is None or abs(kept_dpi[0] - round(dpi)) > 1):
        return f"{dpi} dots an inch became {kept_dpi}"
    deep = original.mode in ("I", "F") or original.mode.startswith("I;16")
    if name == "tiff-planar16.tif":
        return None  # Pillow shows half of each sample
    apart = np.abs(on_grey(original) - on_grey(shown)).mean()
    if policy == "optimize" and line["format"] != "jpeg":  # the file of another page that shows the same
        return None if apart == 0 else f"{line['format']} that shows something else"
    if policy == "optimize" and (deep or len(stored) >= len(data) and orientation in (None, 1)):
        return f"{original.mode} of {len(data)} bytes became {line['format']} of {len(stored)}"
    if apart > 4:
        return f"pixels are {apart:.1f} apart"
    return None


folder = Path(sys.argv[1])
lines = [json.loads(text) for text in Path(sys.argv[2]).read_text().splitlines()]
for line in lines:
    found = problem(line, (folder / line["name"]).read_bytes())
    if found:
        print(f"{line['policy']} {line['name']}: {found}")
print(f"{len(lines)} checked")
