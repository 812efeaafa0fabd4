"""Cases of the family `reshaping`."""

from keras import layers

ROWS = [
    # Local response normalization: windows larger than the channels, strong enough to show; frames of zeros.
    ("ZeroPadding2D", "default_3x4", lambda: layers.ZeroPadding2D(), [(2, 3, 4, 2)]),
    ("ZeroPadding2D", "2x1_3x5", lambda: layers.ZeroPadding2D((2, 1)), [(2, 3, 5, 3)]),
    ("ZeroPadding2D", "0_3_2_1_1x3", lambda: layers.ZeroPadding2D(((0, 3), (2, 1))), [(2, 1, 3, 3)]),
    # Augmentation: drawn from a range of one number, or not drawn because the layer is in use.
    ("Flatten", "default_rank4", lambda: layers.Flatten(), [(2, 3, 4, 5)]),
    ("Flatten", "default_rank5", lambda: layers.Flatten(), [(2, 3, 2, 4, 3)]),
    ("Flatten", "default_rank2", lambda: layers.Flatten(), [(2, 7)]),
    ("Permute", "2_1", lambda: layers.Permute((2, 1)), [(2, 3, 5)]),
    ("Permute", "2_4_1_3", lambda: layers.Permute((2, 4, 1, 3)), [(2, 3, 2, 4, 5)]),
    ("RepeatVector", "1", lambda: layers.RepeatVector(1), [(3, 5)]),
    ("Reshape", "-1x4", lambda: layers.Reshape((-1, 4)), [(2, 3, 8)]),
    ("Reshape", "2x-1x3", lambda: layers.Reshape((2, -1, 3)), [(3, 4, 6)]),
    ("Reshape", "-1", lambda: layers.Reshape((-1,)), [(2, 3, 4)]),
]
