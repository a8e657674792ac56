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


def _stored(properties):
    """Streams of the properties of variable length, and the entries of those of a fixed one: by (number, type)."""
    streams, fixed = {}, b""
    for (which, kind), value in properties.items():
        if kind in {0x1E, 0x1F, 0x102}:
            raw = value.encode("utf-16-le") if kind == 0x1F else value
            streams[f"__substg1.0_{which:04X}{kind:04X}"] = raw
            fixed += struct.pack("<HHIQ", kind, which, 6, len(raw))
        else:
            fixed += struct.pack("<HHI8s", kind, which, 6, struct.pack("<Q", value))
    return streams, fixed


def msg(properties, attached=(), recipients=(), names=b"", folder=""):
    """A message of Outlook; what is attached is properties, or a message's `(properties, attached)`."""
    streams, fixed = _stored(properties)
    found = {f"{folder}{name}": raw for name, raw in streams.items()}
    found[f"{folder}__properties_version1.0"] = bytes(24 if folder else 32) + fixed
    if names:
        found["__nameid_version1.0/__substg1.0_00030102"] = names
    for number, each in enumerate(recipients):
        streams, fixed = _stored(each)
        here = f"{folder}__recip_version1.0_#{number:08X}/"
        found |= {here + name: raw for name, raw in streams.items()} | {
            here + "__properties_version1.0": bytes(8) + fixed
        }
    for number, each in enumerate(attached):
        here = f"{folder}__attach_version1.0_#{number:08X}/"
        if isinstance(each, tuple):
            found |= msg(*each, folder=f"{here}__substg1.0_3701000D/") | {here + "__properties_version1.0": bytes(8)}
            continue
        streams, fixed = _stored(each)
        found |= {here + name: raw for name, raw in streams.items()} | {
            here + "__properties_version1.0": bytes(8) + fixed
        }
    return found if folder else compound(found)


def packed(properties, attached=()):
    """What Outlook packs for itself; each attachment is its name and its bytes, or what is packed in it."""
    out = (
        b"\x78\x9f\x3e\x22\x01\0"
        + _attribute(0x69007, struct.pack("<II", 1252, 0))
        + _attribute(0x69003, _listed(properties))
    )
    for name, data in attached:
        out += _attribute(0x69002, bytes(14))
        inner = data.startswith(b"\x78\x9f\x3e\x22")
        out += b"" if inner else _attribute(0x6800F, data)
        out += _attribute(
            0x69005, _listed({(0x3707, 0x1F): name} | ({(0x3701, 0x0D): bytes(16) + data} if inner else {}))
        )
    return out


def _attribute(kind, body):
    return struct.pack("<BII", 1, kind, len(body)) + body + struct.pack("<H", sum(body) & 0xFFFF)


def _listed(properties):
    out = struct.pack("<I", len(properties))
    for (which, kind), value in properties.items():
        out += struct.pack("<HH", kind, which & 0xFFFF)
        if which > 0xFFFF:  # known by a number of its own set
            out = (
                out[:-2] + struct.pack("<H", 0x8000 + len(out) % 1000) + bytes(16) + struct.pack("<II", 0, which >> 16)
            )
        if kind in {0x1E, 0x1F, 0x102, 0x0D}:
            raw = value.encode("utf-16-le") if kind == 0x1F else value
            out += struct.pack("<II", 1, len(raw)) + raw.ljust(-(-len(raw) // 4) * 4, b"\0")
        else:
            out += struct.pack("<Q", value)[: 8 if kind == 0x40 else 4]
    return out
