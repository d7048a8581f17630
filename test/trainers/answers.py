"""What a chat trainer's encoded row says of boxes."""

import json
import re

IMAGE_PAD = 151655


def pages_of(text, images):
    """Pages (`name`, `size`, and `space`: what coordinates count) with the boxes that the text says of each, in pixels."""
    items = json.JSONDecoder().raw_decode(text[re.search(r'\[(?=\{"(?:image|bbox_2d)"|\])', text).start() :])[0]
    pages = []
    for at, (name, size, space) in enumerate(images):
        of = [item for item in items if item.get("image", 0) == at]
        pages.append(
            {
                "page": name,
                "size": size,
                "boxes": [[v / unit * side for v, unit, side in zip(item["bbox_2d"], [*space] * 2, [*size] * 2)] for item in of],
                "texts": [item.get("text", "") for item in of],
                "categories": [item.get("label") for item in of],
            }
        )
    return pages


def tokens_problem(ids, grids, merge):
    """An image becomes as many tokens as its grid has; a place holder too few or too many shifts them."""
    wanted = sum(int(grid.prod()) // merge**2 for grid in grids)
    found = list(ids).count(IMAGE_PAD)
    return [] if found == wanted else [f"{found} image tokens, not {wanted}"]
