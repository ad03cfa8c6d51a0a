//! The runtimes of the examples.

use std::{
    io,
    sync::{Arc, mpsc::Sender},
};

use clap::ValueEnum;
use smtp_driver::ShutdownHandle;

use crate::{serve::Bound, site::Site};

/// A runtime.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(clippy::exhaustive_enums, reason = "the choices of the flag")]
pub enum Runtime {
    /// tokio
    Tokio,
    /// smol, with its global executor: one thread, or the number in the environment variable `SMOL_THREADS`
    Smol,
    /// async-std, which is discontinued
    AsyncStd,
    /// Threads: one for each session, and no async runtime
    Blocking,
}

/// A function that starts a server in the background. The server runs until the handle shuts it down, then sends its result.
pub type Start = fn(Bound, Arc<Site>, ShutdownHandle, Sender<io::Result<()>>);

/// Defines a [`Start`] for a [`smtp_driver::Runtime`].
#[macro_export]
macro_rules! start_on {
    ($runtime:ty) => {{
        let start: $crate::runtime::Start = |bound, site, stop, done| {
            let $crate::serve::Bound {
                listener,
                config,
                options,
            } = bound;
            <$runtime as smtp_driver::Runtime>::spawn(async move {
                let served = async {
                    let listener = listener.try_into().map_err(std::io::Error::other)?;
                    smtp_driver::serve::<$runtime, _>(listener, config, options, stop, site).await
                };
                let _ = done.send(served.await);
            });
        };
        start
    }};
}
