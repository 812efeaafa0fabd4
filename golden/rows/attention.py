"""Cases of the family `attention`."""

from keras import layers, regularizers

from rows import MASK

def block(kind, layer, shape, encoded=None):
    """The layers of a transformer's block, made of Keras's, under KerasHub's names."""
    c = layer.arguments
    features = shape[-1]

    def heads(name, other=shape):
        made = layers.MultiHeadAttention(c["num_heads"], features // c["num_heads"], name=name)
        made.build(shape, other)
        return made

    def norm(name):
        made = layers.LayerNormalization(epsilon=c["layer_norm_epsilon"], name=name)
        made.build(shape)
        return made

    names = ["self_attention_layer" if kind == "encoder" else "self_attention", "self_attention_layer_norm"]
    layer.steps = [("attend", heads(names[0]), norm(names[1]))]
    if encoded:
        layer.steps.append(("cross", heads("cross_attention", encoded), norm("cross_attention_layer_norm")))
    # The order in which parts are made is that of the weights.
    layer.last = last = norm("feedforward_layer_norm") if kind == "encoder" else None
    first = layers.Dense(c["intermediate_dim"], activation=c["activation"], name="feedforward_intermediate_dense")
    first.build(shape)
    second = layers.Dense(features, name="feedforward_output_dense")
    second.build((*shape[:-1], c["intermediate_dim"]))
    layer.parts = [first, second]
    layer.steps.append(("dense", last or norm("feedforward_layer_norm"), None))


def through(layer, x, causal, encoded=None):
    """`x` through the block: each part with a way past it."""
    before = layer.arguments["normalize_first"]
    for kind, part, norm in layer.steps:
        norm = norm or part
        y = norm(x) if before else x
        if kind == "attend":
            y = part(y, y, use_causal_mask=causal)
        elif kind == "cross":
            y = part(y, encoded)
        else:
            y = layer.parts[1](layer.parts[0](y))
        x = x + y
        x = x if before else norm(x)
    return x


class Block(layers.Layer):
    """KerasHub has these layers."""

    def __init__(self, intermediate_dim, num_heads, activation="relu", layer_norm_epsilon=1e-5, normalize_first=False, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.arguments = {
            "intermediate_dim": intermediate_dim,
            "num_heads": num_heads,
            "activation": activation,
            "layer_norm_epsilon": layer_norm_epsilon,
            "normalize_first": normalize_first,
        }

    def get_config(self):
        return {**super().get_config(), **self.arguments}


class TransformerEncoder(Block):
    def build(self, shape):
        block("encoder", self, shape)

    def call(self, x):
        return through(self, x, False)


class TransformerDecoder(Block):
    def build(self, shape):
        block("decoder", self, *(shape if isinstance(shape[0], (tuple, list)) else [shape]))

    def call(self, x):
        x, *encoded = x if isinstance(x, (list, tuple)) else [x]
        return through(self, x, True, *encoded)


ROWS = [
    # Blocks of transformers, made of Keras's layers.
    ("TransformerEncoder", "d6_h2", lambda: TransformerEncoder(6, 2), [(2, 3, 4)]),
    ("TransformerEncoder", "d5_h3_first_gelu_eps1e-2", lambda: TransformerEncoder(5, 3, "gelu", 1e-2, True), [(2, 4, 6)]),
    ("TransformerEncoder", "d6_h2_mask", lambda: TransformerEncoder(6, 2), [(3, 4, 4)], {"mask": [MASK]}),
    ("TransformerDecoder", "d6_h2", lambda: TransformerDecoder(6, 2), [(2, 5, 4)]),
    ("TransformerDecoder", "d5_h2_first_tanh", lambda: TransformerDecoder(5, 2, "tanh", normalize_first=True), [(2, 5, 4)]),
    ("TransformerDecoder", "d6_h2_encoded", lambda: TransformerDecoder(6, 2), [(2, 3, 4), (2, 5, 3)]),
    ("TransformerDecoder", "d6_h2_encoded_first", lambda: TransformerDecoder(6, 2, normalize_first=True), [(2, 3, 4), (2, 5, 3)]),
    ("TransformerDecoder", "d4_h3_eps1e-2", lambda: TransformerDecoder(4, 3, layer_norm_epsilon=1e-2), [(2, 4, 6)]),
    # What is added to the loss for the output.
    ("TransformerEncoder", "d6_h2_activity", lambda: TransformerEncoder(6, 2, activity_regularizer=regularizers.L1L2(0.3, 0.2)), [(2, 3, 4)]),
    ("MultiHeadAttention", "h2_k3_activity", lambda: layers.MultiHeadAttention(2, 3, activity_regularizer=regularizers.L1L2(0.3, 0.2)), [(2, 3, 4), (2, 5, 4)]),
    ("GroupQueryAttention", "h2_q2_kv1_activity", lambda: layers.GroupQueryAttention(2, 2, 1, activity_regularizer=regularizers.L1L2(0.3, 0.2)), [(2, 3, 4), (2, 5, 4)]),
    # Attention: odd sizes, other lengths and widths of values and keys, causal masks.
    ("MultiHeadAttention", "h2_k3_self", lambda: layers.MultiHeadAttention(2, 3), [(2, 5, 7), (2, 5, 7)]),
    ("MultiHeadAttention", "h3_k4_causal_nobias", lambda: layers.MultiHeadAttention(3, 4, use_bias=False), [(2, 6, 5), (2, 6, 5)], {"use_causal_mask": True}),
    ("MultiHeadAttention", "h2_k3_v5_out4_cross", lambda: layers.MultiHeadAttention(2, 3, value_dim=5, output_shape=4, dropout=0.3), [(2, 3, 7), (2, 5, 6), (2, 5, 4)]),
    # All that can hide keys, and weights as an output.
    ("MultiHeadAttention", "h2_k3_given", lambda: layers.MultiHeadAttention(2, 3), [(3, 5, 4), (3, 6, 4)], {"attention_mask": MASK}),
    ("MultiHeadAttention", "h2_k3_given_scores", lambda: layers.MultiHeadAttention(2, 3), [(3, 5, 4), (3, 4, 4)], {"attention_mask": MASK, "return_attention_scores": True}),
    ("MultiHeadAttention", "h2_k3_given_causal_dropout", lambda: layers.MultiHeadAttention(2, 3, dropout=0.2), [(3, 5, 4), (3, 5, 4)], {"attention_mask": MASK, "use_causal_mask": True}),
    ("MultiHeadAttention", "h2_k3_padding", lambda: layers.MultiHeadAttention(2, 3), [(3, 5, 4), (3, 6, 4)], {"mask": [MASK, MASK]}),
    ("MultiHeadAttention", "h2_k3_padding_key_causal_scores", lambda: layers.MultiHeadAttention(2, 3), [(3, 5, 4), (3, 5, 4), (3, 5, 3)], {"mask": [MASK, MASK, MASK], "use_causal_mask": True, "return_attention_scores": True}),
    ("MultiHeadAttention", "h2_k3_padding_dropout", lambda: layers.MultiHeadAttention(2, 3, dropout=0.3), [(3, 5, 4), (3, 6, 4)], {"mask": [MASK, MASK]}),
    ("MultiHeadAttention", "h2_k3_window2", lambda: layers.MultiHeadAttention(2, 3, sliding_window=2), [(2, 6, 4), (2, 6, 4)]),
    ("MultiHeadAttention", "h2_k3_window3_causal_scores", lambda: layers.MultiHeadAttention(2, 3, sliding_window=3), [(2, 7, 4), (2, 7, 4)], {"use_causal_mask": True, "return_attention_scores": True}),
    ("MultiHeadAttention", "h2_k3_gate_v4", lambda: layers.MultiHeadAttention(2, 3, value_dim=4, use_gate=True), [(2, 4, 5), (2, 3, 5)]),
    ("MultiHeadAttention", "h2_k3_out2x3", lambda: layers.MultiHeadAttention(2, 3, output_shape=(2, 3), use_bias=False), [(2, 4, 5), (2, 3, 5)]),
    # Further axes of places: all of them, the first, the last.
    ("MultiHeadAttention", "h2_k3_rank4", lambda: layers.MultiHeadAttention(2, 3), [(2, 3, 4, 5), (2, 2, 3, 5)]),
    ("MultiHeadAttention", "h2_k3_rank4_axis1_scores", lambda: layers.MultiHeadAttention(2, 3, attention_axes=1), [(2, 3, 4, 5), (2, 2, 4, 5)], {"return_attention_scores": True}),
    ("MultiHeadAttention", "h2_k3_rank4_axis2_given", lambda: layers.MultiHeadAttention(2, 3, attention_axes=(2,)), [(2, 2, 4, 5), (2, 2, 3, 5)], {"attention_mask": MASK}),
    ("MultiHeadAttention", "h2_k3_rank5_axes1_3", lambda: layers.MultiHeadAttention(2, 3, attention_axes=(1, 3)), [(2, 2, 2, 3, 4), (2, 3, 2, 2, 4)], {"return_attention_scores": True}),
    ("GroupQueryAttention", "h3_q4_kv2_causal", lambda: layers.GroupQueryAttention(3, 4, 2), [(2, 5, 6), (2, 5, 6)], {"use_causal_mask": True}),
    ("GroupQueryAttention", "h2_q4_kv1_nobias_gate", lambda: layers.GroupQueryAttention(2, 4, 1, use_bias=False, use_gate=True), [(2, 4, 5), (2, 3, 5)]),
    ("GroupQueryAttention", "h2_q2_kv2_given_scores", lambda: layers.GroupQueryAttention(2, 2, 2), [(3, 4, 5), (3, 5, 5)], {"attention_mask": MASK, "return_attention_scores": True}),
    ("GroupQueryAttention", "h2_q4_kv2_window2_dropout_causal", lambda: layers.GroupQueryAttention(2, 4, 2, sliding_window=2, dropout=0.2), [(2, 6, 5), (2, 6, 5)], {"use_causal_mask": True}),
    ("GroupQueryAttention", "h2_q4_kv2_padding", lambda: layers.GroupQueryAttention(2, 4, 2), [(3, 4, 5), (3, 6, 5)], {"mask": [MASK, MASK]}),
    # Without heads: by products, by sums; masks on both sides.
    ("Attention", "key_causal", lambda: layers.Attention(), [(2, 5, 3), (2, 5, 4), (2, 5, 3)], {"use_causal_mask": True}),
    ("Attention", "scale_padding", lambda: layers.Attention(use_scale=True), [(3, 4, 3), (3, 5, 3)], {"mask": [MASK, MASK]}),
    ("Attention", "padding_value_causal_scores", lambda: layers.Attention(dropout=0.2), [(3, 5, 3), (3, 5, 3)], {"mask": [None, MASK], "use_causal_mask": True, "return_attention_scores": True}),
    ("Attention", "concat", lambda: layers.Attention(score_mode="concat"), [(2, 4, 3), (2, 5, 3)]),
    ("Attention", "concat_scale_padding_scores", lambda: layers.Attention(score_mode="concat", use_scale=True), [(3, 4, 3), (3, 5, 3), (3, 5, 3)], {"mask": [MASK, MASK, None], "return_attention_scores": True}),
    ("AdditiveAttention", "noscale_key", lambda: layers.AdditiveAttention(use_scale=False), [(2, 4, 3), (2, 5, 2), (2, 5, 3)]),
    ("AdditiveAttention", "padding_causal_scores", lambda: layers.AdditiveAttention(dropout=0.3), [(3, 5, 4), (3, 5, 4)], {"mask": [MASK, MASK], "use_causal_mask": True, "return_attention_scores": True}),
    ("MultiHeadAttention", "h1_k16_causal_70", lambda: layers.MultiHeadAttention(1, 16), [(1, 70, 8), (1, 70, 8)], {"use_causal_mask": True}),
]

SEPARATE = ("MultiHeadAttention", "GroupQueryAttention", "TransformerEncoder")

OWN = {"TransformerEncoder": TransformerEncoder, "TransformerDecoder": TransformerDecoder}
