//! What people are told about mistakes, word for word.
//!
//! `CORNU_BLESS=1 cargo test -p cornu --test layers` writes `layers/messages.txt` anew.

use std::fmt::Write as _;
use std::path::Path;

use cornu::layers::{Add, Concatenate, Dense, Flatten, Subtract};
use cornu::model::{Apply, Model, input};
use serde_json::{Value as Json, json};

/// What is said about a model of one layer.
fn told(class: &str, config: &Json, shape: &[usize]) -> String {
    let mut batch_shape = vec![Json::Null];
    batch_shape.extend(shape.iter().map(|&n| Json::from(n)));
    let model = json!({ "class_name": "Sequential", "config": { "name": "m", "layers": [
        { "class_name": "InputLayer", "config": { "batch_shape": batch_shape } },
        { "class_name": class, "config": config },
    ] } });
    match Model::from_json(&model.to_string()) {
        Ok(_) => format!("{class} {config} on {shape:?} was accepted"),
        Err(e) => e.to_string(),
    }
}

fn all() -> String {
    let image = &[8, 8, 3][..];
    let conv = |more: Json| {
        let mut config = json!({ "filters": 4, "kernel_size": 3 });
        for (key, value) in more.as_object().expect("an object") {
            config[key] = value.clone();
        }
        config
    };
    let mistakes: Vec<(&str, Json, &[usize])> = vec![
        ("Dence", json!({ "units": 3 }), &[4]),
        (
            "STFTSpectrogram",
            json!({ "frame_length": 2, "periodic": false }),
            &[8, 1],
        ),
        ("Dense", json!({}), &[4]),
        ("Dense", json!({ "units": 0 }), &[4]),
        ("Dense", json!({ "units": -3 }), &[4]),
        ("Dense", json!({ "units": "three" }), &[4]),
        ("Dense", json!({ "units": 1_099_511_627_776_u64 }), &[4]),
        ("Dense", json!({ "units": 268_435_456 }), &[65_536]),
        ("Dense", json!({ "units": 3, "unit": 3 }), &[4]),
        ("Dense", json!({ "units": 3, "activation": "rleu" }), &[4]),
        (
            "Dense",
            json!({ "units": 3, "kernel_initializer": "glorot" }),
            &[4],
        ),
        (
            "Dense",
            json!({ "units": 3, "kernel_initializer": { "class_name": "RandomNormal", "config": { "std": 1 } } }),
            &[4],
        ),
        (
            "Dense",
            json!({ "units": 3, "kernel_regularizer": "l3" }),
            &[4],
        ),
        (
            "Dense",
            json!({ "units": 3, "kernel_regularizer": { "class_name": "L2", "config": { "l2": -1 } } }),
            &[4],
        ),
        ("Dense", json!({ "units": 3, "dtype": "float16" }), &[4]),
        ("Dense", json!({ "units": 3 }), &[]),
        ("Conv2D", conv(json!({})), &[28, 28]),
        ("Conv2D", conv(json!({ "kernel_size": 9 })), image),
        ("Conv2D", conv(json!({ "kernel_size": [3, 0] })), image),
        ("Conv2D", conv(json!({ "kernel_size": [3, 3, 3] })), image),
        ("Conv2D", conv(json!({ "strides": -1 })), image),
        ("Conv2D", conv(json!({ "groups": 2 })), image),
        ("Conv2D", conv(json!({ "padding": "sane" })), image),
        (
            "Conv2D",
            conv(json!({ "data_format": "channels_first" })),
            &[8, 8],
        ),
        (
            "Conv2D",
            conv(json!({ "data_format": "channels_frist" })),
            image,
        ),
        (
            "Conv2D",
            conv(json!({ "strides": 2, "dilation_rate": 3 })),
            image,
        ),
        (
            "Conv2D",
            conv(json!({ "kernel_size": [4, 3], "dilation_rate": [3, 1] })),
            image,
        ),
        ("Conv2D", conv(json!({ "padding": "causal" })), image),
        (
            "Conv2D",
            conv(json!({ "kernel_constraint": "max_nrom" })),
            image,
        ),
        (
            "Conv2D",
            conv(json!({ "lora_rank": 2, "kernel_constraint": "non_neg" })),
            image,
        ),
        ("Conv1D", conv(json!({})), image),
        (
            "Conv3D",
            conv(json!({ "kernel_size": [2, 2, 5] })),
            &[4, 4, 4, 1],
        ),
        (
            "Conv3D",
            conv(json!({ "kernel_size": [2, 2] })),
            &[4, 4, 4, 1],
        ),
        ("Conv1D", conv(json!({ "kernel_size": 9 })), &[8, 3]),
        ("Conv1D", conv(json!({ "kernel_size": [3, 3] })), &[8, 3]),
        (
            "Conv2DTranspose",
            conv(json!({ "strides": 2, "output_padding": 2 })),
            image,
        ),
        (
            "Conv2DTranspose",
            conv(json!({ "kernel_size": 4, "strides": 2, "padding": "same", "output_padding": 0 })),
            image,
        ),
        (
            "Conv2DTranspose",
            conv(json!({ "strides": 200_000_000 })),
            &[80, 80, 3],
        ),
        ("Conv2DTranspose", conv(json!({ "filters": 0 })), image),
        (
            "DepthwiseConv2D",
            json!({ "kernel_size": 3, "filters": 4 }),
            image,
        ),
        (
            "DepthwiseConv2D",
            json!({ "kernel_size": 3, "depth_multiplier": 0 }),
            image,
        ),
        ("SeparableConv2D", json!({ "filters": 4 }), image),
        (
            "SeparableConv1D",
            conv(json!({ "padding": "causal" })),
            &[8, 3],
        ),
        ("ZeroPadding2D", json!({ "padding": [1, 2, 3] }), image),
        ("ZeroPadding3D", json!({ "padding": -1 }), &[2, 3, 4, 1]),
        ("ZeroPadding3D", json!({}), image),
        ("Cropping1D", json!({ "cropping": [[1, 1]] }), &[8, 3]),
        ("Cropping2D", json!({ "cropping": [[4, 4], [0, 0]] }), image),
        ("UpSampling2D", json!({ "size": 0 }), image),
        ("UpSampling2D", json!({ "interpolation": "linear" }), image),
        ("UpSampling2D", json!({ "size": 200_000_000 }), image),
        (
            "UpSampling2D",
            json!({ "size": [2, 2000], "interpolation": "bilinear" }),
            image,
        ),
        (
            "Conv2D",
            conv(json!({ "dilation_rate": 1_u64 << 40 })),
            image,
        ),
        ("MaxPooling2D", json!({ "pool_size": 9 }), image),
        (
            "MaxPooling2D",
            json!({ "pool_size": 257, "padding": "same" }),
            image,
        ),
        ("AveragePooling2D", json!({ "strides": 0 }), image),
        ("AveragePooling1D", json!({ "pool_size": 9 }), &[8, 3]),
        ("MaxPooling1D", json!({ "padding": "causal" }), &[8, 3]),
        (
            "MaxPooling3D",
            json!({ "pool_size": [2, 2] }),
            &[4, 4, 4, 1],
        ),
        (
            "MaxPooling3D",
            json!({ "pool_size": [2, 2, 9] }),
            &[4, 4, 4, 1],
        ),
        ("AdaptiveMaxPooling2D", json!({}), image),
        (
            "MaxPoolingWithArgmax2D",
            json!({ "pool_size": 17 }),
            &[20, 20, 1],
        ),
        ("MaxUnpooling2D", json!({}), image),
        ("PixelShuffle", json!({ "upscale_factor": 2 }), image),
        ("PixelShuffle", json!({ "upscale_factor": 0 }), image),
        ("PixelUnshuffle", json!({ "downscale_factor": 3 }), image),
        ("AdaptiveMaxPooling2D", json!({ "output_size": 0 }), image),
        (
            "AdaptiveMaxPooling1D",
            json!({ "output_size": 3 }),
            &[1000, 1],
        ),
        (
            "AdaptiveAveragePooling1D",
            json!({ "output_size": 5000 }),
            &[8, 3],
        ),
        ("GlobalAveragePooling1D", json!({}), image),
        ("AveragePooling2D", json!({ "pool_size": "two" }), image),
        (
            "GlobalAveragePooling2D",
            json!({ "keep_dims": true }),
            image,
        ),
        ("GlobalMaxPooling2D", json!({}), &[8]),
        ("BatchNormalization", json!({ "axis": 0 }), image),
        ("BatchNormalization", json!({ "axis": 4 }), image),
        ("BatchNormalization", json!({ "axis": [1, 2] }), image),
        ("BatchNormalization", json!({ "momentum": 1.5 }), image),
        ("BatchNormalization", json!({ "epsilon": 0 }), image),
        (
            "BatchNormalization",
            json!({ "renorm": true, "renorm_clipping": { "rmin": 2, "rmax": 1 } }),
            image,
        ),
        ("LeakyReLU", json!({ "negative_slope": -0.1 }), image),
        ("PReLU", json!({ "shared_axes": [1, 4] }), image),
        ("Permute", json!({ "dims": [1, 1] }), &[3, 4]),
        ("RepeatVector", json!({ "n": 0 }), &[3]),
        ("RepeatVector", json!({ "n": 2 }), image),
        ("GroupNormalization", json!({ "groups": 2 }), image),
        ("InstanceNormalization", json!({}), &[3]),
        (
            "SpectralNormalization",
            json!({ "layer": { "class_name": "Flatten", "config": {} } }),
            image,
        ),
        ("SpatialDropout2D", json!({ "rate": 0.5 }), &[3, 4]),
        ("GaussianNoise", json!({ "stddev": -1 }), &[3]),
        (
            "EinsumDense",
            json!({ "equation": "abc,cd->abe", "output_shape": [null, 3] }),
            &[3, 4],
        ),
        (
            "EinsumDense",
            json!({ "equation": "abc,cd", "output_shape": 3 }),
            &[3, 4],
        ),
        (
            "EinsumDense",
            json!({ "equation": "ab,bc->ac", "output_shape": 3 }),
            &[3, 4],
        ),
        (
            "EinsumDense",
            json!({ "equation": "abc,cd->abd", "output_shape": [2, 5] }),
            &[3, 4],
        ),
        (
            "EinsumDense",
            json!({ "equation": "abc,cd->abd", "output_shape": [3, 5], "bias_axes": "c" }),
            &[3, 4],
        ),
        (
            "Dense",
            json!({ "units": 3, "lora_rank": 2, "kernel_constraint": "non_neg" }),
            &[4],
        ),
        ("Attention", json!({ "score_mode": "sum" }), &[3, 4]),
        (
            "MultiHeadAttention",
            json!({ "num_heads": 2, "key_dim": 3, "sliding_window": 0 }),
            &[3, 4],
        ),
        (
            "MultiHeadAttention",
            json!({ "num_heads": 2, "key_dim": 3, "flash_attention": true, "dropout": 0.1 }),
            &[3, 4],
        ),
        (
            "MultiHeadAttention",
            json!({ "num_heads": 2, "key_dim": 3, "attention_axes": [1], "use_causal_mask": true }),
            image,
        ),
        (
            "GroupQueryAttention",
            json!({ "head_dim": 2, "num_query_heads": 3, "num_key_value_heads": 2 }),
            &[3, 4],
        ),
        ("Dropout", json!({ "rate": 1.5 }), &[4]),
        ("Dropout", json!({ "rate": -0.1 }), &[4]),
        ("Dropout", json!({}), &[4]),
        (
            "Dropout",
            json!({ "rate": 0.5, "noise_shape": [2, 4] }),
            &[4],
        ),
        ("RandomFlip", json!({ "mode": "horizontl" }), image),
        (
            "RandomFlip",
            json!({ "data_format": "channels_middle" }),
            image,
        ),
        ("RandomBrightness", json!({ "factor": 1.5 }), image),
        ("RandomBrightness", json!({ "factor": [1, 2, 3] }), image),
        (
            "RandomContrast",
            json!({ "factor": 0.2, "value_range": [1, 0] }),
            image,
        ),
        ("RandomSaturation", json!({ "factor": 0.2 }), &[4, 4, 1]),
        ("Reshape", json!({ "target_shape": [5, 5] }), &[24]),
        ("Reshape", json!({ "target_shape": [-1, -1] }), &[24]),
        ("Reshape", json!({ "target_shape": [0] }), &[24]),
        (
            "Reshape",
            json!({ "target_shape": [9_000_000_000_000_000_i64, 9_000_000_000_000_000_i64] }),
            &[24],
        ),
        ("Activation", json!({ "activation": "sigmiod" }), &[4]),
        ("Activation", json!({ "activation": "glu" }), &[5]),
        (
            "Activation",
            json!({ "activation": { "class_name": "__lambda__", "config": {} } }),
            &[4],
        ),
        ("ReLU", json!({ "negative_slope": -1 }), &[4]),
        ("Softmax", json!({ "axis": 2 }), &[4]),
        ("Softmax", json!({ "axis": [1, -1] }), &[4]),
        ("Softmax", json!({}), &[]),
        ("Rescaling", json!({ "scale": "1/255" }), &[4]),
        ("Flatten", json!({ "data_format": "channels_middle" }), &[4]),
        (
            "Embedding",
            json!({ "input_dim": 0, "output_dim": 2 }),
            &[4],
        ),
        ("Masking", json!({}), &[]),
    ];
    let mut text = String::new();
    for (class, config, shape) in mistakes {
        let said = told(class, &config, shape);
        // The list of all layers grows with each new one.
        let said = said.split(" known: InputLayer").next().unwrap_or(&said);
        writeln!(text, "{class} {config} on {shape:?}\n{said}\n").expect("a text grows");
    }
    for (title, said) in joined() {
        writeln!(text, "{title}\n{said}\n").expect("a text grows");
    }
    text
}

/// What is said about layers with several inputs.
fn joined() -> Vec<(&'static str, String)> {
    let (a, b) = (input([4, 3]), input([5, 3]));
    let said = |made: cornu::Result<Model>| match made {
        Ok(_) => "was accepted".to_owned(),
        Err(e) => e.to_string(),
    };
    let both = |y| said(Model::new([&a, &b], [&y]));
    vec![
        ("Add on [4, 3] and [5, 3]", both(Add::new().on([&a, &b]))),
        (
            "Concatenate on [4, 3] and [5, 3]",
            both(Concatenate::new().on([&a, &b])),
        ),
        (
            "Concatenate along the batch",
            both(Concatenate::new().axis(0).on([&a, &b])),
        ),
        ("Subtract on one input", both(Subtract::new().on(&a))),
        ("Dense on two inputs", both(Dense::new(2).on([&a, &b]))),
        ("Flatten on two inputs", both(Flatten::new().on([&a, &b]))),
    ]
}

#[test]
fn mistakes_are_told_as_written_down() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/layers/messages.txt");
    let said = all();
    if std::env::var_os("CORNU_BLESS").is_some() {
        std::fs::write(&file, &said).expect("the file can be written");
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    for (said, written) in said.split("\n\n").zip(written.split("\n\n")) {
        assert_eq!(said, written);
    }
    assert_eq!(said, written);
    assert!(!said.contains("was accepted"), "{said}");
}
