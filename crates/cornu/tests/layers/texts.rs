//! Layers of texts, and what layers learn from data, against what Keras computes.

use std::collections::BTreeSet;
use std::path::Path;

use cornu::layers::{Column, Layer, MaskValue, Ngrams, OutputMode, Salt, Texts};
use cornu::prelude::*;
use cornu::preparation::bounding_boxes::{
    AffineTransform, Deltas, affine_transform, clip_labels, clip_to_image_size, compute_ciou,
    compute_iou, compute_iou_masked, convert_format, crop, pad,
};
use cornu::preparation::{
    PadSequences, TimeSeries, array_to_img, img_to_array, normalize, pad_sequences, split_dataset,
    timeseries_dataset_from_array, to_categorical,
};
use serde_json::{Value as Json, json};

fn golden() -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/preprocessing.json");
    let text = std::fs::read_to_string(&path).expect("the golden file is there");
    serde_json::from_str(&text).expect("a golden file is JSON")
}

fn cases(kind: &str) -> Vec<Json> {
    golden()[kind].as_array().expect("cases").clone()
}

/// The lengths of nested lists, and what is in them.
fn flat(json: &Json) -> (Vec<usize>, Vec<Json>) {
    let Json::Array(list) = json else {
        return (Vec::new(), vec![json.clone()]);
    };
    let mut shape = vec![list.len()];
    let mut values = Vec::new();
    for (i, part) in list.iter().enumerate() {
        let (inner, own) = flat(part);
        if i == 0 {
            shape.extend(inner);
        }
        values.extend(own);
    }
    (shape, values)
}

fn texts(json: &Json) -> Texts {
    let (shape, values) = flat(json);
    let values: Vec<&str> = values.iter().map(|v| v.as_str().expect("a text")).collect();
    match shape[..] {
        [_] => values.into(),
        [n, 1] => {
            let rows: Vec<[&str; 1]> = values.iter().map(|&v| [v]).collect();
            match n {
                2 => [rows[0], rows[1]].into(),
                _ => panic!("{n} rows"),
            }
        }
        [2, 2] => [[values[0], values[1]], [values[2], values[3]]].into(),
        [4, 2] => [0, 2, 4, 6].map(|i| [values[i], values[i + 1]]).into(),
        _ => panic!("{shape:?}"),
    }
}

fn whole(json: &Json) -> Tensor {
    let (shape, values) = flat(json);
    let values = values
        .iter()
        .map(|v| v.as_i64().expect("a whole number") as i32);
    Tensor::new(shape, values.collect::<Vec<_>>()).expect("sizes fit")
}

/// Of nested lists, or of a shape and its numbers in a row.
fn floats(json: &Json) -> Tensor {
    let (shape, values) = match json.get("floats") {
        Some(row) => {
            let (_, shape) = flat(&json["shape"]);
            let shape = shape.iter().map(|n| n.as_u64().expect("a size") as usize);
            (shape.collect(), flat(row).1)
        }
        None => flat(json),
    };
    let values = values.iter().map(|v| v.as_f64().expect("a number") as f32);
    Tensor::new(shape, values.collect::<Vec<_>>()).expect("sizes fit")
}

fn numbers(t: &Tensor) -> Vec<f64> {
    match t.i32s() {
        Ok(v) => v.iter().map(|&x| f64::from(x)).collect(),
        Err(_) => t
            .f32s()
            .expect("floats")
            .iter()
            .map(|&x| f64::from(x))
            .collect(),
    }
}

fn same(what: &str, received: &Tensor, expected: &Json) {
    let shape: Vec<usize> = serde_json::from_value(expected["shape"].clone()).expect("a shape");
    assert_eq!(received.shape().axes(), shape, "{what}");
    let list = expected["numbers"]
        .as_array()
        .or(expected["floats"].as_array());
    let expected = list.expect("numbers");
    for (i, (a, b)) in numbers(received).iter().zip(expected).enumerate() {
        let b = b.as_f64().expect("a number");
        assert!(
            (a - b).abs() <= 1e-5 + 1e-4 * b.abs(),
            "{what}: element {i}: expected {b}, received {a}"
        );
    }
}

/// A layer of a model, called on what it is made for.
fn in_model(layer: impl Layer + 'static, x: &Tensor) -> Tensor {
    let sample = Shape::from(&x.shape()[1..]);
    let dtype = x.dtype();
    let shapes = layer
        .build(std::slice::from_ref(&sample))
        .expect("a valid layer");
    assert!(shapes.len() <= 3);
    // Numbers of categories come out of a model as floats.
    let x_of = input_of(dtype, sample);
    let y = Rescaling::new(1.0).on(layer.on(&x_of));
    let mut model = Model::new([&x_of], [&y]).expect("a valid model");
    model.predict(x).expect("predicts")
}

fn salt(arguments: &Json) -> Option<Salt> {
    let salt = arguments.get("salt")?;
    Some(serde_json::from_value(salt.clone()).expect("a salt"))
}

fn hashing(arguments: &Json) -> Hashing {
    let mut layer = Hashing::new(arguments["num_bins"].as_u64().expect("a number") as usize);
    if let Some(salt) = salt(arguments) {
        layer = layer.salt(salt);
    }
    if let Some(mask) = arguments.get("mask_value") {
        layer =
            layer.mask_value(serde_json::from_value::<MaskValue>(mask.clone()).expect("a mask"));
    }
    if let Some(mode) = arguments["output_mode"].as_str() {
        layer = layer.output_mode(mode);
    }
    layer
}

#[test]
fn texts_become_what_keras_makes_of_them() {
    let mut seen = BTreeSet::new();
    for case in cases("layers") {
        let (class, arguments) = (case["layer"].as_str().expect("a class"), &case["arguments"]);
        let what = format!("{class} {arguments}");
        seen.insert(class.to_owned());
        let object = json!({ "class_name": class, "config": arguments });
        let data = &case["adapt"];
        for call in case["calls"].as_array().expect("calls") {
            let (given, expected) = (&call["input"], &call["output"]);
            let what = format!("{what} of {given}");
            match class {
                "TextVectorization" => {
                    let mut layer =
                        TextVectorization::from_json(&object.to_string()).expect("valid");
                    if !data.is_null() {
                        layer.adapt(texts(data)).expect("adapts");
                    }
                    assert_eq!(json!(layer.get_vocabulary()), case["vocabulary"], "{what}");
                    same(&what, &layer.call(texts(given)).expect("calls"), expected);
                    let again = TextVectorization::from_json(&layer.to_json().expect("JSON"))
                        .expect("valid");
                    assert_eq!(again, layer, "{what}");
                    same(&what, &again.call(texts(given)).expect("calls"), expected);
                }
                "StringLookup" => {
                    let mut layer = StringLookup::from_json(&object.to_string()).expect("valid");
                    if !data.is_null() {
                        layer.adapt(texts(data)).expect("adapts");
                    }
                    assert_eq!(json!(layer.get_vocabulary()), case["vocabulary"], "{what}");
                    let again =
                        StringLookup::from_json(&layer.to_json().expect("JSON")).expect("valid");
                    assert_eq!(again, layer, "{what}");
                    if arguments["invert"] == true {
                        let found = layer.texts(&whole(given)).expect("texts");
                        assert_eq!(json!(found.values()), expected["texts"], "{what}");
                    } else {
                        same(&what, &layer.call(texts(given)).expect("calls"), expected);
                        same(&what, &again.call(texts(given)).expect("calls"), expected);
                    }
                }
                "IntegerLookup" => {
                    let mut layer = IntegerLookup::new();
                    if let Some(max) = arguments["max_tokens"].as_u64() {
                        layer = layer.max_tokens(max as usize);
                    }
                    if let Some(mask) = arguments["mask_token"].as_i64() {
                        layer = layer.mask_token(mask);
                    }
                    if let Some(mode) = arguments["output_mode"].as_str() {
                        layer = layer.output_mode(mode);
                    }
                    layer.adapt(&whole(data)).expect("adapts");
                    assert_eq!(json!(layer.get_vocabulary()), case["vocabulary"], "{what}");
                    same(&what, &in_model(layer, &whole(given)), expected);
                }
                "Hashing" => same(
                    &what,
                    &hashing(arguments).texts(texts(given)).expect("bins"),
                    expected,
                ),
                "HashedCrossing" => {
                    let mut layer = HashedCrossing::new(
                        arguments["num_bins"].as_u64().expect("a number") as usize,
                    );
                    if let Some(mode) = arguments["output_mode"].as_str() {
                        layer = layer.output_mode(mode);
                    }
                    let column = |c: &Json| -> Column {
                        if c[0].is_string() {
                            texts(c).into()
                        } else {
                            whole(c).into()
                        }
                    };
                    let columns: Vec<Column> = given
                        .as_array()
                        .expect("columns")
                        .iter()
                        .map(column)
                        .collect();
                    same(&what, &layer.columns(&columns).expect("bins"), expected);
                }
                "Normalization" => {
                    let mut layer = Normalization::new();
                    match &arguments["axis"] {
                        Json::Array(axes) => {
                            let [a, b] = [&axes[0], &axes[1]].map(|a| a.as_i64().expect("an axis"));
                            layer = layer.axis([a, b]);
                        }
                        Json::Null if arguments.get("axis").is_some() => layer = layer.of_all(),
                        _ => {}
                    }
                    layer = layer.invert(arguments["invert"] == true);
                    layer.adapt(&floats(data)).expect("adapts");
                    same(&what, &in_model(layer, &floats(given)), expected);
                }
                "Discretization" => {
                    let bins = arguments["num_bins"].as_u64().expect("a number");
                    let mut layer = Discretization::with_bins(bins as usize);
                    if let Some(epsilon) = arguments["epsilon"].as_f64() {
                        layer = layer.epsilon(epsilon);
                    }
                    if let Some(mode) = arguments["output_mode"].as_str() {
                        layer = layer.output_mode(mode);
                    }
                    layer.adapt(&floats(data)).expect("adapts");
                    let bounds = layer.bin_boundaries().expect("known");
                    let expected_bounds: Vec<f64> =
                        serde_json::from_value(case["bin_boundaries"].clone()).expect("numbers");
                    assert_eq!(bounds.len(), expected_bounds.len(), "{what}");
                    for (a, b) in bounds.iter().zip(&expected_bounds) {
                        assert!((a - b).abs() <= 1e-5 * b.abs().max(1.0), "{what}: {a} {b}");
                    }
                    // A number a sample, where Keras takes a list.
                    let x = floats(given);
                    let n = x.shape().elements();
                    let x = x.reshape([n]).expect("sizes fit");
                    let y = in_model(layer, &x);
                    same(&what, &y, expected);
                }
                other => panic!("no test for {other}"),
            }
        }
    }
    for class in [
        "TextVectorization",
        "StringLookup",
        "Hashing",
        "HashedCrossing",
    ] {
        assert!(seen.contains(class), "{class}: no golden case");
    }
}

/// A function of boxes with Keras's arguments.
fn boxes(function: &str, arguments: &Json) -> cornu::Result<Tensor> {
    let text = |key: &str| arguments[key].as_str().unwrap_or("xyxy").to_owned();
    let number = |n: &Json| n.as_u64().map(|n| n as usize);
    let sides = [&arguments["height"], &arguments["width"]].map(number);
    let shape = [&arguments["image_shape"][0], &arguments["image_shape"][1]].map(number);
    let image = [sides, shape].into_iter().find_map(|[h, w]| Some([h?, w?]));
    let format = text("bounding_box_format");
    match function {
        "convert_format" => {
            let x = floats(&arguments["boxes"]);
            convert_format(&x, &*text("source"), &*text("target"), image)
        }
        "compute_iou" => {
            let (a, b) = (floats(&arguments["boxes1"]), floats(&arguments["boxes2"]));
            if arguments["use_masking"] == true {
                let mask = arguments["mask_val"].as_f64().unwrap_or(-1.0);
                return compute_iou_masked(&a, &b, &*format, image, mask as f32);
            }
            compute_iou(&a, &b, &*format, image)
        }
        "compute_ciou" => {
            let (a, b) = (floats(&arguments["boxes1"]), floats(&arguments["boxes2"]));
            compute_ciou(&a, &b, &*format, image)
        }
        "crop" | "pad" => {
            let x = floats(&arguments["boxes"]);
            let corner = [&arguments["top"], &arguments["left"]]
                .map(|n| n.as_i64().expect("a number") as i32);
            match image {
                Some(size) => crop(&x, &*format, corner, size),
                None => pad(&x, &*format, corner),
            }
        }
        "affine_transform" => {
            let of = |key: &str, otherwise: f64| arguments[key].as_f64().unwrap_or(otherwise);
            let transform = AffineTransform {
                angle: of("angle", 0.0),
                translate: [of("translate_x", 0.0), of("translate_y", 0.0)],
                scale: of("scale", 1.0),
                shear: [of("shear_x", 0.0), of("shear_y", 0.0)],
                center: [of("center_x", 0.5), of("center_y", 0.5)],
            };
            let x = floats(&arguments["boxes"]);
            affine_transform(&x, &*format, image.expect("a size"), &transform)
        }
        "encode_box_to_deltas" | "decode_deltas_to_boxes" => {
            let mut how = Deltas::new(&*text("anchor_format"), &*text("box_format"));
            for key in ["encoding_format", "encoded_format"] {
                if let Some(format) = arguments[key].as_str() {
                    how = how.encoding_format(format);
                }
            }
            if arguments["variance"].is_array() {
                let v = floats(&arguments["variance"]);
                how = how.variance(v.f32s()?.try_into().expect("four numbers"));
            }
            if let Some(image) = image {
                how = how.image(image);
            }
            let anchors = floats(&arguments["anchors"]);
            match function {
                "encode_box_to_deltas" => how.encode(&anchors, &floats(&arguments["boxes"])),
                _ => how.decode(&anchors, &floats(&arguments["boxes_delta"])),
            }
        }
        "clip_to_image_size" => clip_to_image_size(
            &floats(&arguments["boxes"]),
            &*format,
            image.expect("a size"),
        ),
        "clip_labels" => clip_labels(
            &floats(&arguments["boxes"]),
            &whole(&arguments["labels"]),
            &*format,
            image.expect("a size"),
        ),
        other => panic!("no test for {other}"),
    }
}

#[test]
fn utilities_give_what_kerass_give() {
    for case in cases("utilities") {
        let (function, arguments) = (
            case["function"].as_str().expect("a name"),
            &case["arguments"],
        );
        let what = format!("{function} {arguments}");
        let received = match function {
            "pad_sequences" => {
                let sequences: Vec<Vec<i32>> =
                    serde_json::from_value(arguments["sequences"].clone()).expect("sequences");
                let mut how = PadSequences::default();
                if let Some(maxlen) = arguments["maxlen"].as_u64() {
                    how = how.maxlen(maxlen as usize);
                }
                if let Some(side) = arguments["padding"].as_str() {
                    how = how.padding(side);
                }
                if let Some(side) = arguments["truncating"].as_str() {
                    how = how.truncating(side);
                }
                if let Some(value) = arguments["value"].as_i64() {
                    how = how.value(value as i32);
                }
                pad_sequences(&sequences, &how)
            }
            "to_categorical" => {
                let classes = arguments["num_classes"].as_u64().map(|n| n as usize);
                to_categorical(&whole(&arguments["x"]), classes)
            }
            "normalize" => normalize(
                &floats(&arguments["x"]),
                arguments["axis"].as_i64().unwrap_or(-1),
                arguments["order"].as_u64().unwrap_or(2) as u32,
            ),
            "array_to_img" => {
                let scale = arguments["scale"].as_bool().unwrap_or(true);
                array_to_img(&floats(&arguments["x"]), scale).and_then(|p| img_to_array(&p))
            }
            _ => boxes(function, arguments),
        };
        same(&what, &received.expect("works"), &case["output"]);
    }
    assert!(to_categorical(&whole(&json!([0, 5])), Some(5)).is_err());
}

#[test]
fn pieces_of_series_are_those_of_keras() {
    for case in cases("series") {
        let arguments = &case["arguments"];
        let n = case["samples"].as_u64().expect("a number") as usize;
        let number = |key: &str| arguments[key].as_u64().map(|n| n as usize);
        let mut how = TimeSeries::new(number("sequence_length").expect("a length"));
        if let Some(stride) = number("sequence_stride") {
            how = how.sequence_stride(stride);
        }
        if let Some(rate) = number("sampling_rate") {
            how = how.sampling_rate(rate);
        }
        if let Some(start) = number("start_index") {
            how = how.start_index(start);
        }
        if let Some(end) = number("end_index") {
            how = how.end_index(end);
        }
        let line = |scale: f32, from: f32| {
            (0..n)
                .map(|i| i as f32 * scale + from)
                .collect::<Vec<f32>>()
        };
        let data = Tensor::new([n], line(1.5, 0.0)).expect("sizes fit");
        let targets = Tensor::new([n], line(1.0, 100.0)).expect("sizes fit");
        let pieces = timeseries_dataset_from_array(data, targets, how).expect("pieces");
        let all: Vec<usize> = (0..Samples::len(&pieces)).collect();
        let list = |side: &str| -> Vec<f64> {
            let batches = case["batches"].as_array().expect("batches").iter();
            batches
                .flat_map(|b| b[side]["floats"].as_array().cloned().unwrap_or_default())
                .map(|v| v.as_f64().expect("a number"))
                .collect()
        };
        assert_eq!(
            numbers(&pieces.inputs(&all).expect("pieces")),
            list("x"),
            "{arguments}"
        );
        if case["targets"] == true {
            assert_eq!(
                numbers(&pieces.goals(&all).expect("targets")),
                list("y"),
                "{arguments}"
            );
        }
    }
}

#[test]
fn tables_are_encoded_as_by_keras() {
    for case in cases("spaces") {
        let arguments = &case["arguments"];
        let number = |key: &str| arguments[key].as_u64().map_or(32, |n| n as usize);
        let mut space = FeatureSpace::new()
            .hashing_dim(number("hashing_dim"))
            .num_discretization_bins(number("num_discretization_bins"))
            .crossing_dim(number("crossing_dim"));
        for (name, kind) in case["features"].as_object().expect("features") {
            space = space
                .typed(name, kind.as_str().expect("a type"))
                .expect("a known type");
        }
        for cross in arguments["crosses"].as_array().cloned().unwrap_or_default() {
            let names: Vec<String> = serde_json::from_value(cross).expect("names");
            space = space.cross(names);
        }
        let table = case["table"].as_object().expect("columns");
        let column = |(name, values): (&String, &Json)| {
            let (_, list) = flat(values);
            let column: Column = match &list[0] {
                Json::String(_) => list
                    .iter()
                    .map(|v| v.as_str().expect("a text"))
                    .collect::<Vec<_>>()
                    .into(),
                n if n.is_i64() => whole(values).into(),
                _ => floats(values).into(),
            };
            (name.clone(), column)
        };
        let columns: Vec<(String, Column)> = table.iter().map(column).collect();
        let columns: Vec<(&str, Column)> = columns
            .iter()
            .map(|(n, c)| (n.as_str(), c.clone()))
            .collect();
        assert!(
            space.call(&columns).is_err(),
            "a vocabulary or a mean is wanted first"
        );
        space.adapt(&columns).expect("adapts");
        let what = case["features"].to_string();
        same(
            &what,
            &space.call(&columns).expect("encodes"),
            &case["output"],
        );
        let again = FeatureSpace::from_json(&space.to_json().expect("JSON")).expect("valid");
        same(
            &what,
            &again.call(&columns).expect("encodes"),
            &case["output"],
        );
        assert!(
            space
                .call(&columns[1..])
                .expect_err("refused")
                .to_string()
                .contains("has no column")
        );
    }
    let numbers = FeatureSpace::new().feature("n", Feature::integer_hashed(3).output_mode("int"));
    let column = [("n", Column::from(whole(&json!([1, 2]))))];
    assert!(numbers.call(&column).is_err());
    assert!(numbers.encode(&column).is_ok());
    assert!(FeatureSpace::new().typed("x", "floats").is_err());
}

#[test]
fn mistakes_of_layers_of_texts_are_told() {
    let told = |e: Result<Tensor>| e.expect_err("refused").to_string();
    assert_eq!(
        told(StringLookup::new().call(["a"])),
        "error: StringLookup has no vocabulary yet\n  help give one with vocabulary(..), or learn it from data with adapt(..)"
            .trim_start_matches("error: ")
    );
    let twice = StringLookup::new().vocabulary(["a", "b", "a"]);
    assert_eq!(
        told(twice.call(["a"])),
        "StringLookup: the vocabulary has \"a\" twice"
    );
    let none = StringLookup::new().vocabulary(["a"]).num_oov_indices(0);
    assert!(told(none.call(["b"])).starts_with("\"b\" is not in the vocabulary"));
    let length = TextVectorization::new()
        .vocabulary(["a"])
        .output_mode("count")
        .output_sequence_length(3);
    assert!(
        told(length.call(["a"]))
            .starts_with("output_sequence_length needs the output_mode \"int\"")
    );
    let unknown = TextVectorization::new().vocabulary(["a"]).split("spaces");
    assert!(told(unknown.call(["a"])).contains("unknown split \"spaces\""));
    let zero = TextVectorization::new()
        .vocabulary(["a"])
        .ngrams(Ngrams::Each(vec![0]));
    assert!(told(zero.call(["a"])).contains("ngrams must be at least 1"));
    let mode = Hashing::new(3).output_mode(OutputMode::TfIdf);
    assert!(told(mode.texts(["a"])).contains("output_mode of Hashing must be one of"));
    let json = json!({ "class_name": "StringLookup", "config": { "vocabularry": ["a"] } });
    let misspelt = StringLookup::from_json(&json.to_string()).expect_err("refused");
    assert!(
        misspelt.to_string().contains("did you mean \"vocabulary\""),
        "{misspelt}"
    );
    assert!(split_dataset(&[Tensor::zeros([3])], 1.5, None).is_err());
}

#[test]
fn an_adapted_layer_in_a_model_is_adapted_further() {
    let first = Tensor::new([2, 1], vec![0.0f32, 2.0]).expect("sizes fit");
    let mut layer = Normalization::new();
    layer.adapt(&first).expect("adapts");
    let mut model = Sequential::new()
        .input([1])
        .add(layer.clone())
        .build()
        .expect("valid");
    let x = Tensor::new([1, 1], vec![3.0f32]).expect("sizes fit");
    assert_eq!(
        model.predict(&x).expect("predicts").f32s().expect("floats"),
        &[2.0]
    );
    let second = Tensor::new([2, 1], vec![1.0f32, 5.0]).expect("sizes fit");
    layer.adapt(&second).expect("adapts");
    assert_eq!(
        model.predict(&x).expect("predicts").f32s().expect("floats"),
        &[0.0]
    );
}
