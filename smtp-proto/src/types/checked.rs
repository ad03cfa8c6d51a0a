//! The common part of the types that hold a checked text, borrowed or not.

/// Access to the text of a type `T(Cow<str>)`, and its `Debug`.
macro_rules! checked_text {
    ($type:ident) => {
        impl<'a> $type<'a> {
            /// Wraps a text that a parser has already checked.
            pub(crate) const fn trusted(text: &'a str) -> Self {
                Self(alloc::borrow::Cow::Borrowed(text))
            }

            /// Returns the text as it was sent.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Copies a borrowed text, so that the value borrows nothing.
            #[must_use]
            pub fn into_owned(self) -> $type<'static> {
                $type(alloc::borrow::Cow::Owned(self.0.into_owned()))
            }
        }

        impl core::fmt::Debug for $type<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), self.0)
            }
        }
    };
}

/// `Display` of such a type: the text.
macro_rules! display_text {
    ($type:ident) => {
        impl core::fmt::Display for $type<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

pub(super) use {checked_text, display_text};
