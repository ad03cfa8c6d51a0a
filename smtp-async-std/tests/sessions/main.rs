//! Whole sessions over sockets, on each runtime.
#![cfg(any(feature = "smol", feature = "async-std"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is the report of a failed test"
)]

/// Makes tests of functions that are generic over the runtime.
macro_rules! on_each_runtime {
    ($($name:ident,)+) => {
        #[cfg(feature = "smol")]
        mod on_smol {
            $(#[test] fn $name() { super::$name::<smtp_async_std::smol::Runtime>(); })+
        }
        #[cfg(feature = "smol")]
        mod on_an_executor {
            $(#[test] fn $name() { super::$name::<crate::runtimes::Executor>(); })+
        }
        #[cfg(feature = "async-std")]
        mod on_async_std {
            $(#[test] fn $name() { super::$name::<smtp_async_std::async_std::Runtime>(); })+
        }
    };
}

mod runtimes;
mod sending;
mod service;
mod serving;
mod streams;
mod support;
