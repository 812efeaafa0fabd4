"""Cases of the family `pooling`."""

from keras import layers

ROWS = [
    # Pooling: stride other than size, odd sizes, windows over the edge, ties.
    *[
        (kind, f"p{p[0]}x{p[1]}_s{s[0]}x{s[1]}_{padding}_{h}x{w}", build, [(2, h, w, 3)])
        for kind in ("MaxPooling2D", "AveragePooling2D")
        for (p, s, h, w) in [
            ((2, 2), (2, 2), 7, 9),
            ((3, 3), (2, 2), 8, 7),
            ((2, 3), (3, 2), 7, 8),
            ((3, 2), (1, 3), 5, 7),
            ((2, 2), (3, 3), 9, 8),
        ]
        for padding in ("valid", "same")
        for build in [
            lambda kind=kind, p=p, s=s, padding=padding: getattr(layers, kind)(p, strides=s, padding=padding)
        ]
    ],
    ("MaxPooling2D", "p2_ties_6x7", lambda: layers.MaxPooling2D(2), [(2, 6, 7, 3)], {}, "coarse"),
    ("MaxPooling2D", "p3_s2_same_ties_7x6", lambda: layers.MaxPooling2D(3, strides=2, padding="same"), [(2, 7, 6, 2)], {}, "coarse"),
    ("MaxPooling2D", "p3_s2_same_negative_5x5", lambda: layers.MaxPooling2D(3, strides=2, padding="same"), [(2, 5, 5, 2)], {}, "negative"),
    ("GlobalMaxPooling2D", "ties_4x5", lambda: layers.GlobalMaxPooling2D(), [(3, 4, 5, 4)], {}, "coarse"),
    ("GlobalMaxPooling2D", "negative_3x7", lambda: layers.GlobalMaxPooling2D(), [(2, 3, 7, 3)], {}, "negative"),
    ("GlobalAveragePooling2D", "5x3", lambda: layers.GlobalAveragePooling2D(), [(3, 5, 3, 4)]),
]
