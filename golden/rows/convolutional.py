"""Cases of the family `convolutional`."""

from keras import layers


def conv(*args, **kwargs):
    return lambda: layers.Conv2D(*args, **kwargs)


ROWS = [
    # Convolution: odd sizes, strides that do not divide, even kernels, dilation, groups.
    ("Conv2D", "f5_k3x3_valid_s2_relu_9x8", conv(5, 3, strides=2, activation="relu"), [(2, 9, 8, 3)]),
    ("Conv2D", "f5_k3x3_same_s3_7x8", conv(5, 3, strides=3, padding="same"), [(2, 7, 8, 3)]),
    ("Conv2D", "f4_k2x2_same_relu_5x7", conv(4, 2, padding="same", activation="relu"), [(2, 5, 7, 3)]),
    ("Conv2D", "f4_k4x4_same_s2_7x9", conv(4, 4, strides=2, padding="same"), [(2, 7, 9, 2)]),
    ("Conv2D", "f4_k4x2_same_s3x2_8x7_relu", conv(4, (4, 2), strides=(3, 2), padding="same", activation="relu"), [(2, 8, 7, 3)]),
    ("Conv2D", "f3_k3x3_valid_d2_relu_9x7", conv(3, 3, dilation_rate=2, activation="relu"), [(2, 9, 7, 2)]),
    ("Conv2D", "f3_k3x2_same_d3x2_8x9", conv(3, (3, 2), padding="same", dilation_rate=(3, 2)), [(2, 8, 9, 2)]),
    ("Conv2D", "f6_k3x3_same_groups3_relu_7x5", conv(6, 3, padding="same", groups=3, activation="relu"), [(2, 7, 5, 6)]),
    ("Conv2D", "f4_k3x2_valid_s2_groups2_8x7", conv(4, (3, 2), strides=2, groups=2), [(2, 8, 7, 4)]),
    ("Conv2D", "f4_k3x3_groups4_depthwise_6x7", conv(4, 3, groups=4), [(2, 6, 7, 4)]),
    ("Conv2D", "f7_k5x3_valid_nobias_tanh_6x5", conv(7, (5, 3), use_bias=False, activation="tanh"), [(3, 6, 5, 2)]),
    ("Conv2D", "f1_k1x1_ci1_3x3", conv(1, 1), [(2, 3, 3, 1)]),
    ("Conv2D", "f33_k3x3_valid_relu_6x19_ci5", conv(33, 3, activation="relu"), [(1, 6, 19, 5)]),
    ("Conv2D", "f17_k3x3_same_5x6_ci17", conv(17, 3, padding="same"), [(1, 5, 6, 17)]),
    ("Conv2D", "f3_k3x3_same_s2_larger_than_input_1x2", conv(3, 3, strides=2, padding="same"), [(2, 1, 2, 2)]),
]
