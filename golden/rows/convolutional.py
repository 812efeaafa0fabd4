"""Cases of the family `convolutional`."""

from keras import layers, regularizers

FIRST = {"data_format": "channels_first"}
# What is added to the loss for the output, by both of its terms.
ACTIVITY = {"activity_regularizer": regularizers.L1L2(0.3, 0.2)}


def conv(*args, **kwargs):
    return lambda: layers.Conv2D(*args, **kwargs)


def made(kind, *args, **kwargs):
    return lambda: getattr(layers, kind)(*args, **kwargs)


def row(kind, name, shape, *args, **kwargs):
    return (kind, name, made(kind, *args, **kwargs), [shape])


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
    # Along one axis: causal padding, dilations, strides that do not divide, groups.
    row("Conv1D", "f3_k3_causal_d2_9", (2, 9, 2), 3, 3, padding="causal", dilation_rate=2),
    row("Conv1D", "f4_k4_causal_s2_relu_9", (2, 9, 3), 4, 4, padding="causal", strides=2, activation="relu"),
    row("Conv1D", "f5_k3_same_s3_10_softmax", (2, 10, 3), 5, 3, padding="same", strides=3, activation="softmax"),
    row("Conv1D", "f3_k5_same_d3_8", (2, 8, 2), 3, 5, padding="same", dilation_rate=3),
    row("Conv1D", "f6_k2_valid_groups2_7", (2, 7, 4), 6, 2, groups=2),
    # Transposed: strides beyond the kernel, even kernels, output_padding.
    row("Conv1DTranspose", "f3_k2_s3_valid_5", (2, 5, 2), 3, 2, strides=3),
    row("Conv1DTranspose", "f2_k3_s3_same_outpad1_4", (2, 4, 3), 2, 3, strides=3, padding="same", output_padding=1),
    row("Conv1DTranspose", "f2_k4_s2_valid_outpad1_relu_5", (2, 5, 3), 2, 4, strides=2, output_padding=1, activation="relu"),
    row("Conv2DTranspose", "f3_k2x5_s3x2_same_4x3", (2, 4, 3, 2), 3, (2, 5), strides=(3, 2), padding="same"),
    row("Conv2DTranspose", "f2_k4x3_s2x3_valid_outpad1x2_3x4", (2, 3, 4, 3), 2, (4, 3), strides=(2, 3), output_padding=(1, 2)),
    row("Conv2DTranspose", "f2_k5_s2_same_outpad1_nobias_3x5", (2, 3, 5, 3), 2, 5, strides=2, padding="same", output_padding=1, use_bias=False),
    row("Conv2DTranspose", "f3_k3_s1_same_tanh_4x5", (2, 4, 5, 2), 3, 3, padding="same", activation="tanh"),
    row("Conv2DTranspose", "f17_k4_s2_same_3x3_ci18", (1, 3, 3, 18), 17, 4, strides=2, padding="same"),
    # Channel by channel.
    row("DepthwiseConv2D", "k3_same_s2_m1_relu_7x8_ci17", (2, 7, 8, 17), 3, strides=2, padding="same", activation="relu"),
    row("DepthwiseConv2D", "k2x3_valid_d2x1_m3_6x5", (2, 6, 5, 2), (2, 3), dilation_rate=(2, 1), depth_multiplier=3),
    row("DepthwiseConv2D", "k3_same_m2_one_channel_5x4", (2, 5, 4, 1), 3, padding="same", depth_multiplier=2),
    row("DepthwiseConv1D", "k3_same_d2_m2_9", (2, 9, 3), 3, padding="same", dilation_rate=2, depth_multiplier=2),
    row("DepthwiseConv1D", "k4_valid_s3_nobias_11", (2, 11, 2), 4, strides=3, use_bias=False),
    row("SeparableConv2D", "f5_k3_same_m2_d2_6x7", (2, 6, 7, 3), 5, 3, padding="same", depth_multiplier=2, dilation_rate=2),
    row("SeparableConv2D", "f4_k3x2_valid_s2_nobias_7x7", (2, 7, 7, 2), 4, (3, 2), strides=2, use_bias=False),
    row("SeparableConv1D", "f4_k4_valid_s2_m3_tanh_10", (2, 10, 2), 4, 4, strides=2, depth_multiplier=3, activation="tanh"),
    # Volumes.
    row("Conv3D", "f3_k2x3x2_same_s2x1x3_relu_4x3x5", (1, 4, 3, 5, 2), 3, (2, 3, 2), strides=(2, 1, 3), padding="same", activation="relu"),
    row("Conv3D", "f4_k3x2x2_valid_s1x2x2_nobias_4x5x4", (2, 4, 5, 4, 2), 4, (3, 2, 2), strides=(1, 2, 2), use_bias=False),
    row("Conv3D", "f2_k2_same_d2_4x4x3", (1, 4, 4, 3, 2), 2, 2, padding="same", dilation_rate=2),
    row("Conv3D", "f17_k3_valid_3x4x4_ci5", (1, 3, 4, 4, 5), 17, 3),
    row("Conv3DTranspose", "f2_k3x2x3_s2x1x2_same_2x3x2", (1, 2, 3, 2, 3), 2, (3, 2, 3), strides=(2, 1, 2), padding="same"),
    row("Conv3DTranspose", "f3_k2x3x2_s3x2x2_valid_outpad1_2x2x3", (1, 2, 2, 3, 2), 3, (2, 3, 2), strides=(3, 2, 2), output_padding=1),
    row("Conv3DTranspose", "f2_k3_s2_same_outpad1_nobias_2x2x2", (2, 2, 2, 2, 2), 2, 3, strides=2, padding="same", output_padding=1, use_bias=False),
    # Low-rank learning beside a kernel that stays.
    row("Conv1D", "f3_k2_lora1_7", (2, 7, 2), 3, 2, lora_rank=1),
    row("Conv2D", "f5_k3x2_same_lora2_alpha3_groups2_5x4", (2, 5, 4, 4), 4, (3, 2), padding="same", groups=2, lora_rank=2, lora_alpha=3),
    row("Conv3D", "f2_k2_lora1_nobias_2x3x3", (1, 2, 3, 3, 2), 2, 2, use_bias=False, lora_rank=1),
    row("Conv1D", "f4_k3_lora2_alpha3_nobias_6", (2, 6, 3), 4, 3, use_bias=False, lora_rank=2, lora_alpha=3),
    row("Conv2D", "f3_k2_lora1_4x5", (2, 4, 5, 2), 3, 2, lora_rank=1),
    row("Conv3D", "f4_k2_lora2_alpha5_groups2_3x2x3", (1, 3, 2, 3, 4), 4, 2, groups=2, lora_rank=2, lora_alpha=5),
    # Channels first: strides, dilations, groups, biases and activations stay with their axes. No last axis is as long as there are channels:
    # Keras on TensorFlow would add the bias along it.
    row("Conv1D", "first_f3_k3_same_s2_relu_9", (2, 2, 9), 3, 3, strides=2, padding="same", activation="relu", **FIRST),
    row("Conv1D", "first_f4_k2_causal_d2_groups2_7", (2, 4, 7), 4, 2, padding="causal", dilation_rate=2, groups=2, **FIRST),
    row("Conv2D", "first_f4_k3x2_s2x1_7x6", (2, 3, 7, 6), 4, (3, 2), strides=(2, 1), **FIRST),
    row("Conv2D", "first_f6_k3_same_d2x1_groups2_softmax_6x5", (2, 4, 6, 5), 6, 3, padding="same", dilation_rate=(2, 1), groups=2, activation="softmax", **FIRST),
    row("Conv3D", "first_f3_k2x3x1_same_s1x2x1_tanh_3x4x5", (2, 2, 3, 4, 5), 3, (2, 3, 1), strides=(1, 2, 1), padding="same", activation="tanh", **FIRST),
    row("Conv1DTranspose", "first_f3_k3_s2_outpad1_4", (2, 2, 4), 3, 3, strides=2, output_padding=1, **FIRST),
    row("Conv2DTranspose", "first_f3_k3x2_s2x3_same_relu_3x4", (2, 2, 3, 4), 3, (3, 2), strides=(2, 3), padding="same", activation="relu", **FIRST),
    row("Conv3DTranspose", "first_f2_k2_s2x1x2_2x3x2", (1, 3, 2, 3, 2), 2, 2, strides=(2, 1, 2), **FIRST),
    row("DepthwiseConv1D", "first_k3_same_s2_m2_relu_9", (2, 3, 9), 3, strides=2, padding="same", depth_multiplier=2, activation="relu", **FIRST),
    row("DepthwiseConv2D", "first_k2x3_m2_nobias_5x6", (2, 3, 5, 6), (2, 3), depth_multiplier=2, use_bias=False, **FIRST),
    row("SeparableConv1D", "first_f3_k3_same_d2_nobias_8", (2, 2, 8), 3, 3, padding="same", dilation_rate=2, use_bias=False, **FIRST),
    row("SeparableConv2D", "first_f4_k3x2_s2_m2_elu_7x6", (2, 2, 7, 6), 4, (3, 2), strides=2, depth_multiplier=2, activation="elu", **FIRST),
    # Transposed with taps apart.
    row("Conv1DTranspose", "f3_k3_d2_nobias_5", (2, 5, 2), 3, 3, dilation_rate=2, use_bias=False),
    row("Conv2DTranspose", "f2_k3x2_same_d1x3_4x5", (2, 4, 5, 3), 2, (3, 2), padding="same", dilation_rate=(1, 3)),
    row("Conv3DTranspose", "f2_k2x3x2_d2x1x3_2x3x2", (1, 2, 3, 2, 2), 2, (2, 3, 2), dilation_rate=(2, 1, 3)),
    row("Conv3DTranspose", "f2_k2x1x3_s2_sigmoid_2x3x2", (1, 2, 3, 2, 2), 2, (2, 1, 3), strides=2, activation="sigmoid"),
    # What is added to the loss for the output.
    row("Conv1D", "f3_k2_relu_activity_6", (3, 6, 2), 3, 2, activation="relu", **ACTIVITY),
    row("Conv2D", "f3_k3_same_tanh_activity_4x5", (2, 4, 5, 2), 3, 3, padding="same", activation="tanh", **ACTIVITY),
    row("Conv2D", "first_f3_k2_activity_4x3", (3, 2, 4, 3), 3, 2, **ACTIVITY, **FIRST),
    row("Conv3D", "f2_k2_activity_3x2x3", (2, 3, 2, 3, 2), 2, 2, **ACTIVITY),
    row("Conv1DTranspose", "f3_k2_s2_activity_4", (2, 4, 2), 3, 2, strides=2, **ACTIVITY),
    row("Conv2DTranspose", "f3_k2_s2_activity_3x2", (2, 3, 2, 2), 3, 2, strides=2, **ACTIVITY),
    row("Conv3DTranspose", "f2_k2_activity_2x3x2", (2, 2, 3, 2, 2), 2, 2, **ACTIVITY),
    row("DepthwiseConv1D", "k2_activity_5", (3, 5, 2), 2, **ACTIVITY),
    row("DepthwiseConv2D", "k2_activity_4x3", (3, 4, 3, 2), 2, **ACTIVITY),
    row("SeparableConv1D", "f3_k2_activity_5", (3, 5, 2), 3, 2, **ACTIVITY),
    row("SeparableConv2D", "f3_k2_activity_4x3", (3, 4, 3, 2), 3, 2, **ACTIVITY),
]
