//! A real training to a stated accuracy: 6,000 handwritten digits, eight times, in a few seconds.

use cornu::prelude::*;

#[test]
fn a_small_network_reads_handwritten_digits() {
    if std::env::var_os("CORNU_DATA").is_none() {
        println!("skipped: set CORNU_DATA to a folder with the MNIST files");
        return;
    }
    let data = datasets::load("mnist", &datasets::Options::default())
        .expect("MNIST is there")
        .take(6_000, 2_000);
    let mut model = Sequential::new()
        .input([28, 28, 1])
        .add(Conv2D::new(16, 3).activation("relu"))
        .add(MaxPooling2D::new(2))
        .add(Conv2D::new(32, 3).activation("relu"))
        .add(MaxPooling2D::new(2))
        .add(Flatten::new())
        .add(Dropout::new(0.25))
        .add(Dense::new(10).activation("softmax"))
        .build()
        .expect("a valid model");
    model
        .compile(
            Adam::new(0.002),
            SparseCategoricalCrossentropy::default(),
            [metric("accuracy")],
        )
        .expect("compiles");
    model
        .fit(&data.train, Fit::epochs(8).batch_size(32))
        .expect("trains");
    let score = model.evaluate(&data.test).expect("evaluates");
    let accuracy = score.get("accuracy").expect("a metric");
    assert!(accuracy > 0.96, "accuracy {accuracy}");
}
