//! One direction of the stream: latency, stalls, and the time at which the other side notices a break.

use std::collections::VecDeque;

use smtp_tests::Dice;

/// The event on the stream after this number of octets in one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mishap {
    /// It breaks in both directions.
    Break,
    /// This direction ends.
    HalfClose,
}

/// A direction of the stream. Times are milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// Octets on their way, and when they arrive.
    pub(crate) in_flight: VecDeque<(u64, usize)>,
    /// Octets sent from now on do not arrive.
    pub(crate) cut: bool,
    /// The time at which the reader sees the end.
    pub(crate) end: Option<u64>,
    pub(crate) end_seen: bool,
    /// The time at which the writer sees that the stream is broken.
    pub(crate) lost: Option<u64>,
    pub(crate) lost_seen: bool,
    /// The speaker cannot write before.
    pub(crate) stalled_until: u64,
    pub(crate) mishap: Option<(usize, Mishap)>,
    latency: u64,
    most: usize,
    calm: bool,
}

impl Link {
    pub(crate) fn new(dice: &mut Dice, calm: bool) -> Self {
        let mishap = (!calm && dice.one_in(5)).then(|| {
            let within = dice.pick(&[100, 1000, 5000]);
            let at = dice.between(0, within);
            let mishap = dice.pick(&[Mishap::Break, Mishap::HalfClose]);
            (usize::try_from(at).expect("it is small"), mishap)
        });
        Self {
            in_flight: VecDeque::new(),
            cut: false,
            end: None,
            end_seen: false,
            lost: None,
            lost_seen: false,
            stalled_until: 0,
            mishap,
            // In a calm world, thousands of chunks must arrive before a deadline.
            latency: if calm {
                dice.pick(&[0, 1, 10])
            } else {
                dice.pick(&[0, 1, 40, 2000])
            },
            most: dice.pick(&[3, 30, 100_000, 100_000]),
            calm,
        }
    }

    /// Returns the number of these octets that pass at once.
    pub(crate) fn some(&self, dice: &mut Dice, octets: usize) -> usize {
        let most = octets.min(self.most);
        if dice.one_in(2) {
            most
        } else {
            1 + dice.below(most)
        }
    }

    /// Carries this number of octets from the sender.
    pub(crate) fn carry(&mut self, dice: &mut Dice, now: u64, octets: usize) {
        if dice.one_in(16) {
            self.stalled_until = now + pause(dice, self.calm);
        }
        if self.cut {
            return;
        }
        let at = (now + dice.between(self.latency / 2, self.latency)).max(self.last_arrival());
        let at = if dice.one_in(60) {
            at + pause(dice, self.calm)
        } else {
            at
        };
        self.in_flight.push_back((at, octets));
    }

    fn last_arrival(&self) -> u64 {
        self.in_flight.back().map_or(0, |(at, _)| *at)
    }

    /// The number of octets that must arrive by now.
    pub(crate) fn due(&self, now: u64) -> usize {
        let arrived = self.in_flight.iter().take_while(|(at, _)| *at <= now);
        arrived.map(|(_, octets)| octets).sum()
    }

    /// Removes this number of octets, which have arrived.
    pub(crate) fn arrived(&mut self, mut octets: usize) {
        while octets > 0
            && let Some((_, head)) = self.in_flight.front_mut()
        {
            let now = octets.min(*head);
            *head -= now;
            octets -= now;
            if *head == 0 {
                self.in_flight.pop_front();
            }
        }
    }

    /// The sender has closed: octets under way still arrive, then the end.
    pub(crate) fn close(&mut self, now: u64) {
        if !self.cut {
            self.cut = true;
            self.end = Some((now + self.latency).max(self.last_arrival()));
        }
    }

    /// Breaks the stream: some of the octets under way arrive, and the sender notices later, or never.
    pub(crate) fn break_off(&mut self, dice: &mut Dice, now: u64) {
        self.cut = true;
        self.in_flight.truncate(dice.below(self.in_flight.len() + 1));
        if !dice.one_in(3) {
            self.lost = Some(now + pause(dice, false));
        }
    }

    /// The times at which something changes by itself.
    pub(crate) fn times(&self) -> impl Iterator<Item = u64> {
        let arrivals = self.in_flight.iter().map(|(at, _)| *at);
        arrivals
            .chain(self.end.filter(|_| !self.end_seen))
            .chain(self.lost.filter(|_| !self.lost_seen))
            .chain([self.stalled_until])
    }
}

/// Returns a pause: usually short, sometimes longer than any timeout.
pub(crate) fn pause(dice: &mut Dice, calm: bool) -> u64 {
    if calm || !dice.one_in(12) {
        dice.pick(&[0, 0, 1, 7, 40, 300])
    } else {
        let longest = dice.pick(&[10_000, 100_000, 700_000]);
        dice.between(1, longest)
    }
}
