"""The one door for plug-ins: names to factories. Knows the seams' names, never an implementation.

Built-ins and strangers enter alike, as entry points in five groups. A factory is imported only when it is named,
so a broken plug-in that nobody names harms nobody; neither does one that claims a built-in name. What reads the
entry points is imported only when strangers are looked for: it is a quarter of what each extraction process imports.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import EmbedingestError, PluginError
from embedingest.options import checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import EntryPoint

__all__ = [
    "BUILTINS",
    "FIRST_PARTY",
    "GROUPS",
    "Factory",
    "Plugin",
    "StartError",
    "create",
    "find",
    "load",
    "named",
    "plugins",
]

Factory = Callable[..., Any]

GROUPS: Final = ("encoders", "engines", "loaders", "chunkers", "sources")
_PREFIX: Final = "embedingest."
_OURS: Final = "embedingest-"


FIRST_PARTY: Final = {
    "images": "encoders",
    "llamacpp": "encoders",
    "objectstore": "sources",
    "ocr": "loaders",
    "onnx": "encoders",
    "remote": "engines",
    "static": "encoders",
}
"""Plug-ins of ours that are installed by themselves, each by its name and group; `embedingest-NAME` brings it."""


class StartError(PluginError):
    """A factory failed at what it was given, in a way that is no error of ours."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One named factory: where it enters and which distribution brought it (`None`: built in)."""

    group: str
    name: str
    value: str
    distribution: str | None = None
    version: str | None = None
    entry: EntryPoint | None = None

    def load(self) -> Factory:
        """Import the factory. Raises PluginError naming the plug-in, its origin and the mending command."""
        try:
            factory = self._imported() if self.entry is None else self.entry.load()
        except Exception as error:
            raise PluginError(
                f"plug-in `{self.name}` ({self.value}, from {self.origin}) failed to load: "
                f"{type(error).__name__}: {error}",
                remedy=self._remedy(),
            ) from error
        if not callable(factory):
            raise PluginError(f"plug-in `{self.name}` ({self.value}, from {self.origin}) is not callable")
        return factory  # type: ignore[no-any-return]

    def create(self, *arguments: Any, options: Mapping[str, Any] | None = None) -> Any:
        """What the factory makes of `arguments` and of its own checked `options`.

        Raises PluginError naming the plug-in for options it does not know, and for anything it raises that is
        not one of our errors.
        """
        factory = self.load()
        keywords = self.check(options or {}, factory)
        try:
            return factory(*arguments, **keywords)
        except EmbedingestError:
            raise
        except Exception as error:
            raise StartError(
                f"plug-in `{self.name}` (from {self.origin}) could not start: {type(error).__name__}: {error}",
                remedy=self._remedy(),
            ) from error

    def check(self, options: Mapping[str, Any], factory: Factory | None = None) -> dict[str, Any]:
        """`options` as the factory's keywords, checked and converted by its own settings. Raises PluginError."""
        return checked(factory or self.load(), options, subject=f"{self.group[:-1]} `{self.name}`")

    @property
    def origin(self) -> str:
        return "embedingest itself" if self.distribution is None else f"{self.distribution} {self.version}"

    @property
    def summary(self) -> str:
        """One line on what it is: of a distribution, what its author wrote."""
        dist = None if self.entry is None else self.entry.dist
        summaries = None if dist is None else dist.metadata.get_all("Summary")
        return str(summaries[0]) if summaries else self.value

    def _imported(self) -> Any:
        module, _, name = self.value.partition(":")
        return getattr(import_module(module), name)

    def _remedy(self) -> str:
        if self.distribution is None:
            return "reinstall with `pip install --force-reinstall embedingest`"
        return f"`pip install --upgrade {self.distribution}`, or take it out of the configuration"


def _builtin(group: str, **names: str) -> tuple[Plugin, ...]:
    return tuple(Plugin(group, name.replace("_", "-"), value) for name, value in names.items())


BUILTINS: Final[tuple[Plugin, ...]] = (
    *_builtin(
        "encoders",
        auto="embedingest.engine.auto:create",
        compiled="embedingest.engine.compiled.encoder:create",
        sentence_transformers="embedingest.engine.torch.encoder:create",
        hashing="embedingest.engine.hashing:create",
    ),
    *_builtin(
        "loaders",
        text="embedingest.ingest.load.text:create",
        code="embedingest.ingest.load.text:create_code",
        markdown="embedingest.ingest.load.markdown:create",
        html="embedingest.ingest.load.html:create",
        pdf="embedingest.ingest.load.pdf:create",
        docx="embedingest.ingest.load.word:create_docx",
        pptx="embedingest.ingest.load.slides:create_pptx",
        opendocument="embedingest.ingest.load.opendocument:create",
        sheet="embedingest.ingest.load.sheets:create",
        csv="embedingest.ingest.load.tables:create",
        epub="embedingest.ingest.load.epub:create",
        notebook="embedingest.ingest.load.notebook:create",
        mail="embedingest.ingest.load.mail:create",
        saved_page="embedingest.ingest.load.letters.saved_page:create",
        rtf="embedingest.ingest.load.rtf:create",
        xml="embedingest.ingest.load.xml:create",
        cards="embedingest.ingest.load.letters.cards:create",
        json="embedingest.ingest.load.data:create_json",
        jsonl="embedingest.ingest.load.data:create_jsonl",
        yaml="embedingest.ingest.load.data:create_yaml",
        latex="embedingest.ingest.load.latex:create",
        org="embedingest.ingest.load.markup.org:create",
        catalog="embedingest.ingest.load.markup.catalog:create",
        man="embedingest.ingest.load.roff.man:create",
        wiki="embedingest.ingest.load.wiki.mediawiki:create",
        captions="embedingest.ingest.load.captions:create",
        gzip="embedingest.ingest.load.compressed:create_gzip",
        bzip2="embedingest.ingest.load.compressed:create_bzip2",
        xz="embedingest.ingest.load.compressed:create_xz",
        zstd="embedingest.ingest.load.compressed:create_zstd",
        archive="embedingest.ingest.load.compressed:create_archive",
    ),
    *_builtin(
        "chunkers",
        structured="embedingest.ingest.chunk.structured:create",
        code="embedingest.ingest.chunk.code:create",
        rows="embedingest.ingest.chunk.rows:create",
        whole="embedingest.ingest.chunk.whole:create",
    ),
)


def plugins(group: str | None = None) -> list[Plugin]:
    """Every plug-in that is built in or installed, without importing any."""
    from importlib.metadata import entry_points

    groups = GROUPS if group is None else (group,)
    available = [plugin for plugin in BUILTINS if plugin.group in groups]
    for name in groups:
        available += [_plugin(entry) for entry in entry_points(group=_PREFIX + name)]
    return available


def find(group: str, name: str) -> Plugin:
    """The one plug-in of this name; a built-in before any other.

    Raises PluginError when it is unknown, claimed by two distributions, or installed in two versions.
    """
    builtin = [plugin for plugin in BUILTINS if (plugin.group, plugin.name) == (group, name)]
    if builtin:
        return builtin[0]
    from importlib.metadata import entry_points

    installed = [_plugin(e) for e in entry_points(group=_PREFIX + group, name=name)]
    if len(installed) > 1:
        origins = " and ".join(p.origin for p in installed)
        raise PluginError(
            f"{group[:-1]} `{name}` is claimed by {origins}", remedy="uninstall one of them, or rename it"
        )
    if not installed:
        raise _unknown(group, name)
    _refuse_two_versions(installed[0])
    return installed[0]


def load(group: str, name: str) -> Factory:
    """The factory of this name, imported."""
    return find(group, name).load()


def create(group: str, name: str, *arguments: Any, options: Mapping[str, Any] | None = None) -> Any:
    """What the factory of this name makes of `arguments` and its own `options`. Raises PluginError."""
    return find(group, name).create(*arguments, options=options)


def named(names: Iterable[str], group: str | None = None) -> list[Plugin]:
    """The installed plug-ins that `plugins:` or `--plugin` names, each by its own or its distribution's name.

    Raises PluginError for a name that nothing has, and for a plug-in that claims the name of a built-in.
    """
    installed = [plugin for plugin in plugins() if plugin.distribution is not None]
    chosen: list[Plugin] = []
    for name in names:
        matching = [p for p in installed if name in {p.name, p.distribution}]
        if not matching:
            raise _unknown(None, name)
        for plugin in matching:
            _refuse_two_versions(plugin)
            if any((known.group, known.name) == (plugin.group, plugin.name) for known in BUILTINS):
                raise PluginError(
                    f"plug-in {plugin.origin} claims {plugin.group[:-1]} `{plugin.name}`, which is built in",
                    remedy=f"`pip uninstall {plugin.distribution}`, or ask its author for another name",
                )
        chosen += [plugin for plugin in matching if plugin not in chosen]
    return [plugin for plugin in chosen if group in {None, plugin.group}]


def _unknown(group: str | None, name: str) -> PluginError:
    known = sorted({p.name for p in plugins(group) if group is not None or p.distribution is not None})
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known) or 'none'};"
    kind = "plug-in" if group is None else group[:-1]
    ours = name.removeprefix(_OURS)
    if ours in FIRST_PARTY and group in {None, FIRST_PARTY[ours]}:
        return PluginError(
            f"{kind} `{name}` is not installed",
            remedy=f"`pip install {_OURS}{ours}` brings it; in a checkout, `pip install ./plugins/{_OURS}{ours}`",
        )
    return PluginError(
        f"unknown {kind} `{name}`", remedy=f"{hint} install what is missing; `embedingest plugins` lists them"
    )


def _refuse_two_versions(plugin: Plugin) -> None:
    from importlib.metadata import distributions

    versions = {d.version for d in distributions(name=plugin.distribution)} if plugin.distribution else set()
    if len(versions) > 1:
        raise PluginError(
            f"plug-in {plugin.distribution} is installed in {len(versions)} versions: {', '.join(sorted(versions))}",
            remedy=f"`pip uninstall {plugin.distribution}` until none is left, then install one",
        )


def _plugin(entry: EntryPoint) -> Plugin:
    dist = entry.dist
    return Plugin(
        group=entry.group.removeprefix(_PREFIX),
        name=entry.name,
        value=entry.value,
        distribution=None if dist is None else dist.name,
        version=None if dist is None else dist.version,
        entry=entry,
    )
