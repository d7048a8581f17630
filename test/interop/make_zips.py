"""Zips as Python's zipfile and 7-Zip write them: make_zips.py FOLDER. `expected.json` has the SHA-256 of each file by name."""

import hashlib
import io
import json
import os
import subprocess
import sys
import unicodedata
import zipfile

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
NAMES = ["계약서/똠방각하.jpg", "계약서/2.jpg", "a.jpg", "영수증.jpg"]
FILES = {name: b"\xff\xd8\xff\xe0" + name.encode() + os.urandom(3000) + bytes(9000) for name in NAMES}
expected = {}


def place(name):
    return os.path.join(out, name)


def expect(zip_name, files=FILES):
    expected[zip_name] = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}


class Unseekable(io.RawIOBase):
    """As a pipe is: sizes stand behind each file."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def writable(self):
        return True

    def write(self, data):
        return self.file.write(data)


def by_zipfile(zip_name, spelling=lambda name: name, target=None, many=0):
    with zipfile.ZipFile(target or place(zip_name), "w") as made:
        made.comment = b"PK\x05\x06 a comment"
        for at, (name, data) in enumerate(FILES.items()):
            info = zipfile.ZipInfo(spelling(name), (2024, 2, 29, 1, 2, 4))
            info.compress_type = zipfile.ZIP_DEFLATED if at % 2 else zipfile.ZIP_STORED
            with made.open(info, "w", force_zip64=many > 0) as entry:
                entry.write(data)
        for at in range(many):
            made.writestr(f"notes/{at}.txt", b"")
    expect(zip_name)


by_zipfile("zipfile.zip")
by_zipfile("nfd.zip", lambda name: unicodedata.normalize("NFD", name))
by_zipfile("zip64.zip", many=66_000)
by_zipfile("streamed.zip", target=Unseekable(place("streamed.zip")))


def by_7zip(zip_name, *flags, encoding="utf-8"):
    """Files lie on the disk under names in this encoding; -mcl=on packs names as they are, as on Korean Windows."""
    folder = os.path.join(out, "files-" + encoding).encode()
    for name, data in FILES.items():
        path = os.path.join(folder, name.encode(encoding))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
    archive = os.path.abspath(place(zip_name))
    command = ["7z", "a", "-bd", "-tzip", *flags, archive, "."]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C"})
    expect(zip_name)


by_7zip("7zip.zip")
by_7zip("cp949.zip", "-mcl=on", encoding="cp949")
by_7zip("parts.zip", "-v5k")
expected["parts.zip.001"] = expected.pop("parts.zip")
by_7zip("encrypted.zip", "-pSecret", "-mem=AES256")
by_7zip("crypto.zip", "-pSecret", "-mem=ZipCrypto")
by_7zip("lzma.zip", "-mm=LZMA")

with open(place("expected.json"), "w") as file:
    json.dump(expected, file)
