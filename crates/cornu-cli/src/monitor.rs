//! Watches one value from epoch to epoch: whether it is the best so far, and whether it is time to stop.

use crate::recipe::EarlyStopping;

/// Remembers the best of a value; larger is better for accuracies and their like, smaller for the rest.
#[derive(Clone, Debug)]
pub(crate) struct Monitor {
    pub(crate) name: String,
    larger: bool,
    min_delta: f64,
    best: Option<f64>,
    /// Epochs since the best.
    waited: usize,
}

impl Monitor {
    pub(crate) fn new(name: &str, min_delta: f64) -> Self {
        let larger = [
            "acc",
            "auc",
            "precision",
            "recall",
            "f1",
            "r2",
            "iou",
            "cosine",
        ]
        .iter()
        .any(|part| name.contains(part));
        Self {
            name: name.to_string(),
            larger,
            min_delta,
            best: None,
            waited: 0,
        }
    }

    /// Takes an epoch's value and says whether it is better than all before; one that is not a number never is.
    pub(crate) fn is_best(&mut self, value: f64) -> bool {
        let better = !value.is_nan()
            && match self.best {
                None => true,
                Some(best) if self.larger => value > best + self.min_delta,
                Some(best) => value < best - self.min_delta,
            };
        if better {
            self.best = Some(value);
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        better
    }
}

/// Stops training once the value has not become better for a while.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    pub(crate) monitor: Monitor,
    patience: usize,
}

impl Patience {
    pub(crate) fn new(settings: &EarlyStopping) -> Self {
        Self {
            monitor: Monitor::new(&settings.monitor, settings.min_delta),
            patience: settings.patience,
        }
    }

    /// Whether patience has run out.
    pub(crate) fn is_over(&self) -> bool {
        self.monitor.waited > 0 && self.monitor.waited >= self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smaller_losses_and_larger_accuracies_are_better() {
        let mut loss = Monitor::new("val_loss", 0.0);
        assert!(loss.is_best(1.0) && !loss.is_best(1.0) && loss.is_best(0.9));
        assert!(!loss.is_best(f64::NAN));
        let mut accuracy = Monitor::new("val_accuracy", 0.1);
        assert!(accuracy.is_best(0.5) && !accuracy.is_best(0.55) && accuracy.is_best(0.61));
    }

    #[test]
    fn patience_counts_epochs_without_progress_as_keras_does() {
        let mut p = Patience::new(&EarlyStopping {
            monitor: "val_loss".into(),
            patience: 2,
            min_delta: 0.0,
            restore_best_weights: false,
        });
        for (value, over) in [
            (1.0, false),
            (1.1, false),
            (0.9, false),
            (1.0, false),
            (1.0, true),
        ] {
            p.monitor.is_best(value);
            assert_eq!(p.is_over(), over, "{value}");
        }
        let mut none = Patience::new(&EarlyStopping {
            monitor: "loss".into(),
            patience: 0,
            min_delta: 0.0,
            restore_best_weights: false,
        });
        assert!(none.monitor.is_best(1.0) && !none.is_over());
        assert!(!none.monitor.is_best(1.0) && none.is_over());
    }
}
