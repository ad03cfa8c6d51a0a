//! The Gregorian calendar.

/// Days from 1 March of the year 0 to 1 January 1970.
const EPOCH: i64 = 719_468;
/// Days of 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// A date: year, month from 1 to 12, day from 1 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CalendarDate {
    pub(crate) year: i64,
    pub(crate) month: u8,
    pub(crate) day: u8,
}

impl CalendarDate {
    /// The date of a day, counted from 1 January 1970.
    pub(crate) const fn of_day(days: i64) -> Self {
        // Years start in March, so that the leap day is the last day.
        let shifted = days + EPOCH;
        let (era, day_of_era) = (shifted.div_euclid(ERA), shifted.rem_euclid(ERA));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = (march_month + 2) % 12 + 1;
        Self {
            year: era * 400 + year_of_era + (month < 3) as i64,
            month: month as u8,
            day: (day_of_year - (153 * march_month + 2) / 5 + 1) as u8,
        }
    }

    /// The day, counted from 1 January 1970; `None` if the month has no such day.
    pub(crate) fn day(self) -> Option<i64> {
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = self.year - i64::from(month < 3);
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * ERA + day_of_era - EPOCH;
        (Self::of_day(days) == self).then_some(days)
    }
}

#[cfg(test)]
mod tests;
