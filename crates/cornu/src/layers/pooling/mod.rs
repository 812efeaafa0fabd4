//! Windows that keep one number of many.

mod adaptive;
mod whole;
mod windows;

family! {
    max_pooling1d::MaxPooling1D = MaxPool1D,
    max_pooling2d::MaxPooling2D = MaxPool2D,
    max_pooling3d::MaxPooling3D = MaxPool3D,
    average_pooling1d::AveragePooling1D = AvgPool1D,
    average_pooling2d::AveragePooling2D = AvgPool2D,
    average_pooling3d::AveragePooling3D = AvgPool3D,
    global_max_pooling1d::GlobalMaxPooling1D = GlobalMaxPool1D,
    global_max_pooling2d::GlobalMaxPooling2D = GlobalMaxPool2D,
    global_max_pooling3d::GlobalMaxPooling3D = GlobalMaxPool3D,
    global_average_pooling1d::GlobalAveragePooling1D = GlobalAvgPool1D,
    global_average_pooling2d::GlobalAveragePooling2D = GlobalAvgPool2D,
    global_average_pooling3d::GlobalAveragePooling3D = GlobalAvgPool3D,
    adaptive_max_pooling1d::AdaptiveMaxPooling1D,
    adaptive_max_pooling2d::AdaptiveMaxPooling2D,
    adaptive_max_pooling3d::AdaptiveMaxPooling3D,
    adaptive_average_pooling1d::AdaptiveAveragePooling1D,
    adaptive_average_pooling2d::AdaptiveAveragePooling2D,
    adaptive_average_pooling3d::AdaptiveAveragePooling3D,
    max_pooling_with_argmax2d::MaxPoolingWithArgmax2D,
    max_unpooling2d::MaxUnpooling2D,
}
