"""GIF, WebP and AVIF."""

import struct
from base64 import b64decode

from PIL import Image

from odd_kit import SWAPPED, XMP6, add, exif, fresh, save


def timeless(avif: bytes) -> bytes:
    """Without the times in the headers of a sequence."""
    data = bytearray(avif)
    for box in (b"mvhd", b"tkhd", b"mdhd"):
        at = avif.find(box)
        while at >= 0:
            size = 16 if avif[at + 4] == 1 else 8
            data[at + 8 : at + 8 + size] = bytes(size)
            at = avif.find(box, at + 4)
    return bytes(data)


# A ramp from black to white, by libheif: Pillow writes 8 bits only.
DEEP_AVIFS = {
    10: "AAAAHGZ0eXBhdmlmAAAAAG1pZjFhdmlmbWlhZgAAANZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAAA+gABAAAAAAAAACQAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABhdjAxAAAAAA5waXRtAAAAAAABAAAAVmlwcnAAAAA4aXBjbwAAAAxhdjFDgQBMAAAAABRpc3BlAAAAAAAAACAAAAAQAAAAEHBpeGkAAAAAAwoKCgAAABZpcG1hAAAAAAAAAAEAAQOBAgMAAAAsbWRhdBIACgkYEP/t0BDQaEAyFRrHh4XhwAAoAAAArSnHc2kjiQD/JA==",
    12: "AAAAHGZ0eXBhdmlmAAAAAG1pZjFhdmlmbWlhZgAAANZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAAA+gABAAAAAAAAACQAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABhdjAxAAAAAA5waXRtAAAAAAABAAAAVmlwcnAAAAA4aXBjbwAAAAxhdjFDgUBsAAAAABRpc3BlAAAAAAAAACAAAAAQAAAAEHBpeGkAAAAAAwwMDAAAABZpcG1hAAAAAAAAAAEAAQOBAgMAAAAsbWRhdBIACglYEP/t6AhoNwgyFRrHh4XhwAAoAAAArSnHc2kjiQD+BA==",
}


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
    for bits, text in DEEP_AVIFS.items():
        add(f"avif-{bits}bit.avif", b64decode(text))
    add("avif-grey.avif", save(fresh("L"), "AVIF", speed=10))
    add("avif-alpha.avif", save(Image.merge("RGBA", [*fresh().split(), fresh("L")]), "AVIF", speed=10))
    add("avif-two.avif", timeless(save(fresh(), "AVIF", speed=10, save_all=True, append_images=[fresh()])))
    for o in range(1, 9):
        add(f"avif-exif-{o}.avif", save(fresh(), "AVIF", speed=10, exif=exif(o)))
    for brand in (b"mif1", b"miaf", b"MA1B"):
        v = save(fresh(), "AVIF", speed=10); add(f"avif-brand-{brand.decode()}.avif", v[:8] + brand + v[12:])
    for share in (0.1, 0.5, 0.9):
        v = save(fresh("RGB", 160, 120), "AVIF", speed=10); add(f"avif-cut-{share}.avif", v[: int(len(v) * share)])
    v = save(fresh(), "AVIF", speed=10); add("avif-trailing.avif", v + b"x" * 50)
