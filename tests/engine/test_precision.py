"""Which precisions are tried on a processor, and why others are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.engine import precision as precision_module
from embedingest.engine.precision import PRECISIONS, candidates, half_types, not_tried

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


@given(
    setting=st.sampled_from(["auto", "fp32", "bf16", "fp16", "int8"]),
    flags=FLAGS,
    pays=st.sets(st.sampled_from(["fp32", "bf16", "fp16", "int8"])),
)
def test_what_pays_in_rows_is_tried_with_short_texts_in_one_row_before_it_is_tried_without(setting, flags, pays):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(precision_module, "PAY_IN_ROWS", frozenset(pays))
        _check_forms(setting, flags, pays)


def _check_forms(setting, flags, pays):
    forms = [precision.form for precision in candidates(setting, flags, in_rows=True)]
    assert forms == list(dict.fromkeys(forms))
    assert all(PRECISIONS[form].form == form for form in forms)
    alone = [form for form in forms if not PRECISIONS[form].in_rows]
    assert alone == [precision.form for precision in candidates(setting, flags)]
    for form in alone:
        before = forms[forms.index(form) - 1] if forms.index(form) else ""
        assert (before == f"{form}-rows") == (form in pays)


def test_16_bit_types_are_tried_by_policy():
    assert half_types("auto", bf16=True) == ("float16", "bfloat16")
    assert half_types("auto", bf16=False) == ("float16",)
    assert half_types("bf16", bf16=False) == half_types("fp32", bf16=True) == ()
