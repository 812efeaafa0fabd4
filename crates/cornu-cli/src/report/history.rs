//! The numbers of each epoch, in the order training told them, and their CSV form.

use std::fmt::Write;

/// One row per finished epoch, one column per value that training tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<f64>>,
}

impl History {
    /// Adds an epoch; a value that was never told before starts a column with nothing above it.
    pub(crate) fn push<'a>(&mut self, values: impl IntoIterator<Item = (&'a str, f64)>) {
        let mut row = vec![f64::NAN; self.columns.len()];
        for (name, value) in values {
            if let Some(column) = self.columns.iter().position(|c| c == name) {
                row[column] = value;
            } else {
                self.columns.push(name.to_string());
                for earlier in &mut self.rows {
                    earlier.push(f64::NAN);
                }
                row.push(value);
            }
        }
        self.rows.push(row);
    }

    /// All values of one column, an epoch each.
    pub(crate) fn column(&self, name: &str) -> Option<Vec<f64>> {
        let column = self.columns.iter().position(|c| c == name)?;
        Some(self.rows.iter().map(|row| row[column]).collect())
    }

    /// `epoch` counted from 1, then the columns; a value that is not a number is written as `nan`.
    pub(crate) fn csv(&self) -> String {
        let mut text = String::from("epoch");
        for column in &self.columns {
            text.push(',');
            text.push_str(column);
        }
        text.push('\n');
        for (epoch, row) in self.rows.iter().enumerate() {
            let _ = write!(text, "{}", epoch + 1);
            for value in row {
                if value.is_nan() {
                    text.push_str(",nan");
                } else {
                    // f32 values print with the digits that tell them apart, not with f64's.
                    let _ = write!(text, ",{}", *value as f32);
                }
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_column_and_a_missing_value_keep_their_places() {
        let mut history = History::default();
        history.push([("loss", f64::from(0.7f32))]);
        history.push([("loss", f64::NAN), ("val_loss", 1.5)]);
        history.push([("val_loss", f64::INFINITY)]);
        assert_eq!(
            history.csv(),
            "epoch,loss,val_loss\n1,0.7,nan\n2,nan,1.5\n3,nan,inf\n"
        );
        let losses = history.column("val_loss");
        assert_eq!(losses.and_then(|v| v.last().copied()), Some(f64::INFINITY));
        assert_eq!(history.column("accuracy"), None);
    }
}
