//! Times for people and programs.

use std::time::{SystemTime, UNIX_EPOCH};

use mail_parser::DateTime;

/// Seconds since 1970.
pub(crate) fn unix_time(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The time as in RFC 3339, in UTC with milliseconds: `2026-11-28T22:17:00.123Z`.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = DateTime::from_timestamp(unix_time(at)).to_rfc3339();
    let seconds = seconds.trim_end_matches('Z');
    format!("{seconds}.{:03}Z", since.subsec_millis())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn shows_milliseconds_in_utc() {
        let at = UNIX_EPOCH + Duration::from_millis(1_795_904_220_007);
        assert_eq!(super::rfc3339(at), "2026-11-28T22:17:00.007Z");
    }
}
