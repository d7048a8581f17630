"""Reads rows from a server with every library of the environment, and prints what each one sees.

    read_http.py URL QUERY    {how: rows}; QUERY is what stands behind the path: `search?tasks=ocr`, `query?sql=...`
"""

import io
import json
import sys
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.json
import pyarrow.parquet as pq
import requests
from plain import plain, report, rows_of

base, query = sys.argv[1:]


def at(format):
    """The URL that gives the rows in a format: for libraries that take nothing else."""
    return f"{base}/{query}&format={format}"


def post(accept):
    """The same by POST and Accept."""
    path, text = query.split("?")
    body = dict(parse_qsl(text))
    if path == "search":
        lists = ("providers", "datasets", "tasks", "variants")
        body = {name: value.split(",") if name in lists else value for name, value in body.items()}
    return requests.post(f"{base}/{path}", json=body, headers={"accept": accept}, stream=True).raw


def of_arrow(table):
    return rows_of({name: table[name].to_pylist() for name in table.column_names})


def of_pandas(frame):
    return rows_of({name: frame[name].tolist() for name in frame.columns})


def of_polars(frame):
    return rows_of({name: frame[name].to_list() for name in frame.columns})


def of_duckdb(relation):
    return rows_of(dict(zip(relation.columns, zip(*relation.fetchall()))))


ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
streamed = pa.ipc.open_stream(post(ARROW)).read_all()
lines = [json.loads(line) for line in urlopen(at("ndjson"))]

report(
    {
        "pandas, parquet": of_pandas(pd.read_parquet(at("parquet"))),
        "pandas, POST parquet": of_pandas(pd.read_parquet(io.BytesIO(post(PARQUET).read()))),
        "pandas, csv": of_pandas(pd.read_csv(at("csv"), keep_default_na=False)),
        "pandas, ndjson": of_pandas(pd.read_json(at("ndjson"), lines=True, dtype=False)),
        "polars, csv": of_polars(pl.read_csv(at("csv"))),
        "polars, ndjson": of_polars(pl.read_ndjson(at("ndjson"))),
        "polars, arrow": of_polars(pl.read_ipc_stream(urlopen(at("arrow")))),
        "polars, parquet": of_polars(pl.read_parquet(at("parquet"))),
        "polars, lazy": of_polars(pl.scan_parquet(at("parquet")).collect()),
        "pyarrow, POST arrow": of_arrow(streamed),
        "pyarrow, arrow": of_arrow(pa.ipc.open_stream(urlopen(at("arrow"))).read_all()),
        "pyarrow, parquet": of_arrow(pq.read_table(io.BytesIO(post(PARQUET).read()))),
        "pyarrow, csv": of_arrow(pa.csv.read_csv(io.BytesIO(urlopen(at("csv")).read()))),
        "pyarrow, ndjson": of_arrow(pa.json.read_json(io.BytesIO(urlopen(at("ndjson")).read()))),
        "duckdb, arrow": of_duckdb(duckdb.connect().sql("SELECT * FROM streamed")),
        "requests, json": [plain(row) for row in requests.get(at("json")).json()["rows"]],
        "requests, ndjson": [plain(row) for row in lines],
    }
)
