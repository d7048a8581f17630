"""ultralytics: data.yaml, every label file by its own verifier, and YOLODataset. What it drops or repairs is a problem."""

import glob
import os
import shutil
import tempfile

os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.mkdtemp())

from ultralytics.data.dataset import YOLODataset
from ultralytics.data.utils import check_det_dataset, img2label_paths, verify_image_label


def read(folder):
    pages, problems = [], []
    with tempfile.TemporaryDirectory() as work:
        copy = shutil.copytree(folder, f"{work}/x")  # it writes caches beside the labels
        data = check_det_dataset(f"{copy}/data.yaml", autodownload=False)
        names = [data["names"][at] for at in sorted(data["names"])]
        files = sorted(glob.glob(f"{data['train']}/*.*"))
        for image, label in zip(files, img2label_paths(files)):
            found = verify_image_label((image, label, "", False, len(names), 0, 0, False))
            _, lines, shape, *_, message = found[:10]
            problems += [message] if message else []
            height, width = shape
            boxes = [[(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height] for _, x, y, w, h in lines.tolist()]
            pages.append(
                {
                    "page": os.path.basename(image),
                    "size": [width, height],
                    "boxes": boxes,
                    "categories": [names[int(line[0])] for line in lines],
                }
            )
        dataset = YOLODataset(img_path=data["train"], data=data, task="detect", augment=False, imgsz=640, batch_size=1, prefix="")
        if len(dataset) != len(pages):
            problems.append(f"{len(dataset)} pages of {len(pages)}")
    return {"pages": pages, "problems": problems}
