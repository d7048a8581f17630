"""webdataset itself, then the stricter reader of datasets: it takes the fields from the first samples and refuses others."""

import glob
import tempfile

import datasets
import webdataset
from page_record import page


def keyed(key, image, record):
    return {"key": key, **page(image, record)}


def read(folder):
    shards = sorted(glob.glob(f"{folder}/*.tar"))
    reader = webdataset.WebDataset(shards, shardshuffle=False, handler=webdataset.reraise_exception)
    samples = list(reader.decode("pil", handler=webdataset.reraise_exception))
    pages = [keyed(sample["__key__"], sample["jpg"], sample["json"]) for sample in samples]
    problems = [f"{key} has a dot" for key in (sample["__key__"] for sample in samples) if "." in key]
    with tempfile.TemporaryDirectory() as cache:
        rows = datasets.load_dataset("webdataset", data_files={"train": shards}, split="train", cache_dir=cache)
        again = [keyed(row["__key__"], row["jpg"], row["json"]) for row in rows]
    if again != pages:
        problems.append("datasets sees other pages")
    return {"pages": pages, "problems": problems}
