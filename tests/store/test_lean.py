"""LanceDB without what a local table never needs: it goes along with that, or is imported as it is."""

from __future__ import annotations

import subprocess
import sys

from tests.depth import only_deep

MODELS = "lance_namespace_urllib3_client.models"


def printed(code):
    """What a process of its own prints: LanceDB is imported once."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_this_lancedb_needs_no_classes_of_catalogues_and_has_them_when_they_are_asked_for(tmp_path):
    """Where this fails a new LanceDB needs them: see what `needed` names, and what is left to spare."""
    code = (
        "import sys\nfrom embedingest.store.lean import load_lean\n"
        f"print(load_lean(), bool({{'{MODELS}', 'pandas', 'overrides'}} & set(sys.modules)))\n"
        "import lancedb, pyarrow as pa\n"
        f"table = lancedb.connect({str(tmp_path)!r}).create_table('t', pa.table({{'id': [1, 2]}}))\n"
        f"print(table.count_rows(), '{MODELS}' in sys.modules)\n"
        "print(lancedb.db.ListTablesResponse(tables=['t']).tables[0], isinstance(1, lancedb.db.ListTablesResponse))\n"
        f"print('{MODELS}' in sys.modules, load_lean(), pa.table({{'a': [1]}}).to_pandas().shape[0])"
    )
    assert printed(code) == ["True", "False", "2", "False", "t", "False", "True", "False", "1"]


@only_deep
def test_a_lancedb_that_does_not_go_along_is_imported_as_it_is():
    code = (
        "import sys\nfrom embedingest.store import lean\n"
        "class Refused(lean._StandIn):\n    def __init__(self, *_): raise TypeError('a later version')\n"
        "lean._StandIn = Refused\n"
        f"print(lean.load_lean(), lean.load_lean(), '{MODELS}' in sys.modules)\n"
        "import lancedb; print(lancedb.db.ListTablesResponse(tables=[]).tables)"
    )
    assert printed(code) == ["False", "False", "True", "[]"]
