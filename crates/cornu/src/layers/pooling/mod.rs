//! Windows that keep one number of many.

mod windows;

family! {
    max_pooling2d::MaxPooling2D,
    average_pooling2d::AveragePooling2D,
    global_max_pooling2d::GlobalMaxPooling2D,
    global_average_pooling2d::GlobalAveragePooling2D,
}
