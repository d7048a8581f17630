"""pylance: random access, a filter on Korean text, and datasets' own reader of Lance, which must see the same pages."""

import glob
import io
import json
import tempfile

import datasets
import lance
from page_record import page
from PIL import Image


def read(folder):
    (path,) = glob.glob(f"{folder}/*.lance")
    data = lance.dataset(path)
    count = data.count_rows()
    rows = data.take(list(range(count))[::-1]).to_pylist()[::-1]
    pages = [page(Image.open(io.BytesIO(row["image"])), json.loads(row["label"])) for row in rows]
    problems = [] if data.version == 1 or len(data.versions()) == 1 else ["there are versions of a part"]
    if [(row["width"], row["height"]) for row in rows] != [tuple(one["size"]) for one in pages]:
        problems.append("columns say other sizes")
    found = data.count_rows(filter="label LIKE '%계약서%'")
    if found != sum("계약서" in row["label"] for row in rows) or found == 0:
        problems.append(f"a filter finds {found} rows")
    with tempfile.TemporaryDirectory() as cache:
        again = datasets.load_dataset(path, split="train", cache_dir=cache)
        if [page(row["image"], json.loads(row["label"])) for row in again] != pages:
            problems.append("datasets sees other pages")
    return {"pages": pages, "problems": problems}
