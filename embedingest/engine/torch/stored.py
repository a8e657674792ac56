"""Weights kept in the number type of their file, mapped from it, and widened to fp32 layer by layer while they compute.

A file in 16 bits widened as a whole takes twice its size, which for a large model is what the machine has. Widening is
exact, so the vectors are those of the model in fp32. Knows torch and transformers, no folder and no text.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

__all__ = ["as_stored", "stand_in", "stored", "widen"]

_PLAN: Final = "_get_dtype_plan"  # transformers' own: from patterns of names to the types that tensors are read in
_PREFIX: Final = "stored_"
_loading = threading.Lock()


@contextlib.contextmanager
def as_stored() -> Iterator[None]:
    """Let transformers keep each tensor that this thread loads inside as it is in its file, and mapped.

    The models themselves are built in the type that is asked for, which tells what computes besides weights.
    Where transformers has no such plan, whole models are widened as before.
    """
    import transformers

    base: Any = transformers.PreTrainedModel
    thread = threading.get_ident()
    with _loading:
        plain = base.__dict__.get(_PLAN)
        if plain is None:
            yield
            return

        def plan(self: Any, *args: Any, **settings: Any) -> Any:
            if threading.get_ident() != thread:
                return plain(self, *args, **settings)
            return {"*": None}

        setattr(base, _PLAN, plan)
        try:
            yield
        finally:
            setattr(base, _PLAN, plain)


def widen(model: torch.nn.Module) -> None:
    """Let every layer compute in fp32 whatever type its weights are in; no second copy of the matrices is kept.

    A matrix of 16 bits is widened each time its layer asks for it; vectors, and tensors of other types, once.
    """
    import torch

    for module in list(model.modules()):
        matrices = []
        for name, tensor in module.named_parameters(recurse=False):
            if tensor.dtype in (torch.float16, torch.bfloat16) and tensor.dim() > 1:
                matrices.append(name)
            elif tensor.is_floating_point():
                tensor.data = tensor.data.float()
        for buffer in module.buffers(recurse=False):
            if buffer.is_floating_point():
                buffer.data = buffer.data.float()
        if matrices:
            _widen_when_asked(module, matrices)


def stored(module: torch.nn.Module, name: str) -> torch.Tensor:
    """A parameter of a module in the type that it is kept in."""
    tensor: torch.Tensor = getattr(module, _PREFIX + name if hasattr(module, _PREFIX + name) else name)
    return tensor


def stand_in(module: torch.nn.Module, name: str) -> None:
    """Let a parameter that is widened when asked for be one number in its shape and in fp32, which takes no memory.

    For who traces a module: a trace asks for everything and keeps it. `stored` still gives the parameter itself.
    """
    import torch

    shape = stored(module, name).shape
    kind = type(module)
    module.__class__ = type(kind.__name__, kind.__bases__, {"__module__": kind.__module__})
    module.register_parameter(name, torch.nn.Parameter(torch.zeros(()).expand(shape), requires_grad=False))


def _widen_when_asked(module: torch.nn.Module, names: list[str]) -> None:
    """Keep parameters under other names; by their own they are in fp32, made when asked for, like any attribute."""
    import torch

    kind = type(module)
    for name in names:
        kept = getattr(module, name)
        delattr(module, name)
        module.register_parameter(_PREFIX + name, kept)
    bases: tuple[type, ...] = (kind,)
    if isinstance(module, torch.nn.Embedding):
        bases = (_rows(),) if kind is torch.nn.Embedding else (kind, _rows())
    asked: dict[str, Any] = {name: _widened(name) for name in names}
    # A trace asks for every attribute of a module and keeps the answers: not for these.
    hidden = {"__jit_ignored_attributes__": names, "__jit_unused_properties__": names}
    module.__class__ = type(kind.__name__, bases, {**asked, **hidden, "__module__": kind.__module__})


def _widened(name: str) -> property:
    def fp32(self: torch.nn.Module) -> torch.Tensor:
        return stored(self, name).detach().float()

    return property(fp32)


def _rows() -> type[torch.nn.Embedding]:
    """A table of rows of which those that are looked up are widened, behind whatever its own kind does with them."""
    import torch

    class Rows(torch.nn.Embedding):
        def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 -- torch's own name
            return torch.nn.functional.embedding(input, stored(self, "weight"), self.padding_idx).float()

    return Rows
