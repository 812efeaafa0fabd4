//! Vocabularies: which categories there are, in which order, and where those stand that are none of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::encoding::OutputMode;
use crate::error::{Error, Result};

/// The settings of a layer that looks categories up, and what it knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vocabulary<'a, T> {
    pub(super) class: &'static str,
    pub(super) max_tokens: Option<usize>,
    pub(super) num_oov_indices: usize,
    pub(super) mask_token: Option<&'a T>,
    pub(super) oov_token: Option<&'a T>,
    pub(super) mode: OutputMode,
    pub(super) pad_to_max_tokens: bool,
    pub(super) invert: bool,
    /// As given: with the special tokens in front or without.
    pub(super) given: Option<&'a [T]>,
    pub(super) idf_weights: Option<&'a [f64]>,
}

/// What was learnt from data.
#[derive(Debug)]
pub(super) struct Learnt<T> {
    pub(super) tokens: Vec<T>,
    /// Inverse document frequencies, where they are asked for.
    pub(super) idf: Option<Vec<f64>>,
}

/// The number that stands for what has no place, as a mask of encoded outputs.
pub(super) const NOWHERE: i32 = i32::MAX;

impl<'a, T: Clone + Ord + fmt::Debug> Vocabulary<'a, T> {
    /// The number of the first token that stands for all unknown ones.
    pub(super) fn oov_start(&self) -> usize {
        usize::from(self.mask_token.is_some() && self.mode == OutputMode::Int)
    }

    /// The number of the first token of the vocabulary.
    pub(super) fn token_start(&self) -> usize {
        self.oov_start() + self.num_oov_indices
    }

    /// Whether the vocabulary was given with the special tokens in front.
    fn begins_with_special(&self) -> bool {
        let start = self.token_start();
        let Some(given) = self.given else {
            return false;
        };
        let special = |i: usize| {
            if i < self.oov_start() {
                self.mask_token
            } else {
                self.oov_token
            }
        };
        given.len() >= start && (0..start).all(|i| special(i) == Some(&given[i]))
    }

    /// The tokens without special ones; none before there is a vocabulary.
    pub(super) fn tokens(&self) -> &'a [T] {
        let given = self.given.unwrap_or_default();
        if self.begins_with_special() {
            &given[self.token_start()..]
        } else {
            given
        }
    }

    /// How many tokens there are, special ones with them.
    pub(super) fn size(&self) -> usize {
        self.token_start() + self.tokens().len()
    }

    /// The length of encoded outputs.
    pub(super) fn depth(&self) -> usize {
        match self.max_tokens {
            Some(max) if self.pad_to_max_tokens => max,
            _ => self.size(),
        }
    }

    /// All tokens in the order of their numbers; `oov` stands for unknown ones.
    pub(super) fn all(&self, oov: &T, include_special_tokens: bool) -> Vec<T> {
        let mut all = Vec::with_capacity(self.size());
        if include_special_tokens {
            all.extend(self.mask_token.filter(|_| self.oov_start() == 1).cloned());
            all.extend(std::iter::repeat_n(oov.clone(), self.num_oov_indices));
        }
        all.extend_from_slice(self.tokens());
        all
    }

    /// Refuses settings and vocabularies that cannot work.
    pub(super) fn check(&self) -> Result<()> {
        let mistake = |text: String| Err(Error::config(format!("{}: {text}", self.class)));
        if let Some(max) = self.max_tokens.filter(|&n| n <= 1) {
            return mistake(format!("max_tokens must be at least 2, received {max}"));
        }
        if self.pad_to_max_tokens && self.max_tokens.is_none() {
            return mistake("pad_to_max_tokens needs max_tokens, received none".into());
        }
        if self.num_oov_indices > 1 << 28 {
            return mistake(format!(
                "num_oov_indices must be at most 2^28, received {}",
                self.num_oov_indices
            ));
        }
        if self.invert && self.mode != OutputMode::Int {
            return mistake("output_mode must be \"int\" where invert is true".into());
        }
        let Some(given) = self.given else {
            return Ok(());
        };
        if given.is_empty() {
            return mistake("the vocabulary must have a token, received none".into());
        }
        let tokens = self.tokens();
        let mut seen = BTreeSet::new();
        if let Some(twice) = tokens.iter().find(|t| !seen.insert(*t)) {
            return mistake(format!("the vocabulary has {twice:?} twice"));
        }
        let reserved = [self.mask_token, self.oov_token.filter(|_| self.invert)];
        if let Some(token) = reserved.into_iter().flatten().find(|t| seen.contains(t)) {
            return mistake(format!(
                "the vocabulary has the special token {token:?} among the others"
            ))
            .map_err(|e| e.help("leave the special tokens out, or put all of them in front"));
        }
        if let Some(max) = self.max_tokens.filter(|&max| self.size() > max) {
            return mistake(format!(
                "the vocabulary has {} tokens, max_tokens is {max}",
                self.size()
            ));
        }
        if self.mode == OutputMode::TfIdf && self.idf_weights.map(<[f64]>::len) != Some(given.len())
        {
            return mistake(format!(
                "output_mode \"tf_idf\" needs as many idf_weights as the vocabulary has tokens, {}, received {}",
                given.len(),
                self.idf_weights.map_or(0, <[f64]>::len)
            ));
        }
        Ok(())
    }

    /// As [`Vocabulary::check`], and there must be a vocabulary.
    pub(super) fn ready(&self) -> Result<()> {
        self.check()?;
        if self.given.is_none() {
            return Err(
                Error::config(format!("{} has no vocabulary yet", self.class))
                    .help("give one with vocabulary(..), or learn it from data with adapt(..)"),
            );
        }
        if self.mode != OutputMode::Int {
            super::encoding::check_depth("the number of tokens", self.depth())?;
        }
        Ok(())
    }

    /// The weights of "tf_idf" for every place of the output; unknown tokens have the mean of the others.
    pub(super) fn idf(&self) -> Vec<f32> {
        let Some(weights) = self.idf_weights.filter(|_| self.mode == OutputMode::TfIdf) else {
            return Vec::new();
        };
        let mut all: Vec<f32> = Vec::with_capacity(self.depth());
        if !self.begins_with_special() {
            let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
            all.resize(self.token_start(), mean as f32);
        }
        all.extend(weights.iter().map(|&w| w as f32));
        all.resize(self.depth().max(all.len()), 0.0);
        all
    }

    /// The vocabulary of the data: the most frequent tokens first, of equally frequent ones the last in order.
    pub(super) fn learn<'d>(
        &self,
        samples: impl IntoIterator<Item = Vec<&'d T>>,
    ) -> Result<Learnt<T>>
    where
        T: 'd,
    {
        /// How often a token occurs, and in how many samples.
        #[derive(Default)]
        struct Count {
            all: u64,
            samples: u64,
            last: Option<u64>,
        }
        let mut counts: BTreeMap<&T, Count> = BTreeMap::new();
        let mut documents = 0;
        for sample in samples {
            for token in sample {
                let count = counts.entry(token).or_default();
                count.all += 1;
                if count.last.replace(documents) != Some(documents) {
                    count.samples += 1;
                }
            }
            documents += 1;
        }
        for special in [self.mask_token, self.oov_token].into_iter().flatten() {
            counts.remove(special);
        }
        if counts.is_empty() {
            return Err(
                Error::data(format!("{}: the data have no tokens", self.class))
                    .help("adapt needs some of the data that the layer is to encode"),
            );
        }
        let mut order: Vec<(&T, Count)> = counts.into_iter().rev().collect();
        order.sort_by_key(|(_, count)| std::cmp::Reverse(count.all));
        if let Some(max) = self.max_tokens {
            order.truncate(max.saturating_sub(self.token_start()));
        }
        let weight = |count: &Count| {
            let rarity = documents as f64 / (1 + count.samples) as f64;
            f64::from((1.0 + rarity).ln() as f32)
        };
        let idf = order.iter().map(|(_, count)| weight(count)).collect();
        Ok(Learnt {
            idf: Some(idf).filter(|_| self.mode == OutputMode::TfIdf),
            tokens: order.into_iter().map(|(token, _)| token.clone()).collect(),
        })
    }
}
