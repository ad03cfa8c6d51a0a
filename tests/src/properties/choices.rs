//! The head of an input: the choices before the octets under test.

use crate::{chop::Chop, extremes::make_extreme, settings::Settings, story::Role};

/// The first line of an input. Each octet is a choice, counted from `0`; a missing octet means the first alternative.
///
/// So corpora are readable text that can be written by hand.
#[derive(Debug)]
pub(super) struct Choices<'d>(&'d [u8]);

impl<'d> Choices<'d> {
    /// Splits the first line from an input; the rest are the octets under test.
    pub(super) fn of(data: &'d [u8]) -> (Self, &'d [u8]) {
        let end = data.iter().position(|octet| *octet == b'\n');
        let (head, rest) = end.map_or((&[][..], data), |end| (&data[..end], &data[end + 1..]));
        (Self(head), rest)
    }

    /// Returns a number below 256.
    pub(super) fn number(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first.wrapping_sub(b'0').into()
    }

    /// Returns an element.
    pub(super) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.number() % of.len()].clone()
    }

    /// Returns true or false.
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

    /// Returns the remaining choices as sizes of pieces. Without any, pieces have one octet.
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

    /// Returns the remaining choices as a way to split a stream.
    pub(super) fn chop(&mut self) -> Chop {
        Chop::Sizes(self.sizes())
    }
}
