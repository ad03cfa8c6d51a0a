//! A small runtime of threads: it knows nothing of SMTP.

mod pool;
mod reactor;

pub(crate) use pool::run;
pub use reactor::block_on;
pub(crate) use reactor::{poll_io, poll_time};
