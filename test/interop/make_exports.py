"""Writes what test/interop/exports.test.ts uploads, and beside it, in expected.json, the values that must come out.

    make_exports.py OUT    OUT/scans/, OUT/labels.jsonl, OUT/text.parquet, OUT/pairs/, OUT/expected.json

The environment has `datasets`: text.parquet is written by it, with a ClassLabel.
"""

import datetime
import json
import sys
from pathlib import Path

from datasets import ClassLabel, Dataset, Features, Sequence, Value
from datasets import Image as ImageFeature
from PIL import Image

# Size as it is seen: the rotated one lies on its side in the file.
SCANS = [
    {"name": "쪽 001.jpg", "size": [64, 48]},
    {"name": "쪽 002.png", "size": [33, 57]},
    {"name": "하위/돌린 쪽.jpg", "size": [30, 50], "rotated": True},
    {"name": "page-4.jpg", "size": [128, 16]},
    {"name": "투명.png", "size": [20, 20], "mode": "RGBA"},
]
LABELS = [
    {"words": [{"text": "영수증", "bbox": [1, 2.5, 3, 4]}, {"text": "합계 \"따옴표\"\n", "bbox": []}], "z": 1, "a": None},
    {"words": [], "nested": {"빈": {}, "list": [1, None, "x", [True, False]]}},
    {"text": "😀 café", "n": 12345678901234567},
    None,
    {"words": [{"text": "끝", "bbox": None}]},
]


def draw(scan, seed):
    width, height = scan["size"]
    if scan.get("rotated"):
        width, height = height, width
    image = Image.new(scan.get("mode", "RGB"), (width, height))
    image.putdata(
        [pixel(image, x, y, seed) for y in range(height) for x in range(width)]
    )
    return image


def pixel(image, x, y, seed):
    values = tuple((x * 5 + y * 3 + seed * 41 + c * 29) % 256 for c in range(len(image.getbands())))
    return values if len(values) > 1 else values[0]


def write_scans(out):
    for seed, scan in enumerate(SCANS):
        path = out / "scans" / scan["name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        if scan.get("rotated"):
            exif[0x0112] = 6
        draw(scan, seed).save(path, exif=exif)


def write_labels(out):
    rows = [
        {"source_name": scan["name"], "label": label, "page": at + 1, "lines": [f"줄 {n}" for n in range(at)]}
        for at, (scan, label) in enumerate(zip(SCANS, LABELS))
    ]
    with open(out / "labels.jsonl", "w", encoding="utf-8") as lines:
        for row in rows:
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    compact = {"ensure_ascii": False, "separators": (",", ":")}
    return [dict(row, label=row["label"] and json.dumps(row["label"], **compact)) for row in rows]


def write_text(out):
    names = ["영수증", "계약서", "기타"]
    rows = [
        {
            "id": n,
            "text": None if n % 7 == 3 else f"문서 {n} — \"따옴표\" % _ \\ 😀",
            "category": -1 if n == 5 else n % 3,
            "tags": None if n == 4 else [f"태그{t}" for t in range(n % 4)],
            "boxes": [[n, n + 1], []][: n % 3],
            "at": None if n == 2 else datetime.datetime(2024, 5, 1, 9, 30, 15, 123456) + datetime.timedelta(days=n),
            "day": datetime.date(1969, 12, 25) + datetime.timedelta(days=n),
            "score": None if n == 1 else n / 7,
            "small": n - 100,
            "flag": None if n == 6 else n % 2 == 0,
        }
        for n in range(1500)
    ]
    features = Features(
        {
            "id": Value("int64"),
            "text": Value("string"),
            "category": ClassLabel(names=names),
            "tags": Sequence(Value("string")),
            "boxes": Sequence(Sequence(Value("int32"))),
            "at": Value("timestamp[us]"),
            "day": Value("date32"),
            "score": Value("float64"),
            "small": Value("int32"),
            "flag": Value("bool"),
        }
    )
    Dataset.from_list(rows, features=features).to_parquet(str(out / "text.parquet"))
    return [{**row, "at": row["at"] and row["at"].isoformat(), "day": row["day"].isoformat()} for row in rows], names


def write_pairs(out):
    """Pages with a mask each; one row lacks the page, one the mask."""
    sizes = [[40, 30], None, [20, 60]], [[40, 30], [10, 10], None]
    pages, masks = ([size and draw({"size": size, "mode": mode}, seed) for seed, size in enumerate(column)] for column, mode in zip(sizes, ["RGB", "L"]))
    lists = [[0, 1, None], [], [2]]
    shown = [[at is not None and at != 1 and pages[at] or None for at in row] for row in lists]
    features = Features({"image": ImageFeature(), "mask": ImageFeature(), "views": Sequence(ImageFeature()), "n": Value("int32")})
    rows = {"image": pages, "mask": masks, "views": shown, "n": [0, 1, 2]}
    Dataset.from_dict(rows, features=features).save_to_disk(str(out / "pairs"))
    views = [[image and list(image.size) for image in row] for row in shown]
    return {"image": sizes[0], "mask": sizes[1], "views": views}


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    write_scans(out)
    text, names = write_text(out)
    expected = {
        "scans": [{"source_name": scan["name"], "size": scan["size"]} for scan in SCANS],
        "labels": write_labels(out),
        "text": text,
        "names": names,
        "pairs": write_pairs(out),
    }
    (out / "expected.json").write_text(json.dumps(expected, ensure_ascii=False), encoding="utf-8")
