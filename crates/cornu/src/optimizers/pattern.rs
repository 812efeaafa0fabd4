//! Patterns that pick weights by their paths: the part of regular expressions that such patterns need.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A pattern for paths of weights: `.` any character, `*`, `+` and `?` after what may be repeated, `[abc]` and `[^a-z]` sets, `\d` and `\w`
/// digits and letters, `^` and `$` the ends, `|` between alternatives.
///
/// # Example
/// ```
/// use cornu::optimizers::Pattern;
/// assert!(Pattern::from(".*kernel").is_whole("sequential/dense/kernel"));
/// assert!(Pattern::from("bias|gamma$").is_in("sequential/dense/bias"));
/// assert!(!Pattern::from("dense_\\d/").is_in("sequential/dense/kernel"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

impl From<&str> for Pattern {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(Self)
    }
}

/// One character's place in a pattern.
#[derive(Clone, Debug, PartialEq)]
enum Unit {
    Any,
    One(char),
    /// Ranges of characters, and whether those are meant that lie outside.
    Set(Vec<(char, char)>, bool),
    Start,
    End,
}

impl Unit {
    fn fits(&self, c: char) -> bool {
        match self {
            Self::Any => true,
            Self::One(own) => *own == c,
            Self::Set(ranges, outside) => {
                ranges.iter().any(|&(low, high)| (low..=high).contains(&c)) != *outside
            }
            Self::Start | Self::End => false,
        }
    }
}

/// A unit with how often it may stand: at least, and whether more often.
type Repeated = (Unit, usize, bool, bool);

fn class(letter: char) -> Option<Vec<(char, char)>> {
    match letter {
        'd' => Some(vec![('0', '9')]),
        'w' => Some(vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]),
        _ => None,
    }
}

/// The units of one alternative.
fn units(text: &str) -> Vec<Repeated> {
    let mut all: Vec<Repeated> = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let unit = match c {
            '.' => Unit::Any,
            '^' => Unit::Start,
            '$' => Unit::End,
            '\\' => {
                let letter = chars.next().unwrap_or('\\');
                class(letter).map_or(Unit::One(letter), |ranges| Unit::Set(ranges, false))
            }
            '[' => {
                let outside = chars.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                while let Some(low) = chars.next() {
                    if low == ']' && !ranges.is_empty() {
                        break;
                    }
                    if low == '\\'
                        && let Some(known) = chars.peek().copied().and_then(class)
                    {
                        chars.next();
                        ranges.extend(known);
                        continue;
                    }
                    let high = if chars.next_if_eq(&'-').is_some() {
                        chars.next().unwrap_or(low)
                    } else {
                        low
                    };
                    ranges.push((low, high));
                }
                Unit::Set(ranges, outside)
            }
            other => Unit::One(other),
        };
        let (least, more, optional) = match chars.peek() {
            Some('*') => (0, true, false),
            Some('+') => (1, true, false),
            Some('?') => (0, false, true),
            _ => (1, false, false),
        };
        if (least, more) != (1, false) {
            chars.next();
        }
        all.push((unit, least, more, optional));
    }
    all
}

/// Whether the units fit `text[at..]`; `whole`: up to its end.
fn fits(units: &[Repeated], text: &[char], at: usize, whole: bool) -> bool {
    let Some(((unit, least, more, optional), rest)) = units.split_first() else {
        return !whole || at == text.len();
    };
    match unit {
        Unit::Start => return at == 0 && fits(rest, text, at, whole),
        Unit::End => return at == text.len() && fits(rest, text, at, whole),
        _ => {}
    }
    let run = text[at..].iter().take_while(|c| unit.fits(**c)).count();
    let most = match (more, optional) {
        (true, _) => run,
        (false, true) => run.min(1),
        (false, false) => run.min(*least),
    };
    (*least..=most)
        .rev()
        .any(|n| fits(rest, text, at + n, whole))
}

impl Pattern {
    fn alternatives(&self) -> impl Iterator<Item = Vec<Repeated>> {
        self.0.split('|').map(units)
    }

    /// Whether the whole path fits, as Python's `re.fullmatch`.
    pub fn is_whole(&self, path: &str) -> bool {
        let text: Vec<char> = path.chars().collect();
        self.alternatives().any(|u| fits(&u, &text, 0, true))
    }

    /// Whether some part of the path fits, as Python's `re.search`.
    pub fn is_in(&self, path: &str) -> bool {
        let text: Vec<char> = path.chars().collect();
        self.alternatives()
            .any(|u| (0..=text.len()).any(|at| fits(&u, &text, at, false)))
    }
}
