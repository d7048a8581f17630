"""The input and the check of test/interop/large.test.ts.

    large_dataset.py make OUT IMAGES ROWS    OUT/scans/: images of noise, about 1 MB each; OUT/labels.jsonl: ROWS rows on them
    large_dataset.py check FOLDER            loads the dataset and prints {len, bytes, shards, first, last, equal}
"""

import hashlib
import json
import os
import sys
from pathlib import Path


def make(out, images, rows):
    from PIL import Image

    (out / "scans").mkdir()
    for number in range(images):
        Image.frombytes("RGB", (700, 640), os.urandom(700 * 640 * 3)).save(out / "scans" / f"{number}.jpg", quality=100)
    with open(out / "labels.jsonl", "w", encoding="utf-8") as lines:
        for row in range(rows):
            lines.write(json.dumps({"source_name": f"{row % images}.jpg", "row": row, "label": {"글": str(row)}}) + "\n")


def check(folder):
    from datasets import Image, load_from_disk

    dataset = load_from_disk(str(folder))
    bare = dataset.cast_column("image", Image(decode=False))
    spots = range(0, len(bare), 97)
    document = {
        "len": len(dataset),
        "bytes": dataset.data.nbytes,
        "shards": len(dataset.cache_files),
        "first": list(dataset[0]["image"].size),
        "last": list(dataset[-1]["image"].size),
        "rows": [bare[at]["row"] for at in spots] == list(spots),
        "equal": all(hashlib.sha256(bare[at]["image"]["bytes"]).hexdigest() == bare[at]["hash"] for at in spots),
    }
    print(json.dumps(document))


if sys.argv[1] == "make":
    make(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
else:
    check(Path(sys.argv[2]))
