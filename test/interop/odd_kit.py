"""What the makers of odd images share: pages, profiles, and the folder of all files by name."""

import io
import struct

import numpy as np
from PIL import Image

FILES: dict[str, bytes] = {}


def add(name: str, data: bytes) -> None:
    assert name not in FILES, name
    FILES[name] = data


def page(seed: int, width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    """Lines of dark blocks on white, a coloured field, light grain: another seed, another page."""
    random = np.random.default_rng(seed)
    a = np.full((height, width, 3), 255, np.uint8)
    for y in range(6, height - 6, 9):
        x = 4
        while x < width - 10:
            w = int(random.integers(2, 9))
            a[y : y + 5, x : x + w] = random.integers(0, 90)
            x += w + int(random.integers(2, 6))
    a[height // 3 : height // 2, width // 4 : width // 2] = random.integers(30, 220, 3)
    a = np.clip(a.astype(int) - random.integers(0, 6, a.shape), 0, 255).astype(np.uint8)
    return Image.fromarray(a).convert(mode)


_seed = iter(range(1, 100_000))


def fresh(mode: str = "RGB", width: int = 96, height: int = 64) -> Image.Image:
    return page(next(_seed), width, height, mode)


def save(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[274] = orientation
    return tags


# --- profiles (ICC.1:2001): a matrix profile of RGB, and one of grey


def _tag(text: bytes) -> bytes:
    return text + b"\0" * (-len(text) % 4)


def profile(space: bytes, primaries=None) -> bytes:
    s15 = lambda v: struct.pack(">i", round(v * 65536))
    xyz = lambda *v: b"XYZ \0\0\0\0" + b"".join(s15(x) for x in v)
    gamma = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256))
    desc = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 78
    tags = [(b"desc", desc), (b"wtpt", xyz(0.9642, 1, 0.8249)), (b"cprt", b"text\0\0\0\0none\0")]
    if space == b"RGB ":
        tags += list(zip([b"rXYZ", b"gXYZ", b"bXYZ"], [xyz(*p) for p in primaries]))
        tags += [(name, gamma) for name in (b"rTRC", b"gTRC", b"bTRC")]
    else:
        tags += [(b"kTRC", gamma)]
    at, table, data = 132 + 12 * len(tags), b"", b""
    for name, body in tags:
        table += name + struct.pack(">II", at + len(data), len(body))
        data += _tag(body)
    head = struct.pack(">I4sI4s4s4s", at + len(data), b"none", 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + s15(0.9642) + s15(1) + s15(0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


SWAPPED = profile(b"RGB ", [(0.14307, 0.06061, 0.7141), (0.38515, 0.71687, 0.09708), (0.43607, 0.22249, 0.01392)])
GREY = profile(b"GRAY")
SRGB = profile(b"RGB ", [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.7141)])
XMP6 = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description tiff:Orientation=\"6\"/></rdf:RDF></x:xmpmeta>"
