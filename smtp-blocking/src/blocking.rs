//! The types of the driver with functions that block.

use std::ops::{Deref, DerefMut};

/// A wrapper of a type of the driver, with functions that block in place of the async ones. It dereferences to the type of
/// the driver, and so has its other functions, too.
///
/// To call an async function that has no blocking form, use the field with [`block_on`](crate::block_on).
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
