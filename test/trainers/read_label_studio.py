"""label-studio-sdk: every prediction against label_config.xml, and its own converter to COCO, whose pixels are what is seen."""

import json
import logging
import os
import tempfile
from urllib.parse import unquote

from label_studio_sdk.converter import Converter
from label_studio_sdk.label_interface import LabelInterface
from PIL import Image


def read(folder):
    logging.disable(logging.CRITICAL)
    config = open(f"{folder}/label_config.xml", encoding="utf-8").read()
    interface = LabelInterface(config)
    interface.validate()
    tasks = json.load(open(f"{folder}/tasks.json", encoding="utf-8"))
    problems, done, sizes, texts = [], [], {}, {}
    for number, task in enumerate(tasks, 1):
        (prediction,) = task["predictions"]
        problems += [str(error) for error in interface.validate_prediction(prediction, return_errors=True)]
        file = unquote(task["data"]["image"].split("?d=", 1)[1])
        with Image.open(os.path.join(folder, file)) as image:
            sizes[number] = image.size
        for result in prediction["result"]:
            if (result["original_width"], result["original_height"]) != sizes[number]:
                problems.append(f"{file} is {sizes[number]}")
        labels = [result["id"] for result in prediction["result"] if result["type"] == "rectanglelabels"]
        said = {result["id"]: result["value"]["text"][0] for result in prediction["result"] if result["type"] == "textarea"}
        texts[number] = [said.get(label, "") for label in labels]
        annotation = {"id": number, "result": prediction["result"], "completed_by": {"id": 1}, "was_cancelled": False}
        done.append({"id": number, "data": task["data"], "annotations": [annotation]})
    with tempfile.TemporaryDirectory() as work:
        json.dump(done, open(f"{work}/in.json", "w"))
        converter = Converter(config=config, project_dir=None, download_resources=False)
        converter.convert_to_coco(f"{work}/in.json", output_dir=f"{work}/coco", is_dir=False)
        coco = json.load(open(f"{work}/coco/result.json"))
    names = {one["id"]: one["name"] for one in coco["categories"]}
    pages = []
    for at, image in enumerate(coco["images"], 1):
        found = [one for one in coco["annotations"] if one["image_id"] == image["id"]]
        pages.append(
            {
                "page": os.path.basename(unquote(image["file_name"])),
                "size": list(sizes[at]),
                "boxes": [[x, y, x + w, y + h] for x, y, w, h in (one["bbox"] for one in found)],
                "texts": texts[at],
                "categories": [names[one["category_id"]] for one in found],
            }
        )
    return {"pages": pages, "problems": problems}
