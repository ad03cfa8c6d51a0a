//! The time of the next attempt, expiry and delay notices.
