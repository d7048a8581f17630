"""mosaicml-streaming: LocalDataset and StreamingDataset. Its readers need four names of torch, for which a stand-in serves."""

import io
import json
import os
import shutil
import sys
import tempfile

try:
    import torch  # noqa: F401
except ImportError:
    import torch_standin  # noqa: F401
from page_record import page
from PIL import Image
from streaming import LocalDataset, StreamingDataset
from streaming.base.util import clean_stale_shared_memory


def page_of(sample):
    image = Image.open(io.BytesIO(sample["image"]))
    image.load()
    return page(image, json.loads(sample["label"]))


def read(folder):
    local = LocalDataset(folder)
    pages = [page_of(local[at]) for at in range(len(local))]
    clean_stale_shared_memory()
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder, f"{copy}/x")
        streamed = [page_of(one) for one in StreamingDataset(local=f"{copy}/x", remote=None, shuffle=False, batch_size=1)]
    return {"pages": pages, "problems": [] if streamed == pages else ["streamed pages differ"]}
