"""Writes the inputs that test/interop/inputs.test.ts uploads, as Python libraries write them.

    make_inputs.py plain OUT      pandas, polars, pyarrow
    make_inputs.py datasets OUT   Hugging Face datasets of this environment
"""

import datetime
import decimal
import json
import shutil
import struct
import sys
import unicodedata
import zlib
from pathlib import Path

KOREAN = ["가맹점 영수증", None, "계약서"]
LABELS = [{"b": 1, "a": "가", "boxes": [[1, 2], [3, 4]]}, {"b": 2, "a": None, "boxes": []}, None]


def png(seed, size=8):
    """A small PNG; different seeds give different pixels."""
    raw = b"".join(b"\0" + bytes((seed * 37 + x * (y + 1)) % 256 for x in range(size * 3)) for y in range(size))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def arrow_table():
    import pyarrow as pa

    seoul = datetime.timezone(datetime.timedelta(hours=9))
    at = [datetime.datetime(2024, 5, 1, 9, 30, tzinfo=seoul), None, datetime.datetime(2024, 5, 2, tzinfo=seoul)]
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return pa.table(
        {
            "text": pa.array(KOREAN),
            "large": pa.array(KOREAN, pa.large_string()),
            "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
            "at": pa.array(at, pa.timestamp("us", "Asia/Seoul")),
            "at_ns": pa.array([datetime.datetime(2024, 5, 1, 0, 30)] * 3, pa.timestamp("ns")),
            "day": pa.array([datetime.date(2024, 5, 1)] * 3, pa.date32()),
            "day64": pa.array([datetime.date(2024, 5, 1)] * 3, pa.date64()),
            "boxes": pa.array([[[1, 2], [3, 4]], None, []], pa.list_(pa.list_(pa.int64()))),
            "words": pa.array([["가", "나"], None, []], pa.large_list(pa.large_string())),
            "fixed": pa.array([[1.5, 2.5], None, [3.5, 4.5]], pa.list_(pa.float32(), 2)),
            "label": pa.array(
                LABELS,
                pa.struct([("b", pa.int32()), ("a", pa.string()), ("boxes", pa.list_(pa.list_(pa.int32())))]),
            ),
            "objects": pa.array([[{"score": 0.5}], None, []], pa.list_(pa.struct([("score", pa.float32())]))),
            "small": pa.array([1, None, -3], pa.int8()),
            "huge": pa.array([1, 2**64 - 1, None], pa.uint64()),
            "id64": pa.array([1, 2**63 - 1, None], pa.uint64()),
            "price": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("3")], pa.decimal128(10, 2)),
            "flag": pa.array([True, None, False]),
            "nothing": pa.nulls(3),
            "image": pa.array(
                [{"bytes": png(1), "path": "a.png"}, None, {"bytes": png(2), "path": "b.png"}], image
            ),
        }
    )


LISTS = [[1, 2], None, [], [3, None, 1], [None], [2]]


def image_lists(element, wrap):
    """Rows of lists of images, an element of which may be none."""
    import pyarrow as pa

    cell = lambda n: n and {"bytes": png(n), "path": f"{n}.png"}
    value = lambda n: cell(n) if pa.types.is_struct(element) else n and png(n)
    return pa.array([row if row is None else [value(n) for n in row] for row in LISTS], wrap(element))


def make_lists(out):
    import pyarrow as pa
    import pyarrow.parquet as pq

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    large = pa.struct([("path", pa.large_string()), ("bytes", pa.large_binary())])
    fixed = pa.array([[{"bytes": png(n), "path": None}] * 2 if n else None for n in (1, None, 2)], pa.list_(image, 2))
    tables = {
        "plain": image_lists(image, pa.list_),
        "large": image_lists(large, pa.large_list),
        "bytes": image_lists(pa.binary(), pa.list_),
        "fixed": fixed,
    }
    for name, images in tables.items():
        table = pa.table({"n": range(len(images)), "images": images})
        pq.write_table(table, out / f"lists-{name}.parquet", row_group_size=4, write_batch_size=1, data_page_size=1)
        options = dict(version="2.6", data_page_version="2.0", use_dictionary=False)
        pq.write_table(table, out / f"lists-{name}-v2.parquet", compression="zstd", **options)
        for codec in (None, "lz4", "zstd"):
            options = pa.ipc.IpcWriteOptions(compression=codec)
            with pa.ipc.new_file(out / f"lists-{name}-{codec}.arrow", table.schema, options=options) as writer:
                writer.write_table(table.slice(0, 2))
                writer.write_table(table.slice(2))
            with pa.ipc.new_stream(out / f"lists-{name}-{codec}-stream.arrow", table.schema, options=options) as writer:
                writer.write_table(table)


def make_plain(out):
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    import pyarrow.feather as feather
    import pyarrow.parquet as pq

    make_lists(out)
    table = arrow_table()
    pq.write_table(table, out / "pyarrow.parquet")
    pq.write_table(table, out / "pyarrow-v2.parquet", version="2.6", data_page_version="2.0", compression="zstd")
    for codec in ("none", "gzip", "brotli", "lz4", "snappy", "zstd"):
        pq.write_table(table.select(["text", "image"]), out / f"codec-{codec}.parquet", compression=codec)
    pq.write_table(
        table.select(["text", "image"]),
        out / "encoding-delta.parquet",
        use_dictionary=False,
        column_encoding={"image.bytes": "DELTA_LENGTH_BYTE_ARRAY"},
    )
    for codec in (None, "lz4", "zstd"):
        options = pa.ipc.IpcWriteOptions(compression=codec)
        for kind, create in (("stream", pa.ipc.new_stream), ("file", pa.ipc.new_file)):
            with create(out / f"pyarrow-{kind}-{codec or 'plain'}.arrow", table.schema, options=options) as writer:
                writer.write_table(table.slice(0, 2))
                writer.write_table(table.slice(2))
    feather.write_feather(table, out / "pyarrow.feather")

    frame = pd.DataFrame(
        {
            "text": KOREAN,
            "kind": pd.Categorical(["x", "y", "x"]),
            "at": pd.to_datetime(["2024-05-01 09:30", None, "2024-05-02 00:00"]).tz_localize("Asia/Seoul"),
            "count": [1, None, 3],
            "words": [["가", "나"], None, []],
            "label": LABELS,
            "image": [png(1), None, png(2)],
        }
    )
    frame.to_parquet(out / "pandas.parquet")
    big = pd.DataFrame({"n": range(3000), "image": [png(n) + bytes([n % 251]) * 3000 for n in range(3000)]})
    big.to_parquet(out / "pandas-3000.parquet")

    polars = pl.DataFrame(
        {
            "text": KOREAN,
            "at": pl.Series(["2024-05-01T00:30", None, "2024-05-01T15:00"]).str.to_datetime().dt.replace_time_zone("UTC"),
            "words": [["가", "나"], None, []],
            "objects": [[{"score": 0.5}], None, []],
            "image": [png(1), None, png(2)],
        }
    ).with_columns(kind=pl.Series(["x", "y", "x"], dtype=pl.Categorical))
    polars.write_parquet(out / "polars.parquet")
    for codec in ("uncompressed", "lz4", "zstd"):
        polars.write_ipc(out / f"polars-{codec}.arrow", compression=codec)
    pq.write_table(table.slice(0, 0), out / "empty.parquet")

    with open(out / "labels.jsonl", "w", encoding="utf-8") as lines:
        for name, label in zip(("영수증 1.png", "하위/쪽.png", "none.png"), LABELS):
            lines.write(json.dumps({"source_name": name, "label": label}, ensure_ascii=False) + "\n")
    pd.DataFrame(
        {
            "source_name": ["영수증 1.png", "하위/쪽.png"],
            "label": [json.dumps(label, ensure_ascii=False) for label in LABELS[:2]],
            "zip": ["00123", "04524"],
            "score": [0.5, 1],
        }
    ).to_csv(out / "labels.csv", index=False)
    make_folders(out, pd)


def make_folders(out, pd):
    # names as a Mac writes them (decomposed) and as Linux does
    names = ["영수증 1.png", unicodedata.normalize("NFD", "계약서.png"), "하위/쪽.png"]
    for kind in ("plain", "jsonl", "csv", "parquet"):
        folder = out / f"images-{kind}"
        for seed, name in enumerate(names):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(seed))
        # metadata names files composed, whatever the file system has
        meta = pd.DataFrame(
            {"file_name": [unicodedata.normalize("NFC", name) for name in names], "text": KOREAN}
        )
        if kind == "jsonl":
            meta.to_json(folder / "metadata.jsonl", orient="records", lines=True, force_ascii=False)
        if kind == "csv":
            meta.to_csv(folder / "metadata.csv", index=False)
        if kind == "parquet":
            meta.to_parquet(folder / "metadata.parquet")


def make_datasets(out):
    import datasets
    from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Sequence, Value

    local = out / "local.png"
    local.write_bytes(png(3))
    features = Features(
        {
            "id": Value("int32"),
            "image": Image(),
            "category": ClassLabel(names=["영수증", "계약서"]),
            "words": Sequence(Value("string")),
            "boxes": Sequence(Sequence(Value("int64"), length=2)),
            "objects": [{"text": Value("string"), "score": Value("float32")}],
            "meta": {"b": Value("int64"), "a": Value("string")},
        }
    )
    objects = [[{"text": "가", "score": 0.1}], [], [{"text": "나", "score": 0.5}, {"text": "다", "score": 1.0}]]
    rows = {
        "id": [1, 2, 3],
        "image": [{"bytes": png(1), "path": "a.png"}, None, {"bytes": None, "path": str(local)}],
        "category": [0, 1, 0],
        "words": [["가", "나"], [], ["다"]],
        "boxes": [[[1, 2], [3, 4]], [], [[5, 6]]],
        "objects": objects,
        "meta": [{"b": 1, "a": "가"}, {"b": 2, "a": None}, {"b": 3, "a": "나"}],
    }
    dataset = Dataset.from_dict(rows, features=features)
    dataset.to_parquet(str(out / "dataset.parquet"))
    dataset.save_to_disk(str(out / "saved"))
    make_old(out)
    lists = {"n": list(range(6)), "before": [[png(n)] if n else [] for n in range(6)], "after": [[png(n)] for n in range(1, 7)]}
    listed = Features({"n": Value("int32"), "before": Sequence(Image()), "after": [Image()]})
    Dataset.from_dict(lists, features=listed).save_to_disk(str(out / "lists"))
    Dataset.from_dict(lists, features=listed).to_parquet(str(out / "lists.parquet"))
    DatasetDict({"train": dataset.select([0, 2]), "test": dataset.select([1])}).save_to_disk(str(out / "dict"))
    Dataset.from_dict({"id": []}, features=Features({"id": Value("int32")})).save_to_disk(str(out / "empty"))
    # the cache folder that load_dataset leaves
    (out / "lines.jsonl").write_text('{"id": 1, "text": "가"}\n{"id": 2, "text": "나"}\n', encoding="utf-8")
    datasets.load_dataset("json", data_files=str(out / "lines.jsonl"), cache_dir=str(out / "cache"))


def make_old(out):
    """As datasets before 2.8 saved: one dataset.arrow, and `_indexes` in state.json."""
    folder = out / "old"
    shutil.copytree(out / "saved", folder)
    (folder / "data-00000-of-00001.arrow").rename(folder / "dataset.arrow")
    state = json.loads((folder / "state.json").read_text())
    state |= {"_data_files": [{"filename": "dataset.arrow"}], "_indexes": {}}
    (folder / "state.json").write_text(json.dumps(state))


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    {"plain": make_plain, "datasets": make_datasets}[sys.argv[1]](folder)
