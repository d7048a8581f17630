"""Writes one row of values without a type, as each library infers it: null, and lists of null.

    make_open.py OUT JSON      JSON: a list of the values, which become c0, c1...
"""

import json
import sys
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
folder.mkdir(parents=True)
columns = {f"c{at}": [value] for at, value in enumerate(json.loads(sys.argv[2]))}
table = pa.table(columns)
assert str(table.schema.field("c0").type) == "list<item: null>", table.schema
pq.write_table(table, folder / "pyarrow.parquet")
feather.write_feather(table, folder / "pyarrow.feather")
with pa.ipc.new_stream(folder / "pyarrow.arrow", table.schema) as writer:
    writer.write_table(table)
made = datasets.Dataset.from_dict(columns)
made.save_to_disk(folder / "saved")
made.to_parquet(folder / "datasets.parquet")
