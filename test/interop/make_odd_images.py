"""Makes some hundred odd and broken image files, the same on every run: python make_odd_images.py FOLDER.

Formats, depths, alphas, profiles, orientations, pages, damages. A name says the kind; what is right for a file is what
Pillow says of it (check_odd_images.py).
"""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

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
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP6 = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF><rdf:Description tiff:Orientation=\"6\"/></rdf:RDF></x:xmpmeta>"


# --- JPEG


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


# --- PNG


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def after_header(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


COLOUR_TYPES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def raw_png(samples: np.ndarray, bits: int, colour: int, more: bytes = b"", interlaced: bool = False) -> bytes:
    """A PNG of (h, w, channels) samples below 2**bits."""
    h, w, _ = samples.shape

    def lines(part: np.ndarray) -> bytes:
        out = b""
        for row in part:
            if bits == 16:
                out += b"\0" + row.astype(">u2").tobytes()
            elif bits == 8:
                out += b"\0" + row.astype(np.uint8).tobytes()
            else:
                each = np.unpackbits(row.astype(np.uint8).reshape(-1, 1), axis=1)[:, 8 - bits :]
                out += b"\0" + np.packbits(each.reshape(-1)).tobytes()
        return out

    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in passes] if interlaced else [samples]
    data = b"".join(lines(part) for part in parts if part.size)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, colour, 0, 0, int(interlaced)))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def samples_of(bits: int, colour: int) -> np.ndarray:
    channels = COLOUR_TYPES[colour]
    rgb = np.asarray(fresh()).astype(np.uint32)
    grey = np.asarray(Image.fromarray(rgb.astype(np.uint8)).convert("L")).astype(np.uint32)[..., None]
    base = rgb if channels >= 3 else grey
    if channels in (2, 4):
        base = np.concatenate([base, np.full_like(grey, 255)], axis=2)
    return (base * 257 if bits == 16 else base >> (8 - bits)).astype(np.uint32)


def raw_profile_exif(orientation: int) -> bytes:
    """Orientation in the text chunk of ImageMagick."""
    data = exif(orientation).tobytes()
    data = data if data.startswith(b"Exif\0\0") else b"Exif\0\0" + data
    digits = data.hex()
    text = "\nexif\n%8d\n" % len(data) + "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72)) + "\n"
    return chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text.encode()))


def pngs() -> None:
    for colour, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for bits in depths:
            for interlaced in (False, True):
                more = b""
                if colour == 3:
                    palette = np.random.default_rng(bits).integers(0, 256, (2**bits, 3), dtype=np.uint8)
                    more = chunk(b"PLTE", palette.tobytes())
                name = f"png-colour{colour}-{bits}bit{'-interlaced' if interlaced else ''}.png"
                add(name, raw_png(samples_of(bits, colour), bits, colour, more, interlaced))
    ink = lambda: 255 - np.asarray(fresh("L"))
    white, black = np.full((64, 96, 3), 255, np.uint8), np.zeros((64, 96, 3), np.uint8)
    add("png-alpha-white-ink.png", save(Image.fromarray(np.dstack([white, ink()])), "PNG"))
    add("png-alpha-black-ink.png", save(Image.fromarray(np.dstack([black, ink()])), "PNG"))
    one = np.full((64, 96), 255, np.uint8); one[3, 5] = 254
    add("png-alpha-one-pixel.png", save(Image.fromarray(np.dstack([np.asarray(fresh()), one])), "PNG"))
    add("png-alpha-16bit-half.png", raw_png(np.concatenate([samples_of(16, 2), np.full((64, 96, 1), 32768, np.uint32)], 2), 16, 6))
    add("png-trns-grey.png", raw_png(samples_of(8, 0), 8, 0, chunk(b"tRNS", b"\0\xff")))
    add("png-trns-rgb.png", raw_png(samples_of(8, 2), 8, 2, chunk(b"tRNS", b"\0\xff\0\xff\0\xff")))
    add("png-trns-unused.png", raw_png(samples_of(8, 2), 8, 2, chunk(b"tRNS", b"\0\1\0\2\0\3")))
    p = fresh().quantize(32)
    add("png-trns-palette.png", save(p, "PNG", transparency=0))
    for o in range(1, 9):
        add(f"png-exif-{o}.png", save(fresh(), "PNG", exif=exif(o)))
        add(f"png-rawexif-{o}.png", after_header(save(fresh(), "PNG"), raw_profile_exif(o)))
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", XMP6.decode())
    add("png-xmp-6.png", save(fresh(), "PNG", pnginfo=info))
    for name, icc in {"swapped": SWAPPED, "srgb": SRGB, "cut": SWAPPED[:200], "rubbish": b"rubbish" * 30}.items():
        add(f"png-profile-{name}.png", save(fresh(), "PNG", icc_profile=icc))
    add("png-profile-grey.png", save(fresh("L"), "PNG", icc_profile=GREY))
    add("png-profile-palette.png", save(fresh().quantize(200), "PNG", icc_profile=SWAPPED))
    add("png-gamma.png", after_header(save(fresh(), "PNG"), chunk(b"gAMA", struct.pack(">I", 100000))))
    add("png-dpi-300.png", save(fresh(), "PNG", dpi=(300, 300)))
    add("png-dpi-uneven.png", after_header(save(fresh(), "PNG"), chunk(b"pHYs", struct.pack(">IIB", 8000, 4000, 1))))
    add("png-aspect.png", after_header(save(fresh(), "PNG"), chunk(b"pHYs", struct.pack(">IIB", 4, 3, 0))))
    add("png-apng.png", save(fresh(), "PNG", save_all=True, append_images=[fresh(), fresh()]))
    add("png-apng-default.png", save(fresh(), "PNG", save_all=True, default_image=True, append_images=[fresh(), fresh()]))
    add("png-large-flat.png", save(Image.new("L", (3000, 2000), 250), "PNG"))
    wide = np.random.default_rng(7).integers(0, 256, (3, 65501, 1), dtype=np.uint32)
    add("png-longer-than-jpeg.png", raw_png(wide, 8, 0))
    add("png-as-long-as-jpeg.png", raw_png(wide[:, :65500], 8, 0))
    for w, h in ((1, 1), (1, 300), (300, 1)):
        add(f"png-size-{w}x{h}.png", save(fresh().resize((w, h)), "PNG"))


def bad_crc(png: bytes, kind: bytes) -> bytes:
    at = png.index(kind)
    b = bytearray(png)
    b[at + 4 + struct.unpack(">I", png[at - 4 : at])[0]] ^= 0xFF
    return bytes(b)


def broken_pngs() -> None:
    new = lambda: save(fresh("RGB", 160, 120), "PNG", dpi=(300, 300))
    for share in (0.1, 0.5, 0.9):
        p = new(); add(f"png-cut-{share}.png", p[: int(len(p) * share)])
    p = new(); add("png-no-iend.png", p[:-12])
    p = new(); add("png-cut-iend.png", p[:-6])
    p = new(); add("png-cut-idat.png", p[:-40])
    p = new(); add("png-trailer.png", p + b"x" * 500)
    for kind in (b"IHDR", b"IDAT", b"pHYs", b"IEND"):
        add(f"png-crc-{kind.decode()}.png", bad_crc(new(), kind))
    add("png-crc-text.png", bad_crc(after_header(new(), chunk(b"tEXt", b"Comment\0hello")), b"tEXt"))
    add("png-unknown-critical.png", after_header(new(), chunk(b"ABCD", b"1234")))
    add("png-unknown-ancillary.png", after_header(new(), chunk(b"abCd", b"1234")))
    add("png-bad-name.png", after_header(new(), chunk(b"a\0Cd", b"1234")))
    add("png-rawexif-not-hex.png", after_header(new(), chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n      20\n4578696600004d4d002azz\n"))))
    add("png-rawexif-odd.png", after_header(new(), chunk(b"tEXt", b"Raw profile type exif\0\nexif\n      20\n45786966000")))
    add("png-rawexif-garbage.png", after_header(new(), chunk(b"tEXt", b"Raw profile type exif\0\nexif\n      4\n00112233\n")))
    add("png-text-bomb.png", after_header(new(), chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 80_000_000))))
    add("png-text-itxt-bomb.png", after_header(new(), chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"x" * 2_000_000))))
    add("png-text-memory.png", after_header(new(), *[chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 1_000_000)) for _ in range(80)]))
    add("png-text-not-zlib.png", after_header(new(), chunk(b"zTXt", b"Comment\0\0not zlib")))
    add("png-text-method.png", after_header(new(), chunk(b"zTXt", b"Comment\0\7not zlib")))
    add("png-iccp-not-zlib.png", after_header(new(), chunk(b"iCCP", b"name\0\0not zlib")))
    add("png-iccp-method.png", after_header(new(), chunk(b"iCCP", b"name\0\1not zlib")))
    add("png-iccp-bomb.png", after_header(new(), chunk(b"iCCP", b"name\0\0" + zlib.compress(b"x" * 3_000_000))))
    add("png-no-idat.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 0, 0, 0, 0)) + chunk(b"IEND", b""))
    add("png-no-plte.png", raw_png(samples_of(8, 3), 8, 3))
    add("png-bits-odd.png", raw_png(samples_of(8, 0), 3, 0))
    add("png-zero-width.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 9, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))
    few = samples_of(8, 0)
    lying = raw_png(few, 8, 0)
    add("png-fewer-lines.png", lying[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 96, 200, 8, 0, 0, 0, 0)) + lying[33:])
    add("png-more-lines.png", lying[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 96, 20, 8, 0, 0, 0, 0)) + lying[33:])
    b = bytearray(raw_png(samples_of(8, 2), 8, 2)); at = b.index(b"IDAT"); b[at + 60 : at + 90] = b"\x55" * 30
    size = struct.unpack(">I", b[at - 4 : at])[0]
    b[at + 4 + size : at + 8 + size] = struct.pack(">I", zlib.crc32(bytes(b[at : at + 4 + size])))
    add("png-rot-crc-right.png", bytes(b))
    add("png-bomb.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b""))
    p = new(); add("png-crlf.png", p.replace(b"\r\n", b"\n"))
    p = new(); add("png-bom.png", b"\xef\xbb\xbf" + p)


# --- GIF, WebP, AVIF


def others() -> None:
    add("gif-one.gif", save(fresh().quantize(64), "GIF"))
    add("gif-grey.gif", save(fresh("L"), "GIF"))
    add("gif-interlaced.gif", save(fresh().quantize(64), "GIF", interlace=True))
    add("gif-transparent.gif", save(fresh().quantize(64), "GIF", transparency=0))
    add("gif-two.gif", save(fresh().quantize(64), "GIF", save_all=True, append_images=[fresh().quantize(64)]))
    add("gif-no-trailer.gif", save(fresh().quantize(64), "GIF")[:-1])
    add("gif-trailing.gif", save(fresh().quantize(64), "GIF") + b"trailing")
    for share in (0.2, 0.5, 0.9):
        g = save(fresh("RGB", 160, 120).quantize(128), "GIF"); add(f"gif-cut-{share}.gif", g[: int(len(g) * share)])
    g = save(fresh().quantize(64), "GIF", save_all=True, append_images=[fresh().quantize(64)])
    add("gif-cut-second.gif", g[: len(g) * 3 // 4])
    add("gif-no-frame.gif", b"GIF89a" + struct.pack("<HH", 20, 20) + b"\x80\0\0" + b"\0" * 6 + b";")
    add("gif-part.gif", b"GIF89a" + struct.pack("<HH", 20, 20) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff" + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;")

    for name, options in {"lossy": {"quality": 80}, "lossless": {"lossless": True}, "icc": {"lossless": True, "icc_profile": SWAPPED}}.items():
        add(f"webp-{name}.webp", save(fresh(), "WEBP", **options))
    add("webp-alpha.webp", save(Image.merge("RGBA", [*fresh().split(), fresh("L")]), "WEBP", lossless=True))
    add("webp-opaque.webp", save(fresh("RGBA"), "WEBP", lossless=True, exact=True))
    add("webp-two.webp", save(fresh(), "WEBP", save_all=True, append_images=[fresh()], lossless=True))
    for o in range(1, 9):
        add(f"webp-exif-{o}.webp", save(fresh(), "WEBP", lossless=o % 2 == 0, exif=exif(o)))
    add("webp-xmp-6.webp", save(fresh(), "WEBP", xmp=XMP6))
    add("webp-trailing.webp", save(fresh(), "WEBP") + b"x" * 100)
    for share in (0.1, 0.5, 0.9):
        for kind in (True, False):
            w = save(fresh("RGB", 160, 120), "WEBP", lossless=kind)
            add(f"webp-cut-{share}-{'lossless' if kind else 'lossy'}.webp", w[: int(len(w) * share)])
    b = bytearray(save(fresh("RGB", 160, 120), "WEBP", lossless=True)); b[len(b) // 2 : len(b) // 2 + 30] = b"\x55" * 30
    add("webp-rot.webp", bytes(b))

    for name, options in {"q90": {"quality": 90}, "444": {"subsampling": "4:4:4"}, "icc": {"icc_profile": SWAPPED}}.items():
        add(f"avif-{name}.avif", save(fresh(), "AVIF", speed=10, **options))
    add("avif-grey.avif", save(fresh("L"), "AVIF", speed=10))
    add("avif-alpha.avif", save(Image.merge("RGBA", [*fresh().split(), fresh("L")]), "AVIF", speed=10))
    add("avif-two.avif", save(fresh(), "AVIF", speed=10, save_all=True, append_images=[fresh()]))
    for o in range(1, 9):
        add(f"avif-exif-{o}.avif", save(fresh(), "AVIF", speed=10, exif=exif(o)))
    for brand in (b"mif1", b"miaf", b"MA1B"):
        v = save(fresh(), "AVIF", speed=10); add(f"avif-brand-{brand.decode()}.avif", v[:8] + brand + v[12:])
    for share in (0.1, 0.5, 0.9):
        v = save(fresh("RGB", 160, 120), "AVIF", speed=10); add(f"avif-cut-{share}.avif", v[: int(len(v) * share)])
    v = save(fresh(), "AVIF", speed=10); add("avif-trailing.avif", v + b"x" * 50)


# --- TIFF


def tiff(a: np.ndarray, photometric: int, extra=(), sample_format: int = 1, orientation=None, planar: int = 1,
         order: str = "<", bits=None, tags=(), strips: int = 1, data: bytes | None = None, compression: int = 1) -> bytes:
    """A plain TIFF of (h, w) or (h, w, channels) samples of any type."""
    h, w = a.shape[:2]
    channels = 1 if a.ndim == 2 else a.shape[2]
    bits = bits or a.dtype.itemsize * 8
    if data is None:
        typed = a.astype(a.dtype.newbyteorder(order))
        data = typed.tobytes() if planar == 1 else b"".join(np.ascontiguousarray(typed[..., c]).tobytes() for c in range(channels))
    strips = strips if planar == 1 else channels
    each = len(data) // strips
    entries = [(256, 4, [w]), (257, 4, [h]), (258, 3, [bits] * channels), (259, 3, [compression]), (262, 3, [photometric]),
               (273, 4, [0] * strips), (277, 3, [channels]), (278, 4, [-(-h // strips) if planar == 1 else h]), (279, 4, [each] * strips),
               (284, 3, [planar]), (339, 3, [sample_format] * channels), *tags]
    if extra:
        entries.append((338, 3, list(extra)))
    if orientation:
        entries.append((274, 3, [orientation]))
    entries.sort()
    blobs = []
    for tag, kind, values in entries:
        body = values if isinstance(values, bytes) else b"".join(struct.pack(order + ("H" if kind == 3 else "I"), v) for v in values)
        size = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}[kind]
        blobs.append((tag, kind, len(body) // size, body))
    end = 8 + 2 + 12 * len(blobs) + 4
    start = end + sum(len(body) for *_, body in blobs if len(body) > 4)
    head, late = struct.pack(order + "H", len(blobs)), b""
    for tag, kind, count, body in blobs:
        if tag == 273:
            body = b"".join(struct.pack(order + "I", start + each * i) for i in range(strips))
        if len(body) > 4:
            head += struct.pack(order + "HHII", tag, kind, count, end + len(late))
            late += body
        else:
            head += struct.pack(order + "HHI", tag, kind, count) + body.ljust(4, b"\0")
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(order + "I", 8) + head + struct.pack(order + "I", 0) + late + data


def tiffs() -> None:
    rgb = lambda: np.asarray(fresh())
    grey = lambda: np.asarray(fresh("L"))
    for order, name in (("<", "ii"), (">", "mm")):
        add(f"tiff-grey8-{name}.tif", tiff(grey(), 1, order=order))
        add(f"tiff-grey16-{name}.tif", tiff(grey().astype(np.uint16) * 257, 1, order=order))
        add(f"tiff-rgb8-{name}.tif", tiff(rgb(), 2, order=order))
        add(f"tiff-rgb16-{name}.tif", tiff(rgb().astype(np.uint16) * 257, 2, order=order))
        add(f"tiff-float01-{name}.tif", tiff(grey().astype(np.float32) / 255, 1, sample_format=3, order=order))
        add(f"tiff-int16-{name}.tif", tiff(grey().astype(np.int16) * 128, 1, sample_format=2, order=order))
    add("tiff-miniswhite.tif", tiff(255 - grey(), 0))
    add("tiff-float255.tif", tiff(grey().astype(np.float32), 1, sample_format=3))
    add("tiff-float-rgb.tif", tiff(rgb().astype(np.float32) / 255, 2, sample_format=3))
    add("tiff-float64.tif", tiff(grey().astype(np.float64), 1, sample_format=3))
    add("tiff-uint32.tif", tiff(grey().astype(np.uint32) * 16843009, 1))
    add("tiff-int32.tif", tiff(grey().astype(np.int32), 1, sample_format=2))
    add("tiff-int8.tif", tiff((grey() // 2).astype(np.int8), 1, sample_format=2))
    zero, half = np.zeros((64, 96, 1), np.uint8), np.full((64, 96, 1), 128, np.uint8)
    full = np.full((64, 96, 1), 255, np.uint8)
    for kind in (0, 1, 2):
        add(f"tiff-rgb-extra{kind}-zero.tif", tiff(np.dstack([rgb(), zero]), 2, extra=[kind]))
        add(f"tiff-rgb-extra{kind}-half.tif", tiff(np.dstack([rgb() // 2 if kind == 1 else rgb(), half]), 2, extra=[kind]))
        add(f"tiff-rgb-extra{kind}-full.tif", tiff(np.dstack([rgb(), full]), 2, extra=[kind]))
        add(f"tiff-grey-extra{kind}-half.tif", tiff(np.dstack([grey() // 2, half]), 1, extra=[kind]))
    add("tiff-rgb-extra-missing.tif", tiff(np.dstack([rgb(), full]), 2))
    add("tiff-rgba16.tif", tiff(np.dstack([rgb(), half]).astype(np.uint16) * 257, 2, extra=[2]))
    add("tiff-five-channels.tif", tiff(np.dstack([rgb(), zero, half]), 2, extra=[0, 0]))
    add("tiff-six-channels.tif", tiff(np.dstack([rgb(), rgb()]), 1, extra=[0] * 5))
    add("tiff-cmyk.tif", save(fresh("CMYK"), "TIFF"))
    add("tiff-cmyk-spot.tif", tiff(np.dstack([np.asarray(fresh("CMYK")), zero]), 5, extra=[0]))
    add("tiff-planar.tif", tiff(rgb(), 2, planar=2))
    add("tiff-planar16.tif", tiff(rgb().astype(np.uint16) * 257, 2, planar=2))
    lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    add("tiff-lab.tif", save(ImageCms.applyTransform(fresh(), lab), "TIFF"))
    add("tiff-ycbcr.tif", save(fresh("YCbCr"), "TIFF"))
    add("tiff-palette.tif", save(fresh().quantize(64), "TIFF"))
    add("tiff-grey4.tif", tiff(np.zeros((64, 96), np.uint8), 1, bits=4, data=bytes(np.random.default_rng(1).integers(0, 256, 64 * 48, dtype=np.uint8))))
    add("tiff-grey2.tif", tiff(np.zeros((64, 96), np.uint8), 1, bits=2, data=bytes(np.random.default_rng(2).integers(0, 256, 64 * 24, dtype=np.uint8))))
    add("tiff-grey12.tif", tiff(np.zeros((64, 96), np.uint8), 1, bits=12, data=bytes(np.random.default_rng(3).integers(0, 256, 64 * 144, dtype=np.uint8))))
    for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "jpeg", "zstd", "lzma", "webp"):
        for mode in ("L", "RGB"):
            try:
                add(f"tiff-{compression}-{mode}.tif", save(fresh(mode), "TIFF", compression=compression))
            except (OSError, RuntimeError):
                continue  # a libtiff without that codec
    bilevel = lambda: fresh("L").point(lambda v: 255 * (v > 128)).convert("1")
    for compression in ("group3", "group4", "tiff_ccitt", "packbits", "raw"):
        add(f"tiff-bilevel-{compression}.tif", save(bilevel(), "TIFF", compression=compression))
        add(f"tiff-bilevel-{compression}-white.tif", save(bilevel(), "TIFF", compression=compression, tiffinfo={262: 0}))
    for o in range(1, 9):
        add(f"tiff-orientation-{o}.tif", tiff(rgb(), 2, orientation=o))
        add(f"tiff-orientation-{o}-g4.tif", save(bilevel(), "TIFF", compression="group4", tiffinfo={274: o}))
    for name, icc in {"swapped": SWAPPED, "srgb": SRGB}.items():
        add(f"tiff-profile-{name}.tif", save(fresh(), "TIFF", icc_profile=icc))
    add("tiff-dpi.tif", save(fresh(), "TIFF", dpi=(300, 300), compression="tiff_lzw"))
    add("tiff-dpi-cm.tif", save(fresh(), "TIFF", resolution=118, resolution_unit="cm"))
    add("tiff-dpi-fax.tif", save(bilevel(), "TIFF", compression="group3", x_resolution=204, y_resolution=98, resolution_unit=2))
    for compression in ("tiff_lzw", "raw", "jpeg", "packbits"):
        add(f"tiff-two-{compression}.tif", save(fresh(), "TIFF", save_all=True, append_images=[fresh()], compression=compression))
    add("tiff-three-g4.tif", save(bilevel(), "TIFF", save_all=True, append_images=[bilevel(), bilevel()], compression="group4"))
    add("tiff-two-sizes.tif", save(fresh(), "TIFF", save_all=True, append_images=[fresh("L", 50, 40)]))
    add("tiff-two-kinds.tif", save(bilevel(), "TIFF", save_all=True, append_images=[fresh("RGB")]))
    add("tiff-big.tif", save(fresh(), "TIFF", big_tiff=True))
    add("tiff-strips.tif", tiff(rgb(), 2, strips=8))
    add("tiff-xmp-6.tif", tiff(rgb(), 2, tags=[(700, 1, XMP6)]))
    add("tiff-page-number.tif", tiff(rgb(), 2, tags=[(297, 3, [3, 2])]))
    add("tiff-unknown-tags.tif", tiff(rgb(), 2, tags=[(65000, 3, [1]), (65001, 2, b"note\0")]))
    add("tiff-text-no-nul.tif", tiff(rgb(), 2, tags=[(270, 2, b"no nul at its end")]))


def broken_tiffs() -> None:
    new = lambda **k: save(fresh("RGB", 160, 120), "TIFF", **k)
    for share in (0.01, 0.3, 0.8):
        for compression in ("raw", "tiff_lzw", "jpeg"):
            t = new(compression=compression); add(f"tiff-cut-{compression}-{share}.tif", t[: max(6, int(len(t) * share))])
    g4 = lambda: save(fresh("L", 160, 120).point(lambda v: 255 * (v > 128)).convert("1"), "TIFF", compression="group4")
    t = g4(); add("tiff-cut-g4.tif", t[: len(t) // 2])
    for seed in range(3):
        for kind, made in {"g4": g4(), "lzw": new(compression="tiff_lzw"), "deflate": new(compression="tiff_adobe_deflate")}.items():
            b = bytearray(made)
            at = 60 + seed * 40
            b[at : at + 20] = np.random.default_rng(seed).integers(0, 255, 20, dtype=np.uint8).tobytes()
            add(f"tiff-rot-{kind}-{seed}.tif", bytes(b))
    two = save(fresh("RGB", 160, 120), "TIFF", save_all=True, append_images=[fresh("RGB", 160, 120)], compression="tiff_lzw")
    add("tiff-second-cut.tif", two[: len(two) * 3 // 4])
    b = bytearray(tiff(np.asarray(fresh()), 2)); b[4:8] = struct.pack("<I", len(b) + 100)
    add("tiff-ifd-beyond.tif", bytes(b))
    b = bytearray(tiff(np.asarray(fresh()), 2)); n = struct.unpack("<H", b[8:10])[0]; b[10 + 12 * n : 14 + 12 * n] = struct.pack("<I", 8)
    add("tiff-ifd-loop.tif", bytes(b))
    b = bytearray(tiff(np.asarray(fresh()), 2)); b[10 + 12 * n : 14 + 12 * n] = struct.pack("<I", 0xFFFFFF00)
    add("tiff-next-beyond.tif", bytes(b))
    add("tiff-empty-strip.tif", tiff(np.asarray(fresh()), 2, data=b""))
    add("tiff-compression-odd.tif", tiff(np.asarray(fresh()), 2, compression=4242))
    add("tiff-photometric-odd.tif", tiff(np.asarray(fresh()), 4242))
    add("tiff-huge.tif", tiff(np.zeros((1, 1), np.uint8), 1)[:8] + tiff(np.zeros((1, 1), np.uint8), 1)[8:].replace(struct.pack("<HHII", 256, 4, 1, 1), struct.pack("<HHII", 256, 4, 1, 60000)).replace(struct.pack("<HHII", 257, 4, 1, 1), struct.pack("<HHII", 257, 4, 1, 60000)))


# --- BMP


def bmp(bits: int, width: int, height: int, pixels: bytes, palette: bytes = b"", compression: int = 0, colors: int = 0, header: int = 40, masks=(), signed=None) -> bytes:
    head = struct.pack("<IiiHHIIiiII", header, width, signed or height, 1, bits, compression, len(pixels), 2835, 2835, colors, 0)
    if header > 40:
        head += struct.pack(f"<{len(masks)}I", *masks)
        head = head.ljust(header, b"\0")
    elif masks:
        head += struct.pack("<3I", *masks[:3])
    start = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + head + palette + pixels


def bmps() -> None:
    for mode in ("1", "L", "P", "RGB"):
        image = fresh().quantize(32) if mode == "P" else fresh(mode)
        add(f"bmp-{mode}.bmp", save(image, "BMP"))
    grey = np.asarray(fresh("L"))
    palette16 = bytes(np.random.default_rng(4).integers(0, 256, (16, 4), dtype=np.uint8))
    four = (grey >> 4).astype(np.uint8)
    add("bmp-4bit.bmp", bmp(4, 96, 64, ((four[:, ::2] << 4) | four[:, 1::2])[::-1].tobytes(), palette16, colors=16))
    add("bmp-top-down.bmp", bmp(24, 96, 64, np.ascontiguousarray(np.asarray(fresh())[..., ::-1]).tobytes(), signed=-64))
    rgb = np.asarray(fresh()).astype(np.uint16)
    p565 = ((rgb[..., 0] >> 3) << 11) | ((rgb[..., 1] >> 2) << 5) | (rgb[..., 2] >> 3)
    p555 = ((rgb[..., 0] >> 3) << 10) | ((rgb[..., 1] >> 3) << 5) | (rgb[..., 2] >> 3)
    add("bmp-16bit-555.bmp", bmp(16, 96, 64, p555[::-1].astype("<u2").tobytes()))
    add("bmp-16bit-565.bmp", bmp(16, 96, 64, p565[::-1].astype("<u2").tobytes(), compression=3, masks=(0xF800, 0x7E0, 0x1F)))
    add("bmp-16bit-odd-masks.bmp", bmp(16, 96, 64, p565[::-1].astype("<u2").tobytes(), compression=3, masks=(0xF000, 0xF00, 0xF0)))
    layouts = {
        "bgrx": (0xFF0000, 0xFF00, 0xFF, 0), "bgra": (0xFF0000, 0xFF00, 0xFF, 0xFF000000), "rgba": (0xFF, 0xFF00, 0xFF0000, 0xFF000000),
        "xbgr": (0xFF000000, 0xFF0000, 0xFF00, 0), "abgr": (0xFF000000, 0xFF0000, 0xFF00, 0xFF), "odd": (0xFF, 0xFF0000, 0xFF00, 0),
    }
    for alpha in ("full", "half"):
        for name, masks in layouts.items():
            a = np.asarray(fresh()).astype(np.uint32)
            px = np.zeros(a.shape[:2], np.uint32)
            for c in range(3):
                px |= a[..., c] << ((masks[c] & -masks[c]).bit_length() - 1)
            if masks[3]:
                px |= np.uint32(255 if alpha == "full" else 128) << np.uint32((masks[3] & -masks[3]).bit_length() - 1)
            add(f"bmp-32bit-{name}-{alpha}.bmp", bmp(32, 96, 64, px[::-1].astype("<u4").tobytes(), compression=3, header=124, masks=masks))
    x = np.dstack([np.asarray(fresh())[..., ::-1], np.zeros((64, 96), np.uint8)])
    add("bmp-32bit-plain.bmp", bmp(32, 96, 64, np.ascontiguousarray(x[::-1]).tobytes()))
    core = b"BM" + struct.pack("<IHHI", 0, 0, 0, 26) + struct.pack("<IHHHH", 12, 96, 64, 1, 24)
    add("bmp-os2-24bit.bmp", core + np.ascontiguousarray(np.asarray(fresh())[::-1, :, ::-1]).tobytes())
    core = b"BM" + struct.pack("<IHHI", 0, 0, 0, 26 + 768) + struct.pack("<IHHHH", 12, 96, 64, 1, 8)
    add("bmp-os2-8bit.bmp", core + bytes(np.repeat(np.arange(256, dtype=np.uint8), 3)) + np.asarray(fresh("L"))[::-1].tobytes())
    greys = bytes(np.repeat(np.arange(256, dtype=np.uint8), 4))

    def rle8(a: np.ndarray) -> bytes:
        out = b""
        for row in a[::-1]:
            x = 0
            while x < len(row):
                n = 1
                while x + n < len(row) and n < 255 and row[x + n] == row[x]:
                    n += 1
                if n < 3 and x + 4 <= len(row):
                    out += b"\0\4" + row[x : x + 4].tobytes(); x += 4
                else:
                    out += bytes([n, row[x]]); x += n
            out += b"\0\0"
        return out + b"\0\1"

    add("bmp-rle8.bmp", bmp(8, 96, 64, rle8(np.asarray(fresh("L"))), greys, compression=1, colors=256))
    add("bmp-rle8-cut.bmp", bmp(8, 96, 64, rle8(np.asarray(fresh("L")))[:900], greys, compression=1, colors=256))
    rle4 = b"".join(bytes([96, int(v)]) + b"\0\0" for v in np.random.default_rng(5).integers(0, 256, 64)) + b"\0\1"
    add("bmp-rle4.bmp", bmp(4, 96, 64, rle4, palette16, compression=2, colors=16))
    add("bmp-rle8-delta.bmp", bmp(8, 96, 64, b"\x60\x20\0\0\0\2\5\2\x10\x40\0\0\0\1", greys, compression=1, colors=256))
    bits = np.packbits((np.asarray(fresh("L")) > 128)[::-1], axis=1).tobytes()
    two = b"\0\0\0\0\xff\xff\xff\0"
    for name, used in {"rubbish": 0x12345678, "1": 1, "2": 2, "256": 256}.items():
        add(f"bmp-colours-{name}.bmp", bmp(1, 96, 64, bits, two, colors=used))
    add("bmp-index-beyond.bmp", bmp(8, 96, 64, np.asarray(fresh("L"))[::-1].tobytes(), greys[:40], colors=10))
    b = save(fresh(), "BMP"); add("bmp-cut.bmp", b[:-5000])
    b = save(fresh(), "BMP"); add("bmp-trailing.bmp", b + b"x" * 99)
    b = save(fresh(), "BMP"); add("bmp-only-head.bmp", b[:40])
    add("bmp-huge.bmp", bmp(24, 60000, 60000, b"\0" * 500))
    add("bmp-zero.bmp", bmp(24, 0, 10, b"\0" * 500))
    add("bmp-negative.bmp", bmp(24, -5, 10, b"\0" * 500))
    add("bmp-3bit.bmp", bmp(3, 96, 64, b"\0" * 5000))
    add("bmp-jpeg.bmp", bmp(24, 96, 64, save(fresh(), "JPEG"), compression=4))
    add("bmp-header-odd.bmp", b"BM" + struct.pack("<IHHI", 0, 0, 0, 70) + struct.pack("<I", 44) + b"\0" * 600)


def no_images() -> None:
    jpeg = save(fresh(), "JPEG")
    for name, data in {
        "empty": b"", "text": b"hello, world\n", "pdf": b"%PDF-1.7\n1 0 obj\n", "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "html": b"<!doctype html><p>404", "zip": b"PK\x03\x04" + b"\0" * 60, "random": bytes(np.random.default_rng(1).integers(0, 256, 4000, dtype=np.uint8)),
        "base64": __import__("base64").b64encode(jpeg), "utf8": jpeg.decode("latin1").encode("utf8"), "nul": b"\0" * 2000,
        "jpeg-magic": b"\xff\xd8\xff", "png-magic": b"\x89PNG\r\n\x1a\n", "gif-magic": b"GIF89a", "tiff-magic": b"II*\0", "bmp-magic": b"BM",
        "webp-magic": b"RIFF\x10\0\0\0WEBPVP8 ", "avif-magic": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
    }.items():
        add(f"none-{name}.jpg", data)


for make in (jpegs, broken_jpegs, pngs, broken_pngs, others, tiffs, broken_tiffs, bmps, no_images):
    make()
folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, data in FILES.items():
    (folder / name).write_bytes(data)
print(len(FILES))
