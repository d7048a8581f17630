"""The record of a page in formats that hold both as one sample."""


def page(image, record):
    boxes = record["boxes"]
    return {
        "page": record["image"],
        "size": list(image.size),
        "boxes": [box["xyxy"] for box in boxes],
        "texts": [box["text"] for box in boxes],
        "categories": [box["category"] for box in boxes],
    }
