//! What training reports: one line of numbers an epoch.

/// Named numbers in the order in which they are shown: "loss", "accuracy", "val_loss", …
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logs(Vec<(String, f64)>);

impl Logs {
    /// No numbers.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of a name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
    }

    /// Sets the number of a name.
    pub fn set(&mut self, name: impl Into<String>, value: f64) {
        let name = name.into();
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some((_, v)) => *v = value,
            None => self.0.push((name, value)),
        }
    }

    /// All names and numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(n, v)| (n.as_str(), *v))
    }

    /// The names, in order.
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(n, _)| n.as_str()).collect()
    }
}

/// The numbers of one epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochLog {
    /// The epoch, from 0.
    pub epoch: usize,
    /// Its numbers.
    pub logs: Logs,
}

/// The numbers of all epochs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// One entry an epoch that was finished.
    pub epochs: Vec<EpochLog>,
}

impl History {
    /// The numbers of a name, epoch by epoch; epochs that lack it are left out.
    pub fn series(&self, name: &str) -> Vec<f64> {
        self.epochs
            .iter()
            .filter_map(|e| e.logs.get(name))
            .collect()
    }

    /// The numbers of the last epoch.
    pub fn last(&self) -> Option<&Logs> {
        self.epochs.last().map(|e| &e.logs)
    }
}
