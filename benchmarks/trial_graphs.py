"""Other forms of the graph that the engine runs for a BERT model, for `trials.py`: each is that graph with one thing changed."""

import itertools
from collections import Counter

import numpy as np

from embedingest.engine.compiled import runtime

ov = runtime.load()
from openvino import opset13 as ops  # noqa: E402 -- after its telemetry was kept out

NEVER = np.finfo(np.float32).min
SMOOTHED = 0.85  # how much of the range of a channel goes from what flows into its weights; 0.5 leaves a cosine of 0.91


def read(path):
    return runtime.core().read_model(str(path))


def of_shape(model, texts, wide):
    """The same graph for this one shape of a batch alone."""
    model.reshape({one: ov.PartialShape([texts, wide]) for one in model.inputs})
    return model


def attentions(model):
    """Of each layer the softmax's inputs and what takes its place: query, key, value, mask, and the node that weighs."""
    found = []
    for node in model.get_ordered_ops():
        if node.get_type_name() != "Softmax":
            continue
        masked = node.input_value(0).get_node()
        product = masked.input_value(0).get_node().input_value(0).get_node()
        (taker,) = node.output(0).get_target_inputs()
        key = product.input_value(1).get_node().input_value(0)  # (N, T, heads, size), before it was turned
        found.append((product.input_value(0), key, taker.get_node().input_value(1), masked.input(1), taker.get_node()))
    return found


def with_operator(model):
    """Attention as one operator of OpenVINO, where the graph has it written out."""
    for query, key, value, mask, weighed in attentions(model):
        turned = ops.transpose(key, ops.constant([0, 2, 1, 3]))
        fused = ops.scaled_dot_product_attention(query, turned, value, mask.get_source_output())
        weighed.output(0).replace(fused.output(0))
    model.validate_nodes_and_infer_types()
    return model


def hidden_of(model, dimensions):
    """What the mean over tokens is taken of, (N, T, D), and the sum (N, D) that it becomes."""
    for node in model.get_ordered_ops():
        shape = node.output(0).get_partial_shape() if node.get_output_size() else None
        if node.get_type_name() == "ReduceSum" and len(shape) == 2 and shape[1] == dimensions:
            inputs = node.input_value(0).get_node().input_values()
            return next(one for one in inputs if one.get_node().get_type_name() == "Add"), node
    raise ValueError("this model takes no mean over its tokens")


def half_between_layers(model, dimensions):
    """The mean over tokens as a matrix product: then the runtime carries bf16 from layer to layer, not fp32."""
    hidden, total = hidden_of(model, dimensions)
    mask = next(one for one in model.get_parameters() if one.get_friendly_name() == "mask")
    weights = ops.unsqueeze(ops.convert(mask, ov.Type.f32), ops.constant(1))  # (N, 1, T)
    total.output(0).replace(ops.squeeze(ops.matmul(weights, hidden, False, False), ops.constant(1)).output(0))
    model.validate_nodes_and_infer_types()
    return model


def packed(model, dimensions):
    """Rows of several texts: tokens and positions (N, T), who sees whom (N, 1, T, T), whose mean takes what (N, S, T)."""
    hidden, _ = hidden_of(model, dimensions)
    positions = ops.parameter([-1, -1], np.int64, "positions")
    seen = ops.parameter([-1, 1, -1, -1], np.float32, "seen")
    shares = ops.parameter([-1, -1, -1], np.float32, "shares")
    for *_, mask, _ in attentions(model):
        mask.replace_source_output(seen.output(0))
    for node in model.get_ordered_ops():
        if node.get_friendly_name().endswith("position_embeddings/aten::embedding/Gather"):
            node.input(1).replace_source_output(positions.output(0))
    means = ops.matmul(shares, hidden, False, False)
    vectors = ops.normalize_l2(means, ops.constant([2]), 1e-12, "max")
    rows = next(one for one in model.get_parameters() if one.get_friendly_name() == "rows")
    return ov.Model([vectors], [rows, positions, seen, shares], "packed")


def filled(lengths, wide):
    """Indices of texts put together, at most `wide` tokens in a row: each goes into the first row that has room."""
    rows, room = [], []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        at = next((i for i, left in enumerate(room) if left >= lengths[index]), None)
        if at is None:
            rows.append([])
            room.append(wide)
            at = len(rows) - 1
        rows[at].append(index)
        room[at] -= lengths[index]
    return rows


def together(rows, wide):
    """The four inputs of `packed` for a batch: of each row its texts, as token rows."""
    most = max(map(len, rows))
    ids, positions = np.zeros((2, len(rows), wide), np.int64)
    seen = np.full((len(rows), 1, wide, wide), NEVER, np.float32)
    shares = np.zeros((len(rows), most, wide), np.float32)
    for row, texts in enumerate(rows):
        ends = list(itertools.accumulate(map(len, texts)))
        for segment, (text, end) in enumerate(zip(texts, ends, strict=True)):
            span = slice(end - len(text), end)
            ids[row, span], positions[row, span] = text, range(len(text))
            seen[row, 0, span, span] = 0
            shares[row, segment, span] = 1 / len(text)
        seen[row, 0, ends[-1] :, ends[-1] :] = 0  # what is left sees itself: a softmax over nothing is NaN
    return ids, positions, seen, shares


def products(model):
    """Each matrix product with weights, by what flows into it: (input, [(node, weights (out, in))])."""
    found = {}
    for node in model.get_ordered_ops():
        weights = node.input_value(1).get_node() if node.get_type_name() == "MatMul" else None
        if weights is not None and weights.get_type_name() == "Constant" and len(weights.shape) == 2:
            source = node.input_value(0)
            key = source.get_node().get_friendly_name()
            found.setdefault(key, (source, []))[1].append((node, weights.get_data(dtype=np.float32)))
    return found


def ranges(model, batches):
    """What flows into each product over calibration batches (ids and mask, unpadded): least and most of each channel."""
    sources = products(model)
    outputs = [
        extreme(source, ops.constant([0, 1]), False).output(0)
        for source, _ in sources.values()
        for extreme in (ops.reduce_min, ops.reduce_max)
    ]
    request = runtime.core().compile_model(
        ov.Model(outputs, model.get_parameters(), "ranges"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    ).create_infer_request()  # fmt: skip
    names = [one.get_friendly_name() for one in model.get_parameters()]
    seen = []
    for ids, mask in batches:
        request.infer([{"rows": ids, "mask": mask}[name] for name in names])
        seen.append([np.array(request.get_output_tensor(i).data) for i in range(len(outputs))])
    columns = list(zip(*seen, strict=True))
    return {
        name: (np.min(columns[2 * i], axis=0), np.max(columns[2 * i + 1], axis=0)) for i, name in enumerate(sources)
    }


def quantised(model, found):
    """Every product with weights in 8 bits on both sides: one scale per output channel, and one for what flows in.

    Channels are evened out first (SmoothQuant): what flows in is divided by a factor of its channel, the weights are
    multiplied by it.
    """
    for name, (source, takers) in products(model).items():
        least, most = found[name]
        reach = np.maximum(np.maximum(np.abs(least), np.abs(most)), 1e-5)
        weight = np.maximum(np.max([np.abs(w).max(axis=0) for _, w in takers], axis=0), 1e-5)
        factor = (reach**SMOOTHED / weight ** (1 - SMOOTHED)).astype(np.float32)
        bound = np.float32((reach / factor).max())
        evened = ops.multiply(source, ops.constant((1 / factor).reshape(1, 1, -1)))
        narrow = eight_bits(evened, np.float32(-bound * 128 / 127), bound, 256)
        for node, weights in takers:
            scaled = weights * factor
            top = np.maximum(np.abs(scaled).max(axis=1, keepdims=True), 1e-8)
            node.input(0).replace_source_output(narrow.output(0))
            node.input(1).replace_source_output(eight_bits(ops.constant(scaled), -top, top, 255).output(0))
    model.validate_nodes_and_infer_types()
    return model


def eight_bits(value, low, high, levels):
    low, high = (ops.constant(np.asarray(bound, np.float32)) for bound in (low, high))
    return ops.fake_quantize(value, low, high, low, high, levels)


def layers(compiled):
    """What the runtime made of a graph: how many layers of each kind and precision compute something."""
    count = Counter()
    for node in compiled.get_runtime_model().get_ordered_ops():
        info = node.get_rt_info()
        kind, precision = (info[name].astype(str) for name in ("layerType", "runtimePrecision"))
        if kind in ("FullyConnected", "MatMul", "Subgraph", "ScaledDotProductAttention", "MVN", "Eltwise", "Reorder", "Softmax"):  # fmt: skip
            count[f"{kind} {precision}"] += 1
    return dict(sorted(count.items()))
