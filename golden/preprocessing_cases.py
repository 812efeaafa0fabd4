"""Golden cases of layers that take texts, and of what layers learn from data: `preprocessing.json`.

    python golden/preprocessing_cases.py           # writes the file again
    python golden/preprocessing_cases.py --check   # is it what Keras computes here?

A case names a layer, its arguments, the data it is adapted to (if any) and its calls; recorded are the vocabulary and each output.
"""

import json
import os
import pathlib
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers, utils  # noqa: E402

WORDS = ["the cat sat", "The dog, the dog!", "a cat", "", "été Été ÉTÉ", "one  two\tthree\none\xa0two", "naïve — “quotes” don't-stop"]
ODD = ["", "the", "[UNK]", "zebra", "THE cat", "  cat  ", "été ÉTÉ", "a b c d e f g h", "日本 語", "🙂 🙂🙂", "dont stop", "don't"]
TOKENS = ["b", "a", "b", "c", "a", "d", "[UNK]", "", "b"]
PAIRS = [["a", "z"], ["b", "b"], ["", "é"], ["c", "a"]]
LONG = ["", "a", "ab", "abc", "abcd", "abcdefg", "abcdefgh", "x" * 15, "0123456789abcdef", "y" * 17, "z" * 31, "w" * 32, "v" * 33, "u" * 63, "t" * 64,
        "s" * 65, "0123456789" * 12, "été", "日本語のテキスト", "🙂", "r" * 128, "q" * 129, "a long text of words, " * 9]

CASES = [
    # layer, arguments, data to adapt to, calls
    ("TextVectorization", {}, WORDS, [ODD, ["cat"]]),
    ("TextVectorization", {"output_sequence_length": 3}, WORDS, [ODD]),
    ("TextVectorization", {"max_tokens": 5, "output_sequence_length": 4}, WORDS, [ODD]),
    ("TextVectorization", {"standardize": None}, WORDS, [ODD]),
    ("TextVectorization", {"standardize": "lower"}, WORDS, [ODD]),
    ("TextVectorization", {"standardize": "strip_punctuation"}, WORDS, [ODD]),
    ("TextVectorization", {"split": "character"}, WORDS, [ODD]),
    ("TextVectorization", {"split": "character", "standardize": None, "ngrams": 2}, WORDS[:4], [["", "x", "ca", "the"]]),
    ("TextVectorization", {"split": None}, WORDS, [ODD]),
    ("TextVectorization", {"ngrams": 2}, WORDS, [ODD]),
    ("TextVectorization", {"ngrams": (2, 3)}, WORDS, [ODD]),
    ("TextVectorization", {"ngrams": 2, "output_mode": "count"}, WORDS, [ODD]),
    ("TextVectorization", {"output_mode": "multi_hot"}, WORDS, [ODD]),
    ("TextVectorization", {"output_mode": "multi_hot", "max_tokens": 40, "pad_to_max_tokens": True}, WORDS, [ODD]),
    ("TextVectorization", {"output_mode": "count", "max_tokens": 4}, WORDS, [ODD]),
    ("TextVectorization", {"output_mode": "tf_idf"}, WORDS, [ODD]),
    ("TextVectorization", {"output_mode": "tf_idf", "max_tokens": 30, "pad_to_max_tokens": True}, WORDS, [ODD]),
    ("TextVectorization", {"output_mode": "tf_idf", "vocabulary": ["cat", "the", "dog"], "idf_weights": [0.5, 1.5, 2.5]}, None, [ODD]),
    ("TextVectorization", {"vocabulary": ["cat", "the", "dog"]}, None, [ODD]),
    ("TextVectorization", {"vocabulary": ["", "[UNK]", "cat", "the"]}, None, [ODD]),
    ("StringLookup", {}, TOKENS, [TOKENS, PAIRS]),
    ("StringLookup", {"mask_token": ""}, TOKENS, [TOKENS, PAIRS]),
    ("StringLookup", {"max_tokens": 3}, TOKENS, [TOKENS, PAIRS]),
    ("StringLookup", {"vocabulary": ["a", "b"], "num_oov_indices": 3}, None, [LONG]),
    ("StringLookup", {"vocabulary": ["a", "b"], "num_oov_indices": 5, "salt": [7, 11], "mask_token": ""}, None, [LONG]),
    ("StringLookup", {"vocabulary": ["a", "b"], "num_oov_indices": 5, "salt": 3}, None, [LONG]),
    ("StringLookup", {"vocabulary": ["a", "b", "c"], "num_oov_indices": 0}, None, [["c", "a"], [["a", "b"], ["c", "c"]]]),
    ("StringLookup", {"vocabulary": ["[UNK]", "a", "b"]}, None, [TOKENS, PAIRS]),
    ("StringLookup", {"vocabulary": ["a", "b"], "oov_token": "?"}, None, [TOKENS]),
    ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "one_hot"}, None, [TOKENS, PAIRS, [["a"], ["x"]]]),
    ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "multi_hot", "mask_token": "c"}, None, [TOKENS, PAIRS]),
    ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "count", "max_tokens": 5, "pad_to_max_tokens": True}, None, [TOKENS, PAIRS]),
    ("StringLookup", {"output_mode": "tf_idf"}, PAIRS, [PAIRS, TOKENS]),
    ("StringLookup", {"vocabulary": ["a", "b"], "output_mode": "tf_idf", "idf_weights": [0.25, 2.0]}, None, [PAIRS]),
    ("StringLookup", {"vocabulary": ["[UNK]", "a", "b"], "output_mode": "tf_idf", "idf_weights": [0.1, 0.25, 2.0]}, None, [PAIRS]),
    ("StringLookup", {"vocabulary": ["a", "b"], "invert": True}, None, [[[0, 1], [2, 3]]]),
    ("StringLookup", {"vocabulary": ["a", "b"], "invert": True, "mask_token": "", "oov_token": "?"}, None, [[0, 1, 2, 3, 7]]),
    ("IntegerLookup", {}, [[3, 1, 3], [7, 1, -1], [3, 9, 9]], [[[3, 1, 7], [9, 0, -1]]]),
    ("IntegerLookup", {"max_tokens": 4, "mask_token": 0}, [[3, 1, 0], [7, 1, 2]], [[[3, 1, 7], [9, 0, 2]]]),
    ("IntegerLookup", {"output_mode": "tf_idf"}, [[3, 1, 3], [7, 1, 2], [3, 9, 9]], [[[3, 1, 3], [9, 0, 2]]]),
    ("Hashing", {"num_bins": 7}, None, [LONG]),
    ("Hashing", {"num_bins": 1000003}, None, [LONG]),
    ("Hashing", {"num_bins": 1000003, "salt": [133, 137]}, None, [LONG]),
    ("Hashing", {"num_bins": 11, "salt": -5, "mask_value": ""}, None, [LONG]),
    ("Hashing", {"num_bins": 5, "output_mode": "multi_hot", "mask_value": "a"}, None, [PAIRS]),
    ("Hashing", {"num_bins": 5, "output_mode": "one_hot"}, None, [PAIRS, [["a"], ["b"]]]),
    ("Hashing", {"num_bins": 4, "output_mode": "count"}, None, [PAIRS, TOKENS]),
    ("HashedCrossing", {"num_bins": 1000}, None, [[LONG[:9], [101, 101, -101, 102, 0, 5, 6, 2147483647, -3]]]),
    ("HashedCrossing", {"num_bins": 9, "output_mode": "one_hot"}, None, [[["a", "b", "é"], [1, 2, 3], ["x", "x", ""]]]),
    ("Normalization", {}, [[1.0, 10.0], [2.0, -3.0], [4.0, 100.0]], [[[0.0, 0.0], [2.5, 7.0]]]),
    ("Normalization", {"axis": None}, [[1.0, 10.0], [2.0, -3.0], [4.0, 100.0]], [[[0.0, 0.0], [2.5, 7.0]]]),
    ("Normalization", {"axis": (1, 2), "invert": True}, [[[1.0, 10.0], [2.0, -3.0]], [[4.0, 100.0], [2.0, 0.0]]], [[[[0.0, 0.5], [2.5, 7.0]]]]),
    ("Discretization", {"num_bins": 4}, [float(i * i % 23) for i in range(60)], [[0.0, 4.0, 8.5, 13.0, 30.0]]),
    ("Discretization", {"num_bins": 3, "epsilon": 0.1}, [float(i * 7 % 101) / 3 for i in range(101)], [[0.0, 4.0, 8.5, 13.0, 30.0]]),
    ("Discretization", {"num_bins": 10}, [3.0, 1.0, 2.0], [[0.0, 1.0, 2.5, 9.0]]),
    ("Discretization", {"num_bins": 5, "output_mode": "one_hot"}, [float(i * 37 % 1009) for i in range(1009)], [[100.0, 300.0, 900.0]]),
]

FORMATS = ["xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"]
BOXES = [[10.0, 20.0, 30.5, 44.0], [0.0, 1.0, 2.0, 3.0], [12.0, 22.0, 40.0, 41.0]]
OTHERS = [[11.0, 19.0, 25.0, 50.0], [-5.0, 7.0, 60.0, 23.0]]
MOVED = [[9.0, 24.0, 33.0, 40.0], [40.0, 41.0, 52.0, 43.0], [12.0, 22.0, 40.0, 41.0]]
STEPS = [[0.1, -0.2, 0.3, -0.4], [1.0, 2.0, 0.0, 0.5], [0.0, 0.0, 0.0, 0.0]]
STILL = {"angle": 0.0, "translate_x": 0.0, "translate_y": 0.0, "scale": 1.0, "shear_x": 0.0, "shear_y": 0.0}
NONE = [-1.0, -1.0, -1.0, -1.0]
SHARES = [[0.1, 0.2, 0.6, 0.9], [-0.2, 0.0, 1.5, 0.5]]

UTILITIES = [
    # function, arguments
    ("pad_sequences", {"sequences": [[1], [2, 3], [4, 5, 6]]}),
    ("pad_sequences", {"sequences": [[1], [2, 3], [4, 5, 6]], "value": -1}),
    ("pad_sequences", {"sequences": [[1], [2, 3], [4, 5, 6], []], "padding": "post"}),
    ("pad_sequences", {"sequences": [[1], [2, 3], [4, 5, 6]], "maxlen": 2}),
    ("pad_sequences", {"sequences": [[1], [2, 3], [4, 5, 6]], "maxlen": 2, "truncating": "post", "padding": "post"}),
    ("pad_sequences", {"sequences": [[1], [2, 3], [4, 5, 6]], "maxlen": 5, "truncating": "post"}),
    ("to_categorical", {"x": [0, 1, 2, 3]}),
    ("to_categorical", {"x": [0, 2, 1], "num_classes": 5}),
    ("to_categorical", {"x": [[0], [2], [1]]}),
    ("to_categorical", {"x": [[0, 1], [2, 0]], "num_classes": 3}),
    ("normalize", {"x": [[3.0, 4.0], [0.0, 0.0], [1.0, -1.0]]}),
    ("normalize", {"x": [[3.0, 4.0], [0.5, 0.0], [1.0, -1.0]], "axis": 0, "order": 1}),
    ("normalize", {"x": [[[3.0, 4.0], [1.0, 2.0]]], "axis": 1, "order": 3}),
    ("array_to_img", {"x": [[[-1.0], [0.25], [1.0]], [[2.5], [0.0], [0.1]]]}),
    ("array_to_img", {"x": [[[5.0, 5.0, 5.0]]]}),
    ("array_to_img", {"x": [[[0.0, 99.9, 255.0], [1.0, 2.0, 3.5]]], "scale": False}),
    *(("convert_format", {"boxes": BOXES, "source": source, "target": target, "height": 80, "width": 100})
      for source in FORMATS for target in FORMATS[::2] if source != target),
    *(("compute_iou", {"boxes1": BOXES, "boxes2": OTHERS, "bounding_box_format": form}) for form in FORMATS[:4]),
    ("compute_iou", {"boxes1": SHARES, "boxes2": SHARES, "bounding_box_format": "rel_xyxy", "image_shape": (80, 100, 3)}),
    ("compute_iou", {"boxes1": [BOXES, MOVED], "boxes2": [OTHERS, OTHERS[::-1]], "bounding_box_format": "xyxy"}),
    ("compute_iou", {"boxes1": [BOXES, MOVED], "boxes2": OTHERS, "bounding_box_format": "xywh"}),
    ("compute_iou", {"boxes1": OTHERS, "boxes2": [BOXES, MOVED], "bounding_box_format": "yxyx"}),
    ("compute_iou", {"boxes1": [*BOXES, NONE], "boxes2": [NONE, *OTHERS], "bounding_box_format": "xyxy", "use_masking": True}),
    ("compute_iou", {"boxes1": [[*BOXES, NONE]], "boxes2": [[NONE, *OTHERS]], "bounding_box_format": "xyxy", "use_masking": True, "mask_val": -3}),
    ("clip_to_image_size", {"bounding_boxes": {"boxes": OTHERS}, "height": 25, "width": 40}),
    ("clip_labels", {"bounding_boxes": {"boxes": [[60.0, 5.0, 70.0, 9.0], *OTHERS, NONE], "labels": [3, 4, 5, 6]}, "height": 25, "width": 40}),
    ("clip_labels", {"bounding_boxes": {"boxes": [SHARES, [NONE, [1.1, 0.2, 1.5, 0.9]]], "labels": [[3, 4], [5, 6]]}, "height": 25, "width": 40,
                     "bounding_box_format": "rel_xyxy"}),
    ("clip_to_image_size", {"bounding_boxes": {"boxes": SHARES}, "height": 80, "width": 100, "bounding_box_format": "rel_xyxy"}),
    *(("compute_ciou", {"boxes1": BOXES, "boxes2": MOVED, "bounding_box_format": form}) for form in FORMATS[:4]),
    ("crop", {"boxes": OTHERS, "top": 10, "left": 5, "height": 30, "width": 40}),
    ("crop", {"boxes": OTHERS, "top": -3, "left": -2, "height": 20, "width": 25}),
    ("pad", {"boxes": OTHERS, "top": 3, "left": 7}),
    ("affine_transform", {"boxes": BOXES, **STILL, "height": 80, "width": 100}),
    ("affine_transform", {"boxes": BOXES, **STILL, "angle": 30.0, "height": 80, "width": 100}),
    ("affine_transform", {"boxes": OTHERS, **STILL, "translate_x": 0.1, "translate_y": -0.3, "scale": 1.5, "height": 50, "width": 60}),
    ("affine_transform", {"boxes": BOXES, "angle": -75.0, "translate_x": 0.2, "translate_y": 0.1, "scale": 0.7, "shear_x": 20.0, "shear_y": -15.0, "height": 80,
                          "width": 100, "center_x": 0.3, "center_y": 0.6}),
    *((name, {"anchors": BOXES, other: values, "anchor_format": a, "box_format": b, **more})
      for name, other, values, key in (("encode_box_to_deltas", "boxes", MOVED, "encoding_format"), ("decode_deltas_to_boxes", "boxes_delta", STEPS, "encoded_format"))
      for a, b, more in (("xyxy", "xyxy", {}), ("xywh", "yxyx", {key: "center_xywh", "variance": [0.1, 0.1, 0.2, 0.2]}),
                         ("xyxy", "rel_xyxy", {"image_shape": (80, 100, 3)}))),
]

SERIES = [
    # samples, targets, arguments
    (10, 0, {"sequence_length": 3}),
    (10, 0, {"sequence_length": 3, "sequence_stride": 2, "sampling_rate": 2, "batch_size": 2}),
    (12, 1, {"sequence_length": 4, "batch_size": 3}),
    (12, 1, {"sequence_length": 4, "start_index": 2, "end_index": 9, "batch_size": None}),
    (15, 1, {"sequence_length": 3, "sampling_rate": 3, "sequence_stride": 3}),
]


TABLE = {
    "age": [23.0, 45.5, 31.0, 62.0, 18.5, 45.5, 70.0],
    "town": ["Rome", "Oslo", "Rome", "Lima", "Oslo", "Rome", "été"],
    "rooms": [2, 3, 3, 1, 5, 3, 2],
    "code": [1001, 1002, 1001, 77, -5, 1002, 0],
    "word": ["a", "bb", "", "dd", "bb", "f", "é"],
    "rate": [0.5, 0.1, 0.9, 0.4, 0.4, 0.2, 0.8],
}

SPACES = [
    # features, arguments
    ({"age": "float_normalized", "town": "string_categorical", "rooms": "integer_categorical"}, {"crosses": [("town", "rooms")], "crossing_dim": 6}),
    ({"age": "float_discretized", "code": "integer_hashed", "word": "string_hashed", "rate": "float"}, {"hashing_dim": 5, "num_discretization_bins": 4, "crosses": [("age", "word"), ("code", "word")], "crossing_dim": 4}),
    ({"rate": "float_rescaled", "word": "string_categorical"}, {}),
]


def listed(value):
    value = value.numpy() if hasattr(value, "numpy") else np.asarray(value)
    if value.dtype == object or value.dtype.kind in "SU":
        flat = [v.decode("utf-8") if isinstance(v, bytes) else v for v in value.reshape(-1)]
        return {"shape": list(value.shape), "texts": flat}
    kind = "floats" if value.dtype.kind == "f" else "numbers"
    return {"shape": list(value.shape), kind: value.reshape(-1).tolist()}


def run(name, arguments, data, calls):
    layer = getattr(layers, name)(**arguments)
    case = {"layer": name, "arguments": {k: list(v) if isinstance(v, tuple) else v for k, v in arguments.items()}, "adapt": data}
    floats = name in ("Normalization", "Discretization")
    if data is not None:
        layer.adapt(np.array(data, "float32") if floats else np.array(data))
    if hasattr(layer, "get_vocabulary"):
        case["vocabulary"] = [v if isinstance(v, str) else int(v) for v in layer.get_vocabulary()]
    if name == "Discretization":
        case["bin_boundaries"] = [float(b) for b in layer.bin_boundaries]
    case["calls"] = []
    for given in calls:
        if name == "HashedCrossing":
            output = layer([tf.constant(column) for column in given])
        else:
            output = layer(np.array(given, "float32") if floats else tf.constant(given))
        case["calls"].append({"input": given, "output": listed(output)})
    return case


def utility(name, arguments):
    given = {k: np.array(v, "float32") if k in ("boxes", "boxes1", "boxes2", "anchors", "boxes_delta") else v for k, v in arguments.items()}
    if name == "array_to_img":
        given["x"] = np.array(arguments["x"], "float32")
        output = np.asarray(utils.array_to_img(**given)).astype("float32")
        output = output.reshape(np.shape(arguments["x"]))
    elif name == "clip_to_image_size":
        given["bounding_boxes"] = {"boxes": np.array(arguments["bounding_boxes"]["boxes"], "float32")}
        output = utils.bounding_boxes.clip_to_image_size(**given)["boxes"]
        arguments = {**arguments, "boxes": arguments["bounding_boxes"]["boxes"]}
        del arguments["bounding_boxes"]
    elif name == "clip_labels":
        boxes, labels = arguments["bounding_boxes"].values()
        given["bounding_boxes"] = {"boxes": np.array(boxes, "float32"), "labels": np.array(labels)}
        clipped = utils.bounding_boxes.clip_to_image_size(**given)
        output = clipped["labels"]
        arguments = {**arguments, "boxes": listed(clipped["boxes"]), "labels": labels}
        del arguments["bounding_boxes"]
    elif name == "affine_transform":
        given = {k: np.array([v], "float32") if k == "boxes" or k in STILL else v for k, v in arguments.items()}
        output = utils.bounding_boxes.affine_transform(**given)[0]
    else:
        output = getattr(utils.bounding_boxes if hasattr(utils.bounding_boxes, name) else utils, name)(**given)
    return {"function": name, "arguments": arguments, "output": listed(output)}


def space(features, arguments):
    made = utils.FeatureSpace(features=features, output_mode="concat", **arguments)
    made.adapt(tf.data.Dataset.from_tensor_slices(TABLE))
    table = {name: TABLE[name] for name in features}
    arguments = {k: [list(c) for c in v] if k == "crosses" else v for k, v in arguments.items()}
    return {"features": features, "arguments": arguments, "table": table, "output": listed(made({k: tf.constant(v) for k, v in table.items()}))}


def series(samples, targets, arguments):
    data = np.arange(samples, dtype="float32") * 1.5
    goals = np.arange(samples, dtype="float32") + 100 if targets else None
    batches = []
    for batch in utils.timeseries_dataset_from_array(data, goals, **arguments):
        x, y = batch if targets else (batch, None)
        batches.append({"x": listed(x), "y": listed(y) if targets else None})
    return {"samples": samples, "targets": bool(targets), "arguments": arguments, "batches": batches}


def main():
    made = {
        "description": "Layers of texts and what layers learn from data, as Keras computes them; utilities; pieces of time series.",
        "layers": [run(*case) for case in CASES],
        "utilities": [utility(*case) for case in UTILITIES],
        "series": [series(*case) for case in SERIES],
        "spaces": [space(*case) for case in SPACES],
    }
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    text = text.replace('{"layer"', '\n{"layer"').replace('{"function"', '\n{"function"').replace('{"samples"', '\n{"samples"').replace('{"features"', '\n{"features"') + "\n"
    path = pathlib.Path(__file__).parent / "preprocessing.json"
    if "--check" in sys.argv:
        same = path.read_text(encoding="utf-8") == text
        print("the same" if same else "DEVIATES")
        sys.exit(0 if same else 1)
    path.write_text(text, encoding="utf-8")
    print(f"{len(CASES)} layers, {len(UTILITIES)} utilities, {len(SERIES)} series, {len(SPACES)} spaces")


if __name__ == "__main__":
    main()
