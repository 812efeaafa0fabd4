//! What a run leaves for its reader: the curves, the confusion matrix, right and wrong predictions, and a page that holds them all.

pub(crate) mod confusion;
pub(crate) mod curves;
pub(crate) mod examples;
pub(crate) mod grid;
pub(crate) mod history;
pub(crate) mod html;
pub(crate) mod scale;

/// Text made safe to stand between tags or in a quoted attribute of SVG.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // XML knows no other control characters, not even escaped.
            c if c.is_control() && c != '\n' && c != '\t' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_everything_that_could_end_text_or_an_attribute() {
        assert_eq!(
            super::escape("<a b=\"c\" d='e'>&\u{1b}"),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;\u{fffd}"
        );
    }
}
