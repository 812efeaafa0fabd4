"""Cases of the family `regularization`."""

from keras import layers
from keras.src.applications.convnext import StochasticDepth

OWN = {"StochasticDepth": StochasticDepth}

ROWS = [
    ("ActivityRegularization", "l1", lambda: layers.ActivityRegularization(l1=0.5), [(2, 3, 2)]),
    ("ActivityRegularization", "l2", lambda: layers.ActivityRegularization(l2=0.5), [(2, 3)]),
    ("ActivityRegularization", "l1_l2", lambda: layers.ActivityRegularization(0.5, 0.25), [(3, 4)]),
    # What draws is compared where nothing is drawn; tests of Cornu's own hold its mean and variance.
    *[
        (kind, f"{name}", build, [shape], {"training": training})
        for kind, shape, strong, none in [
            ("AlphaDropout", (3, 4), lambda: layers.AlphaDropout(0.3), lambda: layers.AlphaDropout(0.0)),
            ("GaussianDropout", (3, 4), lambda: layers.GaussianDropout(0.3), lambda: layers.GaussianDropout(0.0)),
            ("GaussianNoise", (3, 4), lambda: layers.GaussianNoise(0.3), lambda: layers.GaussianNoise(0.0)),
            ("SpatialDropout1D", (3, 4, 2), lambda: layers.SpatialDropout1D(0.3), lambda: layers.SpatialDropout1D(0.0)),
            ("SpatialDropout2D", (2, 3, 4, 2), lambda: layers.SpatialDropout2D(0.3), lambda: layers.SpatialDropout2D(0.0)),
            ("SpatialDropout3D", (2, 3, 2, 3, 2), lambda: layers.SpatialDropout3D(0.3), lambda: layers.SpatialDropout3D(0.0)),
        ]
        for name, build, training in [("use", strong, False), ("0_train", none, True)]
    ],
    ("SpatialDropout2D", "first_use", lambda: layers.SpatialDropout2D(0.3, data_format="channels_first"), [(2, 2, 3, 4)], {"training": False}),
    ("SpatialDropout3D", "first_use", lambda: layers.SpatialDropout3D(0.3, data_format="channels_first"), [(2, 2, 3, 2, 3)], {"training": False}),
    # Augmentation: drawn from a range of one number, or not drawn because the layer is in use.
    ("Dropout", "0_train", lambda: layers.Dropout(0.0), [(3, 4)], {"training": True}),
    ("Dropout", "0.25_infer_rank4", lambda: layers.Dropout(0.25), [(2, 3, 4, 2)], {"training": False}),
    ("StochasticDepth", "0.4_infer", lambda: StochasticDepth(0.4), [(3, 2, 2)], {"training": False}),
    ("StochasticDepth", "0_train", lambda: StochasticDepth(0.0), [(3, 2, 2)], {"training": True}),
]
