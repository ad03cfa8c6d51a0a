//! Waits between attempts to reach the database.

use std::time::Duration;

/// Waits that double from one to the next, each a little shorter or longer than the last process's.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

/// The first wait: a server that was restarted is back soon.
const FIRST: u64 = 50;

/// The longest wait: a server that is back is used soon.
const LONGEST: u64 = 2000;

impl Backoff {
    /// Counts a failure, and returns the wait after it: half of it is fixed, and half random.
    pub(super) fn next(&mut self, random: u64) -> Duration {
        let whole = FIRST
            .checked_shl(self.failures)
            .map_or(LONGEST, |wait| wait.min(LONGEST));
        self.failures = self.failures.saturating_add(1).min(16);
        Duration::from_millis(whole / 2 + random % (whole / 2 + 1))
    }

    /// Returns true if no failure was counted.
    pub(super) const fn is_new(self) -> bool {
        self.failures == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..200).map(|_| backoff.next(0).as_millis()).collect();
        assert_eq!(&waits[..7], [25, 50, 100, 200, 400, 800, 1000]);
        assert!(waits[7..].iter().all(|wait| *wait == 1000));
    }

    #[test]
    fn waits_differ_within_bounds() {
        for random in [0, 1, 7, u64::MAX] {
            let wait = Backoff { failures: 3 }.next(random).as_millis();
            assert!((200..=400).contains(&wait), "{wait}");
        }
    }
}
