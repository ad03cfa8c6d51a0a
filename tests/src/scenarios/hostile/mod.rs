//! Peers that mean harm, or have lost their way. What they do in small is with the other scenarios.

pub mod drips;
pub mod floods;
pub mod framing;
pub mod random;
pub mod strangers;
