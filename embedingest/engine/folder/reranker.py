"""Whether a model folder is a cross-encoder, which scores a pair of texts, and what becomes of its one number.

Knows settings files in the layouts of sentence-transformers and of plain transformers; no weights and no tokenizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.pair_prompt import known_prompt, stated_prompt
from embedingest.engine.folder.settings_files import REMEDY, read_object
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from embedingest.engine.folder.pair_prompt import PairPrompt

__all__ = ["ACTIVATIONS", "LOGITS", "NoScoreError", "class_of", "head_of", "is_classifier"]

LOGITS: Final = "1_LogitScore"
"""Where sentence-transformers keeps which words of a language model are held against each other."""

ACTIVATIONS: Final = ("identity", "sigmoid", "tanh")
"""What may be made of the number that a cross-encoder computes."""

_CLASSIFIES: Final = "ForSequenceClassification"
_TASK: Final = "sequence-classification"
_ANSWERS: Final = "text-generation"
_LANGUAGE: Final = "ForCausalLM"
_UNSTATED_LABELS: Final = 2  # what transformers takes where the settings name no label
_KNOWN: Final = (
    "known are cross-encoders of one transformer with one label, as `CrossEncoder(...).save(folder)` writes them"
)


class NoScoreError(ModelLoadError):
    """A folder that is no model as it is, and no reranker whatever it was given; `what` says what it is instead."""

    def __init__(self, message: str, *, what: str, remedy: str) -> None:
        super().__init__(message, remedy=remedy)
        self.what = what


def head_of(path: Path) -> dict[str, Any] | None:
    """`{"activation": …}` of a cross-encoder's folder; `None` for a folder of another kind.

    Where pairs stand in a prompt, `prompt` has it (`PairPrompt`); where a language model answers it, `answers` names
    the words that are held against each other. Raises ModelLoadError for a cross-encoder that cannot be run, and for a
    classifier, which gives no one score.
    """
    config = read_object(path / "config.json", optional=True)
    if (path / "modules.json").is_file():
        settings = read_object(path / "config_sentence_transformers.json", optional=True)
        if settings.get("model_type") != "CrossEncoder":
            return None
        task = read_object(path / "sentence_bert_config.json", optional=True).get("transformer_task", _TASK)
        prompt = stated_prompt(path, settings)
        _check_layout(path, settings, task, prompt)
        answers = read_object(path / LOGITS / "config.json") if task == _ANSWERS else None
    else:
        settings, prompt = {}, known_prompt(path, config)
        is_asked = prompt is not None and class_of(config).endswith(_LANGUAGE)
        if not is_classifier(config) and not is_asked:
            return None
        answers = {"true": "yes", "false": "no"} if is_asked else None
    if answers is None:
        _check_labels(path, config)
    head: dict[str, Any] = {"activation": _activation(path, settings.get("activation_fn") or _stated(config))}
    if prompt is not None:
        head["prompt"] = list(prompt)
    return head if answers is None else {**head, "answers": answers}


def is_classifier(config: Any) -> bool:
    """Whether a config.json is of a model that gives texts numbers of their own: with one of them it is a reranker."""
    return isinstance(config, dict) and class_of(config).endswith(_CLASSIFIES)


def class_of(config: Mapping[str, Any]) -> str:
    """The class of transformers that a folder was saved by, empty where its config.json names none."""
    architectures = config.get("architectures")
    return str(architectures[0]) if isinstance(architectures, list) and architectures else ""


def _check_layout(path: Path, settings: Mapping[str, Any], task: Any, prompt: PairPrompt | None) -> None:
    if task not in (_TASK, _ANSWERS):
        raise ModelLoadError(
            f"{path} is a cross-encoder that works by `{str(task)[:60]}`, which does not run here: {_KNOWN}",
            remedy="take one of that kind, such as cross-encoder/ms-marco-MiniLM-L6-v2 or BAAI/bge-reranker-base",
        )
    prompts, default = settings.get("prompts"), settings.get("default_prompt_name")
    if prompt is None and default is not None and isinstance(prompts, dict) and prompts.get(default):
        raise ModelLoadError(
            f"{path / 'config_sentence_transformers.json'} puts the prompt `{str(default)[:60]}` before every pair, "
            "which is not done here, and without it the scores would be others",
            remedy="take a reranker without a prompt",
        )


def _check_labels(path: Path, config: Mapping[str, Any]) -> None:
    names = config.get("id2label")
    stated = len(names) if isinstance(names, dict) else config.get("num_labels")
    labels = stated if isinstance(stated, int) else _UNSTATED_LABELS
    if labels != 1:
        shown = ", ".join(str(name)[:40] for name in names.values()) if isinstance(names, dict) else "unnamed"
        classifier = f"a classifier with {labels} labels ({shown[:200]})"
        raise NoScoreError(
            f"{path} is {classifier}: it gives neither vectors nor the one score of a reranker",
            what=classifier,
            remedy=f"name an embedding model or a reranker; {_KNOWN}",
        )


def _stated(config: Mapping[str, Any]) -> Any:
    """What config.json says of the activation, by its name since version 4 of sentence-transformers or before."""
    ours = config.get("sentence_transformers")
    named = ours.get("activation_fn") if isinstance(ours, dict) else None
    return named or config.get("sbert_ce_default_activation_function")


def _activation(path: Path, named: Any) -> str:
    if named is None:
        return "sigmoid"  # what sentence-transformers takes for one label
    name = str(named)
    kind = name.rpartition(".")[2].lower()
    if not name.startswith("torch.nn.") or kind not in ACTIVATIONS:
        raise ModelLoadError(
            f"{path} puts its score through `{name[:100]}`; {', '.join(ACTIVATIONS)} of torch.nn are known",
            remedy=REMEDY,
        )
    return kind
