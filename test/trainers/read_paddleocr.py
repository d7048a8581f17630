"""ppocr's SimpleDataSet with the encoders of the training configurations. It never fails for a line that it cannot use but
takes another: here each line is looked at, and one that is not usable is a problem."""

import importlib.util
import logging
import os
import sys
import types

sys.path.insert(0, os.path.dirname(importlib.util.find_spec("paddleocr").origin))  # the wheel carries ppocr inside

from ppocr.data.imaug import transform
from ppocr.data.simple_dataset import SimpleDataSet

DECODE = {"DecodeImage": {"img_mode": "BGR", "channel_first": False}}


def lines(folder, file, steps, problems, **settings):
    config = {
        "Global": {"max_text_length": 25, "use_space_char": True, **settings},
        "Eval": {
            "dataset": {"name": "SimpleDataSet", "data_dir": f"{folder}/", "label_file_list": [f"{folder}/{file}"], "transforms": [DECODE, *steps]},
            "loader": {"shuffle": False},
        },
    }
    data = SimpleDataSet(config, "Eval", logging.getLogger("ppocr"))
    for line in data.data_lines:
        parts = line.decode("utf-8").strip("\n").split(data.delimiter)
        name, label = data._try_parse_filename_list(parts[0]), parts[1]
        with open(os.path.join(folder, name), "rb") as image:
            given = {"img_path": name, "label": label, "image": image.read(), "ext_data": [], "filename": name}
        out = transform(given, data.ops)
        if len(parts) != 2 or out is None:
            problems.append(f"{file}: not usable: {line}")
        else:
            yield name, label, out, data.ops


class Tokenizer:
    """A token for each letter, where PaddleOCR would fetch LayoutXLM's."""

    padding_side, pad_token_type_id, pad_token_id = "right", 0, 1

    @classmethod
    def from_pretrained(cls, *_):
        return cls()

    def encode(self, text, **_):
        count = len(text.replace(" ", "")) + 2
        return {"input_ids": list(range(count)), "token_type_ids": [0] * count, "attention_mask": [1] * count}


def stand_in():
    module = types.ModuleType("paddlenlp")
    module.transformers = types.ModuleType("paddlenlp.transformers")
    for name in ("LayoutXLMTokenizer", "LayoutLMTokenizer", "LayoutLMv2Tokenizer"):
        setattr(module.transformers, name, Tokenizer)
    sys.modules.update({"paddlenlp": module, "paddlenlp.transformers": module.transformers})


def read(folder):
    problems, pages, read_texts, entities = [], [], [], 0
    keep = {"KeepKeys": {"keep_keys": ["image", "polys", "texts", "ignore_tags"]}}
    for name, _, (image, polys, texts, ignored), _ in lines(folder, "det_train.txt", [{"DetLabelEncode": None}, keep], problems):
        pages.append(
            {
                "page": name,
                "size": [image.shape[1], image.shape[0]],
                "boxes": [[float(v) for v in (*poly.min(axis=0), *poly.max(axis=0))] for poly in polys],
                "texts": ["" if ignore else text for text, ignore in zip(texts, ignored)],
            }
        )
    keep = {"KeepKeys": {"keep_keys": ["image", "label", "length"]}}
    # As the note of the download asks for.
    longest = max(len(line.rstrip("\n").split("\t")[1]) for line in open(f"{folder}/rec_train.txt", encoding="utf-8"))
    encode = [{"CTCLabelEncode": None}, keep]
    given = {"character_dict_path": f"{folder}/dict.txt", "max_text_length": longest}
    for _, label, _, steps in lines(folder, "rec_train.txt", encode, problems, **given):
        read_texts.append(label)
        problems += [f"dict.txt lacks {letter!r}" for letter in label if letter not in steps[1].dict]
    stand_in()
    settings = {"contains_re": True, "algorithm": "LayoutXLM", "class_path": f"{folder}/class_list.txt", "order_method": "tb-yx"}
    keep = {"KeepKeys": {"keep_keys": ["image", "bbox", "labels", "entities"]}}
    for name, _, (_, boxes, labels, found), _ in lines(folder, "kie_train.txt", [{"VQATokenLabelEncode": settings}, keep], problems):
        entities += len(found)
        if len(boxes) != len(labels) or any(not 0 <= v <= 1000 for box in boxes for v in box):
            problems.append(f"{name}: boxes of key information do not fit")
    return {"pages": pages, "problems": problems, "read": read_texts, "entities": entities}
