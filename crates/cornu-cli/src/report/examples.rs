//! Examples a reader can judge for himself: some pictures the network named right, and its most certain mistakes.

use std::collections::BTreeMap;

/// What the network said about one picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// Position in the test set.
    pub(crate) index: usize,
    pub(crate) truth: usize,
    pub(crate) said: usize,
    /// How sure the network was, 0 to 1.
    pub(crate) probability: f32,
}

/// An answer with its picture: bytes in row-major `[height, width, channels]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Example {
    pub(crate) pixels: Vec<u8>,
    pub(crate) size: [usize; 3],
    pub(crate) truth: String,
    pub(crate) said: String,
    pub(crate) probability: f32,
}

/// The examples of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Examples {
    pub(crate) right: Vec<Example>,
    pub(crate) wrong: Vec<Example>,
}

/// Picks up to `right` right answers, class by class in turn as they come in the test set, and the `wrong` most certain mistakes.
pub(crate) fn pick(answers: &[Answer], right: usize, wrong: usize) -> (Vec<Answer>, Vec<Answer>) {
    let mut of_class: BTreeMap<usize, Vec<&Answer>> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for answer in answers {
        if answer.truth == answer.said {
            of_class.entry(answer.truth).or_default().push(answer);
        } else {
            mistakes.push(answer.clone());
        }
    }
    let mut good = Vec::new();
    for turn in 0..right {
        let before = good.len();
        for list in of_class.values() {
            if let Some(answer) = list.get(turn).filter(|_| good.len() < right) {
                good.push((*answer).clone());
            }
        }
        if good.len() == before {
            break;
        }
    }
    // A stable sort keeps equal certainties in the order of the test set, so that the choice never varies.
    mistakes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    mistakes.truncate(wrong);
    (good, mistakes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(index: usize, truth: usize, said: usize, probability: f32) -> Answer {
        Answer {
            index,
            truth,
            said,
            probability,
        }
    }

    #[test]
    fn takes_classes_in_turn_and_the_most_certain_mistakes() {
        let answers = [
            answer(0, 0, 0, 0.9),
            answer(1, 0, 0, 0.8),
            answer(2, 1, 1, 0.7),
            answer(3, 1, 0, 0.6),
            answer(4, 0, 1, 0.95),
        ];
        let (right, wrong) = pick(&answers, 2, 1);
        assert_eq!(right.iter().map(|a| a.index).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(wrong.iter().map(|a| a.index).collect::<Vec<_>>(), [4]);
        let (right, wrong) = pick(&answers, 10, 10);
        assert_eq!((right.len(), wrong.len()), (3, 2));
        assert_eq!(pick(&[], 10, 10), (vec![], vec![]));
    }
}
