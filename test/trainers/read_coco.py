"""pycocotools: loads, and scores the annotations against themselves: AP is not 1 with an annotation 0 or an empty box."""

import glob
import os

from PIL import Image, ImageOps
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def read(folder):
    pages, problems = [], []
    for path in sorted(glob.glob(f"{folder}/annotations/*.json")):
        truth = COCO(path)
        for image in truth.imgs.values():
            with Image.open(os.path.join(folder, "images", image["file_name"])) as opened:
                if opened.size != (image["width"], image["height"]):
                    problems.append(f"{image['file_name']} is {opened.size}")
            found = truth.loadAnns(truth.getAnnIds(imgIds=[image["id"]]))
            for one in found:
                truth.annToMask(one)
            boxes = [[x, y, x + w, y + h] for x, y, w, h in (one["bbox"] for one in found)]
            pages.append(
                {
                    "page": image["file_name"],
                    "size": [image["width"], image["height"]],
                    "boxes": boxes,
                    "texts": [one.get("text", "") for one in found],
                    "categories": [truth.cats[one["category_id"]]["name"] for one in found],
                }
            )
        if truth.anns:
            guess = [{k: one[k] for k in ("image_id", "category_id", "bbox")} | {"score": 0.9} for one in truth.anns.values()]
            score = COCOeval(truth, truth.loadRes(guess), "bbox")
            score.params.maxDets = [1, 10, 1000]
            score.evaluate()
            score.accumulate()
            precision = score.eval["precision"][..., 0, -1]
            ap = float(precision[precision > -1].mean())
            if ap < 0.9999:
                problems.append(f"scored against itself AP is {ap}")
    return {"pages": pages, "problems": problems}
