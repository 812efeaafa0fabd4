//! Pictures of models.

use cornu::prelude::*;

fn two_inputs() -> cornu::Result<Model> {
    let (upper, lower) = (
        input([16, 32, 3]).named("upper"),
        input([16, 32, 3]).named("lower"),
    );
    let seen = |x: &Symbol| {
        let x = Conv2D::new(24, 3).padding("same").activation("relu").on(x);
        Flatten::new().on(MaxPooling2D::new(2).on(&x))
    };
    let joined = Concatenate::new().on([&seen(&upper), &seen(&lower)]);
    let hidden = Dense::new(64).activation("relu").on(&joined);
    let digit = Dense::new(10)
        .activation("softmax")
        .name("digit")
        .on(&hidden);
    let size = Dense::new(1).name("size").on(&hidden);
    Model::new([&upper, &lower], [&digit, &size])
}

fn nested() -> cornu::Result<Model> {
    let x = input([8, 8, 3]);
    let y = Conv2D::new(3, 3).padding("same").on(&x);
    let y = BatchNormalization::new().on(&y);
    let block = Model::new([&x], [&Add::new().on([&x, &y])])?.named("block <1>");
    let x = input([8, 8, 3]);
    let y = block.on(block.on(&x));
    Model::new(
        [&x],
        [&Dense::new(2).on(GlobalAveragePooling2D::new().on(&y))],
    )
}

/// The numbers of an attribute.
fn numbers(svg: &str, attribute: &str) -> Vec<f64> {
    let key = format!(" {attribute}=\"");
    svg.split(&key)
        .skip(1)
        .filter_map(|p| p.split('"').next()?.parse().ok())
        .collect()
}

#[test]
fn every_layer_and_tensor_is_drawn_inside_the_picture() -> cornu::Result<()> {
    let resnet = cornu::applications::ResNet18::new()
        .input_shape([64, 64, 3])
        .build()?;
    for (model, boxes, arrows) in [
        (two_inputs()?, 12, 11),
        (nested()?, 2 * 4 + 3, 4 + 2 * 4),
        (resnet, 0, 0),
    ] {
        let svg = model.to_svg()?;
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        if boxes > 0 {
            assert_eq!(
                svg.matches("class=\"box\"").count() + svg.matches("class=\"frame\"").count(),
                boxes
            );
            assert_eq!(svg.matches("class=\"edge\"").count(), arrows);
        }
        assert!(!svg.contains("<1>"), "text is escaped");
        let (xs, ys) = (numbers(&svg, "x"), numbers(&svg, "y"));
        let (width, height) = (numbers(&svg, "width")[0], numbers(&svg, "height")[0]);
        assert!(
            xs.iter().all(|&x| (0.0..width).contains(&x)),
            "{xs:?} {width}"
        );
        assert!(ys.iter().all(|&y| (0.0..height).contains(&y)));
        if let Ok(folder) = std::env::var("CORNU_PLOTS") {
            model.plot(format!("{folder}/{}-{boxes}.svg", model.name()))?;
        }
    }
    Ok(())
}

#[test]
fn a_picture_is_an_svg_file() -> cornu::Result<()> {
    let e = two_inputs()?
        .plot("model.png")
        .expect_err("a picture of points");
    assert_eq!(
        e.message(),
        "a picture of a model ends in .svg, received \"model.png\""
    );
    Ok(())
}
