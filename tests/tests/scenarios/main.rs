//! The scenarios, gone through by a loop that is written by hand: what they ask for can be had without an adapter.
#![expect(clippy::unwrap_used, reason = "a panic here is the report of a failed test")]

mod raw_client;
mod raw_server;
mod wire;

use std::{io, net::TcpListener};

use smtp_proto::{client::Receipt, driver::SendError};
use smtp_tests::scenarios::{Adapter, Errand, Running, Site};

struct Raw;

smtp_tests::scenarios!(Raw);

impl Adapter for Raw {
    fn serve(listener: TcpListener, site: Site) -> Running {
        raw_server::serve(listener, site)
    }

    fn send(errand: Errand) -> Result<Receipt, SendError<io::Error>> {
        let mut receipt = Receipt::new(&errand.envelope);
        match raw_client::send(errand, &mut receipt) {
            Ok(()) => Ok(receipt),
            Err(error) => Err(SendError::new(error, receipt)),
        }
    }
}
