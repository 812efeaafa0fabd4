//! A pole on a cart that is pushed left or right at each step: Gymnasium's `CartPole-v1`, with its constants, limits and 500 steps.
//!
//! Source: Barto, Sutton and Anderson, "Neuronlike Adaptive Elements That Can Solve Difficult Learning Control Problems", 1983.

/// The steps of the longest episode: who reaches it has solved it.
pub(crate) const LONGEST: usize = 500;

/// Uniform random numbers that are the same on every machine (Steele, Lea and Flood, "SplitMix", 2014).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// In `[0, 1)`.
    pub(crate) fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    }

    /// In `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f32) as usize).min(n - 1)
    }
}

/// Cart and pole: position, velocity, angle from upright, angular velocity.
pub(crate) struct CartPole {
    pub(crate) state: [f32; 4],
    pub(crate) steps: usize,
}

impl CartPole {
    /// Nearly upright and at rest.
    pub(crate) fn new(dice: &mut Dice) -> Self {
        Self {
            state: std::array::from_fn(|_| dice.uniform() * 0.1 - 0.05),
            steps: 0,
        }
    }

    /// Pushes left (0) or right (1) for a fiftieth of a second; whether the pole fell or the cart ran off. The reward is 1 each time.
    pub(crate) fn push(&mut self, action: usize) -> bool {
        const GRAVITY: f32 = 9.8;
        const CART: f32 = 1.0;
        const POLE: f32 = 0.1;
        const HALF_LENGTH: f32 = 0.5;
        const SECONDS: f32 = 0.02;
        let force = if action == 1 { 10.0 } else { -10.0 };
        let [x, v, angle, spin] = self.state;
        let (sin, cos) = angle.sin_cos();
        let pull = (force + POLE * HALF_LENGTH * spin * spin * sin) / (CART + POLE);
        let inertia = HALF_LENGTH * (4.0 / 3.0 - POLE * cos * cos / (CART + POLE));
        let turn = (GRAVITY * sin - cos * pull) / inertia;
        let push = pull - POLE * HALF_LENGTH * turn * cos / (CART + POLE);
        self.state = [
            x + SECONDS * v,
            v + SECONDS * push,
            angle + SECONDS * spin,
            spin + SECONDS * turn,
        ];
        self.steps += 1;
        self.state[0].abs() > 2.4 || self.state[2].abs() > 12.0f32.to_radians()
    }

    /// Whether the episode ends without a fall.
    pub(crate) fn is_over(&self) -> bool {
        self.steps >= LONGEST
    }
}
