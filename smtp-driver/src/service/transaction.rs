//! A transaction: from MAIL to the answer to its message.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
};

use smtp_proto::{
    server::{Reset, Ticket, ticket},
    types::{Mail, Rcpt, Rejection},
};
use tracing::warn;

use super::{
    Accept, Service,
    answer::{answer, answer_recipient},
    conversation::{Conversation, Next, TransactionEvent},
    recipients::{Concurrent, Recipients},
};
use crate::Transport;

/// Asks the service about MAIL and, if it accepts, about all questions until the transaction is over.
///
/// The futures of the service are inside this one, so a question allocates nothing, except one about a recipient while another is
/// open.
pub(super) async fn transaction<T: Transport, S: Service>(
    talk: &mut Conversation<'_, T, S>,
    mail: Mail<'static>,
    ticket: Ticket<ticket::Mail>,
) {
    // Everything that waits uses the transaction in this place, because moving it would copy it and enlarge the future.
    let mut open = None;
    ask_mail(talk, mail, ticket, &mut open).await;
    let service = talk.service();
    let mut recipients = Recipients::default();
    while let Some(mail) = &mut open {
        let Some(event) = ask_recipients(talk, mail, &mut recipients).await else {
            return;
        };
        match event {
            TransactionEvent::Data(ticket) => {
                let asked = pin!(service.begin(mail, recipients.all()));
                if let Some(given) = talk.answer_to(asked).await {
                    let _ = answer(talk.server(), ticket, given);
                }
            }
            TransactionEvent::Body(octets, now) => {
                let until = now + talk.server().config().timeouts.application;
                let asked = pin!(service.body(mail, octets));
                if let Some(Err(rejection)) = talk.use_of_body(asked, until).await {
                    let _ = talk.server().reject_body(rejection);
                }
            }
            TransactionEvent::EndOfData(recipient, ticket) => {
                let Some(to) = recipients.of(recipient) else {
                    let _ = talk.server().reject(ticket, Rejection::LOCAL_ERROR);
                    continue;
                };
                let late = {
                    let mut asked = pin!(service.message(mail, to));
                    if let Some(given) = talk.answer_to(asked.as_mut()).await {
                        let _ = answer(talk.server(), ticket, given);
                        None
                    } else {
                        let why = talk.why_reset();
                        beside_late(talk, asked).await;
                        Some(why)
                    }
                };
                if let Some(why) = late {
                    return reset(service, open.take(), why);
                }
                if recipients.decide(recipient) {
                    return;
                }
            }
            TransactionEvent::Reset(why) => return reset(service, open.take(), why),
        }
    }
}

/// Asks the service about MAIL. Opens the transaction if it accepts.
async fn ask_mail<T: Transport, S: Service>(
    talk: &mut Conversation<'_, T, S>,
    mail: Mail<'static>,
    ticket: Ticket<ticket::Mail>,
    open: &mut Option<S::Mail>,
) {
    let (service, about) = (talk.service(), talk.about());
    let _ = match talk.answer_to(pin!(service.mail(&about, mail))).await {
        Some(Ok(mail)) => talk.server().accept(ticket).map(|()| *open = Some(mail)),
        Some(Err(rejection)) => talk.server().reject(ticket, rejection),
        None => Ok(()),
    };
}

/// Asks about recipients concurrently. Returns the next event of the transaction that is not RCPT. Returns `None` if another
/// event ends the transaction; the next poll of the session returns that event.
async fn ask_recipients<T: Transport, S: Service>(
    talk: &mut Conversation<'_, T, S>,
    mail: &S::Mail,
    recipients: &mut Recipients,
) -> Option<TransactionEvent> {
    let service = talk.service();
    let most = talk.server().config().limits.max_open_rcpts.max(1);
    let ask = |index, rcpt: Rcpt<'static>, ticket| async move {
        let given = service.recipient(mail, &rcpt).await;
        (index, rcpt, ticket, given)
    };
    let mut pass = |talk: &mut Conversation<'_, T, S>, (index, rcpt, ticket, given)| {
        talk.answered();
        if answer_recipient(talk.server(), ticket, given) {
            recipients.add(index, rcpt);
        }
    };
    let place = pin!(None);
    let mut open = Concurrent::new(place);
    poll_fn(|cx| {
        open.poll(cx, |given| pass(talk, given));
        loop {
            talk.set_asking(open.len() > 0);
            match talk.poll_next(cx) {
                Poll::Ready(Next::Recipient(index, rcpt, ticket)) => {
                    // Drop the oldest questions beyond the limit: they timed out, and the machine has answered them.
                    open.keep(most - 1);
                    if let Poll::Ready(given) = open.begin(cx, ask(index, rcpt, ticket)) {
                        pass(talk, given);
                    }
                }
                Poll::Ready(Next::Unanswered) => open.keep(0),
                Poll::Ready(Next::Transaction(event)) => return Poll::Ready(Some(event)),
                Poll::Ready(other) => {
                    talk.put_back(other);
                    return Poll::Ready(None);
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

/// Ends the transaction without an answer of the service.
fn reset<S: Service>(service: &S, mail: Option<S::Mail>, why: Reset) {
    if let Some(mail) = mail {
        service.reset(mail, why);
    }
}

/// Runs the session while the service still stores a message whose question timed out. Returns when it has stored it.
async fn beside_late<T: Transport, S: Service>(
    talk: &mut Conversation<'_, T, S>,
    mut asked: Pin<&mut impl Future<Output = Result<Accept, Rejection>>>,
) {
    let given = loop {
        let next = poll_fn(|cx| match asked.as_mut().poll(cx) {
            Poll::Ready(given) => Poll::Ready(Err(given)),
            Poll::Pending => talk.poll_next(cx).map(Ok),
        });
        match next.await {
            Err(given) => break given,
            Ok(Next::Closed) => {
                let given = beside(talk.close(), asked).await;
                talk.put_back(Next::Closed);
                break given;
            }
            Ok(next) => talk.refuse(next),
        }
    };
    if given.is_ok() {
        warn!("a message was stored too late: the client may send it again");
    }
}

/// Runs both futures until the second is ready.
async fn beside<F: Future>(other: impl Future<Output = ()>, mut future: Pin<&mut F>) -> F::Output {
    let (mut other, mut is_over) = (pin!(other), false);
    poll_fn(|cx| {
        is_over = is_over || other.as_mut().poll(cx).is_ready();
        future.as_mut().poll(cx)
    })
    .await
}
