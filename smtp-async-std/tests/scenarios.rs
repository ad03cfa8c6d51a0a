//! The scenarios that every adapter has to go through, on both runtimes.
#![expect(clippy::unwrap_used, reason = "a panic here is the report of a failed test")]

#[cfg(feature = "async-std")]
mod async_std {
    use async_std::{
        net::TcpListener,
        task::{block_on, spawn_blocking},
    };
    use smtp_async_std::async_std::{Client, Session};

    fn adopt(listener: std::net::TcpListener) -> TcpListener {
        listener.into()
    }

    include!("scenarios/glue.rs");
}

#[cfg(feature = "smol")]
mod smol {
    use smol::{block_on, net::TcpListener, unblock as spawn_blocking};
    use smtp_async_std::smol::{Client, Session};

    fn adopt(listener: std::net::TcpListener) -> TcpListener {
        listener.try_into().unwrap()
    }

    include!("scenarios/glue.rs");
}
