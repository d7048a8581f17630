"""Says where a download differs from its input, value by value: compare_tables.py INPUT OUTPUT [INPUT OUTPUT]..."""
import datetime as dt
import decimal
import json
import sys

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

D = decimal.Decimal


def read(path):
    if path.endswith(".parquet"):
        return pq.read_table(path)
    with pa.memory_map(path) as source:
        try:
            return ipc.open_file(source).read_all()
        except pa.ArrowInvalid:
            return ipc.open_stream(source).read_all()


def judges(path):
    """What other libraries read there, by column; what they hold is theirs, not pyarrow's."""
    if path.endswith(".parquet"):
        frame = pd.read_parquet(path, dtype_backend="pyarrow")
        others = pl.read_parquet(path)
        yield "pandas", lambda name: [None if value is pd.NA else value for value in frame[name].tolist()]
    else:
        with open(path, "rb") as file:
            is_file = file.read(6) == b"ARROW1"
        others = (pl.read_ipc if is_file else pl.read_ipc_stream)(path)
    yield "polars", lambda name: others[name].to_list()


def plain(value):
    """One form for a value of the input and what is stored of it."""
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.timezone.utc).replace(tzinfo=None) if value.tzinfo else value
        value = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
        return value.isoformat(sep=" ", timespec="microseconds")
    if isinstance(value, dt.time):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool) or value is None or isinstance(value, (str, bytes)):
        return value
    if isinstance(value, (int, float, D)):
        return D(repr(value)) if isinstance(value, float) else D(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value]


def inside(value, kind):
    """The value of a column that is stored as JSON."""
    if value is None:
        return None
    if pa.types.is_map(kind):
        return {key: inside(item, kind.item_type) for key, item in value}
    if pa.types.is_struct(kind):
        return {field.name: inside(value[field.name], field.type) for field in kind}
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return [inside(item, kind.value_type) for item in value]
    return plain(value)


def times(text, kind):
    """A time in JSON or in text, as `plain` writes it."""
    if text is None:
        return None
    if pa.types.is_map(kind):
        return {key: times(item, kind.item_type) for key, item in text.items()}
    if pa.types.is_struct(kind):
        return {field.name: times(text[field.name], field.type) for field in kind}
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return [times(item, kind.value_type) for item in text]
    if pa.types.is_timestamp(kind) and isinstance(text, str):
        return plain(dt.datetime.fromisoformat(text))
    if pa.types.is_time(kind) and isinstance(text, str):
        return plain(dt.time.fromisoformat(text))
    return plain(text)


def is_json(kind):
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return is_json(kind.value_type)
    return pa.types.is_struct(kind) or pa.types.is_map(kind)


def kept(kind):
    """The type that must come back; None where another is as good."""
    if pa.types.is_decimal(kind) or kind in (pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.bool_(), pa.date32()):
        return kind
    return None


found = []
for given, output in zip(sys.argv[1::2], sys.argv[2::2]):
    before, after = read(given), read(output)
    others = dict(judges(output))
    for field in before.schema:
        expected = before[field.name].to_pylist()
        if all(value is None for value in expected):
            continue
        got = after[field.name].to_pylist()
        if kept(field.type) not in (None, after.schema.field(field.name).type):
            found.append(f"{output}: {field} comes back as {after.schema.field(field.name).type}")
        if is_json(field.type):
            got = [value and json.loads(value, parse_float=D, parse_int=D) for value in got]
        wanted = [inside(value, field.type) for value in expected]
        answers = {"pyarrow": got}
        if not is_json(field.type):
            answers.update({judge: values_of(field.name) for judge, values_of in others.items()})
        for judge, values in answers.items():
            seen = [times(value, field.type) for value in values]
            for row, (a, b) in enumerate(zip(wanted, seen, strict=True)):
                if a != b:
                    found.append(f"{output}: {field}, row {row}: {a!r} became {b!r}, as {judge} reads it")
                    break
print(json.dumps(found, ensure_ascii=False))
