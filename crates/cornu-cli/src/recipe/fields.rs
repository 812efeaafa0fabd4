//! A table of a recipe read field by field, so that every mistake is told with its line and the nearest name.

use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::failure::{Failure, Result, suggestion};

/// A recipe's text and its name, to find the line of a mistake.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Source {
    /// `name:line` of a byte in the text.
    pub(crate) fn place(&self, byte: usize) -> String {
        let before = self.text.as_bytes()[..byte.min(self.text.len())].split(|b| *b == b'\n');
        let line = before.count();
        format!("{}:{line}", self.name)
    }

    pub(crate) fn failure(&self, byte: usize, message: impl Into<String>) -> Failure {
        Failure::user(message).at(self.place(byte))
    }
}

/// One table whose fields are all known.
pub(crate) struct Fields<'a> {
    source: &'a Source,
    table: &'a DeTable<'a>,
    /// What the table is called in a message: `[data]`.
    name: String,
    start: usize,
}

type Item<'a> = &'a Spanned<DeValue<'a>>;

impl<'a> Fields<'a> {
    /// Refuses any field that is not `known`.
    pub(crate) fn new(
        source: &'a Source,
        name: &str,
        table: &'a DeTable<'a>,
        start: usize,
        known: &[&str],
    ) -> Result<Self> {
        for key in table.keys() {
            let field = key.get_ref().as_ref();
            if !known.contains(&field) {
                return Err(source
                    .failure(
                        key.span().start,
                        format!("unknown field `{field}` in {name}"),
                    )
                    .help(suggestion(field, "known fields", known)));
            }
        }
        Ok(Self {
            source,
            table,
            name: name.to_string(),
            start,
        })
    }

    /// The field as it stands, if it is there.
    pub(crate) fn get(&self, field: &str) -> Option<Item<'a>> {
        self.table.get(field)
    }

    /// Says that `field` must be there.
    pub(crate) fn missing(&self, field: &str) -> Failure {
        self.source
            .failure(self.start, format!("{} has no field `{field}`", self.name))
    }

    fn wrong(&self, field: &str, item: Item<'_>, expected: &str) -> Failure {
        self.source.failure(
            item.span().start,
            format!(
                "`{field}` in {} must be {expected}, received {}",
                self.name,
                describe(item.get_ref())
            ),
        )
    }

    /// The field through `read`, which gives nothing where the value is not as `expected`.
    pub(crate) fn read<T>(
        &self,
        field: &str,
        expected: &str,
        read: impl FnOnce(&'a DeValue<'a>) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(item) = self.get(field) else {
            return Ok(None);
        };
        match read(item.get_ref()) {
            Some(value) => Ok(Some(value)),
            None => Err(self.wrong(field, item, expected)),
        }
    }

    pub(crate) fn text(&self, field: &str) -> Result<Option<String>> {
        self.read(field, "a text", |v| Some(v.as_str()?.to_string()))
    }

    pub(crate) fn yes_no(&self, field: &str) -> Result<Option<bool>> {
        self.read(field, "true or false", DeValue::as_bool)
    }

    /// A whole number of at least 1.
    pub(crate) fn count(&self, field: &str) -> Result<Option<usize>> {
        self.read(field, "a whole number of at least 1", |v| {
            usize::try_from(integer(v)?).ok().filter(|n| *n > 0)
        })
    }

    /// A whole number from 0.
    pub(crate) fn whole(&self, field: &str) -> Result<Option<u32>> {
        self.read(field, "a whole number from 0 to 4294967295", |v| {
            u32::try_from(integer(v)?).ok()
        })
    }

    pub(crate) fn number(&self, field: &str) -> Result<Option<f64>> {
        self.read(field, "a number", number)
    }

    pub(crate) fn table(
        &self,
        field: &str,
        name: &str,
        known: &[&str],
    ) -> Result<Option<Fields<'a>>> {
        let table = self.read(field, "a table", DeValue::as_table)?;
        table
            .map(|table| {
                let start = self.get(field).map_or(0, |item| item.span().start);
                Fields::new(self.source, name, table, start, known)
            })
            .transpose()
    }

    pub(crate) fn list(&self, field: &str, expected: &str) -> Result<Option<Vec<Item<'a>>>> {
        self.read(field, expected, |v| Some(v.as_array()?.iter().collect()))
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let DeValue::Integer(integer) = value else {
        return None;
    };
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => integer(value).map(|i| i as f64),
    }
}

/// A value in a message: short, and as the user wrote it.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{text}\""),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        DeValue::Boolean(yes) => yes.to_string(),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

/// The value as JSON, for settings whose fields only the framework knows.
pub(crate) fn json(source: &Source, item: &Spanned<DeValue<'_>>) -> Result<Value> {
    let refuse = |what: &str| {
        source.failure(
            item.span().start,
            format!("{what} cannot stand in a setting"),
        )
    };
    Ok(match item.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(yes) => Value::Bool(*yes),
        DeValue::Integer(_) => {
            let integer = integer(item.get_ref())
                .ok_or_else(|| refuse("a whole number of more than 64 bits"))?;
            Value::Number(integer.into())
        }
        DeValue::Float(_) => number(item.get_ref())
            .and_then(Number::from_f64)
            .map(Value::Number)
            .ok_or_else(|| refuse("a number that is not finite"))?,
        DeValue::Datetime(_) => return Err(refuse("a date")),
        DeValue::Array(list) => Value::Array(
            list.iter()
                .map(|item| json(source, item))
                .collect::<Result<_>>()?,
        ),
        DeValue::Table(table) => Value::Object(object(source, table)?),
    })
}

/// A table as a JSON object, in the order it was written.
pub(crate) fn object(source: &Source, table: &DeTable<'_>) -> Result<Map<String, Value>> {
    table
        .iter()
        .map(|(key, value)| Ok((key.get_ref().to_string(), json(source, value)?)))
        .collect()
}
