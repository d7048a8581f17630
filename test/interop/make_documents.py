"""Writes encrypted PDFs, HEIC and JPEG 2000 to a folder, and what their samples are: make_documents.py FOLDER"""

import sys
from pathlib import Path

import numpy as np
import pikepdf
import pillow_heif
from PIL import Image

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
WIDTH, HEIGHT = 400, 300
grid = np.arange(HEIGHT * WIDTH, dtype=np.uint32).reshape(HEIGHT, WIDTH)
rgb = np.stack([grid % 256, grid // 7 % 256, grid // 31 % 256], -1).astype(np.uint8)
alpha = (grid % 200).astype(np.uint8)


def keep(name: str, samples: np.ndarray) -> None:
    np.save(folder / f"{name}.npy", samples)


def heic(name: str, image: Image.Image, **options: object) -> None:
    pillow_heif.from_pillow(image).save(folder / name, quality=90, **options)
    with_alpha = image.mode == "RGBA"
    read = pillow_heif.open_heif(folder / name, convert_hdr_to_8bit=False)
    keep(name, np.asarray(read.to_pillow().convert("RGBA" if with_alpha else "RGB")))


heic("colours.heic", Image.fromarray(rgb))
heic("alpha.heic", Image.fromarray(np.dstack([rgb, alpha])))
several = pillow_heif.from_pillow(Image.fromarray(rgb))
several.add_from_pillow(Image.fromarray(rgb[:100, :100]))
several.save(folder / "several.heic", quality=90, primary_index=0)
keep("several.heic", np.asarray(pillow_heif.open_heif(folder / "several.heic").to_pillow()))

deep = np.stack([grid * 13 % 65536, grid * 7 % 65536, grid % 65536], -1).astype(np.uint16)
whole = pillow_heif.from_bytes(mode="RGB;16", size=(WIDTH, HEIGHT), data=deep.tobytes())
whole.save(folder / "deep.heic", quality=-1)
keep("deep.heic", np.asarray(pillow_heif.open_heif(folder / "deep.heic", convert_hdr_to_8bit=False)))

for name, samples, options in [
    ("grey.jp2", rgb[:, :, 0], {}),
    ("colours.jp2", rgb, {}),
    ("alpha.jp2", np.dstack([rgb, alpha]), {}),
    ("grey-alpha.jp2", np.dstack([rgb[:, :, 0], alpha]), {}),
    ("stream-alpha.j2k", np.dstack([rgb, alpha]), {}),
    ("deep.jp2", (grid % 65536).astype(np.uint16), {}),
    ("lossy.jp2", rgb, {"irreversible": True, "quality_mode": "rates", "quality_layers": [10]}),
    ("stream.j2k", rgb, {}),
    ("tiled.jp2", rgb, {"tile_size": (128, 128), "num_resolutions": 3}),
]:
    Image.fromarray(samples).save(folder / name, **options)
    keep(name, np.asarray(Image.open(folder / name)))

for name, mode, image in [
    ("ycc.jp2", "RGB", Image.fromarray(rgb).convert("YCbCr")),
    ("inks.jp2", "CMYK", Image.frombytes("CMYK", (WIDTH, HEIGHT), np.dstack([rgb, alpha]).tobytes())),
]:
    image.save(folder / name)
    keep(name, np.asarray(Image.open(folder / name).convert(mode)))

pdf = pikepdf.new()
page = pdf.add_blank_page(page_size=(200, 100))
page.Contents = pikepdf.Stream(pdf, b"0 g 0 0 100 100 re f")
for revision, user in [(2, "secret"), (3, "secret"), (4, "secret"), (6, "비밀")]:
    encryption = pikepdf.Encryption(user=user, owner="owner", R=revision, aes=revision >= 4, metadata=revision >= 4)
    pdf.save(folder / f"encrypted-{revision}.pdf", encryption=encryption)
