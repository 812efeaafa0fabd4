"""Cases of the family `attention`."""

from keras import layers

ROWS = [
    # Attention: odd sizes, other lengths and widths of values and keys, causal masks.
    ("MultiHeadAttention", "h2_k3_self", lambda: layers.MultiHeadAttention(2, 3), [(2, 5, 7), (2, 5, 7)]),
    ("MultiHeadAttention", "h3_k4_causal_nobias", lambda: layers.MultiHeadAttention(3, 4, use_bias=False), [(2, 6, 5), (2, 6, 5)], {"use_causal_mask": True}),
    ("MultiHeadAttention", "h2_k3_v5_out4_cross", lambda: layers.MultiHeadAttention(2, 3, value_dim=5, output_shape=4, dropout=0.3), [(2, 3, 7), (2, 5, 6), (2, 5, 4)]),
    ("MultiHeadAttention", "h1_k16_causal_70", lambda: layers.MultiHeadAttention(1, 16), [(1, 70, 8), (1, 70, 8)], {"use_causal_mask": True}),
]

SEPARATE = ("MultiHeadAttention",)
