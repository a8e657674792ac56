"""Settings of one plug-in, checked by its own model. Knows no plug-in; says how a factory tells what it takes.

A factory takes its settings as keywords. Its signature is the model, unless it has an attribute `settings`, a
pydantic model whose fields are those keywords. Either way unknown keys are refused with the nearest known one.
"""

from __future__ import annotations

import difflib
import inspect
from typing import TYPE_CHECKING, Any

from embedingest.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

__all__ = ["checked", "settings_of"]


def settings_of(factory: Callable[..., Any]) -> type[BaseModel]:
    """The pydantic model of a factory's keywords."""
    from pydantic import BaseModel

    own = getattr(factory, "settings", None)
    if isinstance(own, type) and issubclass(own, BaseModel):
        return own
    return _from_signature(factory)


def checked(factory: Callable[..., Any], options: Mapping[str, Any], *, subject: str) -> dict[str, Any]:
    """`options` converted by the factory's model, defaults left to the factory. Raises PluginError naming the key."""
    from pydantic import ValidationError

    model = settings_of(factory)
    try:
        values = model.model_validate(dict(options))
    except ValidationError as error:
        problems = [_message(problem, model) for problem in error.errors(include_url=False, include_input=False)]
        raise PluginError(f"{subject}: " + "; ".join(problems)) from None  # the cause would print values
    return {name: getattr(values, name) for name in values.model_fields_set} | (values.model_extra or {})


def _from_signature(factory: Callable[..., Any]) -> type[BaseModel]:
    from pydantic import ConfigDict, create_model

    parameters = inspect.signature(factory).parameters.values()
    fields: dict[str, Any] = {
        p.name: (_annotation(p, factory), ... if p.default is p.empty else p.default)
        for p in parameters
        if p.kind is p.KEYWORD_ONLY
    }
    takes_more = any(p.kind is p.VAR_KEYWORD for p in parameters)
    config = ConfigDict(extra="allow" if takes_more else "forbid", arbitrary_types_allowed=True)
    return create_model("Settings", __config__=config, **fields)


def _annotation(parameter: inspect.Parameter, factory: Callable[..., Any]) -> Any:
    written = parameter.annotation
    if written is parameter.empty:
        return Any
    if not isinstance(written, str):
        return written
    try:
        return eval(written, getattr(factory, "__globals__", {}))  # noqa: S307 -- the author's own annotation
    except NameError:
        return Any  # a name that only type checkers import


def _message(problem: Any, model: type[BaseModel]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"`{key}` is required"
    if problem["type"] == "extra_forbidden":
        known = sorted(model.model_fields)
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known) or 'none'}"
        return f"unknown setting `{key}`; {hint}"
    return f"`{key}`: {problem['msg'].removeprefix('Value error, ')}"
