"""Which programming language a file name speaks. Pure data: no grammar is imported here."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

__all__ = ["LANGUAGES", "language_of"]

LANGUAGES: Final[dict[str, str]] = {
    suffix: language
    for language, suffixes in {
        "bash": ".sh .bash .zsh .ksh .bats",
        "c": ".c .h",
        "clojure": ".clj .cljs .cljc",
        "cmake": ".cmake cmakelists.txt",
        "cpp": ".cc .cpp .cxx .c++ .hh .hpp .hxx .ipp .inl",
        "csharp": ".cs",
        "css": ".css .scss .sass .less",
        "dart": ".dart",
        "dockerfile": "dockerfile .dockerfile containerfile",
        "elixir": ".ex .exs",
        "erlang": ".erl .hrl",
        "fortran": ".f90 .f95 .f03",
        "fsharp": ".fs .fsx .fsi",
        "go": ".go",
        "graphql": ".graphql .gql",
        "groovy": ".groovy .gradle jenkinsfile",
        "haskell": ".hs",
        "hcl": ".tf .hcl",
        "java": ".java",
        "javascript": ".js .jsx .mjs .cjs",
        "julia": ".jl",
        "kotlin": ".kt .kts",
        "lisp": ".lisp .lsp .el .scm .rkt",
        "lua": ".lua",
        "make": "makefile gnumakefile .mk",
        "meson": "meson.build meson_options.txt",
        "nim": ".nim",
        "nix": ".nix",
        "objc": ".m .mm",
        "ocaml": ".ml .mli",
        "perl": ".pl .pm .t",
        "php": ".php",
        "powershell": ".ps1 .psm1 .psd1",
        "proto": ".proto",
        "python": ".py .pyi .pyw .pyx sconstruct",
        "r": ".r",
        "ruby": ".rb .rake .gemspec rakefile gemfile",
        "rust": ".rs",
        "scala": ".scala .sbt",
        "solidity": ".sol",
        "sql": ".sql",
        "swift": ".swift",
        "thrift": ".thrift",
        "tsx": ".tsx",
        "typescript": ".ts .mts .cts",
        "vim": ".vim",
        "vue": ".vue",
        "zig": ".zig",
    }.items()
    for suffix in suffixes.split()
}


def language_of(name: str) -> str | None:
    """The language of a file by its whole lower-case name, else by its suffix; `None` where neither is known."""
    path = PurePosixPath(name.lower())
    return LANGUAGES.get(path.name) or LANGUAGES.get(path.suffix)
