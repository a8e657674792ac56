"""Compound files (OLE 2) and workbooks of Excel 97, written from scratch: streams by their paths, records of cells."""

import struct

_END, _FREE, _TABLE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def compound(streams):
    """A compound file of these streams, such as `{"Workbook": b"…", "folder/part": b"…"}`; small ones share sectors."""
    sectors, follows = [], []

    def put(data):
        start = len(sectors)
        for at in range(0, len(data), 512):
            sectors.append(data[at : at + 512].ljust(512, b"\0"))
            follows.append(len(sectors))
        if not data:
            return _END
        follows[-1] = _END
        return start

    small, small_follows, entries = b"", [], [["Root Entry", 5, [], _END, 0]]
    folders = {"": 0}
    for path, data in streams.items():
        parent = ""
        for depth in range(1, len(path.split("/")) + 1):
            here = "/".join(path.split("/")[:depth])
            if here not in folders:
                folders[here] = len(entries)
                entries[folders[parent]][2].append(len(entries))
                entries.append([here.rpartition("/")[2], 1, [], 0, 0])
            parent = here
        entry = entries[folders[path]]
        entry[1], entry[4] = 2, len(data)
        if len(data) >= 4096:
            entry[3] = put(data)
        else:
            entry[3] = len(small_follows) if data else _END
            count = -(-len(data) // 64)
            small_follows += [len(small_follows) + each for each in range(1, count)] + [_END] * bool(count)
            small += data.ljust(count * 64, b"\0")
    entries[0][3], entries[0][4] = put(small), len(small)
    table = put(
        struct.pack(f"<{len(small_follows)}I", *small_follows).ljust(-(-len(small_follows) // 128) * 512, b"\xff")
    )
    listed = put(b"".join(_entry(entries, number) for number in range(len(entries))))
    count = 1
    while (len(sectors) + count) > count * 128:
        count += 1
    follows += [_TABLE] * count
    places = [len(sectors) + each for each in range(count)]
    sectors += [
        struct.pack("<128I", *(follows + [_FREE] * 128 * count)[at : at + 128]) for at in range(0, 128 * count, 128)
    ]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<9I", 0, count, listed, 0, 4096, table, -(-len(small_follows) // 128), _END, 0)
    return head + struct.pack("<109I", *(places + [_FREE] * 109)[:109]) + b"".join(sectors)


def _entry(entries, number):
    """128 bytes; the entries of a folder are chained to the right of each other."""
    name, kind, below, start, size = entries[number]
    siblings = next((each[2] for each in entries if number in each[2]), [number])
    after = siblings[siblings.index(number) + 1 :]
    raw = name.encode("utf-16-le")
    tree = struct.pack("<3I", _FREE, after[0] if after else _FREE, below[0] if below else _FREE)
    return (
        raw.ljust(64, b"\0")
        + struct.pack("<HBB", len(raw) + 2, kind, 1)
        + tree
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def record(kind, body=b""):
    return struct.pack("<2H", kind, len(body)) + body


def wide(text, count="<H"):
    return struct.pack(count, len(text)) + b"\x01" + text.encode("utf-16-le")


def number(row, column, style, value):
    return record(0x203, struct.pack("<3Hd", row, column, style, value))


def label(row, column, text):
    return record(0x204, struct.pack("<3H", row, column, 0) + wide(text))


def error(row, column, code):
    return record(0x205, struct.pack("<3H2B", row, column, 0, code, 1))


def xls(sheets, codes):
    """A workbook of Excel 97: the records of each sheet by its name; style n shows numbers by the n-th code."""
    begin = record(0x809, struct.pack("<4H", 0x600, 0x10, 0x1000, 1997) + bytes(8))
    head = record(0x809, struct.pack("<4H", 0x600, 5, 0x1000, 1997) + bytes(8)) + record(0x42, struct.pack("<H", 1200))
    for place, code in enumerate(codes):
        head += record(0x41E, struct.pack("<H", 164 + place) + wide(code))
    for place in range(len(codes)):
        head += record(0xE0, struct.pack("<2H", 0, 164 + place) + bytes(16))
    size = len(head) + sum(len(record(0x85, bytes(6) + wide(name, "<B"))) for name in sheets) + 4
    listed, parts = b"", b""
    for name, cells in sheets.items():
        listed += record(0x85, struct.pack("<I2B", size + len(parts), 0, 0) + wide(name, "<B"))
        parts += begin + cells + record(0x0A)
    return compound({"Workbook": (head + listed + record(0x0A) + parts).ljust(4096, b"\0")})
