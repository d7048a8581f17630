"""JPEG: modes, metadata and damages."""

import struct

import numpy as np
from PIL import Image

from odd_kit import GREY, SRGB, SWAPPED, XMP6, add, exif, fresh, save


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def scan_start(jpeg: bytes) -> int:
    at = 2
    while jpeg[at + 1] != 0xDA:
        at += 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
    return at


def ifd(entries, order: str = "<") -> bytes:
    """An EXIF block of 12-byte entries (tag, type, count, value of 4 bytes)."""
    head = b"II*\0\x08\0\0\0" if order == "<" else b"MM\0*\0\0\0\x08"
    body = b"".join(struct.pack(order + "HHI", t, k, n) + v for t, k, n, v in entries)
    return head + struct.pack(order + "H", len(entries)) + body + b"\0\0\0\0"


def jpegs() -> None:
    for mode in ("L", "RGB", "CMYK"):
        for name, options in {
            "q30": {"quality": 30}, "q95": {"quality": 95}, "progressive": {"progressive": True},
            "restart": {"restart_marker_rows": 1}, "444": {"subsampling": 0}, "422": {"subsampling": 1},
            "optimized": {"optimize": True},
        }.items():
            add(f"jpeg-{mode}-{name}.jpg", save(fresh(mode), "JPEG", **options))
    for o in range(0, 10):
        add(f"jpeg-exif-{o}.jpg", save(fresh(), "JPEG", quality=92, exif=exif(o)))
    for o in (3, 6, 8):
        add(f"jpeg-exif-{o}-grey.jpg", save(fresh("L"), "JPEG", exif=exif(o)))
        add(f"jpeg-exif-{o}-cmyk.jpg", save(fresh("CMYK"), "JPEG", exif=exif(o)))
        add(f"jpeg-exif-{o}-dpi.jpg", save(fresh(), "JPEG", exif=exif(o), dpi=(300, 300)))
        add(f"jpeg-exif-{o}-profile.jpg", save(fresh(), "JPEG", exif=exif(o), icc_profile=SWAPPED))
    for name, icc in {"swapped": SWAPPED, "srgb": SRGB, "grey": GREY, "cut": SWAPPED[:200], "rubbish": b"rubbish" * 30}.items():
        add(f"jpeg-profile-{name}.jpg", save(fresh(), "JPEG", icc_profile=icc))
        add(f"jpeg-profile-{name}-grey.jpg", save(fresh("L"), "JPEG", icc_profile=icc))
    for w, h in ((1, 1), (1, 200), (200, 1), (7, 9), (17, 33)):
        add(f"jpeg-size-{w}x{h}.jpg", save(fresh("RGB", 96, 64).resize((w, h)), "JPEG"))
    add("jpeg-tall.jpg", save(Image.new("L", (8, 65500), 200), "JPEG"))
    add("jpeg-dpi-96.jpg", save(fresh(), "JPEG", dpi=(96, 96)))
    add("jpeg-dpi-uneven.jpg", save(fresh(), "JPEG", dpi=(204, 98)))
    cm = bytearray(save(fresh(), "JPEG", dpi=(118, 118)))
    cm[13] = 2  # dots a centimetre
    add("jpeg-dpi-cm.jpg", bytes(cm))
    add("jpeg-mpo.jpg", save(fresh(), "MPO", save_all=True, append_images=[fresh()]))
    whole = save(fresh(), "JPEG", quality=90)
    add("jpeg-xmp-6.jpg", whole[:2] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP6) + whole[2:])
    for name, body in {
        "no-utf8": b"<x:xmpmeta>caf\xa8\xff</x:xmpmeta>", "empty": b"",
    }.items():
        j = save(fresh(), "JPEG", quality=90)
        add(f"jpeg-xmp-{name}.jpg", j[:2] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + body) + j[2:])
    six = (274, 3, 1, struct.pack("<I", 6))
    for name, body in {
        "text-not-utf8": ifd([(270, 2, 4, b"\xff\xfe\xb0\0"), six]), "xp-title": ifd([(40091, 1, 4, b"\xc0\xac\0\0"), six]),
        "offset-beyond": ifd([(270, 2, 400, struct.pack("<I", 999999)), six]),
        "unknown-type": ifd([(274, 99, 1, struct.pack("<I", 6))]), "big-endian": ifd([(274, 3, 1, b"\0\6\0\0")], ">"),
        "byte": ifd([(274, 1, 1, b"\6\0\0\0")]), "undefined": ifd([(274, 7, 1, b"\6\0\0\0")]),
        "rational-beyond": ifd([(282, 5, 1, struct.pack("<I", 60000)), six]),
        "long": ifd([(274, 4, 1, struct.pack("<I", 6))]), "two": ifd([(274, 3, 2, struct.pack("<HH", 6, 1))]),
        "exif-ifd-bad": ifd([(0x8769, 4, 1, struct.pack("<I", 60000)), six]), "no-magic": b"XX*\0\x08\0\0\0\0\0", "empty": b"",
        "count": b"II*\0\x08\0\0\0\xff\x7f" + ifd([six])[10:], "offset": b"II*\0\0\0\xff\xff" + ifd([six])[8:],
        "garbage": b"garbage garbage garbage",
    }.items():
        j = save(fresh(), "JPEG", quality=90)
        add(f"jpeg-badexif-{name}.jpg", j[:2] + segment(0xE1, b"Exif\0\0" + body) + j[2:])
    short = save(fresh(), "JPEG", quality=90)
    add("jpeg-badexif-length.jpg", short[:2] + b"\xff\xe1\0\x1eExif\0\0" + b"garbage garbage garba.." + short[2:])
    add("jpeg-badexif-overrun.jpg", short[:2] + b"\xff\xe1\0\x12Exif\0\0" + b"garbage garbage garba.." + short[2:])


def broken_jpegs() -> None:
    for kind, options in {"base": {}, "progressive": {"progressive": True}, "restart": {"restart_marker_rows": 1}, "grey": {}}.items():
        new = lambda: save(fresh("L" if kind == "grey" else "RGB", 160, 120), "JPEG", quality=90, **options)
        for share in (0.3, 0.6, 0.9, 0.99):
            j = new()
            add(f"jpeg-cut-{kind}-{share}.jpg", j[: int(len(j) * share)])
        j = new(); add(f"jpeg-no-eoi-{kind}.jpg", j[:-2])
        j = new(); add(f"jpeg-half-eoi-{kind}.jpg", j[:-1])
        j = new(); add(f"jpeg-nul-tail-{kind}.jpg", j[: len(j) // 2] + b"\0" * (len(j) - len(j) // 2))
        j = new(); add(f"jpeg-nul-before-eoi-{kind}.jpg", j[:-2] + b"\0" * 16 + j[-2:])
        j = new(); add(f"jpeg-junk-before-eoi-{kind}.jpg", j[:-2] + b"\x12\x34\x56" + j[-2:])
        j = new(); add(f"jpeg-trailer-{kind}.jpg", j + b"SEFT" + b"\1" * 900)
        j = new(); add(f"jpeg-twice-{kind}.jpg", j + j)
        j = new(); add(f"jpeg-two-soi-{kind}.jpg", j[:2] + j)
        j = new(); at = scan_start(j); add(f"jpeg-junk-in-header-{kind}.jpg", j[:at] + b"\0\0\0\0" + j[at:])
        for seed in range(3):
            b = bytearray(new())
            at = scan_start(bytes(b)) + 20 + (len(b) - 700) * seed // 4
            b[at : at + 40] = np.random.default_rng(seed).integers(0, 255, 40, dtype=np.uint8).tobytes()
            add(f"jpeg-rot-{kind}-{seed}.jpg", bytes(b))
    j = save(fresh("RGB", 160, 120), "JPEG", quality=90, restart_marker_rows=1)
    add("jpeg-restart-wrong.jpg", j.replace(b"\xff\xd3", b"\xff\xd5", 1))
    add("jpeg-restart-far.jpg", j.replace(b"\xff\xd3", b"\xff\xd0", 1))
    add("jpeg-restart-stray.jpg", j.replace(b"\xff\xd3", b"\x11\x22\xff\xd3", 1))
    at = j.index(b"\xff\xd3")
    add("jpeg-restart-missing.jpg", j[:at] + j[at + 2 :])
    add("jpeg-no-tables.jpg", b"\xff\xd8" + j[scan_start(j) :])
    add("jpeg-only-header.jpg", j[: scan_start(j)])
    add("jpeg-five-bytes.jpg", j[:5])
    sof = j.index(b"\xff\xc0")
    for name, value in {"zero-height": (5, 0, 0), "huge": (5, 0xFF, 0xFF)}.items():
        b = bytearray(j)
        b[sof + value[0]], b[sof + value[0] + 1] = value[1], value[2]
        add(f"jpeg-{name}.jpg", bytes(b))
    b = bytearray(j); b[sof + 4] = 12
    add("jpeg-12-bit.jpg", bytes(b))
    b = bytearray(j); b[sof + 1] = 0xC9
    add("jpeg-arithmetic.jpg", bytes(b))
