"""Reads exported files with every library of the environment that can, and prints what each one sees.

    check_tables.py FILE...    {file: {library: rows}}; .parquet is Parquet, .arrow an Arrow IPC file
"""

import sys

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
from plain import report, rows_of


def of_arrow(table):
    return rows_of({name: table[name].to_pylist() for name in table.column_names})


def of_pandas(frame):
    return rows_of({name: frame[name].tolist() for name in frame.columns})


def read_parquet(path):
    connection = duckdb.connect()
    seen = connection.sql(f"SELECT * FROM read_parquet('{path}')")
    return {
        "pyarrow": of_arrow(pq.read_table(path)),
        "pandas": of_pandas(pd.read_parquet(path)),
        "polars": of_polars(pl.read_parquet(path)),
        "duckdb": rows_of(dict(zip(seen.columns, zip(*seen.fetchall())))),
    }


def read_arrow(path):
    with pa.memory_map(path) as source:
        table = pa.ipc.open_file(source).read_all()
        connection = duckdb.connect()
        seen = connection.sql("SELECT * FROM \"table\"")
        duck = rows_of(dict(zip(seen.columns, zip(*seen.fetchall()))))
        return {
            "pyarrow": of_arrow(table),
            "pandas": of_pandas(pd.read_feather(path)),
            "polars": of_polars(pl.read_ipc(path)),
            "polars, lazy": of_polars(pl.scan_ipc(path).collect()),
            "duckdb": duck,
        }


def of_polars(frame):
    return rows_of({name: frame[name].to_list() for name in frame.columns})


report({path: read_parquet(path) if path.endswith(".parquet") else read_arrow(path) for path in sys.argv[1:]})
