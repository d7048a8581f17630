"""Loads outputs with the trainers' own packages and prints what these see, as JSON: `load.py FORMAT FOLDER [FORMAT FOLDER]...`

Of each format `pages`: {page, size, boxes [[x1, y1, x2, y2]], texts, categories}, in pixels of the page as the trainer opens
it, and `problems`: what the package remarks, drops or would drop without a word. Further keys are the format's own.
"""

import importlib
import json
import os
import sys
import tempfile
import traceback

os.environ.update(
    HF_HOME=tempfile.mkdtemp(), HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", CUDA_VISIBLE_DEVICES="", YOLO_OFFLINE="true"
)
seen = {}
out, sys.stdout = sys.stdout, sys.stderr  # packages print
for name, folder in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        reader = importlib.import_module("read_" + name.replace("-", "_"))
        seen[name] = reader.read(folder)
    except Exception:
        seen[name] = {"pages": [], "problems": [traceback.format_exc()]}
json.dump(seen, out, ensure_ascii=False, default=lambda value: value.item())
out.flush()
os._exit(0)  # some trainers leave threads behind
