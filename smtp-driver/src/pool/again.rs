//! Messages that need another session.

use smtp_proto::{
    client::{Closed, MessageOutcome, Receipt, RecipientStatus, RequestError},
    types::{AnnouncedLimits, Code, Envelope},
};

use crate::{Error, SendError};

/// Returns an envelope with the recipients that need a further session, because the server accepts no more in this one (RFC
/// 9422). Returns `None` if no transaction of this session was completed: a further session would not help.
pub(super) fn rest<E>(
    envelope: &Envelope,
    limits: AnnouncedLimits,
    receipt: &Receipt,
    error: &Error<E>,
) -> Option<Envelope> {
    let is_full = matches!(
        error,
        Error::Rejected(RequestError::TooManyTransactions(_) | RequestError::TooManySessionDomains(_))
    );
    if !is_full || receipt.finished() == 0 {
        return None;
    }
    let empty = Envelope::new(envelope.reverse_path().clone()).with_parameters(envelope.parameters().clone());
    let parts: Vec<_> = envelope.split(limits).skip(receipt.finished()).collect();
    let recipients = parts.iter().flat_map(Envelope::recipients);
    Some(recipients.fold(empty, |rest, recipient| {
        rest.recipient_with(recipient.forward_path().clone(), recipient.parameters().clone())
    }))
}

/// Returns true if the server had ended the session, and accepted nothing of the message.
pub(super) fn is_stale<E>(sent: &Result<Receipt, SendError<E>>) -> bool {
    let receipt = match sent {
        // 421 to MAIL is an ordinary refusal.
        Ok(receipt) => receipt,
        Err(SendError { error, receipt }) => match error {
            Error::Closed {
                why: Closed::ConnectionClosed | Closed::ConnectionLost | Closed::NotAvailable,
                message: MessageOutcome::NotAccepted | MessageOutcome::None,
                ..
            }
            | Error::Rejected(
                RequestError::Over
                | RequestError::TooManyTransactions(_)
                | RequestError::TooManySessionDomains(_),
            ) => receipt,
            _ => return false,
        },
    };
    // A message may take several transactions (RFC 9422), and one of them may have been accepted.
    receipt.recipients().all(|(_, status)| match status {
        RecipientStatus::NotAccepted => true,
        RecipientStatus::Refused { reply, .. } => reply.code() == Code::NOT_AVAILABLE,
        _ => false,
    })
}

#[cfg(test)]
mod tests;
