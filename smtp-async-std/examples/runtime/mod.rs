//! The flag of the examples that chooses the runtime.

use clap::{Args, Parser, ValueEnum};

// The flags of an example, and that of the runtime. Not a doc comment, for the help begins with that of the flags.
#[derive(Clone, Debug, Parser)]
pub(crate) struct With<F: Args> {
    #[command(flatten)]
    pub(crate) flags: F,
    /// Runtime
    #[arg(long, value_name = "RUNTIME", default_value = "smol")]
    pub(crate) runtime: Runtime,
}

/// A runtime.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Runtime {
    /// smol, with its global executor: one thread, or as many as the environment variable `SMOL_THREADS` says
    Smol,
    /// async-std, which is discontinued
    AsyncStd,
}
