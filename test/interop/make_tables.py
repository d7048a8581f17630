"""Tables of random types, values, nestings and encodings, as Parquet and Arrow: make_tables.py FOLDER SEED COUNT"""
import datetime as dt
import decimal
import random
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)
rng = random.Random(seed)
ROWS = 60
D = decimal.Decimal
at = dt.datetime(2024, 5, 1, 9, 30, 0, 123456)


def whole(bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return lambda: rng.choice([low, high, 0, 1, rng.randint(low, high)])


def number(digits, scale):
    return lambda: D(rng.choice([1, -1]) * rng.randint(0, 10**digits - 1)).scaleb(-scale, decimal.Context(prec=50))


SCALARS = [
    *((getattr(pa, f"{name}{bits}")(), whole(bits, name == "int")) for name in ("int", "uint") for bits in (8, 16, 32, 64)),
    *((pa.decimal128(p, s), number(p, s)) for p, s in ((4, 2), (9, 0), (18, 6), (38, 0), (38, 20))),
    (pa.bool_(), lambda: rng.random() < 0.5),
    (pa.float32(), lambda: rng.choice([0.5, -1.25, 16777216.0])),
    (pa.float64(), lambda: rng.choice([0.1, 5e-324, 1.7976931348623157e308, rng.random()])),
    (pa.string(), lambda: rng.choice(["", "영수증 1", 'a "b"', "\\u0041", "1.10", "null", "x\ny"])),
    (pa.large_string(), lambda: rng.choice(["가", "b" * 100])),
    (pa.dictionary(pa.int8(), pa.string()), lambda: rng.choice(["가", "나"])),
    (pa.date32(), lambda: dt.date(rng.randint(1600, 9999), 1, 31)),
    (pa.date64(), lambda: dt.date(rng.randint(1900, 2100), 12, 31)),
    (pa.timestamp("s"), lambda: at.replace(microsecond=0)),
    (pa.timestamp("ms"), lambda: at.replace(microsecond=rng.randint(0, 999) * 1000)),
    (pa.timestamp("us"), lambda: at.replace(microsecond=rng.randint(0, 999999), year=rng.randint(1600, 2500))),
    (pa.timestamp("ns"), lambda: at.replace(microsecond=rng.randint(0, 999999))),
    (pa.timestamp("us", "Asia/Seoul"), lambda: at.replace(tzinfo=dt.timezone.utc)),
    (pa.time64("us"), lambda: dt.time(10, 0, 0, rng.choice([0, 500000, 1]))),
]


def nested(depth):
    if depth == 0:
        return rng.choice(SCALARS[:-1])
    kind = rng.choice(["list", "list", "fixed", "struct", "map"])
    inner, value = nested(depth - 1)
    maybe = lambda: None if rng.random() < 0.15 else value()  # noqa: E731
    if kind == "list":
        return pa.list_(inner), lambda: [maybe() for _ in range(rng.randint(0, 3))]
    if kind == "fixed":
        return pa.list_(inner, 2), lambda: [maybe(), maybe()]
    if kind == "map":
        return pa.map_(pa.string(), inner), lambda: [(key, maybe()) for key in ("k", "키")[: rng.randint(0, 2)]]
    other, more = nested(depth - 1)
    return pa.struct([("a", inner), ("나 b", other)]), lambda: {"a": maybe(), "나 b": more()}


for table_at in range(count):
    types = [*SCALARS, (pa.binary(), lambda: rng.choice([b"", b"\x00\xff"])), *(nested(rng.randint(1, 3)) for _ in range(15))]
    columns = {}
    for column_at, (kind, value) in enumerate(types):
        nulls = rng.choice([0, 0.2, 0.9])
        values = [None if rng.random() < nulls else value() for _ in range(ROWS)]
        columns[f"t{table_at}_c{column_at}"] = pa.array(values, kind)
    table = pa.table(columns)
    pq.write_table(
        table,
        folder / f"{table_at}.parquet",
        compression=rng.choice(["none", "snappy", "gzip", "zstd", "lz4", "brotli"]),
        use_dictionary=rng.random() < 0.5,
        data_page_version=rng.choice(["1.0", "2.0"]),
        row_group_size=rng.choice([7, 60]),
        data_page_size=rng.choice([64, 1 << 20]),
        write_statistics=rng.random() < 0.5,
        store_decimal_as_integer=rng.random() < 0.5,
    )
    options = ipc.IpcWriteOptions(compression=rng.choice([None, "lz4", "zstd"]))
    with ipc.new_file(folder / f"{table_at}.arrow", table.schema, options=options) as out:
        out.write_table(table, max_chunksize=rng.choice([9, 60]))
