//! The head of an input: what is chosen before the octets that are tried.

use crate::{chop::Chop, extremes::make_extreme, settings::Settings, story::Role};

/// The first line of an input, where each octet chooses something, counted from `0`. What is missing chooses the first.
///
/// So corpora are readable text that can be written by hand.
#[derive(Debug)]
pub(super) struct Choices<'d>(&'d [u8]);

impl<'d> Choices<'d> {
    /// Takes the first line off an input; the rest is what is tried.
    pub(super) fn of(data: &'d [u8]) -> (Self, &'d [u8]) {
        let end = data.iter().position(|octet| *octet == b'\n');
        let (head, rest) = end.map_or((&[][..], data), |end| (&data[..end], &data[end + 1..]));
        (Self(head), rest)
    }

    /// A number below 256.
    pub(super) fn number(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first.wrapping_sub(b'0').into()
    }

    /// One of these.
    pub(super) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.number() % of.len()].clone()
    }

    /// Yes or no.
    pub(super) fn yes(&mut self) -> bool {
        self.number() % 2 == 1
    }

    /// Changes settings to extreme values, and returns their lines: up to eight times a mark (`+` for the
    /// server, `-` for the client), the setting, and its value.
    pub(super) fn extremes(&mut self, settings: &mut Settings, role: Role) -> Vec<String> {
        let mark = match role {
            Role::Server => b"+",
            Role::Client => b"-",
        };
        let mut lines = Vec::new();
        while let Some(rest) = self.0.strip_prefix(mark).filter(|_| lines.len() < 8) {
            self.0 = rest;
            lines.extend(make_extreme(settings, role, 1, &mut |below| {
                self.number() % below
            }));
        }
        lines
    }

    /// All that is left: sizes of pieces. None makes single octets.
    pub(super) fn sizes(&mut self) -> Vec<usize> {
        let mut sizes = Vec::new();
        while !self.0.is_empty() {
            sizes.push(self.number() % 80 + 1);
        }
        if sizes.is_empty() {
            sizes.push(1);
        }
        sizes
    }

    /// All that is left: how a stream is cut.
    pub(super) fn chop(&mut self) -> Chop {
        Chop::Sizes(self.sizes())
    }
}
