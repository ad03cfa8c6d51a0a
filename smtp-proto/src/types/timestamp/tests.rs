use std::string::ToString;

use proptest::prelude::*;

use super::Timestamp;
use crate::types::ParameterFault;

#[test]
fn times_are_read_with_their_offset() {
    for (text, unix_time) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-01t00:00:00z", 1_767_225_600),
        ("2026-01-01T00:00:00-08:00", 1_767_254_400),
        ("2026-01-01T05:30:00+05:30", 1_767_225_600),
        ("2026-01-01T00:00:00-00:00", 1_767_225_600),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("2017-01-01T00:59:60+01:00", 1_483_228_800),
        ("0000-01-01T00:00:00Z", Timestamp::MIN.unix_time()),
        ("9999-12-31T23:59:59Z", Timestamp::MAX.unix_time()),
    ] {
        let time = Timestamp::parse(text).unwrap();
        assert_eq!(time.unix_time(), unix_time, "{text}");
        assert_eq!(Timestamp::from_unix_time(unix_time), Some(time));
    }
}

#[test]
fn malformed_times_are_refused() {
    for text in [
        "",
        "2026-01-01",
        "1767225600",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00Z",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01T00:00:00ZZ",
        "2026-01-01T00:00:00+0200",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T23:59:60+01:00",
        "2026-01-01T00:00:61Z",
        "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "26-01-01T00:00:00Z",
        "12026-01-01T00:00:00Z",
        "+2026-01-01T00:00:00Z",
        "2026-1-1T00:00:00Z",
        "0000-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
        "2026-01-01T00:00:00\u{660}",
    ] {
        assert_eq!(
            Timestamp::parse(text).map_err(|error| error.fault()),
            Err(ParameterFault::Value),
            "{text}"
        );
    }
}

#[test]
fn the_years_0_to_9999_are_the_bounds() {
    assert_eq!(Timestamp::from_unix_time(i64::MIN), None);
    assert_eq!(Timestamp::from_unix_time(i64::MAX), None);
    assert_eq!(Timestamp::from_unix_time(Timestamp::MAX.unix_time() + 1), None);
    assert_eq!(Timestamp::from_unix_time(Timestamp::MIN.unix_time() - 1), None);
}

proptest! {
    #[test]
    fn displayed_times_are_parsed(seconds in Timestamp::MIN.unix_time()..=Timestamp::MAX.unix_time()) {
        let time = Timestamp::from_unix_time(seconds).unwrap();
        prop_assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
    }
}
