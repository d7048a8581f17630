"""LLaMA-Factory: dataset_info.json, its loader and converter, and the processor for supervised training."""

import importlib.machinery
import json
import logging
import os
import sys
import tempfile
import types

try:
    import torchaudio  # noqa: F401
except Exception:  # it is imported at the top and used for sounds only
    sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    sys.modules["torchaudio"].__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)

import tiny_vlm
from answers import IMAGE_PAD, pages_of
from llamafactory.data.loader import _load_single_dataset
from llamafactory.data.parser import get_dataset_list
from llamafactory.data.processor import SupervisedDatasetProcessor
from llamafactory.data.template import get_template_and_fix_tokenizer
from llamafactory.hparams import DataArguments
from PIL import Image
from transformers import AutoProcessor, AutoTokenizer

# As patch_processor sets them from the defaults of ModelArguments.
DEFAULTS = {
    "image_max_pixels": 768 * 768, "image_min_pixels": 32 * 32, "image_do_pan_and_scan": False, "crop_to_patches": False,
    "video_max_pixels": 65536, "video_min_pixels": 256, "video_fps": 2.0, "video_maxlen": 128, "use_audio_in_video": False,
    "audio_sampling_rate": 16000,
}


def read(folder):
    logging.disable(logging.ERROR)
    pages, problems = [], []
    tiny = tiny_vlm.build(tempfile.mkdtemp(), "qwen2_5_vl")
    for name in json.load(open(f"{folder}/dataset_info.json", encoding="utf-8")):
        arguments = DataArguments(template="qwen2_vl", dataset=name, dataset_dir=folder, overwrite_cache=True, preprocessing_num_workers=None, cutoff_len=1 << 20)
        model = types.SimpleNamespace(cache_dir=tempfile.mkdtemp(), hf_hub_token=None, ms_hub_token=None, om_hub_token=None)
        training = types.SimpleNamespace(local_process_index=0, dataloader_num_workers=0)
        rows = _load_single_dataset(get_dataset_list([name], folder)[0], model, arguments, training)
        tokenizer, processor = AutoTokenizer.from_pretrained(tiny), AutoProcessor.from_pretrained(tiny)
        for key, value in DEFAULTS.items():
            setattr(processor, key, value)
        template = get_template_and_fix_tokenizer(tokenizer, arguments)
        encode = SupervisedDatasetProcessor(template=template, tokenizer=tokenizer, processor=processor, data_args=arguments)
        for at, row in enumerate(rows):
            if not row["_prompt"] or not row["_response"]:
                problems.append(f"row {at} is left out")
                continue
            paths = row["_images"] or []
            problems += [f"{path} is missing" for path in paths if not os.path.isfile(path)]
            encoded = encode.preprocess_dataset({key: [row[key]] for key in rows.column_names})
            ids = encoded["input_ids"][0]
            text = tokenizer.decode([token for token in ids if token != IMAGE_PAD])
            problems += ["<image> is left in the text"] if "<image>" in text else []
            images = [(os.path.basename(path), list(Image.open(path).size), (1000, 1000)) for path in paths]
            pages += pages_of(text.split("assistant\n")[-1], images)
    return {"pages": pages, "problems": problems}
