//! Transactions: whole, announced after another one, and command by command.

use alloc::boxed::Box;

use super::{
    Client, Config, EightBit, ExtensionUse, Rejected,
    content::{Chunks, Content},
    session::{Session, Transfer},
    stage::{Sending, Stage},
    transaction::{Leftover, Scope, Transaction},
};
use crate::{
    data::{DotStuffer, LineEndings},
    types::{Body, Envelope, Keyword, Protocol},
};

impl Client {
    /// Begins a transaction. MAIL and RCPT are sent, in one group if the server offers PIPELINING.
    /// [`Event::Body`](super::Event::Body) comes when the server awaits the message, and
    /// [`Event::Finished`](super::Event::Finished) in any case. A further transaction can be announced with
    /// [`deliver_next`](Self::deliver_next).
    ///
    /// Only parameters whose extension is offered are sent. SIZE, AUTH, the DSN parameters, BY with mode N, MT-PRIORITY,
    /// SOLICIT, and RRVS with the action C are left out (RFC 1870 section 6, RFC 4954 section 5, RFC 3461 section 5, RFC 2852
    /// section 4.1.4.2, RFC 6710 section 4.3, RFC 7293 section 5.1.1); [`Receipt::omitted`](super::Receipt::omitted) lists them.
    /// A message that needs 8BITMIME, BINARYMIME, SMTPUTF8 or REQUIRETLS, or that has HOLDFOR, HOLDUNTIL, BY with mode R, or
    /// RRVS without the action C, is refused here, before anything is sent.
    ///
    /// # Errors
    ///
    /// Returns the envelope in [`Rejected`] with the reason. Nothing was sent.
    pub fn deliver(&mut self, envelope: Envelope) -> Result<(), Rejected<Box<Envelope>>> {
        let judged = self
            .turn()
            .and_then(|leftover| Ok((leftover, self.session.judge(&self.config, &envelope)?)));
        match judged {
            Ok((leftover, transfer)) => {
                let transaction = plan(
                    &mut self.session,
                    &self.config,
                    envelope,
                    Scope::Complete,
                    transfer,
                );
                self.begin(transaction, leftover);
                Ok(())
            }
            Err(error) => Err(Rejected {
                value: Box::new(envelope),
                error,
            }),
        }
    }

    /// Announces the next transaction while one is open. The next one begins once the open one is
    /// [finished](super::Event::Finished), or earlier, and has the same events as one begun with
    /// [`deliver`](Self::deliver). Only one can be announced at a time.
    ///
    /// With PIPELINING and DATA, its commands are sent together with the final dot of the previous message (RFC 2920
    /// section 3.1): a message costs one round trip instead of two. Announce it on [`Event::Body`](super::Event::Body),
    /// or earlier. With BDAT it waits, because a refused last chunk requires RSET (RFC 3030 section 2).
    ///
    /// # Errors
    ///
    /// Returns the envelope in [`Rejected`] with the reason: as [`deliver`](Self::deliver), or
    /// [`OutOfTurn`](super::RequestError::OutOfTurn) if no transaction is open or the next one is already announced.
    pub fn deliver_next(&mut self, envelope: Envelope) -> Result<(), Rejected<Box<Envelope>>> {
        let out_of_turn = self.out_of_turn();
        let slot = match &mut self.stage {
            Stage::Sending(sending) => Some(&mut sending.next),
            Stage::Finished(finished) => Some(&mut finished.next),
            _ => None,
        };
        let judged = slot
            .filter(|slot| slot.is_none())
            .ok_or(out_of_turn)
            .and_then(|slot| Ok((slot, self.session.judge(&self.config, &envelope)?)));
        match judged {
            Ok((slot, transfer)) => {
                *slot = Some(plan(
                    &mut self.session,
                    &self.config,
                    envelope,
                    Scope::Complete,
                    transfer,
                ));
                Ok(())
            }
            Err(error) => Err(Rejected {
                value: Box::new(envelope),
                error,
            }),
        }
    }

    /// Begins a planned transaction.
    pub(super) fn begin(&mut self, transaction: Box<Transaction>, leftover: Leftover) {
        let sending = if leftover == Leftover::Nothing || transaction.has_begun() {
            Sending::new(transaction)
        } else {
            self.send(&[b"RSET"]);
            Sending::after_reset(transaction, leftover)
        };
        self.enter(Stage::Sending(sending));
    }
}

/// Makes an envelope that passed the checks the next transaction of the session.
pub(super) fn plan(
    session: &mut Session,
    config: &Config,
    envelope: Envelope,
    scope: Scope,
    transfer: Transfer,
) -> Box<Transaction> {
    let binary = envelope.parameters().body() == Some(Body::BinaryMime);
    let endings = if binary {
        LineEndings::Keep
    } else {
        config.line_endings
    };
    let stuffer = match transfer {
        Transfer::Data => DotStuffer::for_data(endings),
        Transfer::Bdat => DotStuffer::for_chunks(endings),
    };
    let any_octet = binary || config.eight_bit == EightBit::Send;
    let stuffer = if any_octet || session.extensions.has(Keyword::EightBitMime) {
        stuffer
    } else {
        stuffer.seven_bit()
    };
    let content = match transfer {
        Transfer::Data => Content::Data(stuffer),
        Transfer::Bdat => Content::Chunks(Chunks::new(stuffer)),
    };
    session.count_transaction(&envelope);
    let prdr = config.prdr == ExtensionUse::IfOffered
        && session.extensions.has(Keyword::Prdr)
        && envelope.recipients().len() > 1;
    let envelope = if prdr && config.protocol == Protocol::Smtp {
        envelope.with_prdr()
    } else {
        envelope
    };
    Box::new(Transaction::new(session.transactions, envelope, scope, content))
}
