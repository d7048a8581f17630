"""TIFF in old-style JPEG (compression 6): the ways in which writers place a stream, its tables and its strips, and damages."""

import re
import struct

from odd_kit import add, fresh, save
from PIL import Image

SIZES = {1: 1, 3: 2, 4: 4, 7: 1}
# Tags whose values are places, counted from where the data of their page begins.
PLACES = (273, 324, 513, 519, 520, 521)


def tags(compression: int = 6, photometric: int = 6, samples: int = 3, rows: int = 64, size=(96, 64), subsampling=(1, 1)) -> list:
    return [(256, 4, [size[0]]), (257, 4, [size[1]]), (258, 3, [8] * samples), (259, 3, [compression]), (262, 3, [photometric]),
            (277, 3, [samples]), (278, 4, [rows]), (284, 3, [1]), (530, 3, list(subsampling))]


def document(*pages: tuple[list, bytes], order: str = "<") -> bytes:
    """A TIFF of pages: fields as (tag, type, values), and the data that they point into."""
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    for number, (fields, data) in enumerate(pages):
        fields = sorted(fields)
        late = len(out) + 2 + 12 * len(fields) + 4
        start = late + sum(len(values) * SIZES[kind] for _, kind, values in fields if len(values) * SIZES[kind] > 4)
        directory, behind = struct.pack(order + "H", len(fields)), b""
        for tag, kind, values in fields:
            if tag in PLACES:
                values = [value + start for value in values]
            body = values if isinstance(values, bytes) else b"".join(struct.pack(order + ("H" if kind == 3 else "I"), v) for v in values)
            directory += struct.pack(order + "HHI", tag, kind, len(values))
            if len(body) > 4:
                directory += struct.pack(order + "I", late + len(behind))
                behind += body
            else:
                directory += body.ljust(4, b"\0")
        data += b"\0" * (-(start + len(data)) % 2)
        last = number == len(pages) - 1
        out += directory + struct.pack(order + "I", 0 if last else start + len(data)) + behind + data
    return out


def segments(jpeg: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Marker and bytes of each segment up to the scan, and the coded data."""
    at, found = 2, []
    while not found or found[-1][0] != 0xDA:
        length = 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        found.append((jpeg[at + 1], jpeg[at : at + length]))
        at += length
    return found, jpeg[at:-2]


def tables(jpeg: bytes) -> tuple[list, bytes]:
    """The fields that point to a JPEG's tables, and the tables."""
    found: dict[tuple[int, int], bytes] = {}
    for marker, segment in segments(jpeg)[0]:
        body = segment[4:]
        while body and marker in (0xDB, 0xC4):
            tag = 519 if marker == 0xDB else 521 if body[0] >> 4 else 520
            lead = 1 if marker == 0xDB else 17
            length = 65 if marker == 0xDB else lead + sum(body[1:17])
            found[tag, body[0] & 15] = body[1:length]
            body = body[length:]
    blob, places = b"", {}
    for key, table in found.items():
        places[key] = len(blob)
        blob += table + b"\0" * (len(table) % 2)
    return [(tag, 4, [places[tag, 0], places[tag, 1], places[tag, 1]]) for tag in (519, 520, 521)], blob


def old_jpegs() -> None:
    new = lambda mode="RGB", subsampling=0, **k: save(fresh(mode), "JPEG", quality=90, subsampling=subsampling, **k)
    stream = lambda length: [(512, 3, [1]), (513, 4, [0]), (514, 4, [length])]
    strip = lambda at, length: [(273, 4, [at]), (279, 4, [length])]
    for subsampling, kind in ((0, "444"), (2, "420")):
        base = tags(subsampling=(1, 1) if subsampling == 0 else (2, 2))
        for order, name in (("<", "ii"), (">", "mm")):
            made = lambda fields, data, what: add(f"tiff-old-jpeg-{what}-{kind}-{name}.tif", document((base + fields, data), order=order))
            j = new(subsampling=subsampling); made(stream(len(j)), j, "stream")
            j = new(subsampling=subsampling); made(stream(len(j)) + strip(0, len(j)), j, "both")
            j = new(subsampling=subsampling); scan = segments(j)[1]; made(stream(len(j)) + strip(j.index(scan), len(scan)), j, "scan")
            j = new(subsampling=subsampling); made(strip(0, len(j)), j, "strip")
            j = new(subsampling=subsampling); scan, (fields, blob) = segments(j)[1], tables(j)
            made(fields + strip(len(blob), len(scan)), blob + scan, "tables")
            # JPEGTables belong to the new style: an abbreviated stream is none of the old one.
            j = new(subsampling=subsampling); parts, scan = segments(j)
            pick = lambda *markers: b"\xff\xd8" + b"".join(s for m, s in parts if m in markers)
            short = pick(0xC0, 0xDA) + scan + b"\xff\xd9"
            made([(347, 7, pick(0xDB, 0xC4) + b"\xff\xd9")] + strip(0, len(short)), short, "abbreviated")
    j = new(restart_marker_rows=1); scan, (fields, blob) = segments(j)[1], tables(j)
    pieces = re.split(rb"\xff[\xd0-\xd7]", scan)
    lengths = [len(piece) for piece in pieces]
    strips = lambda at: [(273, 4, [at + sum(lengths[:i]) for i in range(len(pieces))]), (279, 4, lengths)]
    add("tiff-old-jpeg-strips-tables.tif", document((tags(rows=8) + fields + strips(len(blob)), blob + b"".join(pieces))))
    j = new(restart_marker_rows=1); scan = segments(j)[1]; head = j.index(scan)
    pieces = re.split(rb"\xff[\xd0-\xd7]", scan)
    lengths = [len(piece) for piece in pieces]
    add("tiff-old-jpeg-strips-head.tif", document((tags(rows=8) + stream(head) + strips(head), j[:head] + b"".join(pieces))))
    whole = lambda j: stream(len(j)) + strip(0, len(j))
    j = new(); add("tiff-old-jpeg-no-length.tif", document((tags() + [(513, 4, [0])] + strip(0, len(j)), j)))
    j = new(); add("tiff-old-jpeg-rgb.tif", document((tags(photometric=2) + whole(j), j)))
    j = new("L"); add("tiff-old-jpeg-grey.tif", document((tags(photometric=1, samples=1) + whole(j), j)))
    j = new(progressive=True); add("tiff-old-jpeg-progressive.tif", document((tags() + whole(j), j)))
    for size in ((96, 80), (90, 64), (96, 50)):
        j = new(); add(f"tiff-old-jpeg-page-{size[0]}x{size[1]}.tif", document((tags(size=size) + whole(j), j)))
    for share in (0.6, 0.9):
        j = new(); j = j[: int(len(j) * share)]
        add(f"tiff-old-jpeg-cut-{share}.tif", document((tags() + whole(j), j)))
    j = new(); add("tiff-old-jpeg-beyond.tif", document((tags() + [(513, 4, [100_000]), (514, 4, [len(j)])] + strip(100_000, len(j)), j)))
    add("tiff-old-jpeg-no-data.tif", document((tags(), b"")))
    plain = (tags(compression=1, photometric=2)[:-1] + strip(0, 96 * 64 * 3), fresh().tobytes())
    j = new(); add("tiff-old-jpeg-second.tif", document(plain, (tags() + whole(j), j)))
    j = new(); k = new(); add("tiff-old-jpeg-two.tif", document((tags() + whole(j), j), (tags() + whole(k), k)))
    j = new(); k = new(); k = k[: len(k) // 2]
    add("tiff-old-jpeg-cut-second.tif", document((tags() + whole(j), j), (tags() + whole(k), k)))
    tiled_old_jpegs()


def tiled_old_jpegs() -> None:
    """libtiff takes tiles below each other for strips; of tiles beside each other it makes no page."""
    new = lambda image: save(image, "JPEG", quality=90, subsampling=0)
    stream = lambda length: [(513, 4, [0]), (514, 4, [length])]
    part = lambda image, x, y, size: image.crop((x, y, x + size[0], y + size[1]))

    def made(what: str, tile: tuple[int, int], fields: list, data: bytes) -> None:
        head = [field for field in tags() if field[0] != 278] + [(322, 4, [tile[0]]), (323, 4, [tile[1]])]
        add(f"tiff-old-jpeg-tiles-{what}.tif", document((head + fields, data)))

    def placed(tiles: list[bytes], at: int = 0) -> list:
        return [(324, 4, [at + sum(map(len, tiles[:i])) for i in range(len(tiles))]), (325, 4, [len(tile) for tile in tiles])]

    one = (96, 64)
    j = new(fresh()); made("stream", one, stream(len(j)) + placed([j]), j)
    j = new(fresh()); made("one", one, placed([j]), j)
    j = new(fresh()); made("unnamed", one, stream(len(j)), j)
    j = new(fresh()); scan, (fields, blob) = segments(j)[1], tables(j); made("tables", one, fields + placed([scan], len(blob)), blob + scan)
    j = new(fresh()); made("cut", one, placed([j[:-300]]), j[:-300])
    wide = Image.new("RGB", (128, 64), "white"); wide.paste(fresh())
    j = new(wide); made("wide", (128, 64), placed([j]), j)
    j = new(fresh()); made("narrow", (128, 64), placed([j]), j)
    for what, size in (("below", (96, 32)), ("beside", (48, 32))):
        image = fresh()
        jpegs = [new(part(image, x, y, size)) for y in range(0, 64, 32) for x in range(0, 96, size[0])]
        scans, (fields, blob) = [segments(j)[1] for j in jpegs], tables(jpegs[0])
        made(f"{what}-tables", size, fields + placed(scans, len(blob)), blob + b"".join(scans))
        made(f"{what}-jpegs", size, placed(jpegs), b"".join(jpegs))
    j = new(fresh()); made("beside-stream", (48, 32), stream(len(j)) + placed([j] * 4), j)
