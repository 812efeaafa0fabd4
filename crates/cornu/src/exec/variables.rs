//! Tensors that stay from run to run and that several models and training steps may share.
//!
//! Each is a [`Variable`]. A plan numbers its states; [`Variables`] tells which variable is which state, and lends a run their
//! buffers for as long as it takes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cornu_kernels::arena::Arena;

use super::states::{States, next_version};
use super::views::{floats, floats_mut};
use super::workspace::allocate;
use crate::error::{Error, Kind, Result};
use crate::initializers::InitializerConfig;
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;

/// A number that nothing else in this process has.
pub(crate) fn unique() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

/// A tensor of floats that is kept and changed: a weight, what an optimizer remembers, or one of your own.
///
/// Copies are handles of the same tensor: models that share a layer hold the same variables, so that training one changes the
/// other.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let log_std = Variable::new(&Tensor::zeros([3]))?;
/// let same = log_std.clone();
/// same.set(&Tensor::new([3], vec![0.0f32, 1.0, 2.0])?)?;
/// assert_eq!(log_std.value().f32s()?, &[0.0, 1.0, 2.0]);
/// # Ok::<(), cornu::Error>(())
/// ```
///
/// # Keras
/// `keras.Variable`.
#[derive(Clone, Debug)]
pub struct Variable(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    shape: Shape,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    buffer: Arena,
    /// How the values begin, until somebody wants to see them.
    beginning: Option<Beginning>,
    /// Another number after every change.
    version: u64,
}

/// Values that were not drawn yet. Models are built, counted and planned, and files are read into them, without one weight drawn.
#[derive(Debug)]
struct Beginning {
    initializer: InitializerConfig,
    seed: u64,
    stream: u32,
}

/// Handles of the same variable are equal.
impl PartialEq for Variable {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Variable {}

impl Variable {
    /// A variable that begins with a copy of the values given.
    ///
    /// # Errors
    /// [`Kind::Dtype`] for anything but floats; [`Kind::Memory`] if there is no room.
    pub fn new(value: &Tensor) -> Result<Self> {
        let x = value.f32s()?;
        let mut buffer = allocate(x.len() * 4)?;
        floats_mut(buffer.as_mut_bytes()).copy_from_slice(x);
        Ok(Self::holding(value.shape().clone(), buffer, None))
    }

    /// A variable of zeros.
    pub(crate) fn zeros(shape: Shape) -> Result<Self> {
        let buffer = allocate(shape.elements() * 4)?;
        Ok(Self::holding(shape, buffer, None))
    }

    /// A variable whose values are drawn when they are first wanted.
    ///
    /// # Errors
    /// An initializer that cannot fill the shape; no room.
    pub(crate) fn begun(
        shape: Shape,
        initializer: InitializerConfig,
        seed: u64,
        stream: u32,
    ) -> Result<Self> {
        initializer.fits(&shape)?;
        let buffer = allocate(shape.elements() * 4)?;
        let beginning = Beginning {
            initializer,
            seed,
            stream,
        };
        Ok(Self::holding(shape, buffer, Some(beginning)))
    }

    fn holding(shape: Shape, buffer: Arena, beginning: Option<Beginning>) -> Self {
        Self(Arc::new(Inner {
            id: unique(),
            shape,
            held: Mutex::new(Held {
                buffer,
                beginning,
                version: next_version(),
            }),
        }))
    }

    /// The lengths of its axes.
    pub fn shape(&self) -> &Shape {
        &self.0.shape
    }

    /// A copy of its values.
    pub fn value(&self) -> Tensor {
        let values = floats(self.lock().buffer.as_bytes()).to_vec();
        Tensor::new(self.0.shape.clone(), values).expect("a variable has its shape")
    }

    /// Sets its values.
    ///
    /// # Errors
    /// [`Kind::Weights`] for another shape or type.
    pub fn set(&self, value: &Tensor) -> Result<()> {
        self.check(value)?;
        let x = value.f32s()?;
        // What would be overwritten need not be drawn.
        self.held().beginning = None;
        self.write(|to| to.copy_from_slice(x));
        Ok(())
    }

    /// Refuses values of another shape or type.
    pub(crate) fn check(&self, value: &Tensor) -> Result<()> {
        if *value.shape() == self.0.shape && value.dtype() == DType::F32 {
            return Ok(());
        }
        Err(Error::new(
            Kind::Weights,
            format!(
                "expected a float32 weight of shape {}, received {} {}",
                self.0.shape,
                value.dtype(),
                value.shape()
            ),
        ))
    }

    /// Changes its values.
    pub(crate) fn write(&self, change: impl FnOnce(&mut [f32])) {
        let mut held = self.lock();
        held.version = next_version();
        change(floats_mut(held.buffer.as_mut_bytes()));
    }

    /// Looks at its values.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&[f32]) -> T) -> T {
        look(floats(self.lock().buffer.as_bytes()))
    }

    /// The same for all handles of one variable.
    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    /// The buffer with its values.
    fn lock(&self) -> MutexGuard<'_, Held> {
        let mut held = self.held();
        if let Some(b) = held.beginning.take() {
            let x = floats_mut(held.buffer.as_mut_bytes());
            let drawn = b.initializer.fill(&self.0.shape, x, b.seed, b.stream);
            drawn.expect("the initializer was found to fit the shape");
        }
        held
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The variables that are a plan's states, in the order of their numbers.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    all: Vec<Variable>,
    /// Places in `all` by the variables' ids: locked in this order, runs that share variables wait for each other but never in a ring.
    order: Vec<usize>,
    /// Empty buffers, but for the time of a run.
    states: States,
    /// The versions after the last run.
    seen: Vec<u64>,
}

impl Variables {
    /// The variables in order.
    pub(crate) fn all(&self) -> &[Variable] {
        &self.all
    }

    /// Adds a variable and returns its number; one that is there keeps its own.
    pub(crate) fn add(&mut self, variable: Variable) -> usize {
        let id = variable.id();
        let place = self.order.binary_search_by_key(&id, |&i| self.all[i].id());
        match place {
            Ok(at) => self.order[at],
            Err(at) => {
                let number = self.all.len();
                self.order.insert(at, number);
                self.states.push_empty(variable.shape().clone());
                self.seen.push(0);
                self.all.push(variable);
                number
            }
        }
    }

    /// Lets go of the variables from number `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.all.truncate(len);
        self.order.retain(|&i| i < len);
        self.states.truncate(len);
        self.seen.truncate(len);
    }

    /// Shape of a variable.
    pub(crate) fn shape(&self, number: usize) -> &Shape {
        self.all[number].shape()
    }

    /// Bytes of all variables.
    pub(crate) fn bytes(&self) -> usize {
        self.all.iter().map(|v| v.shape().elements() * 4).sum()
    }

    /// Lends the variables to `f` as states; other runs with one of them wait.
    pub(crate) fn lend<T>(&mut self, f: impl FnOnce(&mut States) -> T) -> T {
        let loan = Loan::new(&self.all, &self.order, &mut self.states, &mut self.seen);
        f(loan.states)
    }
}

/// Variables' buffers while a run has them; they go back when this is dropped, also by a panic.
struct Loan<'a> {
    held: Vec<(usize, MutexGuard<'a, Held>)>,
    states: &'a mut States,
    seen: &'a mut [u64],
    version: u64,
}

impl<'a> Loan<'a> {
    fn new(
        all: &'a [Variable],
        order: &[usize],
        states: &'a mut States,
        seen: &'a mut [u64],
    ) -> Self {
        let mut held: Vec<_> = order.iter().map(|&i| (i, all[i].lock())).collect();
        if held.iter().any(|(i, h)| seen[*i] != h.version) {
            states.touch();
        }
        for (i, h) in &mut held {
            states.exchange(*i, &mut h.buffer);
        }
        let version = states.version();
        Self {
            held,
            states,
            seen,
            version,
        }
    }
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let changed = self.states.version() != self.version;
        let version = next_version();
        for (i, h) in &mut self.held {
            self.states.exchange(*i, &mut h.buffer);
            if changed {
                h.version = version;
            }
            self.seen[*i] = h.version;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(values: &[f32]) -> Result<Variable> {
        Variable::new(&Tensor::new([values.len()], values.to_vec())?)
    }

    #[test]
    fn a_variable_is_drawn_when_it_is_first_seen() -> Result<()> {
        let shape = Shape::from([40, 30]);
        let normal = InitializerConfig::from("he_normal");
        let drawn = normal.draw(&shape, 5, 2)?;
        let begun = || Variable::begun(shape.clone(), normal.clone(), 5, 2);
        assert_eq!(begun()?.value(), drawn);
        assert_eq!(begun()?.read(<[f32]>::to_vec), drawn.f32s()?);
        let mut variables = Variables::default();
        variables.add(begun()?);
        assert_eq!(variables.lend(|s| s.tensor(0)), drawn);
        let set = begun()?;
        set.set(&Tensor::zeros(shape.clone()))?;
        assert_eq!(set.value(), Tensor::zeros(shape.clone()));
        let vector = Variable::begun([3].into(), "orthogonal".into(), 0, 0);
        assert!(vector.is_err(), "found out before anything is drawn");
        Ok(())
    }

    #[test]
    fn a_variable_lent_is_changed_for_all_and_the_others_notice() -> Result<()> {
        let (a, b) = (variable(&[1.0])?, variable(&[2.0])?);
        let (mut first, mut second) = (Variables::default(), Variables::default());
        assert_eq!((first.add(b.clone()), first.add(a.clone())), (0, 1));
        assert_eq!(first.add(b.clone()), 0);
        second.add(a.clone());
        let seen = second.lend(|s| s.version());
        assert_eq!(second.lend(|s| s.version()), seen);
        first.lend(|s| s.get_mut(1)[0] = 7.0);
        assert_eq!(a.value().f32s()?, &[7.0]);
        second.lend(|s| {
            assert_ne!(s.version(), seen);
            assert_eq!(s.get(0), &[7.0]);
        });
        let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            first.lend(|_| panic!("in a run"));
        }));
        assert!(broken.is_err());
        assert_eq!(b.value().f32s()?, &[2.0]);
        first.truncate(1);
        assert_eq!((first.all().len(), first.bytes()), (1, 4));
        assert_eq!(first.lend(|s| s.get(0)[0]), 2.0);
        assert!(a.set(&Tensor::zeros([2])).is_err());
        Ok(())
    }
}
