"""datasets' imagefolder, as donut's DonutDataset reads it: gt_parse is an object, gt_parses a list of them."""

import json
import tempfile

import datasets


def read(folder):
    pages, problems = [], []
    with tempfile.TemporaryDirectory() as cache:
        for row in datasets.load_dataset(folder, split="train", cache_dir=cache):
            truth = json.loads(row["ground_truth"])
            parses = truth["gt_parses"] if "gt_parses" in truth else [truth["gt_parse"]]
            if not all(isinstance(parse, dict) for parse in parses):
                problems.append(f"{truth} is no gt_parse")
            items = [item for parse in parses for item in parse.get("items", [])]
            pages.append(
                {
                    "page": None,
                    "size": list(row["image"].size),
                    "texts": [item["text"] for item in items],
                    "categories": [item.get("category") for item in items],
                    "answers": [[parse["question"], parse["answer"]] for parse in parses if "question" in parse],
                }
            )
    return {"pages": pages, "problems": problems}
