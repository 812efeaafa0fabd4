//! Networks that were published, ready to be trained: one file each.

mod alex_net;
mod resnet18;
mod resnet50;

pub use alex_net::AlexNet;
pub use resnet18::ResNet18;
pub use resnet50::ResNet50;
