//! One suite of scenarios for every adapter: server and client over the loopback interface.
//!
//! A scenario is a function over an [`Adapter`]. The test itself plays the other side with a plain socket, so a scenario
//! needs no runtime. [`scenarios!`](crate::scenarios!) defines a test for each scenario.
//!
//! Scenarios wait only for deadlines in the configuration, which are short, and measure no time. [`PATIENCE`] turns a hang
//! into a failure.

#![expect(
    clippy::unwrap_used,
    clippy::exhaustive_structs,
    clippy::exhaustive_enums,
    missing_docs,
    missing_debug_implementations,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    clippy::type_complexity,
    reason = "tests, and what they are made of; a panic here is the report of a failed one"
)]

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use smtp_driver::{SendError, ServeOptions};
use smtp_proto::{
    TlsUpgrade,
    client::{self, Receipt},
    server::{self, Event, Server},
    types::Envelope,
};
use smtp_rustls::{ClientTls, ServerTls};

mod hostile;
mod keeper;
mod peer;
mod stage;
mod talk;

pub mod auth;
pub mod commands;
pub mod deadlines;
pub mod endings;
pub mod fates;
pub mod limits;
pub mod losses;
pub mod pressure;
pub mod refusals;
pub mod sending;
pub mod silence;
pub mod stories;
pub mod tls;
pub mod trust;

pub use hostile::{drips, floods, framing, random, strangers};

/// The time after which a session counts as stuck.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A short deadline, for tests in which the peer misses the deadline.
const SOON: Duration = Duration::from_millis(150);

/// An adapter to test.
pub trait Adapter {
    /// Serves in the background until it is stopped.
    fn serve(listener: TcpListener, site: Site) -> Running;

    /// Connects, sends, and quits. The result of QUIT is ignored.
    fn send(errand: Errand) -> Result<Receipt, SendError<io::Error>>;
}

/// The orders for a server.
pub struct Site {
    pub config: Arc<server::Config>,
    pub options: ServeOptions,
    /// The place of TLS.
    pub tls: Option<ServerTls>,
    pub applications: Box<dyn Fn() -> Box<dyn Application> + Send + Sync>,
}

/// The application of one session.
pub trait Application: Send {
    /// Deals with an event.
    fn see(&mut self, event: Event<'_>, server: &mut Server) -> Todo;
}

/// The action after an event.
pub enum Todo {
    Nothing,
    /// Do the handshake, with the TLS of the site.
    StartTls(TlsUpgrade),
    /// Run this where it may block, and do nothing in this session until it is done.
    Work(Work),
    /// Run this where it may block, and continue the session meanwhile.
    Later(Work),
    /// Close the connection: the session is over.
    Close,
}

/// Something that blocks.
pub struct Work(Box<dyn FnOnce() -> Done + Send>);

impl Work {
    fn new(run: impl FnOnce() -> Done + Send + 'static) -> Self {
        Self(Box::new(run))
    }

    /// Does it.
    pub fn run(self) -> Done {
        (self.0)()
    }
}

/// The result.
pub struct Done(Box<dyn FnOnce(&mut Server) + Send>);

impl Done {
    fn new(tell: impl FnOnce(&mut Server) + Send + 'static) -> Self {
        Self(Box::new(tell))
    }

    /// Passes the result to the machine of the session.
    pub fn tell(self, server: &mut Server) {
        (self.0)(server);
    }
}

/// The orders for a client.
pub struct Errand {
    pub address: SocketAddr,
    pub config: client::Config,
    pub way: Way,
    pub envelope: Envelope,
    pub message: Message,
}

/// The use of TLS by a client.
pub enum Way {
    Clear,
    StartTls(ClientTls),
    Implicit(ClientTls),
}

/// The source of a message.
pub enum Message {
    Memory(Vec<u8>),
    /// To be sent with the adapter's `send_from`.
    Reader(Vec<u8>),
}

/// A server that runs.
pub struct Running {
    stop: Option<Box<dyn FnOnce() + Send>>,
    ended: mpsc::Receiver<io::Result<()>>,
}

impl Running {
    /// Runs a server in its own thread; `stop` stops the server.
    pub fn new(
        stop: impl FnOnce() + Send + 'static,
        serve: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> Self {
        let (end, ended) = mpsc::channel();
        thread::spawn(move || {
            let _ = end.send(serve());
        });
        Self {
            stop: Some(Box::new(stop)),
            ended,
        }
    }

    /// Stops the server.
    pub fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop();
        }
    }

    /// Stops it and waits for its end.
    pub fn join(mut self) {
        self.stop();
        let ended = self.ended.recv_timeout(PATIENCE);
        ended
            .expect("the server does not end")
            .expect("the server failed");
    }
}

/// Stops the server even if a test fails.
impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Makes a test of each scenario for this [`Adapter`](crate::scenarios::Adapter).
#[macro_export]
macro_rules! scenarios {
    ($adapter:ty) => {
        $crate::scenarios! { $adapter;
            stories { whole in_pieces }
            commands { a_group a_thousand_commands chunks lmtp end_of_data }
            tls {
                starttls implicit garbage_after_starttls plaintext_after_starttls plaintext_on_a_tls_port
                tls_on_a_plain_port closing_without_notice
            }
            auth { login_under_starttls login_over_tls wrong_password no_login_in_plaintext too_many_failed_logins }
            pressure {
                a_peer_that_stops_reading a_peer_that_stops_reading_under_tls replies_in_the_tls_buffer an_application_that_stops_reading
                a_late_verdict a_verdict_after_its_deadline no_answer no_verdict
            }
            deadlines { no_command a_dripping_command no_content dripping_content no_handshake no_tls early_talker }
            endings {
                idle_sessions_receive_421 a_transaction_is_finished an_open_question_is_answered after_the_grace_period
                a_handshake_is_aborted sessions_under_tls_receive_421
            }
            limits {
                one_connection_too_many one_connection_too_many_over_tls one_peer_too_often
                a_panic_at_every_stage a_panic_before_anything a_burst_of_connections
            }
            losses { fin_at_every_stage reset_at_every_stage fin_under_tls reset_after_a_whole_message }
            sending {
                data_from_memory data_from_a_reader chunks_from_memory chunks_from_a_reader octet_by_octet
                partly_refused lmtp_with_mixed_replies a_large_message_under_tls
            }
            refusals { no_session no_sender no_recipient no_data early early_and_reset chunk_refused no_login }
            silence { at_every_phase of_a_reader of_a_reader_under_tls no_handshake of_the_network }
            fates { lost_at_every_stage unknown_after_the_message broken_reply }
            trust { starttls implicit stripped refused injected wrong_name wrong_issuer not_tls opportunistic no_settings }
            framing { into_a_server a_bare_carriage_return_before_the_end out_of_a_client }
            floods {
                endless_line long_lines endless_reply a_hundred_thousand_commands ten_thousand_recipients
                too_many_recipients tiny_chunks connections
            }
            drips { a_response a_chunk a_handshake before_the_greeting a_reply }
            strangers { http http_before_the_greeting client_hello all_at_once_and_half_closed }
            random { ended broken }
        }
    };
    ($adapter:ty; $($group:ident { $($name:ident)* })*) => {$(
        mod $group {
            use super::*;
            $(
                #[test]
                fn $name() {
                    $crate::scenarios::$group::$name::<$adapter>();
                }
            )*
        }
    )*};
}
