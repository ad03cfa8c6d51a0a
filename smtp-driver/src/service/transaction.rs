//! A transaction: from MAIL to the answer to its message.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use smtp_proto::{
    server::{Ticket, ticket},
    types::{Mail, Rcpt, Rejection},
};
use tracing::warn;

use super::{
    Accept, Service,
    answer::{answer, answer_recipient},
    conversation::{Conversation, Next},
    recipients::{Concurrent, Recipients},
};
use crate::Transport;

/// Asks the service about MAIL and, if it accepts, about all questions until the transaction is over.
///
/// The futures of the service are inside this one, so a question allocates nothing.
pub(super) async fn transaction<T: Transport, S: Service>(
    talk: &mut Conversation<'_, T, S>,
    mail: Mail<'static>,
    ticket: Ticket<ticket::Mail>,
) {
    let service = talk.service();
    let about = talk.about();
    let given = talk.answer_to(pin!(service.mail(&about, mail))).await;
    drop(about);
    let mut mail = match given {
        Some(Ok(mail)) => mail,
        Some(Err(rejection)) => {
            let _ = talk.server().reject(ticket, rejection);
            return;
        }
        None => return,
    };
    if talk.server().accept(ticket).is_err() {
        return;
    }
    let mut recipients = Recipients::default();
    loop {
        match ask_recipients(talk, &mail, &mut recipients).await {
            Next::Data(ticket) => {
                let asked = pin!(service.begin(&mut mail, recipients.all()));
                if let Some(given) = talk.answer_to(asked).await {
                    let _ = answer(talk.server(), ticket, given);
                }
            }
            Next::Body(octets, now) => {
                let until = now + talk.server().config().timeouts.application;
                let asked = pin!(service.body(&mut mail, octets));
                if let Some(Err(rejection)) = talk.use_of_body(asked, until).await {
                    let _ = talk.server().reject_body(rejection);
                }
            }
            Next::EndOfData(recipient, ticket) => {
                let Some(to) = recipients.of(recipient) else {
                    let _ = talk.server().reject(ticket, Rejection::LOCAL_ERROR);
                    continue;
                };
                let (back, given) = {
                    let mut asked = pin!(async move {
                        let given = service.message(&mut mail, to).await;
                        (mail, given)
                    });
                    match talk.answer_to(asked.as_mut()).await {
                        Some(given) => given,
                        None => return beside_late(talk, asked).await,
                    }
                };
                let is_over = recipients.decide(recipient);
                let _ = answer(talk.server(), ticket, given);
                if is_over {
                    return;
                }
                mail = back;
            }
            Next::Reset(why) => return service.reset(mail, why),
            other => return talk.put_back(other),
        }
    }
}

/// Asks about recipients concurrently. Returns the next event that is not RCPT.
async fn ask_recipients<T: Transport, S: Service>(
    talk: &mut Conversation<'_, T, S>,
    mail: &S::Mail,
    recipients: &mut Recipients,
) -> Next {
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
                other => return other,
            }
        }
    })
    .await
}

/// Runs the session while the service still stores a message whose transaction was reset.
async fn beside_late<T: Transport, S: Service>(
    talk: &mut Conversation<'_, T, S>,
    asked: Pin<&mut impl Future<Output = (S::Mail, Result<Accept, Rejection>)>>,
) {
    let service = talk.service();
    let why = talk.why_reset();
    let mut late = Some(asked);
    let mut poll_late = |cx: &mut Context<'_>| {
        if let Some(asked) = &mut late
            && let Poll::Ready((mail, given)) = asked.as_mut().poll(cx)
        {
            late = None;
            if given.is_ok() {
                warn!("a message was stored too late: the client may send it again");
            }
            service.reset(mail, why);
        }
        late.is_some()
    };
    loop {
        let (next, is_late) = poll_fn(|cx| {
            let is_late = poll_late(cx);
            talk.poll_next(cx).map(|next| (next, is_late))
        })
        .await;
        match next {
            Next::Closed => break,
            next if is_late => talk.refuse(next),
            next => return talk.put_back(next),
        }
    }
    {
        let (mut close, mut is_closed) = (pin!(talk.close()), false);
        poll_fn(|cx| {
            is_closed = is_closed || close.as_mut().poll(cx).is_ready();
            if poll_late(cx) || !is_closed {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }
    talk.put_back(Next::Closed);
}
