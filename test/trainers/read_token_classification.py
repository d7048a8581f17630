"""datasets, then transformers' LayoutLMv3Processor with a tokenizer of bytes: as many labelled tokens as words."""

import glob
import json
import os
import tempfile

import datasets
from tiny_vlm import byte_chars
from transformers import LayoutLMv3ImageProcessor, LayoutLMv3Processor, LayoutLMv3TokenizerFast


def processor(folder):
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    json.dump({token: at for at, token in enumerate(special + byte_chars())}, open(f"{folder}/vocab.json", "w"))
    open(f"{folder}/merges.txt", "w").write("#version: 0.2\n")
    config = {"tokenizer_class": "LayoutLMv3Tokenizer", "model_max_length": 512}
    json.dump(config, open(f"{folder}/tokenizer_config.json", "w"))
    tokenizer = LayoutLMv3TokenizerFast.from_pretrained(folder, add_prefix_space=True)
    return LayoutLMv3Processor(LayoutLMv3ImageProcessor(apply_ocr=False), tokenizer)


def read(folder):
    pages, problems = [], []
    with tempfile.TemporaryDirectory() as work:
        os.mkdir(f"{work}/m")
        encode = processor(f"{work}/m")
        files = sorted(glob.glob(f"{folder}/*.parquet"))
        rows = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=f"{work}/c")
        names = rows.features["ner_tags"].feature.names
        for row in rows:
            words, boxes, tags = row["tokens"], row["bboxes"], row["ner_tags"]
            if words:
                out = encode(row["image"].convert("RGB"), words, boxes=boxes, word_labels=tags, truncation=False)
                labels = out["labels"]
                labels = labels[0] if isinstance(labels[0], list) else labels
                if sum(label != -100 for label in labels) != len(words):
                    problems.append(f"{row['id']}: another number of labelled tokens than words")
            pages.append(
                {
                    "page": row["id"],
                    "size": list(row["image"].size),
                    "boxes": [
                        [v * side / 1000 for v, side in zip(box, [*row["image"].size] * 2)] for box in boxes
                    ],
                    "texts": words,
                    "categories": [names[tag] for tag in tags],
                }
            )
    return {"pages": pages, "problems": problems}
