"""Other forms of the graph that the engine runs for a BERT model, for `trials.py`: each is that graph with one thing changed."""

from collections import Counter

import numpy as np

from embedingest.engine.compiled import runtime

ov = runtime.load()
from openvino import opset13 as ops  # noqa: E402 -- after its telemetry was kept out

SMOOTHED = 0.85  # how much of the range of a channel goes from what flows into its weights; 0.5 leaves a cosine of 0.91


def read(path):
    return runtime.core().read_model(str(path))


def of_shape(model, texts, wide):
    """The same graph for this one shape of a batch alone, each text in a row of its own."""
    shapes = {"rows": [texts, wide], "positions": [texts, wide], "seen": [texts, 1, 1, wide], "shares": [texts, 1, wide],
              "places": [texts]}  # fmt: skip
    model.reshape({name: ov.PartialShape(shape) for name, shape in shapes.items()})
    return model


def as_wide(inputs, wide):
    """The inputs of such a graph, their last axis as long as it has it; nothing sees what is added."""
    unseen = inputs["seen"].min()
    return {
        name: array if name == "places" else np.pad(
            array, [(0, 0)] * (array.ndim - 1) + [(0, wide - array.shape[-1])],
            constant_values=unseen if name == "seen" else 0,
        )
        for name, array in inputs.items()
    }  # fmt: skip


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
    """What flows into each product over calibration batches (inputs by their names): least and most of each channel."""
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
    for inputs in batches:
        request.infer([inputs[name] for name in names])
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
