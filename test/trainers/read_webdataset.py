"""webdataset itself, then the stricter reader of datasets: it takes the fields from the first samples and refuses others."""

import glob
import tempfile

import datasets
import webdataset


def page(key, image, record):
    boxes = record["boxes"]
    return {
        "page": record["image"],
        "key": key,
        "size": list(image.size),
        "boxes": [box["xyxy"] for box in boxes],
        "texts": [box["text"] for box in boxes],
        "categories": [box["category"] for box in boxes],
    }


def read(folder):
    shards = sorted(glob.glob(f"{folder}/*.tar"))
    reader = webdataset.WebDataset(shards, shardshuffle=False, handler=webdataset.reraise_exception)
    samples = list(reader.decode("pil", handler=webdataset.reraise_exception))
    pages = [page(sample["__key__"], sample["jpg"], sample["json"]) for sample in samples]
    problems = [f"{key} has a dot" for key in (sample["__key__"] for sample in samples) if "." in key]
    with tempfile.TemporaryDirectory() as cache:
        rows = datasets.load_dataset("webdataset", data_files={"train": shards}, split="train", cache_dir=cache)
        again = [page(row["__key__"], row["jpg"], row["json"]) for row in rows]
    if again != pages:
        problems.append("datasets sees other pages")
    return {"pages": pages, "problems": problems}
