"""Which names are left out by default, each with its reason: one table, which the documentation is written from.

Only what is surely no document stands here, and what nobody wants searched: keys and passwords. A name that a person
could give to a document counts only where something beside or inside shows which program made it.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "EXCLUSIONS",
    "HIDDEN",
    "OURS",
    "Exclusion",
    "documented",
    "exclusion_of",
    "is_plain",
    "leads_through_excluded",
    "meaning_of",
    "rule_text",
]

HIDDEN: Final = ".*"
"""The rule of names that begin with a dot, unless `hidden` is set."""
OURS: Final = "our own output"
"""The rule of our own folders: state, tables, and what carries `.embedingest-output`."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One rule. `names` are shell patterns with two `*` at most, matched whatever their case.

    Where `beside` or `inside` are named, one of them must lie beside the path or inside it, and an `empty` one must be
    an empty file. `by` are the programs that make such a path.
    """

    names: tuple[str, ...]
    what: str
    by: str
    kind: Literal["file", "folder", "any"] = "any"
    beside: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    empty: bool = False

    @property
    def conditional(self) -> bool:
        return bool(self.beside or self.inside or self.empty)

    def holds(self, folder: str, name: str) -> bool:
        """Whether its conditions are met by the path `name` of an absolute folder."""
        path = f"{folder}/{name}"
        if self.empty:
            try:
                return os.lstat(path).st_size == 0
            except OSError:
                return False
        looked = [f"{folder}/{other}" for other in self.beside] + [f"{path}/{other}" for other in self.inside]
        return not looked or any(map(os.path.lexists, looked))


def _of(
    names: str, what: str, by: str, kind: Literal["file", "folder", "any"] = "any", **more: str | bool
) -> Exclusion:
    conditions = {key: tuple(value.split()) if isinstance(value, str) else value for key, value in more.items()}
    return Exclusion(tuple(names.split()), what, by, kind, **conditions)  # type: ignore[arg-type]


EXCLUSIONS: Final = (
    # -- version control
    _of(".git .hg .svn .bzr .jj", "version control", "git, Mercurial, Subversion, Bazaar, Jujutsu"),
    _of("CVS", "version control", "CVS", "folder", inside="Entries"),
    _of("_darcs", "version control", "Darcs", "folder"),
    # -- what programs install, build and cache
    _of("node_modules bower_components", "installed packages", "npm, yarn, pnpm, Bower", "folder"),
    _of("__pycache__", "compiled code", "Python", "folder"),
    _of("*.egg-info", "package metadata", "setuptools", "folder", inside="PKG-INFO"),
    _of(".venv .tox .nox .eggs .gradle .terraform", "environments and builds", "Python, tox, nox, Gradle, Terraform"),
    _of(
        ".mypy_cache .ruff_cache .pytest_cache .hypothesis .ipynb_checkpoints",
        "caches",
        "mypy, ruff, pytest, hypothesis, Jupyter",
    ),
    _of("*.lance", "tables", "Lance, LanceDB, embedingest", "folder"),
    _of(".embedingest", "our own state", "embedingest"),
    _of(
        "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock Cargo.lock "
        "poetry.lock uv.lock pdm.lock pixi.lock Pipfile.lock pylock.toml composer.lock Gemfile.lock mix.lock "
        "pubspec.lock Podfile.lock Cartfile.resolved Package.resolved packages.lock.json flake.lock gradle.lockfile "
        "renv.lock go.sum",
        "lists of the exact versions that are installed",
        "npm, yarn, pnpm, Bun, Deno, Cargo, Poetry, uv, PDM, Bundler, Composer, Go and their like",
        "file",
    ),
    _of("*.map", "source maps", "bundlers and compilers", "file"),
    _of("*.min.js *.min.mjs *.min.cjs *.min.css", "minified code", "bundlers", "file"),
    # -- what file managers and systems leave
    _of(".DS_Store ._*", "views of folders, resource forks", "macOS Finder"),
    _of("Thumbs.db ehthumbs.db desktop.ini", "pictures and settings of folders", "Windows Explorer"),
    _of("$RECYCLE.BIN .Trashes .Trash-*", "waste bins", "Windows, macOS, freedesktop.org"),
    _of("lost+found", "pieces found by a check of the disk", "ext file systems", "folder"),
    _of(".fseventsd .Spotlight-V100", "indices of a volume", "macOS"),
    _of(".fuse_hidden* .nfs0*", "open files that were deleted", "FUSE, NFS"),
    # -- keys and passwords
    _of(
        ".env .env.* .envrc .netrc _netrc .pgpass .npmrc .pypirc .htpasswd .git-credentials .vault-token "
        "credentials.json",
        "passwords and tokens",
        "many",
    ),
    _of(".ssh .gnupg .aws .azure .kube .docker", "keys and passwords", "SSH, GnuPG, AWS, Azure, Kubernetes, Docker"),
    _of("id_rsa id_dsa id_ecdsa id_ed25519 id_ecdsa_sk id_ed25519_sk *.ppk", "private keys", "SSH, PuTTY"),
    _of("*.pem *.key *.p12 *.pfx *.pkcs12 *.jks *.keystore", "keys and certificates", "OpenSSL, Java, Windows"),
    _of("*.kdb *.kdbx *.gpg", "encrypted passwords and files", "KeePass, GnuPG"),
    # -- editors' and offices' temporary files
    _of("?*~", "backups", "Emacs, gedit, Kate, nano, Vim", "file"),
    _of(".#* #*#", "locks and automatic saves", "Emacs"),
    _of(".swp .*.sw? .*.kate-swp", "swap files", "Vim, nano, Kate"),
    _of("4913", "a probe whether files can be made, empty and gone at once", "Vim", "file", empty=True),
    _of("*___jb_tmp___ *___jb_old___", "half-written saves", "IntelliJ IDEA and its kin"),
    _of(".goutputstream-*", "half-written saves", "GNOME"),
    _of("*.sb-????????-??????", "half-written saves", "macOS"),
    _of(
        "~$*.doc ~$*.docx ~$*.docm ~$*.dot ~$*.dotx ~$*.dotm ~$*.rtf ~$*.xls ~$*.xlsx ~$*.xlsm ~$*.xlsb ~$*.ppt "
        "~$*.pptx ~$*.pptm ~$*.vsdx",
        "who has a document open",
        "Microsoft Office",
    ),
    _of(".~lock.*", "who has a document open", "LibreOffice"),
    _of("~WRL*.tmp ~WRD*.tmp ~WRA*.tmp ~RF*.tmp ~DF*.tmp", "half-written saves", "Microsoft Office"),
    # -- half-written downloads
    _of("*.part", "downloads", "Firefox, FileZilla, KDE, yt-dlp, JDownloader, embedingest"),
    _of("*.crdownload", "downloads", "Chrome, Edge, Brave, Vivaldi"),
    _of("*.opdownload", "downloads", "Opera"),
    _of("*.*.download", "downloads", "Safari", "folder"),
    _of("*.download", "downloads", "Safari", "folder", inside="Info.plist"),
    _of("*.*.partial", "downloads", "Internet Explorer, Edge, Steam"),
    _of("*.filepart", "transfers", "WinSCP"),
    _of("*.!ut *.!qB *.!bt *.bc! *.jc!", "downloads", "µTorrent, qBittorrent, BitTorrent, BitComet, FlashGet"),
    _of("*.aria2 *.ytdl *.dtapart *.fdmdownload *.xltd", "downloads",
        "aria2, yt-dlp, DownThemAll, Free Download Manager, Xunlei"),
    _of("*.p.downloading", "downloads", "Baidu Netdisk"),
    # -- what sync clients have under way
    _of("~syncthing~*.tmp .syncthing.*.tmp .stfolder .stversions", "transfers", "Syncthing"),
    _of("*.!sync", "transfers", "Resilio Sync"),
    _of(".dropbox .dropbox.cache", "transfers", "Dropbox"),
    _of(".tmp.drivedownload .tmp.driveupload", "transfers", "Google Drive"),
    _of(".sync_*.db ._sync_*.db .*.~* .owncloudsync.log", "transfers", "Nextcloud, ownCloud"),
    _of("*.*.nextcloud *.*.owncloud", "placeholders of what is not here", "Nextcloud, ownCloud"),
    _of(".*.icloud", "placeholders of what is not here", "iCloud"),
    _of(".getxfer.*.mega .unison.*.tmp .~tmp~ .rsync-partial", "transfers", "MEGA, Unison, rsync"),
)  # fmt: skip


@cache
def _pattern(rule: Exclusion) -> re.Pattern[str]:
    """Names are at most 255 bytes long and `*` stands at most twice, so each is read in no time.

    Compiled once it is asked for: of all the rules a process meets a few.
    """
    wild = {"*": ".*", "?": "."}
    return re.compile(
        "|".join("".join(wild.get(c, re.escape(c)) for c in name) for name in rule.names), re.DOTALL | re.IGNORECASE
    )


_BY_NAME: Final = defaultdict(list)
_BY_SUFFIX: Final = defaultdict(list)
_OTHERS: Final = []
for _rule in EXCLUSIONS:
    for _name in _rule.names:
        _suffix = _name.rpartition(".")[2].lower()
        if not set(_name) & set("*?"):
            _BY_NAME[_name.lower()].append(_rule)
        elif "." in _name and not set(_suffix) & set("*?"):
            _BY_SUFFIX[_suffix].append(_rule)
        else:
            _OTHERS.append(_rule)
# Names that none of the other patterns can match are told by their first or last character, or by what macOS adds.
_OTHER_STARTS: Final = frozenset(".#")
_OTHER_ENDS: Final = frozenset("~_#")


def is_plain(name: str) -> bool:
    """Whether no rule is about this name: that of most files, told by less than the rules themselves take."""
    if name[0] in _OTHER_STARTS or name[-1] in _OTHER_ENDS:
        return False
    lower = name.lower()
    return lower not in _BY_NAME and lower.rpartition(".")[2] not in _BY_SUFFIX and ".sb-" not in lower


def exclusion_of(name: str, *, folder: bool | None = None, parent: str | None = None) -> Exclusion | None:
    """The rule that leaves a path of this name out, if one does.

    `folder` says which of both it is (`None`: not known, either may be meant). Without `parent`, its absolute folder,
    rules with conditions count for nothing.
    """
    for rule in _candidates(name):
        if folder is not None and rule.kind != "any" and (rule.kind == "folder") is not folder:
            continue
        if _pattern(rule).fullmatch(name) is None:
            continue
        if not rule.conditional or (parent is not None and rule.holds(parent, name)):
            return rule
    return None


def _candidates(name: str) -> Sequence[Exclusion]:
    if is_plain(name):
        return ()
    lower = name.lower()
    exact = _BY_NAME.get(lower, ())
    suffix = _BY_SUFFIX.get(lower.rpartition(".")[2], ())
    others = _OTHERS if name[0] in _OTHER_STARTS or name[-1] in _OTHER_ENDS or ".sb-" in lower else ()
    return [*exact, *suffix, *others]


def leads_through_excluded(top: str, names: Sequence[str]) -> bool:
    """Whether one of the names of a path below the absolute folder `top` is left out, its conditions looked at."""
    parent = top.rstrip("/")
    for name in names:
        if exclusion_of(name, parent=parent) is not None:
            return True
        parent = f"{parent}/{name}"
    return False


def rule_text(rule: Exclusion) -> str:
    """The rule in one line, as it is counted."""
    ending = "/" if rule.kind == "folder" else ""
    return " ".join(f"{name}{ending}" for name in rule.names[:3]) + (" …" if len(rule.names) > 3 else "")


_MEANINGS: Final = {rule_text(rule): f"{rule.what} of {rule.by}" for rule in EXCLUSIONS} | {
    HIDDEN: "hidden names",
    OURS: "never read again",
    "pyvenv.cfg": "virtual environments of Python",
}


def meaning_of(text: str) -> str:
    """What a counted rule leaves out, for people; empty where the rule is a user's own."""
    return _MEANINGS.get(text, "")


def documented() -> Iterator[str]:
    """The rows of the table in the documentation."""
    for rule in EXCLUSIONS:
        ending = "/" if rule.kind == "folder" else ""
        names = " ".join(f"`{name}{ending}`" for name in rule.names)
        conditions = [f"beside it `{'`, `'.join(rule.beside)}`"] if rule.beside else []
        conditions += [f"in it `{'`, `'.join(rule.inside)}`"] if rule.inside else []
        only = f", only with {' or '.join(conditions)}" if conditions else ""
        yield f"| {names} | {rule.what}{only} | {rule.by} |"
