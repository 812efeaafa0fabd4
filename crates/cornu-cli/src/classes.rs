//! The names of a model's classes: from the model's own notes or a file, one a line.

use std::path::Path;

use crate::failure::{Failure, Result};

/// More than any model here has classes, less than any file that is not a list of names.
const LARGEST: u64 = 16 << 20;

/// The names for `outputs` outputs: from the file named, else those the model brought with it, else numbers.
pub(crate) fn names(
    named: Option<&Path>,
    own: Option<Vec<String>>,
    outputs: usize,
) -> Result<Vec<String>> {
    let Some(path) = named else {
        let own = own.filter(|names| names.len() == outputs);
        return Ok(own.unwrap_or_else(|| (0..outputs).map(|i| format!("class {i}")).collect()));
    };
    let size = std::fs::metadata(path)
        .map_err(|e| Failure::read(path, &e))?
        .len();
    if size > LARGEST {
        return Err(Failure::user(format!(
            "expected a list of names of at most {LARGEST} bytes, received {size}"
        ))
        .at(path.display()));
    }
    let text = std::fs::read_to_string(path).map_err(|e| Failure::read(path, &e))?;
    let names: Vec<String> = text.lines().map(|l| l.trim().to_string()).collect();
    if names.len() != outputs {
        return Err(Failure::user(format!(
            "expected a name for each of the model's {outputs} outputs, received {} lines",
            names.len()
        ))
        .at(path.display())
        .help("write one name a line"));
    }
    Ok(names)
}

/// The positions of the `most` largest values, the largest first; equal ones in their order.
pub(crate) fn top(row: &[f32], most: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|a, b| row[*b].total_cmp(&row[*a]));
    order.truncate(most);
    order
}

/// Whether the values can be read as shares of a whole.
pub(crate) fn are_probabilities(row: &[f32]) -> bool {
    row.iter().all(|v| (0.0..=1.0).contains(v)) && (row.iter().sum::<f32>() - 1.0).abs() < 1e-3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_come_first_and_equals_keep_their_order() {
        assert_eq!(top(&[0.1, 0.5, 0.5, 0.2], 3), [1, 2, 3]);
        assert_eq!(top(&[0.1], 3), [0]);
        assert!(are_probabilities(&[0.25, 0.75]));
        assert!(!are_probabilities(&[-1.0, 2.0]));
        assert!(!are_probabilities(&[f32::NAN, 1.0]));
    }

    #[test]
    fn a_list_of_another_length_is_refused_and_none_gives_numbers() {
        let file = std::env::temp_dir().join(format!("cornu-classes-{}", std::process::id()));
        std::fs::write(&file, "cat\r\ndog\n").unwrap();
        assert_eq!(names(None, None, 2).unwrap(), ["class 0", "class 1"]);
        assert_eq!(names(None, Some(vec!["a".into()]), 1).unwrap(), ["a"]);
        assert_eq!(
            names(Some(&file), Some(vec!["a".into()]), 2).unwrap(),
            ["cat", "dog"]
        );
        let failure = names(Some(&file), None, 3).unwrap_err();
        assert!(
            failure.message.contains("3 outputs, received 2"),
            "{failure}"
        );
        std::fs::remove_file(file).unwrap();
    }
}
