//! The number of deliveries at a time to one destination.
