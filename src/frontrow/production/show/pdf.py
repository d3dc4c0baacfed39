"""A plain PDF of text pages in Courier, for printers and phones; the HTML report is the pretty one."""

from __future__ import annotations

_WIDTH, _HEIGHT, _MARGIN, _SIZE, _LEADING = 842, 595, 36, 8, 10  # A4 landscape, in points
LINES = (_HEIGHT - 2 * _MARGIN) // _LEADING
COLUMNS = int((_WIDTH - 2 * _MARGIN) / (_SIZE * 0.6))


def to_pdf(lines: list[str]) -> bytes:
    """Pages of the lines, cut at the page's width; characters outside of Latin-1 become question marks."""
    pages = [lines[i : i + LINES] for i in range(0, len(lines), LINES)] or [[]]
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    kids = []
    for page in pages:
        stream = _stream(page)
        objects.append(f"<< /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream")
        content = len(objects)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {_WIDTH} {_HEIGHT}] /Contents {content} 0 R "
            f"/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    for offset in offsets:
        out += f"{offset:010d} 00000 n \n".encode()
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def _stream(lines: list[str]) -> bytes:
    parts = [f"BT /F1 {_SIZE} Tf {_LEADING} TL {_MARGIN} {_HEIGHT - _MARGIN} Td".encode()]
    for line in lines:
        text = line[:COLUMNS].replace("–", "-").replace("…", "...").encode("cp1252", "replace")
        for old, new in ((b"\\", b"\\\\"), (b"(", b"\\("), (b")", b"\\)")):
            text = text.replace(old, new)
        parts.append(b"(" + text + b") '")
    return b"\n".join([*parts, b"ET"])
