"""Makes some hundred odd and broken image files, the same on every run: python make_odd_images.py FOLDER.

Formats, depths, alphas, profiles, orientations, pages, damages. A name says the kind; what is right for a file is what
Pillow says of it (check_odd_images.py).
"""

import sys
from pathlib import Path

from odd_bmp import bmps, no_images
from odd_jpeg import broken_jpegs, jpegs
from odd_kit import FILES
from odd_others import others
from odd_png import broken_pngs, pngs
from odd_old_jpeg import old_jpegs
from odd_tiff import broken_tiffs, tiffs

for make in (jpegs, broken_jpegs, pngs, broken_pngs, others, tiffs, broken_tiffs, bmps, no_images, old_jpegs):
    make()
folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, data in FILES.items():
    (folder / name).write_bytes(data)
print(len(FILES))
