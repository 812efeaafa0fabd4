//! A table on the screen: columns as wide as their widest cell, numbers to the right.

/// Lines of `rows`, each cell padded to its column; columns in `right` are aligned to the right.
pub(crate) fn lines<const N: usize>(rows: &[[String; N]], right: &[usize]) -> Vec<String> {
    let width = |text: &str| text.chars().count();
    let widths: [usize; N] =
        std::array::from_fn(|c| rows.iter().map(|r| width(&r[c])).max().unwrap_or(0));
    rows.iter()
        .map(|row| {
            let mut line = String::new();
            for (c, cell) in row.iter().enumerate() {
                let padding = " ".repeat(widths[c] - width(cell));
                if c > 0 {
                    line.push_str("   ");
                }
                if right.contains(&c) {
                    line.push_str(&padding);
                    line.push_str(cell);
                } else {
                    line.push_str(cell);
                    line.push_str(&padding);
                }
            }
            line.trim_end().to_string()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_stand_under_each_other() {
        let rows = [["a", "1", "×"], ["bcd", "200", "é"]].map(|r| r.map(String::from));
        assert_eq!(
            super::lines(&rows, &[1]),
            ["a       1   ×", "bcd   200   é"]
        );
    }
}
