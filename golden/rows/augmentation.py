"""Cases of the family `augmentation`."""

from keras import layers

ROWS = [
    # Augmentation: drawn from a range of one number, or not drawn because the layer is in use.
    ("RandomFlip", "infer", lambda: layers.RandomFlip("horizontal"), [(2, 5, 4, 3)], {"training": False}),
    ("RandomBrightness", "0.1_train", lambda: layers.RandomBrightness((0.1, 0.1), value_range=(0, 1)), [(2, 5, 7, 3)], {"training": True}, "picture"),
    ("RandomBrightness", "-0.3_train_grey", lambda: layers.RandomBrightness((-0.3, -0.3), value_range=(0, 1)), [(3, 3, 5, 1)], {"training": True}, "picture"),
    ("RandomBrightness", "infer", lambda: layers.RandomBrightness(0.5), [(2, 3, 4, 3)], {"training": False}),
    ("RandomContrast", "1.5_train", lambda: layers.RandomContrast((-0.5, 0.5), value_range=(0, 1)), [(2, 5, 7, 3)], {"training": True}, "picture"),
    ("RandomContrast", "1_train_grey", lambda: layers.RandomContrast((0, 0), value_range=(0, 1)), [(3, 3, 5, 1)], {"training": True}, "picture"),
    ("RandomContrast", "infer", lambda: layers.RandomContrast(0.5), [(2, 3, 4, 3)], {"training": False}),
    ("RandomSaturation", "0.3_train", lambda: layers.RandomSaturation((0.3, 0.3), value_range=(0, 1)), [(2, 5, 7, 3)], {"training": True}, "picture"),
    ("RandomSaturation", "0.8_train_clipped", lambda: layers.RandomSaturation((0.8, 0.8), value_range=(0, 1)), [(2, 3, 5, 3)], {"training": True}, "picture"),
    ("RandomSaturation", "infer", lambda: layers.RandomSaturation(0.5), [(2, 3, 4, 3)], {"training": False}),
]
