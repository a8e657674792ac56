"""The tokenizer of a GGUF file as tokenizers has it, so that texts are counted and cut without the weights.

Three kinds: WordPiece (`bert`: all-minilm, nomic-embed-text, mxbai-embed-large, bge, arctic), byte pairs (`gpt2`:
granite, qwen3) and unigrams (`t5`: bge-m3, arctic2). Whether it gives llama.cpp's own tokens is tried before a model is
used: see `encoder.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.plugin import ModelLoadError

if TYPE_CHECKING:
    from embedingest_llamacpp.header import Header

__all__ = ["tokenizer_of"]

_WORD: Final = "\u2581"
_CONTROL: Final = 3  # the type of such a token
# How each kind of byte pairs splits texts before they are merged, by the file's name of it.
_QWEN: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SPLITS: Final[dict[str, str | None]] = {"gpt-2": None, "roberta-bpe": None, "qwen2": _QWEN}


def tokenizer_of(header: Header) -> Any:
    """A `tokenizers.Tokenizer`. Raises ModelLoadError for a kind that is not known."""
    kind = str(header.vocabulary.get("model"))
    made = {"bert": _word_pieces, "gpt2": _byte_pairs, "t5": _unigrams}.get(kind)
    if made is None:
        raise ModelLoadError(
            f"{header.path} has a vocabulary of kind `{kind}`; bert, gpt2 and t5 are known",
            remedy="fetch the same model as safetensors with `embedingest models pull NAME`",
        )
    try:
        return made(header.vocabulary, header)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ModelLoadError(f"{header.path} has no vocabulary that can be read: {error!r}") from error


def _word_pieces(told: dict[str, Any], _header: Header) -> Any:
    """Pieces that begin a word lose their mark, pieces that go on one get `##`, as BERT has them."""
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

    # A vocabulary of this kind has both always; the key's spelling is GGUF's.
    before, after = int(told.get("bos_token_id", 101)), int(told.get("seperator_token_id", 102))
    controls = {before, after, *_controls(told)}
    pieces = [
        piece if index in controls or (piece.startswith("[") and piece.endswith("]"))
        else piece[1:] if piece.startswith(_WORD)
        else f"##{piece}"
        for index, piece in enumerate(told["tokens"])
    ]  # fmt: skip
    unknown = pieces[int(told.get("unknown_token_id", 100))]
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([AddedToken(pieces[index], normalized=False) for index in sorted(controls)])
    return _framed(tokenizer, pieces, before, after)


def _byte_pairs(told: dict[str, Any], header: Header) -> Any:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

    split = str(told.get("pre", "default"))
    if split not in _SPLITS:
        raise ModelLoadError(
            f"{header.path} splits words as `{split}`; {', '.join(_SPLITS)} are known",
            remedy="fetch the same model as safetensors with `embedingest models pull NAME`",
        )
    pieces = list(told["tokens"])
    merges = [tuple(merge.split(" ", 1)) for merge in told["merges"]]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges, fuse_unk=False))
    steps: list[Any] = [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=_SPLITS[split] is None)]
    if (pattern := _SPLITS[split]) is not None:
        steps.insert(0, pre_tokenizers.Split(Regex(pattern), "isolated"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(pieces[index], normalized=False) for index in _controls(told)])
    return _framed(tokenizer, pieces, *_ends(told))


def _unigrams(told: dict[str, Any], _header: Header) -> Any:
    """Pieces with their likelihoods, as SentencePiece has them, behind its own normalising of characters."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    pieces, scores = list(told["tokens"]), list(told["scores"])
    unknown = int(told.get("unknown_token_id", 2))
    tokenizer = Tokenizer(models.Unigram([*zip(pieces, map(float, scores), strict=True)], unk_id=unknown))
    steps: list[Any] = []
    if (charsmap := bytes(told.get("precompiled_charsmap") or b"")) != b"":
        steps.append(normalizers.Precompiled(charsmap))
    if told.get("remove_extra_whitespaces", False):
        steps += [normalizers.Replace(Regex("^ +| +$"), ""), normalizers.Replace(Regex(" {2,}"), " ")]
    tokenizer.normalizer = normalizers.Sequence(steps)
    scheme = "always" if told.get("add_space_prefix", True) else "never"
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_WORD, prepend_scheme=scheme)
    tokenizer.decoder = decoders.Metaspace(replacement=_WORD, prepend_scheme=scheme)
    tokenizer.add_special_tokens([AddedToken(pieces[index], normalized=False) for index in _controls(told)])
    return _framed(tokenizer, pieces, *_ends(told))


def _ends(told: dict[str, Any]) -> tuple[int | None, int | None]:
    """The tokens before and behind a text, where the file asks for them."""
    before = int(told["bos_token_id"]) if told.get("add_bos_token") else None
    after = int(told["eos_token_id"]) if told.get("add_eos_token") else None
    return before, after


def _controls(told: dict[str, Any]) -> list[int]:
    """Tokens that no text spells."""
    return [index for index, kind in enumerate(told.get("token_type", ())) if kind == _CONTROL]


def _framed(tokenizer: Any, pieces: list[str], before: int | None, after: int | None) -> Any:
    """The tokenizer with these tokens around every text."""
    from tokenizers import processors

    first = [] if before is None else [pieces[before]]
    last = [] if after is None else [pieces[after]]
    if first or last:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=[*first, "$A", *last],
            special_tokens=[(name, tokenizer.token_to_id(name)) for name in dict.fromkeys((*first, *last))],
        )
    return tokenizer
