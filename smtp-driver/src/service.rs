//! Placeholder.
/// Placeholder.
#[allow(missing_debug_implementations)]
pub struct Service;
