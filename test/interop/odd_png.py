"""PNG: depths, transparency, chunks and damages."""

import struct
import zlib

import numpy as np
from PIL import Image, PngImagePlugin

from odd_kit import GREY, SRGB, SWAPPED, XMP6, add, exif, fresh, save


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
