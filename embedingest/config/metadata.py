"""Which places say something of a document: its path, its front matter, files beside it."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from embedingest.config.section import Name, Section

__all__ = ["MetadataRules"]


class MetadataRules(Section):
    """Where a row's metadata comes from, beside what the loader finds.

    What a document's front matter says is overruled by its path, that by its sidecar, and that by `metadata`.
    """

    path: tuple[Name, ...] = Field(
        default=(), description="Patterns below the root such as `{client}/{year}/**`; each word in braces is a key"
    )
    front_matter: bool | tuple[Name, ...] = Field(
        default=True, description="Keep all keys of a document's front matter, none, or only these"
    )
    sidecar: tuple[Name, ...] = Field(
        default=(),
        description="Names of YAML or JSON files that say something of the file beside them, such as "
        "`{name}.meta.yaml` (of `report.pdf`: `report.pdf.meta.yaml`) or `{stem}.json` (`report.json`); the first "
        "there is counts. They are no documents themselves",
    )

    @field_validator("sidecar")
    @classmethod
    def _names_its_file(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            parts = re.split(r"\{name\}|\{stem\}", name)
            if len(parts) != 2 or set("{}/\\") & set("".join(parts)) or not name.endswith((".yaml", ".yml", ".json")):
                raise ValueError(
                    f"`{name}` needs `{{name}}` or `{{stem}}` once, no folder, and the end `.yaml`, `.yml` or `.json`"
                )
        return names

    @field_validator("path")
    @classmethod
    def _has_names(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            names = re.findall(r"\{([^{}]*)\}", pattern)
            if not names or not all(name.isidentifier() for name in names) or len(set(names)) != len(names):
                raise ValueError(f"`{pattern}` needs words in braces, each once, as in `{{client}}/{{year}}/**`")
        return patterns
