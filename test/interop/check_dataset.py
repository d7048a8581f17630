"""Loads exported datasets with the `datasets` of the environment, uses them as a training does, and prints what it sees.

    check_dataset.py OUTPUT...    {outputs: {output: {...}}, joined: {...}}

A folder is a saved dataset, a .parquet file is loaded as one. The first two outputs are also joined.
"""

import sys
import tempfile
import warnings

warnings.simplefilter("ignore")

import datasets
from datasets import ClassLabel, Dataset, concatenate_datasets, load_from_disk
from datasets import Image as ImageFeature
from plain import plain, report, rows_of

datasets.disable_progress_bar()


def kind_of(feature):
    """What a feature means, in words that all versions share: the lists changed their names."""
    if isinstance(feature, ImageFeature):
        return "image"
    if isinstance(feature, ClassLabel):
        return {"names": feature.names}
    if isinstance(feature, dict):
        return {name: kind_of(inner) for name, inner in feature.items()}
    if isinstance(feature, list):
        return [kind_of(feature[0])]
    return [kind_of(feature.feature)] if hasattr(feature, "feature") else feature.dtype


def decode(image):
    """The size of an image, or those of a list of them."""
    if image is None:
        return None
    if isinstance(image, list):
        return [decode(one) for one in image]
    image.load()
    return list(image.size)


def bare_feature(feature):
    """The feature with images as bytes and paths; the same for one without images."""
    if isinstance(feature, ImageFeature):
        return ImageFeature(decode=False)
    if isinstance(feature, list):
        return [bare_feature(feature[0])]
    inner = getattr(feature, "feature", None)
    return type(feature)(bare_feature(inner)) if isinstance(inner, ImageFeature) else feature


def holds_images(feature):
    inner = feature[0] if isinstance(feature, list) else getattr(feature, "feature", feature)
    return isinstance(inner, ImageFeature)


def look_at(output, cache):
    saved = not output.endswith(".parquet")
    dataset = load_from_disk(output) if saved else Dataset.from_parquet(output, cache_dir=cache)
    seen = {
        "len": len(dataset),
        "features": {name: kind_of(feature) for name, feature in dataset.features.items()},
    }
    bare = dataset
    for name, feature in dataset.features.items():
        if holds_images(feature):
            bare = bare.cast_column(name, bare_feature(feature))
    seen["rows"] = [plain(row) for row in bare]
    frame = bare.to_pandas()
    seen["pandas"] = rows_of({name: frame[name].tolist() for name in frame.columns})
    if len(dataset) > 0:
        mapped = dataset.map(lambda row, at: {"mapped": at}, with_indices=True)
        seen["mapped"] = [len(mapped), sorted(set(mapped.features) - set(dataset.features)), mapped[-1]["mapped"]]
        if saved:  # map has left its cache file in the folder
            seen["reloaded"] = len(load_from_disk(output))
    if "image" in dataset.features:
        seen["sizes"] = [dataset[at]["image"] and decode(dataset[at]["image"]) for at in range(len(dataset))]
    images = [name for name, feature in dataset.features.items() if holds_images(feature)]
    seen["decoded"] = {name: [decode(row[name]) for row in dataset] for name in images}
    return seen


def join(outputs):
    """Two exports as one dataset: which rows it has, and whether the images of both decode."""
    joined = concatenate_datasets([load_from_disk(output) for output in outputs])
    names = [row["source_name"] for row in joined.remove_columns("image")]
    return {"names": names, "sizes": [decode(joined[at]["image"]) for at in range(len(joined))]}


with tempfile.TemporaryDirectory() as cache:
    seen = {output: look_at(output, cache) for output in sys.argv[1:]}
    report({"outputs": seen, "joined": join(sys.argv[1:3])})
