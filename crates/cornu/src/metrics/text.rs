//! How near a text is to the one it should be: translations, summaries, transcripts.
//!
//! These are plain functions of texts. Words are what stands between white space; a tokenizer's output joined by spaces counts as well.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// How often each run of `n` items occurs.
fn runs<T: Ord + Copy>(items: &[T], n: usize) -> BTreeMap<&[T], usize> {
    let mut counts = BTreeMap::new();
    for run in items.windows(n.max(1)) {
        *counts.entry(run).or_default() += 1;
    }
    counts
}

/// How many runs two counts have in common, each as often as both have it.
fn common<T: Ord>(a: &BTreeMap<T, usize>, b: &BTreeMap<T, usize>) -> usize {
    let each = a
        .iter()
        .map(|(run, &n)| n.min(b.get(run).copied().unwrap_or(0)));
    each.sum()
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn pairs_fit(texts: usize, references: usize) -> Result<()> {
    if texts > 0 && texts == references {
        return Ok(());
    }
    Err(Error::data(format!(
        "as many references as texts are needed, at least one, received {texts} texts and {references} references"
    )))
}

/// BLEU of a whole set of texts, from 0 to 1: the geometric mean of the shares of runs of 1 to 4 words that a reference has too, times
/// `e^(1 - r/c)` where the texts (`c` words) are shorter than the references nearest in length (`r` words).
///
/// Where not a single run of a length fits, the share of the next lengths is halved again and again (`1 / (2^k · runs)`).
///
/// # Errors
/// Other numbers of texts and lists of references, a text without references.
///
/// # Example
/// ```
/// use cornu::metrics::text::bleu;
/// let b = bleu(&["the cat sat on the mat"], &[&["the cat sat on a mat", "a cat sat on the mat"]])?;
/// assert!((b - 0.9554).abs() < 1e-4); // 5/6 · 5/5 · 4/4 · 3/3, the fourth root
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002; Chen and Cherry, "A Systematic Comparison of
/// Smoothing Techniques for Sentence-Level BLEU", 2014, technique 3, as in SacreBLEU.
pub fn bleu<R: AsRef<[S]>, S: AsRef<str>>(texts: &[&str], references: &[R]) -> Result<f64> {
    pairs_fit(texts.len(), references.len())?;
    let (mut fitting, mut all) = ([0usize; 4], [0usize; 4]);
    let (mut length, mut wanted) = (0, 0);
    for (text, references) in texts.iter().zip(references) {
        let text = words(text);
        let references: Vec<Vec<&str>> = references
            .as_ref()
            .iter()
            .map(|r| words(r.as_ref()))
            .collect();
        let nearest = references
            .iter()
            .map(Vec::len)
            .min_by_key(|&n| (n.abs_diff(text.len()), n));
        let Some(nearest) = nearest else {
            return Err(Error::data("each text needs at least one reference"));
        };
        length += text.len();
        wanted += nearest;
        for n in 1..=4 {
            let mut best: BTreeMap<&[&str], usize> = BTreeMap::new();
            for reference in &references {
                for (run, count) in runs(reference, n) {
                    let most = best.entry(run).or_default();
                    *most = count.max(*most);
                }
            }
            fitting[n - 1] += common(&runs(&text, n), &best);
            all[n - 1] += (text.len() + 1).saturating_sub(n);
        }
    }
    if fitting[0] == 0 {
        return Ok(0.0);
    }
    let (mut sum, mut orders, mut smoothing) = (0.0, 0.0, 1.0);
    for (&fitting, &all) in fitting.iter().zip(&all) {
        if all == 0 {
            break;
        }
        orders += 1.0;
        let share = if fitting == 0 {
            smoothing *= 2.0;
            1.0 / (smoothing * all as f64)
        } else {
            fitting as f64 / all as f64
        };
        sum += share.ln();
    }
    let brevity = if length < wanted {
        (1.0 - wanted as f64 / length as f64).exp()
    } else {
        1.0
    };
    Ok(brevity * (sum / orders).exp())
}

/// chrF of a whole set of texts, from 0 to 1: the F-score of runs of 1 to 6 characters, white space left out, in which recall counts `β`
/// times as much as precision; with `word_order` 2 also of runs of 1 and 2 words, which is chrF++.
///
/// # Errors
/// Other numbers of texts and references.
///
/// # Example
/// ```
/// use cornu::metrics::text::chrf;
/// assert_eq!(chrf(&["the cat"], &["the cat"], 2.0, 0)?, 1.0);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Source
/// Popović, "chrF: character n-gram F-score for automatic MT evaluation", 2015; "chrF++: words helping character n-grams", 2017. The mean
/// over orders is taken of precisions and recalls, as in SacreBLEU.
pub fn chrf(texts: &[&str], references: &[&str], beta: f64, word_order: usize) -> Result<f64> {
    pairs_fit(texts.len(), references.len())?;
    let orders = 6 + word_order;
    let mut totals = vec![[0usize; 3]; orders];
    for (text, reference) in texts.iter().zip(references) {
        let letters = |t: &str| -> Vec<char> { t.chars().filter(|c| !c.is_whitespace()).collect() };
        let (a, b) = (letters(text), letters(reference));
        let (a_words, b_words) = (words(text), words(reference));
        for (i, total) in totals.iter_mut().enumerate() {
            let counts = if i < 6 {
                let (a, b) = (runs(&a, i + 1), runs(&b, i + 1));
                [common(&a, &b), a.values().sum(), b.values().sum()]
            } else {
                let (a, b) = (runs(&a_words, i - 5), runs(&b_words, i - 5));
                [common(&a, &b), a.values().sum(), b.values().sum()]
            };
            for (t, c) in total.iter_mut().zip(counts) {
                *t += c;
            }
        }
    }
    let (mut precision, mut recall, mut counted) = (0.0, 0.0, 0.0);
    for [both, own, wanted] in totals {
        if own > 0 && wanted > 0 {
            precision += both as f64 / own as f64;
            recall += both as f64 / wanted as f64;
            counted += 1.0;
        }
    }
    if counted == 0.0 {
        return Ok(0.0);
    }
    Ok(f_score(precision / counted, recall / counted, beta))
}

fn f_score(precision: f64, recall: f64, beta: f64) -> f64 {
    let square = beta * beta;
    let below = square * precision + recall;
    if below == 0.0 {
        0.0
    } else {
        (1.0 + square) * precision * recall / below
    }
}

/// What a ROUGE says of one text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rouge {
    /// The share of the text that the reference has too.
    pub precision: f64,
    /// The share of the reference that the text has too.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

impl Rouge {
    fn of(both: usize, text: usize, reference: usize) -> Self {
        let share = |n: usize| if n == 0 { 0.0 } else { both as f64 / n as f64 };
        let (precision, recall) = (share(text), share(reference));
        Self {
            precision,
            recall,
            f1: f_score(precision, recall, 1.0),
        }
    }
}

/// ROUGE-N: runs of `n` words that text and reference have in common.
///
/// # Example
/// ```
/// use cornu::metrics::text::rouge_n;
/// assert_eq!(rouge_n("the cat sat", "the cat lay down", 1).recall, 0.5);
/// ```
///
/// # Source
/// Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004.
pub fn rouge_n(text: &str, reference: &str, n: usize) -> Rouge {
    let (a, b) = (words(text), words(reference));
    let (a, b) = (runs(&a, n), runs(&b, n));
    Rouge::of(common(&a, &b), a.values().sum(), b.values().sum())
}

/// ROUGE-L: the longest sequence of words that text and reference have in common, in order but not in a row.
///
/// # Example
/// ```
/// use cornu::metrics::text::rouge_l;
/// assert_eq!(rouge_l("a b c d", "a x c d").precision, 0.75);
/// ```
///
/// # Source
/// Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004.
pub fn rouge_l(text: &str, reference: &str) -> Rouge {
    let (a, b) = (words(text), words(reference));
    let mut longest = vec![0usize; b.len() + 1];
    for x in &a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = longest[j + 1];
            longest[j + 1] = if x == y {
                diagonal + 1
            } else {
                above.max(longest[j])
            };
            diagonal = above;
        }
    }
    Rouge::of(longest[b.len()], a.len(), b.len())
}

/// The least number of insertions, deletions and replacements that make one sequence the other.
fn distance<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j + 1] + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn error_rate<T: PartialEq>(
    texts: &[&str],
    references: &[&str],
    items: impl Fn(&str) -> Vec<T>,
) -> Result<f64> {
    pairs_fit(texts.len(), references.len())?;
    let (mut errors, mut all) = (0, 0);
    for (text, reference) in texts.iter().zip(references) {
        let (text, reference) = (items(text), items(reference));
        errors += distance(&text, &reference);
        all += reference.len();
    }
    if all == 0 {
        return Err(Error::data("the references hold nothing to compare with"));
    }
    Ok(errors as f64 / all as f64)
}

/// Word error rate: insertions, deletions and replacements of words, divided by the number of words of the references.
///
/// # Errors
/// Other numbers of texts and references, references without a word.
///
/// # Example
/// ```
/// use cornu::metrics::text::word_error_rate;
/// assert_eq!(word_error_rate(&["hello there world"], &["hello world"])?, 0.5);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn word_error_rate(texts: &[&str], references: &[&str]) -> Result<f64> {
    error_rate(texts, references, |t| {
        t.split_whitespace().map(str::to_owned).collect()
    })
}

/// Character error rate: insertions, deletions and replacements of characters, divided by the number of characters of the references.
///
/// # Errors
/// Other numbers of texts and references, references without a character.
///
/// # Example
/// ```
/// use cornu::metrics::text::character_error_rate;
/// assert_eq!(character_error_rate(&["kitten"], &["sitting"])?, 3.0 / 7.0);
/// # Ok::<(), cornu::Error>(())
/// ```
pub fn character_error_rate(texts: &[&str], references: &[&str]) -> Result<f64> {
    error_rate(texts, references, |t| t.chars().collect())
}

/// Perplexity from the mean cross-entropy of a token, as a model's loss gives it: `e` to that power.
///
/// # Example
/// ```
/// use cornu::metrics::text::perplexity;
/// assert_eq!(perplexity(0.0), 1.0);
/// ```
pub fn perplexity(cross_entropy: f64) -> f64 {
    cross_entropy.exp()
}
