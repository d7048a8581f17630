"""Tables of types that few writers use, with what a row must give back: make_odd_tables.py FOLDER"""
import datetime as dt
import decimal
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
at = dt.datetime(2024, 5, 1, 9, 30)
cases = []


def add(name, table, formats=("arrow", "parquet"), rows=None, refused=None):
    for ending in formats:
        path = folder / f"{name}.{ending}"
        if ending == "parquet":
            pq.write_table(table, path)
        else:
            with ipc.new_file(path, table.schema) as out:
                out.write_table(table)
        cases.append({"file": path.name, "rows": rows, "refused": refused})


seconds = pa.timestamp("s")
text = "2024-05-01 09:30:00"
add("seconds", pa.table({"v": pa.array([at, None], seconds)}), rows=[text, None])
add("seconds_list", pa.table({"v": pa.array([[at, None], None], pa.list_(seconds))}), rows=[[text, None], None])
add("seconds_fixed", pa.table({"v": pa.array([[at, at]], pa.list_(seconds, 2))}), rows=[[text, text]])
struct = pa.struct([("t", seconds), ("d", pa.date64()), ("n", pa.int64())])
add(
    "seconds_struct",
    pa.table({"v": pa.array([{"t": at, "d": at, "n": 1}, None], struct)}),
    rows=[json.dumps({"t": text, "d": "2024-05-01", "n": 1}, separators=(",", ":")), None],
)
add("seconds_map", pa.table({"v": pa.array([[("k", at)]], pa.map_(pa.string(), seconds))}), rows=[f'{{"k":"{text}"}}'])
add("date64", pa.table({"v": pa.array([at.date()], pa.date64())}), rows=["2024-05-01"])
nan = float("nan")
add("nan_map", pa.table({"v": pa.array([[("k", nan)]], pa.map_(pa.string(), pa.float64()))}), rows=['{"k":null}'])
floats = pa.struct([("x", pa.list_(pa.float32()))])
add("float_struct", pa.table({"v": pa.array([{"x": [0.1, nan]}], floats)}), rows=['{"x":[0.1,null]}'])
add("decimal256", pa.table({"v": pa.array([decimal.Decimal("1.12")], pa.decimal256(40, 2))}), refused="40 digits")
names = pa.struct([("a", pa.int64()), ("A", pa.int64())])
add("case_struct", pa.table({"v": pa.array([{"a": 1, "A": 2}], names)}), refused="in case")
add("case_columns", pa.table([pa.array([1]), pa.array([2])], names=["v", "V"]), refused="in case|would both be stored|same name")
add("list_view", pa.table({"v": pa.array([[1]], pa.list_view(pa.int64()))}), ("arrow",), refused="ListView")
runs = pa.RunEndEncodedArray.from_arrays(pa.array([2], pa.int32()), pa.array([7]))
add("run_end", pa.table({"v": runs}), ("arrow",), refused="RunEndEncoded")
both = pa.UnionArray.from_dense(pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array([1]), pa.array(["x"])])
add("union", pa.table({"v": both}), ("arrow",), refused="union")
add("no_columns", pa.table({}), refused="no columns|no rows|cannot be read as Parquet")
deep = pa.array([1])
for _ in range(30):
    deep = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), deep)
add("deep", pa.table({"v": deep}), refused="30 levels")

fine = dt.datetime(2024, 5, 1, 9, 30, 0, 123456)
add("nanoseconds", pa.table({"v": pa.array([fine, None], pa.timestamp("ns"))}), rows=["2024-05-01 09:30:00.123456", None])
add("finer", pa.table({"v": pa.array([1714555800123456789], pa.timestamp("ns"))}), rows=["2024-05-01 09:30:00.123456789"])
for name, value, rows, refused in (("old", 1714555800123456000, ["2024-05-01 09:30:00.123456"], None), ("old_finer", 1, None, "INT96")):
    old = pa.table({"v": pa.array([value], pa.timestamp("ns"))})
    pq.write_table(old, folder / f"{name}.parquet", use_deprecated_int96_timestamps=True)
    cases.append({"file": f"{name}.parquet", "rows": rows, "refused": refused})
zoned = pa.table({"v": pa.array([1714555800123456789, -1], pa.timestamp("ns", "Asia/Seoul"))})
add("finer_zone", zoned, rows=["2024-05-01 09:30:00.123456789", "1969-12-31 23:59:59.999999999"])
exact = "12345678901234567890.12"
add("decimal", pa.table({"v": pa.array([[decimal.Decimal("1.25")]], pa.list_(pa.decimal128(38, 2)))}), rows=[[1.25]])
money = pa.struct([("v", pa.decimal128(38, 2)), ("u", pa.uint64())])
add("decimal_struct", pa.table({"v": pa.array([{"v": decimal.Decimal(exact), "u": 2**64 - 1}], money)}), rows=[f'{{"v":{exact},"u":{2**64 - 1}}}'])

# Values behind a dictionary are what they are without one, and so are the keys of maps.
add("dictionary_seconds", pa.table({"v": pa.array([at, None, at], seconds).dictionary_encode()}), rows=[text, None, text])
add("dictionary_date64", pa.table({"v": pa.array([at.date()], pa.date64()).dictionary_encode()}), rows=["2024-05-01"])
listed = pa.ListArray.from_arrays(pa.array([0, 2], pa.int32()), pa.array([at, None], seconds).dictionary_encode())
add("dictionary_list", pa.table({"v": listed}), rows=[[text, None]])
wide = pa.DictionaryArray.from_arrays(pa.array([0]), pa.array([decimal.Decimal("1.5")], pa.decimal256(50, 1)))
add("dictionary_decimal256", pa.table({"v": wide}), ("arrow",), refused="50 digits")
lists = pa.DictionaryArray.from_arrays(pa.array([0]), pa.array([[1]]))
add("dictionary_of_lists", pa.table({"v": lists}), ("arrow",), refused="a dictionary of lists")
add("key_seconds", pa.table({"v": pa.array([[(at, 1)]], pa.map_(seconds, pa.int64()))}), rows=[f'{{"{text}":1}}'])
zoned = pa.map_(pa.timestamp("us", "Asia/Seoul"), pa.int64())
add("key_zoned", pa.table({"v": pa.array([[(at, 1)]], zoned)}), rows=[f'{{"{text}":1}}'])
for kind, value in ((pa.int64(), 1), (pa.float64(), 0.5), (seconds, at)):
    twice = pa.array([[("a", value), ("a", value)]], pa.map_(pa.string(), kind))
    add(f"key_twice_{kind}".replace("[", "_").replace("]", ""), pa.table({"v": twice}), refused="a key twice")
one = pa.array([0.5])
add("unnamed", pa.table({"v": pa.StructArray.from_arrays([one], [""])}), refused="a field without a name")
add("nul_field", pa.table({"v": pa.StructArray.from_arrays([one], ["a\0b"])}), ("arrow",), refused="a field whose name has a NUL")
for at_file, unit in enumerate(("s", "ms")):
    part = folder / "durations"
    part.mkdir(exist_ok=True)
    table = pa.table({"v": pa.array([1], pa.duration(unit))})
    with ipc.new_file(part / f"{at_file}.arrow", table.schema) as out:
        out.write_table(table)
cases.append({"file": "durations", "rows": None, "refused": "durations in seconds in .* but durations in milliseconds"})

# Files of one upload whose types differ: they meet exactly.
for at_file, unit in enumerate(("s", "us")):
    part = folder / "units"
    part.mkdir(exist_ok=True)
    table = pa.table({"v": pa.array([at], pa.timestamp(unit))})
    with ipc.new_file(part / f"{at_file}.arrow", table.schema) as out:
        out.write_table(table)
cases.append({"file": "units", "rows": [text, text], "refused": None})
late = folder / "late"
late.mkdir(exist_ok=True)
for name, table in (("0", pa.table({"k": [1]})), ("1", pa.table({"k": [2], "v": pa.array([at], seconds)}))):
    with ipc.new_file(late / f"{name}.arrow", table.schema) as out:
        out.write_table(table)
cases.append({"file": "late", "rows": [None, text], "refused": None})
# Types that do not meet, and shards whose lists are all empty, which pyarrow writes without a type.
for name, tables, rows, refused in (
    ("rounding", ([2**53 + 1], [0.5]), None, "0.arrow but DOUBLE in .*1.arrow"),
    ("open", ([["x"]], [[]], [[None]]), [["x"], [], [None]], None),
):
    part = folder / name
    part.mkdir(exist_ok=True)
    for at_file, values in enumerate(tables):
        table = pa.table({"v": values})
        with ipc.new_file(part / f"{at_file}.arrow", table.schema) as out:
            out.write_table(table)
        (folder / f"{name}-parquet").mkdir(exist_ok=True)
        pq.write_table(table, folder / f"{name}-parquet" / f"{at_file}.parquet")
    cases.append({"file": name, "rows": rows, "refused": refused})
    cases.append({"file": f"{name}-parquet", "rows": rows, "refused": refused and refused.replace("arrow", "parquet")})
(folder / "cases.json").write_text(json.dumps(cases))
