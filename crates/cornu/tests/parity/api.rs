//! Keras's public names and the arguments of each, read from the list that stands in `golden/keras-api.txt`.

/// One module of Keras.
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) entries: Vec<Entry>,
}

/// One public thing, under all its names.
pub(crate) struct Entry {
    pub(crate) names: Vec<String>,
    pub(crate) arguments: Vec<Argument>,
}

/// One argument, with its default as Python writes it, if it has one.
pub(crate) struct Argument {
    pub(crate) name: String,
    pub(crate) default: Option<String>,
}

impl Entry {
    pub(crate) fn name(&self) -> &str {
        &self.names[0]
    }
}

/// The list, module by module.
pub(crate) fn sections() -> Vec<Section> {
    let file = crate::root().join("golden/keras-api.txt");
    let text = std::fs::read_to_string(&file).expect("the list is there");
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            sections.push(Section {
                name: name.to_owned(),
                entries: Vec::new(),
            });
        } else if let Some(section) = sections.last_mut().filter(|_| !line.is_empty()) {
            section.entries.push(entry(line));
        }
    }
    assert!(sections.len() > 20, "the list names Keras's modules");
    sections
}

/// `Conv1D = Convolution1D(filters, kernel_size, strides=1)`.
fn entry(line: &str) -> Entry {
    let (names, rest) = line
        .split_once('(')
        .map_or((line, ""), |(names, rest)| (names, rest));
    let inside = rest.strip_suffix(')').unwrap_or(rest);
    Entry {
        names: names.split(" = ").map(|n| n.trim().to_owned()).collect(),
        arguments: split(inside).into_iter().filter_map(argument).collect(),
    }
}

/// Cut at the commas that stand in no bracket and no text.
fn split(list: &str) -> Vec<String> {
    let (mut parts, mut depth, mut text) = (vec![String::new()], 0, false);
    for c in list.chars() {
        match c {
            '\'' => text = !text,
            '(' | '[' | '{' if !text => depth += 1,
            ')' | ']' | '}' if !text => depth -= 1,
            ',' if depth == 0 && !text => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("there is one").push(c);
    }
    parts
}

fn argument(text: String) -> Option<Argument> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('*') || text.starts_with('(') || text == "self" {
        return None;
    }
    let (name, default) = match text.split_once('=') {
        Some((name, default)) => (name, Some(default.trim().to_owned())),
        None => (text, None),
    };
    let name = name.split(':').next().unwrap_or(name).trim().to_owned();
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    plain.then_some(Argument { name, default })
}
