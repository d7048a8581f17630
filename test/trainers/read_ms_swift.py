"""ms-swift: its loader as in training, which drops rows with no more than a line in the log, and the templates of
Qwen2.5-VL (coordinates in pixels of the resized page) and Qwen3-VL (thousandths)."""

import copy
import json
import logging
import os
import tempfile

os.environ.setdefault("MODELSCOPE_CACHE", tempfile.mkdtemp())
os.environ.setdefault("QWENVL_BBOX_FORMAT", "new")

import tiny_vlm
from answers import IMAGE_PAD, pages_of, tokens_problem
from PIL import Image
from swift.dataset import load_dataset
from swift.model import get_processor
from swift.template import get_template


def read(folder):
    logging.disable(logging.INFO)
    file = f"{folder}/train.jsonl"
    problems, seen = [], {}
    rows = load_dataset([file], split_dataset_ratio=0.0, num_proc=1, load_from_cache_file=False, strict=False)[0]
    lines = [json.loads(line) for line in open(file, encoding="utf-8")]
    if len(rows) != len(lines):
        problems.append(f"{len(rows)} rows of {len(lines)}")
    for kind in ("qwen2_5_vl", "qwen3_vl"):
        processor = get_processor(tiny_vlm.build(tempfile.mkdtemp(), kind), model_type=kind)
        template = get_template(processor, template_type=kind, max_length=1 << 20)
        template.set_mode("train")
        patch, merge = processor.image_processor.patch_size, processor.image_processor.merge_size
        seen[kind] = []
        for at, line in enumerate(lines):
            row = {key: value for key, value in copy.deepcopy(rows[at]).items() if value is not None and key != "dataset"}
            encoded = template.encode(row, return_template_inputs=True)
            grids = encoded.get("image_grid_thw", [])
            problems += tokens_problem(encoded["input_ids"], grids, merge)
            text = processor.tokenizer.decode([token for token in encoded["input_ids"] if token != IMAGE_PAD])
            problems += [f"{tag} is left in the text" for tag in ("<bbox>", "<ref-object>") if tag in text]
            images = []
            for path, grid in zip(line["images"], grids):
                space = (1000, 1000) if kind == "qwen3_vl" else (int(grid[2]) * patch, int(grid[1]) * patch)
                images.append((os.path.basename(path), list(Image.open(path).size), space))
            seen[kind] += pages_of(text.split("assistant\n")[-1], images)
    return {"pages": seen["qwen3_vl"], "resized": seen["qwen2_5_vl"], "problems": problems}
