//! A progress bar for work on many messages.

use indicatif::{ProgressBar, ProgressStyle};

/// Messages whose work is over before a bar could be read.
const FEW: usize = 300;

/// A bar on standard error, if that is a terminal and the work is long.
#[derive(Debug)]
pub(super) struct Progress {
    /// The verb before the bar.
    verb: &'static str,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) const fn new(verb: &'static str) -> Self {
        Self { verb, bar: None }
    }

    /// Shows that `done` of `all` messages are done.
    pub(super) fn show(&mut self, done: usize, all: usize) {
        if all <= FEW {
            return;
        }
        let verb = self.verb;
        let bar = self.bar.get_or_insert_with(|| bar(verb));
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    }
}

fn bar(verb: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos} of {len}, {eta} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(verb)
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_work_has_a_bar() {
        let mut progress = Progress::new("deleting");
        progress.show(1, FEW);
        assert!(progress.bar.is_none());
        progress.show(7, FEW + 1);
        let bar = progress.bar.as_ref().unwrap();
        assert_eq!((bar.position(), bar.length()), (7, Some(FEW as u64 + 1)));
    }
}
