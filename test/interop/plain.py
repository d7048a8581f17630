"""Values of any Python library as plain JSON: what the checkers print."""

import datetime
import decimal
import hashlib
import json
import math


def plain(value):
    """Missing is null whatever its kind; times are ISO text, decimals text; bytes their SHA-256; whole numbers beyond 2^53 text."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, str):
        return value
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    return value


def rows_of(columns):
    """`{name: values}` as plain rows."""
    names = list(columns)
    return [dict(zip(names, (plain(value) for value in row))) for row in zip(*columns.values())]


def report(document):
    print(json.dumps(document, ensure_ascii=False, allow_nan=False))
