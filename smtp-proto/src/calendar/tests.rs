use super::CalendarDate;

fn date(year: i64, month: u8, day: u8) -> CalendarDate {
    CalendarDate { year, month, day }
}

#[test]
fn days_and_dates_are_the_same() {
    for (date, day) in [
        (date(1970, 1, 1), 0),
        (date(1969, 12, 31), -1),
        (date(2000, 2, 29), 11_016),
        (date(2026, 1, 1), 20_454),
        (date(0, 1, 1), -719_528),
        (date(9999, 12, 31), 2_932_896),
    ] {
        assert_eq!(date.day(), Some(day), "{date:?}");
        assert_eq!(CalendarDate::of_day(day), date);
    }
    for day in (-719_528..2_932_896).step_by(97) {
        assert_eq!(CalendarDate::of_day(day).day(), Some(day));
    }
}

#[test]
fn each_month_has_its_number_of_days() {
    for wrong in [
        date(2026, 2, 29),
        date(1900, 2, 29),
        date(2026, 2, 30),
        date(2026, 4, 31),
        date(2026, 1, 0),
        date(2026, 1, 32),
        date(2026, 0, 1),
        date(2026, 13, 1),
    ] {
        assert_eq!(wrong.day(), None, "{wrong:?}");
    }
    assert!(date(2024, 2, 29).day().is_some());
}
