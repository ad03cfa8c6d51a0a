//! Durations in flags: `90s`, `5m`, `4h`, `5d`.

use std::str::FromStr;

/// A duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(u64);

impl Span {
    pub(crate) const fn millis(self) -> u64 {
        self.0.saturating_mul(1000)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
        let factor = match text.get(digits.len()..) {
            Some("s" | "") => 1,
            Some("m") => 60,
            Some("h") => 3600,
            Some("d") => 86_400,
            _ => return Err("expected a number and s, m, h or d".into()),
        };
        let number: u64 = digits
            .parse()
            .map_err(|_| "expected a number and s, m, h or d".to_owned())?;
        number
            .checked_mul(factor)
            .map(Self)
            .ok_or_else(|| "the span is too long".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit() {
        for (text, millis) in [
            ("90s", 90_000),
            ("5m", 300_000),
            ("4h", 14_400_000),
            ("5d", 432_000_000),
            ("7", 7000),
        ] {
            assert_eq!(text.parse::<Span>().map(Span::millis), Ok(millis), "{text}");
        }
        for text in [
            "",
            "m",
            "5w",
            "-1s",
            "1.5h",
            "99999999999999999999d",
            "9999999999999999d",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
