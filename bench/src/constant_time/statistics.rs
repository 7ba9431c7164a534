//! Welch's t-test.

/// The measured times of two classes.
#[derive(Default)]
pub(super) struct Times {
    classes: [Vec<f64>; 2],
}

impl Times {
    pub(super) fn add(&mut self, is_second: bool, nanoseconds: f64) {
        self.classes[usize::from(is_second)].push(nanoseconds);
    }
}

/// The shares of the fastest measurements that are compared: interrupts and other programs make
/// the slowest ones.
const SHARES: [f64; 6] = [1.0, 0.99, 0.95, 0.9, 0.75, 0.5];

/// A share with fewer measurements of a class than this says nothing: if the classes differ much,
/// the fastest half contains one of them only.
const MIN_COUNT: f64 = 1000.0;

/// Panics unless the t of six and six measurements is the one that Python's `statistics` gives.
pub(super) fn check() {
    let first: Moments = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9].into_iter().collect();
    let second: Moments = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5].into_iter().collect();
    assert!((welch(&first, &second) - (-1.2896307518357732)).abs() < 1e-9);
}

/// The t with the largest amount, of all shares.
pub(super) fn largest_t(times: &Times) -> f64 {
    let mut all = times.classes.concat();
    all.sort_by(f64::total_cmp);
    let compared = SHARES.into_iter().filter_map(|share| {
        // One limit for both classes, so that it does not move a difference.
        let limit = all[((all.len() - 1) as f64 * share) as usize];
        let [first, second] = times
            .classes
            .each_ref()
            .map(|class| class.iter().copied().filter(|time| *time <= limit).collect::<Moments>());
        let is_enough = first.count.min(second.count) >= MIN_COUNT;
        is_enough.then(|| welch(&first, &second))
    });
    compared.max_by(|a, b| a.abs().total_cmp(&b.abs())).expect("the whole")
}

fn welch(first: &Moments, second: &Moments) -> f64 {
    let error = (first.variance() / first.count + second.variance() / second.count).sqrt();
    (first.mean - second.mean) / error
}

/// The count, the mean and the squared differences from it, in one pass (Welford's algorithm).
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn variance(&self) -> f64 {
        self.squares / (self.count - 1.0)
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(times: I) -> Self {
        let mut moments = Self::default();
        for time in times {
            moments.count += 1.0;
            let difference = time - moments.mean;
            moments.mean += difference / moments.count;
            moments.squares += difference * (time - moments.mean);
        }
        moments
    }
}
