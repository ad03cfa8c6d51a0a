//! Hostile peers, and peers with another protocol, at a large scale. The other scenarios have the small cases.

pub mod drips;
pub mod floods;
pub mod framing;
pub mod random;
pub mod strangers;
