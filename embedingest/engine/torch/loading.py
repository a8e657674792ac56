"""What holds of weights once transformers has loaded them: none made up, each with its shape, every number finite.

A tensor that a file lacks is filled with random numbers by transformers, which only logs it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.settings_files import REMEDY
from embedingest.engine.folder.tensors import WeightsError, check_tensors, not_finite, unfit, without_digits
from embedingest.engine.folder.tokenizer import FastTokenizer
from embedingest.engine.gate import VARIED_TEXTS
from embedingest.engine.torch.stored import as_stored
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["check_finite", "device_of", "load_whole"]

_log = logging.getLogger(__name__)

Report = dict[str, Any]  # `missing_keys`, `unexpected_keys` and `mismatched_keys`, as transformers answers them

_UNUSED: Final = ("pooler.",)  # no pooling of ours reads what the pooler gives
_MOST_TIMES: Final = 4  # an encoder may be half of the model that its settings describe
_MOST_MARKS: Final = 64
_ODD_TEXTS: Final = (
    " a space before",
    "Tab\tand\n\nnew  lines ",
    "ÀÉÎõü ﬁne ½ ﬀ",
    "x\u200by\u00adz",
    "don't can’t",
    "日本語テキスト",
)
_loading = threading.Lock()


def load_whole(folder: ModelFolder, build: Callable[[dict[str, Any]], Any], *, attention: str | None = None) -> Any:
    """What `build` makes of a folder by sentence-transformers, held against the files before and after.

    Its weights stay in the type of their files. `build` is given the settings of the library's loaders; `attention`
    names an attention implementation of transformers. Raises ModelLoadError.
    """
    check_tensors(folder)
    check_known(folder)
    check_size(folder)
    with quiet(), reports() as told:
        model = _built(folder, build, attention)
    check_report(folder, told)
    check_finite(folder, model)
    check_words(folder, model.tokenizer)
    return model


def _built(folder: ModelFolder, build: Callable[[dict[str, Any]], Any], attention: str | None) -> Any:
    import torch

    # transformers would compute in the stored type, and half precision on a CPU is slow and inexact.
    arguments: dict[str, Any] = {"dtype": torch.float32, "use_safetensors": True, "ignore_mismatched_sizes": True}
    arguments |= {"attn_implementation": attention} if attention is not None else {}
    settings: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False, "model_kwargs": arguments}
    try:
        with as_stored():
            return build(settings | {"config_kwargs": folder.told or None})
    except Exception as error:
        raise ModelLoadError(
            f"sentence-transformers cannot load {folder.path}: {type(error).__name__}: {error}",
            remedy="copy or pull the model again",
        ) from error


def device_of(setting: str) -> str:
    """The device of a setting; `auto` takes a GPU that torch can use."""
    import torch

    if setting != "auto":
        return setting
    return "cuda" if torch.cuda.is_available() else "cpu"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No progress bars on standard error while weights are read."""
    import transformers

    progress: Any = transformers.utils.logging

    was_shown = progress.is_progress_bar_enabled()
    progress.disable_progress_bar()
    try:
        yield
    finally:
        if was_shown:
            progress.enable_progress_bar()


@contextlib.contextmanager
def reports() -> Iterator[list[Report]]:
    """What transformers says of each model that this thread loads inside: which tensors it did not find.

    sentence-transformers drops that answer, so it is asked for on the way.
    """
    import transformers

    base: Any = transformers.PreTrainedModel
    told: list[Report] = []
    thread = threading.get_ident()
    with _loading:
        plain = base.__dict__["from_pretrained"]

        def telling(cls: Any, *args: Any, **settings: Any) -> Any:
            load = plain.__get__(None, cls)
            if threading.get_ident() != thread or settings.get("output_loading_info"):
                return load(*args, **settings)
            model, report = load(*args, **settings, output_loading_info=True)
            told.append(report)
            return model

        base.from_pretrained = classmethod(telling)
        try:
            yield told
        finally:
            base.from_pretrained = plain


def check_report(folder: ModelFolder, told: Sequence[Report]) -> None:
    """Raises ModelLoadError where a tensor was not in the files, or in another shape, or belongs to more layers."""
    if not told:
        raise ModelLoadError(
            f"transformers did not say which weights of {folder.path} it found, so they cannot be relied on",
            remedy="install the versions of `constraints.txt`",
        )
    for report in told:
        missing = [name for name in report["missing_keys"] if not name.startswith(_UNUSED)]
        misshapen = [f"{name} {list(has)}, not {list(due)}" for name, has, due in report["mismatched_keys"]]
        unexpected = _of_known_kind(report["unexpected_keys"], folder)
        if missing or misshapen:
            unexpected = list(report["unexpected_keys"])
        if missing or misshapen or unexpected:
            settings = folder.modules[0].path / "config.json"
            raise unfit(folder.path, settings, missing=missing, misshapen=misshapen, unexpected=unexpected)


def check_finite(folder: ModelFolder, chain: Any) -> None:
    """Raises ModelLoadError that names a tensor which holds NaN or infinity."""
    import torch

    names, bounds = [], []
    for name, tensor in chain.named_parameters():
        if tensor.numel() and tensor.is_floating_point():
            names.append(name)
            bounds.append(torch.stack(torch.aminmax(tensor.detach())).float())  # NaN is passed on
    if not bounds:
        return
    finite = torch.stack(bounds).isfinite().all(dim=1).tolist()  # the one wait for the device
    damaged = [name for name, good in zip(names, finite, strict=True) if not good]
    if damaged:
        raise not_finite(folder.path, damaged)


def check_known(folder: ModelFolder) -> None:
    """Raises ModelLoadError for an architecture that the installed transformers does not know."""
    import transformers

    kind, known = folder.architecture, transformers.CONFIG_MAPPING
    if kind not in known:
        raise ModelLoadError(
            f"{folder.path} is of the kind `{kind[:60]}` (`model_type` in config.json), which the installed "
            f"transformers {transformers.__version__} does not know",
            remedy="a later transformers may (`pip install -U transformers`); one that it never had needs an encoder "
            "plug-in",
        )


def check_size(folder: ModelFolder) -> None:
    """Raises ModelLoadError where the settings describe a model far larger than its files, before memory is taken."""
    import torch
    import transformers

    classes: Any = transformers
    path = folder.modules[0].path
    try:
        config = classes.AutoConfig.from_pretrained(
            str(path), local_files_only=True, trust_remote_code=False, **folder.told
        )
        with torch.device("meta"):
            described = sum(tensor.numel() for tensor in classes.AutoModel.from_config(config).parameters())
    except Exception as error:  # noqa: BLE001 -- what cannot be built takes no memory; loading it says why
        _log.debug("model %s is not built without memory: %r", path, error)
        return
    held = sum(header.parameters for _, header in folder.weights_of(folder.modules[0]))
    if described > _MOST_TIMES * held:
        raise WeightsError(
            f"{path / 'config.json'} describes a model of {described} parameters, and its weight files hold {held}",
            remedy=REMEDY,
        )


def check_words(folder: ModelFolder, tokenizer: Any) -> None:
    """Raises ModelLoadError where texts have other tokens here than by the model's own tokenizer in transformers.

    Where only texts that spell a special token out have others, that is a warning: they are few.
    """
    ours = FastTokenizer.of(folder)
    marks = [str(token) for token in list(tokenizer.get_added_vocab())[:_MOST_MARKS]]
    marked = [f"sky {mark} blue{mark}" for mark in marks]
    texts = [*VARIED_TEXTS, *_ODD_TEXTS, *marked]
    theirs: list[list[int]] = tokenizer(texts, truncation=False, padding=False, verbose=False)["input_ids"]
    differ = [
        text
        for text, ids, due in zip(texts, ours.tokenize(texts), theirs, strict=True)
        if [*ours.prefix, *ids, *ours.suffix] != list(due)
    ]
    if differ and differ[0] in marked:
        _log.warning("%s: texts that spell out a special token, such as %r, get other tokens", ours.path, differ[0])
    elif differ:
        raise ModelLoadError(
            f"{ours.path} gives other tokens than {type(tokenizer).__name__} of transformers, which the settings "
            f"beside it ask for: in {len(differ)} of {len(texts)} texts, such as {differ[0][:60]!r}",
            remedy=f"write it anew: `AutoTokenizer.from_pretrained({str(ours.path.parent)!r}).save_pretrained(…)`",
        )


def _of_known_kind(unexpected: Sequence[str], folder: ModelFolder) -> list[str]:
    """Those of the tensors that nothing takes whose like is taken in another layer: the settings leave layers out."""
    names = {name for _, header in folder.weights_of(folder.modules[0]) for name in header.shapes}
    taken = {without_digits(name) for name in names - set(unexpected)}
    return [name for name in unexpected if without_digits(name) != name and without_digits(name) in taken]
