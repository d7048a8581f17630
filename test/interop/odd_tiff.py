"""TIFF: samples, compressions, pages and damages."""

import struct

import numpy as np
from PIL import ImageCms

from odd_kit import SRGB, SWAPPED, XMP6, add, fresh, save


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
    in_lab = ImageCms.applyTransform(fresh(), lab)
    in_lab.info.pop("icc_profile", None)  # it tells the time
    add("tiff-lab.tif", save(in_lab, "TIFF"))
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
