//! Threads that stay awake from one parallel step to the next.
//!
//! A training step of a small network is twenty parallel steps of 50 µs, and one image goes through one in 20 µs. To put a
//! thread to sleep and to wake it costs as much, so a team's helpers wait for the next step in a loop, for as long as the
//! leader leads (one run of a plan) and 0.25 ms longer, in which the next run often comes; then they go. Floor: handing a job
//! over costs the way of one cache line between two cores, about 0.2 µs.

use std::cell::Cell;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::thread::yield_now;
use std::time::{Duration, Instant};

/// Whether this thread leads a team, which waits for a job.
pub fn is_led() -> bool {
    !LED.get().is_null()
}

/// A parallel step: so many tasks, and what does the one with this number on the thread with this number.
struct Job<'a> {
    tasks: usize,
    work: &'a (dyn Fn(usize, usize) + Sync),
}

/// One leader at a time, who hands out jobs, and helpers.
///
/// # Example
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use cornu_kernels::team::{self, Team};
/// let (team, sum) = (Team::new(2), AtomicUsize::new(0));
/// let helped = &team;
/// std::thread::scope(|s| {
///     let ask = |number| { s.spawn(move || helped.help(number)); };
///     team.lead(ask, || team::each(100, &|task, _thread| { sum.fetch_add(task, Ordering::Relaxed); }));
/// });
/// assert_eq!(sum.into_inner(), 4950);
/// ```
#[derive(Debug)]
pub struct Team {
    /// Odd while a job is open; one more each time one is opened or closed.
    round: AtomicUsize,
    /// The open job, a [`Job`].
    job: AtomicPtr<()>,
    /// For each thread, how many tasks of its share are taken.
    taken: Box<[Taken]>,
    /// Helpers that may look at the job.
    inside: AtomicUsize,
    /// Whether a helper's task has panicked.
    panicked: AtomicBool,
    /// Whether somebody leads.
    led: AtomicBool,
    /// For each helper, whether it was asked for and has not gone since.
    asked: Box<[AtomicBool]>,
}

/// A count on a cache line of its own, and the one beside it that is fetched along.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Taken(AtomicUsize);

thread_local! {
    /// The team that this thread leads, while it hands out no job.
    static LED: Cell<*const Team> = const { Cell::new(ptr::null()) };
}

/// Sets the team that this thread leads, and sets it back.
struct Leading(*const Team);

impl Leading {
    fn of(team: *const Team) -> Self {
        Self(LED.replace(team))
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        LED.set(self.0);
    }
}

/// How long a thread looks before it lets others have the core.
const LOOKS: Duration = Duration::from_micros(60);

/// How long a helper looks for a job while nobody leads before it goes.
const LINGERS: Duration = Duration::from_micros(250);

/// Looking again and again, with an eye on the clock: a pause of the processor lasts 15 ns on some and 60 on others.
#[derive(Default)]
struct Patience {
    looks: u32,
    since: Option<Instant>,
}

impl Patience {
    /// Pauses; whether it has looked for so long.
    fn is_over(&mut self, limit: Duration) -> bool {
        /// Looks from one glance at the clock, which costs some 25 ns, to the next.
        const GLANCE: u32 = 32;
        spin_loop();
        self.looks += 1;
        self.looks >= GLANCE && {
            self.looks = 0;
            self.since.get_or_insert_with(Instant::now).elapsed() >= limit
        }
    }
}

/// Waits until something holds.
fn wait(mut holds: impl FnMut() -> bool) {
    let mut patience = Patience::default();
    while !holds() {
        if patience.is_over(LOOKS) {
            yield_now();
        }
    }
}

/// Does tasks `0..tasks`, each once, with the helpers of the team that this thread leads, or alone if it leads none; `work`
/// gets the task's number and that of the thread, 0 for this one.
///
/// # Panics
/// If a task does, after all threads have left the job.
pub fn each(tasks: usize, work: &(dyn Fn(usize, usize) + Sync)) {
    let team = LED.get();
    if team.is_null() || tasks < 2 {
        (0..tasks).for_each(|task| work(task, 0));
        return;
    }
    // SAFETY: the pointer was set by `lead`, which borrows the team until it sets it back, on this thread.
    let team = unsafe { &*team };
    // A task that asks for helpers itself gets none: they are busy with this job.
    let _alone = Leading::of(ptr::null());
    team.hand_out(&Job { tasks, work });
}

/// Ends the job when the leader is through with it, or panics.
struct Open<'a>(&'a Team);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.round.fetch_add(1, Ordering::SeqCst);
        wait(|| self.0.inside.load(Ordering::SeqCst) == 0);
    }
}

/// Lets others lead when the leader is through, or panics.
struct Led<'a>(&'a Team);

impl Drop for Led<'_> {
    fn drop(&mut self) {
        self.0.led.store(false, Ordering::SeqCst);
    }
}

impl Team {
    /// A team of a leader and `threads - 1` helpers, none of whom is there yet.
    pub fn new(threads: usize) -> Self {
        Self {
            round: AtomicUsize::new(0),
            job: AtomicPtr::new(ptr::null_mut()),
            taken: (0..threads.max(1)).map(|_| Taken::default()).collect(),
            inside: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            led: AtomicBool::new(false),
            asked: (1..threads).map(|_| AtomicBool::new(false)).collect(),
        }
    }

    /// The leader and all helpers, there or not.
    pub fn threads(&self) -> usize {
        self.asked.len() + 1
    }

    /// Runs `f`, whose calls of [`each`] are shared with those who [`help`](Self::help). Helpers that are not there are asked
    /// for by number: `ask` has another thread call [`help`](Self::help) with it, now or later. Where another thread leads
    /// the team already, `f` runs alone.
    pub fn lead<R>(&self, mut ask: impl FnMut(usize), f: impl FnOnce() -> R) -> R {
        if self.led.swap(true, Ordering::SeqCst) {
            return f();
        }
        let _led = Led(self);
        for (number, asked) in self.asked.iter().enumerate() {
            if !asked.swap(true, Ordering::SeqCst) {
                ask(number + 1);
            }
        }
        let _leading = Leading::of(self);
        f()
    }

    /// Does tasks as thread `number`, until nobody has led for a while.
    pub fn help(&self, number: usize) {
        let asked = &self.asked[number - 1];
        let (mut seen, mut led, mut patience) = (0, true, Patience::default());
        loop {
            let round = self.round.load(Ordering::SeqCst);
            if round != seen && round % 2 == 1 {
                (seen, patience) = (round, Patience::default());
                self.look(round, number);
                continue;
            }
            if led != self.led.load(Ordering::SeqCst) {
                (led, patience) = (!led, Patience::default());
            }
            if led {
                if patience.is_over(LOOKS) {
                    yield_now();
                }
            } else if patience.is_over(LINGERS) {
                asked.store(false, Ordering::SeqCst);
                // Who has begun to lead meanwhile either finds this helper gone and asks for another, or is helped on.
                if !self.led.load(Ordering::SeqCst) || asked.swap(true, Ordering::SeqCst) {
                    return;
                }
            }
        }
    }

    /// Does tasks of the job that a round opened, if it is open still.
    fn look(&self, round: usize, number: usize) {
        self.inside.fetch_add(1, Ordering::SeqCst);
        // Still open? Then the leader sees this helper inside, and does not leave the job before it has left.
        if self.round.load(Ordering::SeqCst) == round {
            let job = self
                .job
                .load(Ordering::Acquire)
                .cast_const()
                .cast::<Job<'_>>();
            // SAFETY: the job is a value of the leader's that lives until the round is closed and nobody is inside.
            let job = unsafe { &*job };
            let through = catch_unwind(AssertUnwindSafe(|| self.take_tasks(job, number)));
            if through.is_err() {
                self.panicked.store(true, Ordering::SeqCst);
            }
        }
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }

    fn hand_out(&self, job: &Job<'_>) {
        // Nobody is inside, so nobody reads these before the round is open.
        for taken in &self.taken {
            taken.0.store(0, Ordering::Relaxed);
        }
        let address = ptr::from_ref(job).cast_mut().cast();
        self.job.store(address, Ordering::Release);
        self.round.fetch_add(1, Ordering::SeqCst);
        let open = Open(self);
        self.take_tasks(job, 0);
        drop(open);
        assert!(
            !self.panicked.swap(false, Ordering::SeqCst),
            "a task has panicked on another thread"
        );
    }

    /// Does what is left of a thread's own share, then of the others'. Steps that are cut alike so give the same part to the same thread,
    /// which has it in its caches.
    fn take_tasks(&self, job: &Job<'_>, thread: usize) {
        let threads = self.taken.len();
        let first = |share: usize| share * job.tasks / threads;
        for share in (thread..threads).chain(0..thread) {
            let (begin, end) = (first(share), first(share + 1));
            loop {
                let task = begin + self.taken[share].0.fetch_add(1, Ordering::Relaxed);
                if task >= end {
                    break;
                }
                (job.work)(task, thread);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    fn with_helpers<R>(helpers: usize, f: impl FnOnce() -> R) -> R {
        let team = Team::new(helpers + 1);
        std::thread::scope(|s| {
            let team = &team;
            let ask = |number| {
                s.spawn(move || team.help(number));
            };
            team.lead(ask, f)
        })
    }

    #[test]
    fn each_task_is_done_once_in_each_of_many_jobs() {
        for helpers in [0, 1, 3] {
            with_helpers(helpers, || {
                for tasks in (0..400).map(|i| i % 7) {
                    let done: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                    each(tasks, &|task, thread| {
                        assert!(thread <= helpers);
                        done[task].fetch_add(1, Ordering::Relaxed);
                    });
                    assert!(done.iter().all(|d| d.load(Ordering::Relaxed) == 1));
                }
            });
        }
    }

    #[test]
    fn one_team_is_led_again_and_again_by_several_threads() {
        let team = Team::new(3);
        let (asked, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|s| {
            let team = &team;
            let ask = |number| {
                asked.fetch_add(1, Ordering::Relaxed);
                s.spawn(move || team.help(number));
            };
            let lead = || {
                for _ in 0..200 {
                    team.lead(&ask, || {
                        each(7, &|task, _| {
                            sum.fetch_add(task, Ordering::Relaxed);
                        });
                    });
                }
            };
            lead();
            let once = asked.load(Ordering::Relaxed);
            assert!((2..400).contains(&once), "helpers stay: {once} asked");
            std::thread::scope(|s| {
                s.spawn(lead);
                s.spawn(lead);
            });
        });
        assert_eq!(sum.into_inner(), 3 * 200 * 21);
    }

    #[test]
    fn a_job_inside_a_task_is_done_by_its_thread_alone() {
        let sum = AtomicUsize::new(0);
        with_helpers(2, || {
            each(8, &|_, _| {
                each(5, &|task, thread| {
                    assert_eq!(thread, 0);
                    sum.fetch_add(task, Ordering::Relaxed);
                });
            });
        });
        assert_eq!(sum.into_inner(), 80);
    }

    #[test]
    fn threads_of_one_job_have_different_numbers() {
        let slots: Vec<Mutex<()>> = (0..4).map(|_| Mutex::new(())).collect();
        with_helpers(3, || {
            for _ in 0..50 {
                each(16, &|_, thread| {
                    let held = slots[thread].try_lock();
                    assert!(held.is_ok());
                    yield_now();
                });
            }
        });
    }

    #[test]
    fn a_panic_of_any_task_reaches_the_leader_and_lets_helpers_go() {
        for bad in 0..4 {
            let told = catch_unwind(|| {
                with_helpers(2, || {
                    each(4, &|task, _| assert_ne!(task, bad, "bad task"));
                });
            });
            assert!(told.is_err());
        }
    }
}
