"""Cases of the family `regularization`."""

from keras import layers

ROWS = [
    # Augmentation: drawn from a range of one number, or not drawn because the layer is in use.
    ("Dropout", "0_train", lambda: layers.Dropout(0.0), [(3, 4)], {"training": True}),
    ("Dropout", "0.25_infer_rank4", lambda: layers.Dropout(0.25), [(2, 3, 4, 2)], {"training": False}),
]
