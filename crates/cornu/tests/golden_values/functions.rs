//! What is a plain function, of texts, predictions and pictures, or of a function itself, against values by its definition.

use cornu::Tensor;
use cornu::metrics::{curves, images, text};
use cornu::optimizers::LBFGS;
use serde_json::Value as Json;

use super::cases::{assert_close, numbers, tensor};

fn strings(json: &Json) -> Vec<&str> {
    let list = json.as_array().expect("a list of texts");
    list.iter().map(|t| t.as_str().expect("a text")).collect()
}

fn floats(json: &Json) -> Vec<f32> {
    numbers(json).into_iter().map(|x| x as f32).collect()
}

fn classes(json: &Json) -> Vec<i32> {
    numbers(json).into_iter().map(|x| x as i32).collect()
}

fn pictures(json: &Json) -> Tensor {
    tensor(json)
}

fn value(function: &str, a: &[Json]) -> cornu::Result<Vec<f64>> {
    let number = |i: usize| a[i].as_f64().expect("a number");
    let of_rouge = |r: text::Rouge| vec![r.precision, r.recall];
    let text_at = |i: usize| a[i].as_str().expect("a text");
    Ok(match function {
        "lbfgs" => {
            let mut x = numbers(&a[0]);
            let mut lbfgs = LBFGS::default()
                .learning_rate(number(1))
                .max_iter(number(2) as usize)
                .history_size(number(3) as usize);
            if let Some(search) = a.get(4).and_then(Json::as_str) {
                lbfgs = lbfgs.line_search(search);
            }
            // Σ i/2·(xᵢ - 1)² + (x₁·x₂)² / 4
            lbfgs.minimize(&mut x, |x| {
                let share = |i: usize| (i + 1) as f64;
                let each = x.iter().enumerate();
                let value: f64 = each
                    .clone()
                    .map(|(i, v)| share(i) / 2.0 * (v - 1.0).powi(2))
                    .sum();
                let mut grad: Vec<f64> = each.map(|(i, v)| share(i) * (v - 1.0)).collect();
                grad[0] += x[0] * x[1] * x[1] / 2.0;
                grad[1] += x[0] * x[0] * x[1] / 2.0;
                Ok((value + (x[0] * x[1]).powi(2) / 4.0, grad))
            })?;
            x
        }
        "bleu" => {
            let references: Vec<Vec<&str>> = a[1]
                .as_array()
                .expect("references")
                .iter()
                .map(strings)
                .collect();
            vec![text::bleu(&strings(&a[0]), &references)?]
        }
        "chrf" => vec![text::chrf(
            &strings(&a[0]),
            &strings(&a[1]),
            number(2),
            number(3) as usize,
        )?],
        "rouge_n" => of_rouge(text::rouge_n(text_at(0), text_at(1), number(2) as usize)),
        "rouge_l" => of_rouge(text::rouge_l(text_at(0), text_at(1))),
        "word_error_rate" => vec![text::word_error_rate(&strings(&a[0]), &strings(&a[1]))?],
        "character_error_rate" => {
            vec![text::character_error_rate(
                &strings(&a[0]),
                &strings(&a[1]),
            )?]
        }
        "frechet_distance" => vec![images::frechet_distance(
            &pictures(&a[0]),
            &pictures(&a[1]),
        )?],
        "roc_area" => {
            let roc = curves::roc_curve(&floats(&a[0]), &floats(&a[1]))?;
            vec![curves::area(
                &roc.false_positive_rate,
                &roc.true_positive_rate,
            )]
        }
        "average_precision" => vec![curves::average_precision(&floats(&a[0]), &floats(&a[1]))?],
        "expected_calibration_error" => {
            let hits: Vec<bool> = numbers(&a[1]).iter().map(|&h| h != 0.0).collect();
            let bins = number(2) as usize;
            vec![curves::expected_calibration_error(
                &floats(&a[0]),
                &hits,
                bins,
            )?]
        }
        "confusion_matrix" => {
            let matrix =
                curves::confusion_matrix(&classes(&a[0]), &classes(&a[1]), number(2) as usize)?;
            matrix.concat().iter().map(|&n| n as f64).collect()
        }
        "classification_report" => {
            let report = curves::classification_report(
                &classes(&a[0]),
                &classes(&a[1]),
                number(2) as usize,
            )?;
            let row = |c: &curves::ClassReport| [c.precision, c.recall, c.f1, c.support as f64];
            let mut all: Vec<f64> = report.classes.iter().flat_map(row).collect();
            all.push(report.accuracy);
            for mean in [report.macro_average, report.weighted_average] {
                all.extend(&row(&mean)[..3]);
            }
            all
        }
        "perplexity" => vec![text::perplexity(number(0))],
        "psnr" => images::psnr(&pictures(&a[0]), &pictures(&a[1]), number(2))?,
        "ssim" => images::ssim(&pictures(&a[0]), &pictures(&a[1]), number(2))?,
        other => panic!("no function {other}"),
    })
}

#[test]
fn functions_give_what_they_are_defined_to_give() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/functions.json");
    let file = std::fs::read_to_string(path).expect("the golden file is there");
    let json: Json = serde_json::from_str(&file).expect("a golden file is JSON");
    let cases = json["cases"].as_array().expect("cases");
    assert!(cases.len() >= 17, "only {} cases were found", cases.len());
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let arguments = case["arguments"].as_array().expect("arguments");
        let function = case["function"].as_str().expect("a function");
        let received = value(function, arguments).expect(name);
        assert_close(name, &received, &numbers(&case["value"]), 1e-4);
    }
}

#[test]
fn what_functions_cannot_use_is_told() {
    let told = |e: cornu::Error| e.message().to_owned();
    assert_eq!(
        told(text::word_error_rate(&["a"], &[]).expect_err("no references")),
        "as many references as texts are needed, at least one, received 1 texts and 0 references"
    );
    assert_eq!(
        told(curves::roc_curve(&[1.0, 1.0], &[0.5, 0.6]).expect_err("one kind")),
        "a ROC curve needs targets of both kinds, received one kind"
    );
    assert_eq!(
        told(curves::confusion_matrix(&[0, 3], &[0, 1], 2).expect_err("no such class")),
        "classes must be from 0 to 1, received 3"
    );
    let small = Tensor::zeros([1, 10, 11, 1]);
    assert_eq!(
        told(images::ssim(&small, &small, 1.0).expect_err("small")),
        "structural similarity needs images of at least 11 by 11 pixels, received 10 by 11"
    );
}
