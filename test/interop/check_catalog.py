"""Counts the rows of catalog.duckdb by partition, as any reader of the file would.

    check_catalog.py CATALOG    {version, counted: [[provider, dataset, task, variant, rows]], listed: the same}
"""

import json
import sys

import duckdb

catalog = duckdb.connect(sys.argv[1], read_only=True)
key = "provider, dataset, task, variant"
counted = catalog.sql(f"SELECT {key}, count(*) FROM catalog GROUP BY ALL ORDER BY {key}").fetchall()
listed = catalog.sql(f"SELECT {key}, rows FROM partitions ORDER BY {key}").fetchall()
text = catalog.sql("SELECT text FROM catalog WHERE text IS NOT NULL ORDER BY id LIMIT 1").fetchall()
print(json.dumps({"version": duckdb.__version__, "counted": counted, "listed": listed, "text": text}, ensure_ascii=False))
