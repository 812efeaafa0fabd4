"""Cases of the family `merging`."""

from keras import layers

ROWS = [
    # Augmentation: drawn from a range of one number, or not drawn because the layer is in use.
    ("Add", "3", lambda: layers.Add(), [(2, 3, 4)] * 3),
    ("Add", "3_rank4", lambda: layers.Add(), [(2, 3, 2, 4)] * 3),
    ("Add", "broadcast", lambda: layers.Add(), [(2, 3, 4), (2, 1, 4)]),
    ("Concatenate", "axis1_3_rank4", lambda: layers.Concatenate(axis=1), [(2, 1, 3, 4), (2, 3, 3, 4), (2, 2, 3, 4)]),
    ("Concatenate", "axis2_3_rank4", lambda: layers.Concatenate(axis=2), [(2, 3, 2, 4), (2, 3, 1, 4), (2, 3, 3, 4)]),
    ("Concatenate", "axis-1_3_rank4", lambda: layers.Concatenate(axis=-1), [(2, 3, 2, 1), (2, 3, 2, 5), (2, 3, 2, 2)]),
    ("Concatenate", "axis-2_3_rank3", lambda: layers.Concatenate(axis=-2), [(2, 1, 3), (2, 4, 3), (2, 2, 3)]),
]
