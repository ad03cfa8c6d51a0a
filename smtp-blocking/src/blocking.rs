//! Types of the driver with functions that block.

use std::ops::{Deref, DerefMut};

/// A type of the driver, whose async functions block here. It has the other functions, too, because it dereferences to the
/// type of the driver.
///
/// Take the field to call an async function itself, or one that is not here, with [`block_on`](crate::block_on).
#[derive(Clone, Debug)]
#[must_use = "dropping it closes the connection, or does nothing"]
#[expect(clippy::exhaustive_structs, reason = "a wrapper")]
pub struct Blocking<T>(pub T);

impl<T> Deref for Blocking<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Blocking<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
