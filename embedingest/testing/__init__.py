"""What every encoder, scorer, engine, loader, chunker and source owes, as checks anybody can run. Knows no plug-in.

In a plug-in's own tests one line runs them all under pytest:

    test_contract = contract("encoders", lambda: create(None, ModelConfig(path=FOLDER)))

`embedingest plugins check NAME` runs the same checks on an installed plug-in, without pytest.
"""

from embedingest.testing.contract import Check, checks, contract

__all__ = ["Check", "checks", "contract"]
