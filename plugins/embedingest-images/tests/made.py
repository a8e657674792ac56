"""Tiny CLIP and SigLIP models with seeded weights, and pictures, made for tests."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = [
    "a",
    "the",
    "of",
    "photo",
    "boat",
    "red",
    "green",
    "blue",
    "sea",
    "sky",
    "cat",
    "dog",
    "on",
    "in",
    "two",
    "one",
    "beach",
    "night",
    "old",
    "town",
]
EDGE = 32


def _weights(model):
    """Weights that are large enough for texts and pictures to differ."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.normal_(parameter, std=0.2)
    return model.eval()


def clip(folder: Path, *, layout: str = "transformers") -> Path:
    """A CLIP model; `layout` is that of `transformers`, or of sentence-transformers (older: `clip`, newer: `st`)."""
    torch.manual_seed(1)
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), "!", "!</w>"]
    merges = []
    for word in WORDS:
        pieces = [*word[:-1], f"{word[-1]}</w>"]
        while len(pieces) > 1:
            pair, pieces = (pieces[0], pieces[1]), [pieces[0] + pieces[1], *pieces[2:]]
            if pair not in merges:
                merges.append(pair)
            if pieces[0] not in vocabulary:
                vocabulary.append(pieces[0])
    vocabulary += ["<|startoftext|>", "<|endoftext|>"]
    ids = {word: number for number, word in enumerate(vocabulary)}
    tokenizer = transformers.CLIPTokenizer(vocab=ids, merges=merges, model_max_length=77)
    begin, end = ids["<|startoftext|>"], ids["<|endoftext|>"]
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = transformers.CLIPConfig(
        text_config={**shape, "vocab_size": len(ids), "bos_token_id": begin, "eos_token_id": end, "pad_token_id": end},
        vision_config={**shape, "image_size": EDGE, "patch_size": 8},
        projection_dim=24,
    )
    processor = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": EDGE}, crop_size={"height": EDGE, "width": EDGE}
    )
    inner = folder if layout != "clip" else folder / "0_CLIPModel"
    _save(inner, _weights(transformers.CLIPModel(config)), tokenizer, processor)
    if layout != "transformers":
        kind = "models.CLIPModel" if layout == "clip" else "base.modules.transformer.Transformer"
        path = inner.name if layout == "clip" else ""
        module = {"idx": 0, "name": "0", "path": path, "type": f"sentence_transformers.{kind}"}
        (folder / "modules.json").write_text(json.dumps([module]))
    return folder


def siglip(folder: Path) -> Path:
    """A SigLIP model, with the tokenizer.json that its makers' folders have: lower case, no punctuation."""
    torch.manual_seed(2)
    vocabulary = [("<unk>", 0.0), ("</s>", 0.0), ("\u2581", -3.0)]
    vocabulary += [(f"\u2581{word}", -4.0) for word in WORDS]
    vocabulary += [(chr(code), -9.0) for code in range(ord("a"), ord("z") + 1)]
    fast = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    fast.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[!-/:-@\[-`{-~]"), ""),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    fast.pre_tokenizer = pre_tokenizers.Metaspace()
    fast.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=fast, unk_token="<unk>", eos_token="</s>", pad_token="</s>", model_max_length=64,
        model_input_names=["input_ids"],
    )  # fmt: skip
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = transformers.SiglipConfig(
        text_config={**shape, "vocab_size": len(vocabulary), "max_position_embeddings": 64, "projection_size": 32},
        vision_config={**shape, "image_size": EDGE, "patch_size": 8},
    )
    processor = transformers.SiglipImageProcessorPil(size={"height": EDGE, "width": EDGE})
    _save(folder, _weights(transformers.SiglipModel(config)), tokenizer, processor)
    return folder


def _save(folder: Path, model, tokenizer, processor) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    processor.save_pretrained(folder)


def scene(seed: int, width: int = 60, height: int = 40) -> Image.Image:
    """A picture of some coloured fields, another for each seed."""
    chance = np.random.default_rng(seed)
    fields = chance.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    return Image.fromarray(fields).resize((width, height), Image.Resampling.BICUBIC)


def encoded(image: Image.Image, kind: str = "JPEG", **settings) -> bytes:
    """The picture as a file."""
    data = io.BytesIO()
    image.save(data, kind, **settings)
    return data.getvalue()


def exif(**said) -> Image.Exif:
    """EXIF of a camera: a shot in Vienna, unless other values are said; `None` leaves one out."""
    facts = {
        "make": "Canon", "model": "Canon EOS R5", "taken": "2024:07:14 18:32:05", "offset": "+02:00",
        "orientation": 6, "description": "The old town at night", "lens": "RF 50mm",
        "place": {1: "N", 2: (48.0, 12.0, 30.0), 3: "E", 4: (16.0, 22.0, 12.0)}, **said,
    }  # fmt: skip
    made = Image.Exif()
    for tag, name in ((0x010E, "description"), (0x010F, "make"), (0x0110, "model"), (0x0112, "orientation")):
        if facts[name] is not None:
            made[tag] = facts[name]
    shot = {0x9003: facts["taken"], 0x9011: facts["offset"], 0xA434: facts["lens"]}
    made.get_ifd(0x8769).update({tag: value for tag, value in shot.items() if value is not None})
    if facts["place"] is not None:
        made.get_ifd(0x8825).update(facts["place"])
    return made
