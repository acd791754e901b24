"""Makes the fonts of this folder; README.md says how to run it and where its inputs come from."""

import subprocess
import sys
from pathlib import Path

noto, dejavu, unihan = map(Path, sys.argv[1:4])
here = Path(__file__).parent


def span(*ranges):
    return {c for first, last in ranges for c in range(first, last + 1)}


# ASCII, Latin-1, Latin Extended-A, modifier letters.
latin = span((0x20, 0x7E), (0xA0, 0x17F), (0x2C6, 0x2DD))
# Punctuation, letterlike, number forms, arrows, mathematics, box drawing, shapes, dingbats.
signs = span((0x2000, 0x206F), (0x20A0, 0x20BF), (0x2100, 0x214F), (0x2150, 0x218B),
             (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2300, 0x23FF), (0x2460, 0x24FF),
             (0x2500, 0x25FF), (0x2600, 0x266F), (0x2700, 0x27BF), (0xFFFC, 0xFFFD))
# CJK punctuation, kana, enclosed and compatibility signs, full-width forms.
cjk = span((0x3000, 0x30FF), (0x3200, 0x33FF), (0xFE10, 0xFE1F), (0xFE30, 0xFE4F),
           (0xFF00, 0xFFEF))
# All of GB 2312, with its Greek and Cyrillic.
gb2312 = {ord(bytes([r, c]).decode("gb2312", "ignore") or " ")
          for r in range(0xA1, 0xF8) for c in range(0xA1, 0xFF)}
# The Table of General Standard Chinese Characters (通用规范汉字表), as Unihan gives it.
general = {int(line.split("\t")[0][2:], 16) for line in unihan.open(encoding="utf-8")
           if "\tkTGH\t" in line}
assert len(general) == 8105, len(general)

for source, name, wanted, features in [
    (noto / "400Regular/NotoSansSC_400Regular.ttf", "NotoSansSC-Regular.ttf",
     latin | signs | cjk | gb2312 | general, "ccmp,locl,kern,mark,halt,palt"),
    (noto / "700Bold/NotoSansSC_700Bold.ttf", "NotoSansSC-Bold.ttf",
     latin | signs | cjk | gb2312 | general, "ccmp,locl,kern,mark,halt,palt"),
    (dejavu / "DejaVuSansMono.ttf", "DejaVuSansMono.ttf", latin | span(
        (0x2010, 0x2027), (0x2190, 0x2199), (0x2500, 0x257F), (0xFFFD, 0xFFFD)), "ccmp"),
]:
    subprocess.run([
        "pyftsubset", source, f"--output-file={here / name}",
        "--unicodes=" + ",".join(f"{c:X}" for c in sorted(wanted)),
        f"--layout-features={features}", "--no-hinting", "--desubroutinize",
        "--drop-tables+=STAT,vhea,vmtx,gasp,prep", "--name-IDs=0,1,2,3,4,5,6,7,8,13,14",
        "--notdef-outline", "--no-recalc-timestamp",
    ], check=True)
