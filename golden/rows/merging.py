"""Cases of the family `merging`."""

from keras import layers
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

OWN = {"CustomScaleLayer": CustomScaleLayer}

ROWS = [
    # Products: axes that come first, last and between; vectors and pictures.
    ("Dot", "vectors", lambda: layers.Dot(1), [(3, 5), (3, 5)]),
    ("Dot", "vectors_normalize", lambda: layers.Dot(-1, normalize=True), [(3, 5), (3, 5)]),
    ("Dot", "axes1_1", lambda: layers.Dot(1), [(2, 4, 3), (2, 4, 5)]),
    ("Dot", "axes1_2_vector", lambda: layers.Dot((1, 2)), [(2, 4), (2, 3, 4)]),
    ("Dot", "axes2_1_vector", lambda: layers.Dot((2, 1)), [(2, 3, 4), (2, 4)]),
    ("Dot", "axes2_3_rank4", lambda: layers.Dot((2, 3)), [(2, 3, 4, 2), (2, 2, 3, 4)]),
    ("Dot", "axes1_2_rank4_normalize", lambda: layers.Dot((1, 2), normalize=True), [(2, 4, 3, 2), (2, 2, 4, 3)]),
    # Augmentation: drawn from a range of one number, or not drawn because the layer is in use.
    ("Add", "3", lambda: layers.Add(), [(2, 3, 4)] * 3),
    ("Add", "3_rank4", lambda: layers.Add(), [(2, 3, 2, 4)] * 3),
    ("Add", "broadcast", lambda: layers.Add(), [(2, 3, 4), (2, 1, 4)]),
    ("Concatenate", "axis1_3_rank4", lambda: layers.Concatenate(axis=1), [(2, 1, 3, 4), (2, 3, 3, 4), (2, 2, 3, 4)]),
    ("Concatenate", "axis2_3_rank4", lambda: layers.Concatenate(axis=2), [(2, 3, 2, 4), (2, 3, 1, 4), (2, 3, 3, 4)]),
    ("Concatenate", "axis-1_3_rank4", lambda: layers.Concatenate(axis=-1), [(2, 3, 2, 1), (2, 3, 2, 5), (2, 3, 2, 2)]),
    ("Concatenate", "axis-2_3_rank3", lambda: layers.Concatenate(axis=-2), [(2, 1, 3), (2, 4, 3), (2, 2, 3)]),
    ("CustomScaleLayer", "-1.5", lambda: CustomScaleLayer(-1.5), [(2, 3), (2, 3)]),
    ("CustomScaleLayer", "0.3", lambda: CustomScaleLayer(0.3), [(2, 3, 4), (2, 3, 1)]),
]
