"""Reads many rows from a URL in each format and prints how many there are, all distinct.

    read_http_count.py URL
"""

import json
import sys
from urllib.request import urlopen

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.ipc
from plain import report

url = sys.argv[1] + "&format="

report(
    {
        "json": len({row["n"] for row in json.load(urlopen(url + "json"))["rows"]}),
        "ndjson": len({json.loads(line)["n"] for line in urlopen(url + "ndjson")}),
        "csv": pl.read_csv(url + "csv")["n"].n_unique(),
        "arrow": len(pa.ipc.open_stream(urlopen(url + "arrow")).read_all()["n"].unique()),
        "parquet": int(pd.read_parquet(url + "parquet")["n"].nunique()),
    }
)
