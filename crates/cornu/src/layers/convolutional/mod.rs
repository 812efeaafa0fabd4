//! Convolutions.

mod arguments;
mod depthwise;
mod plain;
mod sliding;
mod transposed;

family! {
    conv1d::Conv1D = Convolution1D,
    conv2d::Conv2D = Convolution2D,
    conv3d::Conv3D = Convolution3D,
    conv1d_transpose::Conv1DTranspose = Convolution1DTranspose,
    conv2d_transpose::Conv2DTranspose = Convolution2DTranspose,
    conv3d_transpose::Conv3DTranspose = Convolution3DTranspose,
    depthwise_conv1d::DepthwiseConv1D,
    depthwise_conv2d::DepthwiseConv2D,
    separable_conv1d::SeparableConv1D = SeparableConvolution1D,
    separable_conv2d::SeparableConv2D = SeparableConvolution2D,
}
