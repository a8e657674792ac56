"""Models of the shape of those that people use, with random weights: what they cost is that of the real ones.

Their files are as on the hub: bf16 in shards for Qwen3, fp32 in one file for the others. The words are those of the
packaged all-minilm, filled up to the shape's table.
"""

import json

import common

BERT = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "pad_token_id": 0}
SHAPES = {
    "bge-base": ("bert", 512, "cls", {**BERT, "intermediate_size": 3072, "max_position_embeddings": 512}),
    "nomic": ("nomic_bert", 2048, "mean", {
        **BERT, "intermediate_size": 3072, "max_position_embeddings": 2048, "head_dim": 64,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000.0},
    }),
    "modernbert-base": ("modernbert", 2048, "mean", {
        **BERT, "intermediate_size": 1152, "num_hidden_layers": 22, "max_position_embeddings": 8192,
        "vocab_size": 50_368, "bos_token_id": 101, "cls_token_id": 101, "sep_token_id": 102, "eos_token_id": 102,
    }),
    "qwen3-0.6b": ("qwen3", 2048, "lasttoken", {
        "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16,
        "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 32_768, "vocab_size": 151_669,
        "tie_word_embeddings": True, "pad_token_id": 0, "eos_token_id": 102, "bos_token_id": None,
    }),
}  # fmt: skip


def make(name, place, **smaller):
    """A model folder of this shape at `place`; as it is where it was made before. `smaller` changes its configuration."""
    import torch
    import transformers

    if (place / "modules.json").is_file():
        return place
    architecture, window, pooling, settings = SHAPES[name]
    settings = {"vocab_size": 30_522, **settings, **smaller}
    config = transformers.AutoConfig.for_model(architecture, **settings)
    torch.manual_seed(1)
    half = architecture == "qwen3"
    model = transformers.AutoModel.from_config(config, dtype=torch.bfloat16 if half else torch.float32)
    model.save_pretrained(place, max_shard_size="400MB" if half else "20GB")
    words(place, settings["vocab_size"], last_only=half)
    width = settings["hidden_size"]
    write(place / "1_Pooling" / "config.json", {"word_embedding_dimension": width, "pooling_mode": pooling})
    (place / "2_Normalize").mkdir()
    write(place / "sentence_bert_config.json", {"max_seq_length": window, "do_lower_case": False})
    kinds = ("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate(kinds)
    ]
    write(place / "modules.json", listed)
    return place


def words(place, count, *, last_only):
    """The packaged tokenizer with words that no text has, up to `count` in all."""
    packaged = common.packaged()
    content = json.loads((packaged / "tokenizer.json").read_text("utf-8"))
    vocabulary = content["model"]["vocab"]
    vocabulary |= {f"[none{number}]": number for number in range(len(vocabulary), count)}
    if last_only:  # as Qwen's: one token, behind the text
        content["post_processor"] = {
            "type": "TemplateProcessing", "pair": [],
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
            "special_tokens": {"[SEP]": {"id": "[SEP]", "ids": [102], "tokens": ["[SEP]"]}},
        }  # fmt: skip
    write(place / "tokenizer.json", content)
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]", "unk_token": "[UNK]",
                "sep_token": "[SEP]", "cls_token": "[CLS]"}  # fmt: skip
    write(place / "tokenizer_config.json", settings | {"model_max_length": 32_768})


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")
