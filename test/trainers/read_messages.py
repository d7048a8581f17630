"""TRL: datasets, and the collator for images and text, on single rows and on a mixed batch."""

import glob
import logging
import tempfile

import datasets
import tiny_vlm
from answers import IMAGE_PAD, pages_of, tokens_problem
from transformers import AutoProcessor
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling


def read(folder):
    logging.disable(logging.WARNING)
    pages, problems = [], []
    files = sorted(glob.glob(f"{folder}/*.parquet"))
    rows = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=tempfile.mkdtemp())
    processor = AutoProcessor.from_pretrained(tiny_vlm.build(tempfile.mkdtemp(), "qwen2_5_vl"))
    collate = DataCollatorForVisionLanguageModeling(processor)
    for row in rows:
        out = collate([row])
        ids, grids = out["input_ids"][0].tolist(), out.get("image_grid_thw", [])
        problems += tokens_problem(ids, grids, processor.image_processor.merge_size)
        problems += [] if len(grids) == len(row["images"]) else [f"{len(grids)} images of {len(row['images'])}"]
        text = processor.tokenizer.decode([token for token in ids if token != IMAGE_PAD])
        images = [(None, list(image.size), (1000, 1000)) for image in row["images"]]
        pages += pages_of(text.split("assistant\n")[-1].split("<|im_end|>")[0], images)
    collate([rows[at] for at in range(min(3, len(rows)))])
    return {"pages": pages, "problems": problems}
