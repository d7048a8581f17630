"""Compares with pypdfium2, Pillow and pillow-heif what was made: check_documents.py RESULTS, a JSON of each a line.

PDF: {"pdf", "pages"?, "image"?, "source"?, "error"?}; image: {"image", "samples"}. Prints a JSON: what differs, and counts."""

import json
import sys
from collections import Counter

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = None
counts: Counter[str] = Counter()
differences: list[str] = []


def small(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L").resize((120, 120), Image.Resampling.BOX)).astype(int)


def drawn(page: pypdfium2.PdfPage, width: int, height: int) -> Image.Image:
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, pdfium.FPDFBitmap_BGRx)
    pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
    pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, pdfium.FPDF_ANNOT)
    return bitmap.to_pil().convert("RGB")


def check_pdf(result: dict) -> None:
    path = result["pdf"]
    try:
        document = pypdfium2.PdfDocument(path)
        pages, page = len(document), document[0]
    except pypdfium2.PdfiumError as error:
        refused = "error" in result or "reason" in result
        counts["refused by both" if refused else "refused by pypdfium2"] += 1
        if not refused:
            differences.append(f"{path}: opened, but pypdfium2 says {error}")
        return
    if "error" in result:
        counts["refused by us"] += 1
        differences.append(f"{path}: {result['error']}")
        return
    if pages != result["pages"]:
        differences.append(f"{path}: {result['pages']} pages, {pages} by pypdfium2")
    if "reason" in result:
        counts["page refused"] += 1
        differences.append(f"{path}: {result['reason']}")
        return
    ours = ImageOps.exif_transpose(Image.open(result["image"]))
    theirs = drawn(page, *ours.size)
    counts[result["source"]] += 1
    if result["source"] == "drawn":
        apart = np.abs(np.asarray(ours.convert("RGB")).astype(int) - np.asarray(theirs).astype(int))
        # Another compiler rounds the edges of glyphs in another way.
        counts["equal" if apart.max() <= 4 else "close"] += 1
        if apart.mean() >= 2:
            differences.append(f"{path}: {apart.mean():.1f} levels from pypdfium2")
    # Inks are mixed by everybody in another way; a negative is 200 apart.
    elif (worst := np.abs(small(ours) - small(theirs)).max()) > (60 if ours.mode == "CMYK" else 30):
        differences.append(f"{path}: the image is {worst} levels from the page as pypdfium2 draws it")


def check_image(result: dict) -> None:
    came = np.load(result["samples"])
    found = Image.open(result["image"])
    if found.mode == "RGB" and came.dtype == np.uint16:
        differences.append(f"{result['image']}: 8 of 16 bits are left")
        return
    made = np.asarray(found)
    if made.shape != came.shape:
        differences.append(f"{result['image']}: {made.shape} samples, {came.shape} came")
        return
    counts["image"] += 1
    worst = np.abs(made.astype(int) - came.astype(int)).max()
    if worst > result["tolerance"]:
        differences.append(f"{result['image']}: samples differ by {worst}")


for line in open(sys.argv[1], encoding="utf-8"):
    one = json.loads(line)
    (check_pdf if "pdf" in one else check_image)(one)
print(json.dumps({"differences": differences, "counts": counts}))
