//! The flag of the examples that chooses the runtime.

use clap::{Args, Parser, ValueEnum};

/// The flags of an example, and that of the runtime.
#[derive(Clone, Debug, Parser)]
pub(crate) struct With<F: Args> {
    #[command(flatten)]
    pub(crate) flags: F,
    /// What to run on
    #[arg(long, value_name = "RUNTIME", default_value = "smol")]
    pub(crate) runtime: Runtime,
}

/// No flags but that of the runtime.
#[derive(Clone, Debug, Args)]
pub(crate) struct NoMore {}

/// What to run on.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Runtime {
    /// smol, with its global executor: one thread, or as many as the environment variable `SMOL_THREADS` says
    Smol,
    /// async-std, which is discontinued
    AsyncStd,
}
