"""Which precisions are tried on a processor, and why others are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.engine.precision import candidates, half_types, not_tried

FLAGS = st.sets(st.sampled_from(["avx2", "avx512_bf16", "amx_bf16", "avx512_fp16", "asimdhp"]))
SETTINGS = st.sampled_from(["auto", "fp32", "bf16", "fp16"])


@given(setting=SETTINGS, flags=FLAGS)
def test_fp32_is_always_the_last_resort_and_nothing_is_both_tried_and_not(setting, flags):
    tried = [precision.name for precision in candidates(setting, flags)]
    assert tried[-1] == "fp32"
    assert not {entry["form"] for entry in not_tried(setting, flags)} & set(tried)


@pytest.mark.parametrize(
    ("setting", "flags", "names"),
    [
        ("auto", ["amx_bf16", "avx512_fp16"], ["bf16", "bf16-linears", "fp32"]),
        ("fp16", ["amx_bf16", "avx512_fp16"], ["fp16", "fp32"]),
        ("bf16", ["avx2"], ["fp32"]),
        ("int8", ["amx_bf16"], ["int8"]),
    ],
)
def test_what_is_tried_follows_the_setting_and_the_processor(setting, flags, names):
    assert [precision.name for precision in candidates(setting, flags)] == names


def test_16_bit_types_are_tried_by_policy():
    assert half_types("auto", bf16=True) == ("float16", "bfloat16")
    assert half_types("auto", bf16=False) == ("float16",)
    assert half_types("bf16", bf16=False) == half_types("fp32", bf16=True) == ()
