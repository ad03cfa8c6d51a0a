//! Output and exit codes of the example `send`.

use std::io::{self, Write};

use smtp_driver::{Error, SendError};
use smtp_proto::{
    client::{Closed, Receipt, RecipientStatus, ReplyTo, Retry},
    types::{Keyword, Reply},
};

use super::{Flags, Tls};
use examples::exit::{Exit, chain};

/// Prints a line for each recipient: to `out` if it was accepted, otherwise to `errors`. Returns the exit code.
fn report(receipt: &Receipt, out: &mut impl Write, errors: &mut impl Write) -> io::Result<Exit> {
    let mut exit = Exit::Success;
    for (recipient, status) in receipt.recipients() {
        match &status {
            RecipientStatus::Accepted(reply) => writeln!(out, "{recipient} accepted: {reply}")?,
            RecipientStatus::Refused { to, reply, .. } => {
                writeln!(errors, "{recipient} refused at {}: {reply}", stage(*to))?;
            }
            RecipientStatus::Unknown => {
                writeln!(
                    errors,
                    "{recipient} unknown: the connection ended before the final reply"
                )?;
            }
            _ => writeln!(errors, "{recipient} failed: nothing was sent")?,
        }
        exit = exit.max(status.retry().map_or(Exit::Success, exit_after));
    }
    Ok(exit)
}

/// Prints the reason why there is no session. Returns the exit code.
pub(super) fn not_connected(error: &Error<io::Error>, flags: &Flags) -> Exit {
    let hint = match error {
        Error::Closed {
            why: Closed::NoMechanism,
            ..
        } if flags.tls.tls == Tls::Opportunistic && !flags.login.insecure_auth => {
            "; without TLS, none without --insecure-auth"
        }
        _ => "",
    };
    complain(&format!("{}{hint}", chain(error)));
    exit_after(error.retry())
}

/// Prints the refusal of XCLIENT. Returns the exit code.
pub(super) fn not_passed(reply: &Reply<'_>) -> Exit {
    complain(&format!("XCLIENT refused: {reply}"));
    if reply.is_permanent() {
        Exit::Refused
    } else {
        Exit::Temporary
    }
}

/// Prints the outcome of the message. Returns the exit code, and true if the session is open.
pub(super) fn sent(sent: Result<Receipt, SendError<io::Error>>) -> Result<(Exit, bool), String> {
    let (receipt, failure) = match sent {
        Ok(receipt) => (receipt, None),
        Err(failed) => (failed.receipt, Some(failed.error)),
    };
    let exit = report(&receipt, &mut io::stdout().lock(), &mut io::stderr().lock())
        .map_err(|error| format!("cannot print: {error}"))?;
    receipt.omitted().for_each(went_without);
    // Accepted recipients stay accepted if the session fails afterwards.
    let Some(error) = failure else {
        return Ok((exit, true));
    };
    complain(&chain(&error));
    Ok(match error {
        Error::Rejected(_) => (exit_after(error.retry()), true),
        _ if exit == Exit::Refused => (exit, false),
        _ => (exit.max(exit_after(error.retry())), false),
    })
}

/// Prints that the message was sent without an extension.
pub(super) fn went_without(keyword: Keyword) {
    complain(&format!("server does not offer {keyword}: sent without it"));
}

/// Returns the exit code for a failure.
const fn exit_after(retry: Retry) -> Exit {
    match retry {
        Retry::Now | Retry::Later | Retry::Unknown => Exit::Temporary,
        Retry::Never => Exit::Refused,
    }
}

#[expect(clippy::print_stderr, reason = "a program for the terminal")]
pub(super) fn complain(what: &str) {
    eprintln!("send: {what}");
}

fn stage(to: ReplyTo) -> &'static str {
    match to {
        ReplyTo::Mail => "MAIL",
        ReplyTo::Recipient(_) => "RCPT",
        ReplyTo::Data => "DATA",
        ReplyTo::Chunk => "BDAT",
        ReplyTo::Reset => "RSET",
        ReplyTo::Message | ReplyTo::MessageFor(_) => "the end of the message",
        _ => "the session",
    }
}
