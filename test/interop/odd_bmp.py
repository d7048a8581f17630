"""BMP: depths, bit masks, run lengths, and files that are no images."""

import base64
import struct

import numpy as np

from odd_kit import add, fresh, save


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
        "base64": base64.b64encode(jpeg), "utf8": jpeg.decode("latin1").encode("utf8"), "nul": b"\0" * 2000,
        "jpeg-magic": b"\xff\xd8\xff", "png-magic": b"\x89PNG\r\n\x1a\n", "gif-magic": b"GIF89a", "tiff-magic": b"II*\0", "bmp-magic": b"BM",
        "webp-magic": b"RIFF\x10\0\0\0WEBPVP8 ", "avif-magic": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
    }.items():
        add(f"none-{name}.jpg", data)
