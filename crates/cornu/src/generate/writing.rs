//! Sequences in the making: one number more for each, or the best of all continuations.

use super::Sampler;
use super::sampler::likeliest;

/// Sequences in the making, `each` of them for each prompt.
pub(super) struct Writing {
    pub(super) sequences: Vec<Vec<i32>>,
    pub(super) prompts: Vec<usize>,
    /// Logarithms of probabilities, for beams.
    pub(super) scores: Vec<f64>,
    pub(super) done: Vec<bool>,
    pub(super) each: usize,
    pub(super) end: Option<i32>,
}

impl Writing {
    /// Whether the number after a place of this row is still the prompt's.
    fn is_given(&self, row: usize, place: usize) -> bool {
        place + 1 < self.prompts[row / self.each]
    }

    fn push(&mut self, row: usize, number: usize) {
        let number = number as i32;
        self.sequences[row].push(number);
        self.done[row] = self.end == Some(number);
    }

    /// One more number for each row.
    pub(super) fn choose(&mut self, scores: &[Vec<f64>], place: usize, sampler: &Sampler) {
        for (row, scores) in scores.iter().enumerate() {
            if !self.done[row] && !self.is_given(row, place) {
                let number = sampler.choose(scores, row, place);
                self.push(row, number);
            }
        }
    }

    /// One more number for the best continuations of each prompt; which row each of them continues.
    pub(super) fn widen(&mut self, scores: &[Vec<f64>], place: usize) -> Vec<usize> {
        let each = self.each;
        let mut from: Vec<usize> = (0..scores.len()).collect();
        for prompt in 0..self.prompts.len() {
            let rows = prompt * each..(prompt + 1) * each;
            if self.is_given(rows.start, place) {
                continue;
            }
            // (score, row, number); a sequence that is done is continued by nothing.
            let mut best: Vec<(f64, usize, Option<usize>)> = Vec::new();
            for row in rows.clone() {
                if self.done[row] {
                    best.push((self.scores[row], row, None));
                    continue;
                }
                for (number, p) in likeliest(&scores[row], each) {
                    best.push((self.scores[row] + p, row, Some(number)));
                }
            }
            best.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
            let before: Vec<_> = rows
                .clone()
                .map(|r| (self.sequences[r].clone(), self.done[r]))
                .collect();
            for (row, &(score, parent, number)) in rows.clone().zip(&best) {
                let (sequence, done) = &before[parent - rows.start];
                self.sequences[row].clone_from(sequence);
                self.done[row] = *done;
                self.scores[row] = score;
                from[row] = parent;
                if let Some(number) = number {
                    self.push(row, number);
                }
            }
        }
        from
    }

    /// The best sequence of each prompt, scores divided by the length to a power.
    pub(super) fn best(self, power: f64) -> Vec<Vec<i32>> {
        let rated = |row: usize| {
            let written = self.sequences[row].len() - self.prompts[row / self.each];
            self.scores[row] / (written.max(1) as f64).powf(power)
        };
        let prompts = 0..self.prompts.len();
        let best = prompts.map(|p| {
            let rows = p * self.each..(p + 1) * self.each;
            rows.reduce(|a, b| if rated(b) > rated(a) { b } else { a })
                .unwrap_or(0)
        });
        best.map(|row| self.sequences[row].clone()).collect()
    }
}
