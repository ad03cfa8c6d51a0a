//! An application that stores messages, and misbehaves on request.

use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard},
};

use smtp_proto::{
    sasl::{AuthOutcome, AuthRequest},
    server::{Closed, Event, Reset, Server, Ticket},
    types::Rejection,
};

use super::{Application, Done, PATIENCE, Todo, Work};

/// A stored message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mail {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    /// The indices of these recipients.
    pub(super) indices: Vec<u32>,
    pub(super) body: Vec<u8>,
    /// The protocol, for example ESMTPSA.
    pub(super) with: &'static str,
}

/// The results of the sessions of a server.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) taken: Vec<Mail>,
    pub(super) resets: Vec<Reset>,
    pub(super) closed: Vec<Closed>,
    /// The number of questions that wait at the gate, or have passed it.
    pub(super) at_gate: usize,
    /// The number of answers after the deadline.
    pub(super) stale: usize,
    gate_is_open: bool,
}

/// The record of all sessions of a server.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    state: Mutex<State>,
    changed: Condvar,
}

impl Ledger {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until it is so.
    pub(super) fn wait_until(&self, is_so: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let state = self.state();
        let waited = self
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !is_so(state));
        let (state, timeout) = waited.unwrap();
        assert!(!timeout.timed_out(), "it never came: {state:?}");
        state
    }

    /// Waits until a session ends, and returns the reason. Each call is for one session.
    pub(super) fn ending(&self) -> Closed {
        self.wait_until(|state| !state.closed.is_empty()).closed.remove(0)
    }

    pub(super) fn open_gate(&self) {
        self.change(|state| state.gate_is_open = true);
    }

    fn pass_gate(&self) {
        self.change(|state| state.at_gate += 1);
        drop(self.wait_until(|state| state.gate_is_open));
    }
}

/// The application of one session. The local part of a sender selects the behaviour at a stage (`mail`, `rcpt`, `data`,
/// `body`, `verdict`), as in `hold-body`: `panic`, `no` (refuse), `silent` (never answer), `hold` (block until the gate is
/// open), `late` (answer when the gate is open).
pub(super) struct Keeper {
    ledger: Arc<Ledger>,
    open: Mail,
    /// The oddity of `body` was done for this message.
    odd: bool,
}

impl Keeper {
    pub(super) const fn new(ledger: Arc<Ledger>) -> Self {
        Self {
            ledger,
            open: Mail {
                from: String::new(),
                to: Vec::new(),
                indices: Vec::new(),
                body: Vec::new(),
                with: "",
            },
            odd: false,
        }
    }

    /// The unusual action at this stage.
    fn whim(&self, stage: &str) -> Option<&'static str> {
        ["panic", "no", "silent", "hold", "late"]
            .into_iter()
            .find(|whim| self.open.from.starts_with(&format!("{whim}-{stage}@")))
    }

    /// Accepts the question, or does what the sender selected. An accepted `mail` is stored.
    fn answer(&self, stage: &str, ticket: Ticket, mail: Option<Mail>, server: &mut Server) -> Todo {
        let ledger = Arc::clone(&self.ledger);
        let yes = move |server: &mut Server| {
            let accepted = server.accept(ticket);
            ledger.change(|state| match accepted {
                Ok(()) => state.taken.extend(mail),
                Err(_) => state.stale += 1,
            });
        };
        let ledger = Arc::clone(&self.ledger);
        let work = |yes| {
            Work::new(move || {
                ledger.pass_gate();
                Done::new(yes)
            })
        };
        match self.whim(stage) {
            Some("panic") => panic!("as asked"),
            Some("hold") => return Todo::Work(work(yes)),
            Some("late") => return Todo::Later(work(yes)),
            Some("silent") => {}
            _ => yes(server),
        }
        Todo::Nothing
    }

    fn body(&mut self, octets: &[u8], server: &mut Server) -> Todo {
        self.open.body.extend_from_slice(octets);
        if mem::replace(&mut self.odd, true) {
            return Todo::Nothing;
        }
        match self.whim("body") {
            Some("panic") => panic!("as asked"),
            Some("no") => server.reject_body(Rejection::NO_STORAGE).unwrap(),
            Some("hold") => {
                let ledger = Arc::clone(&self.ledger);
                return Todo::Work(Work::new(move || {
                    ledger.pass_gate();
                    Done::new(|_| ())
                }));
            }
            _ => {}
        }
        Todo::Nothing
    }
}

impl Application for Keeper {
    fn see(&mut self, event: Event<'_>, server: &mut Server) -> Todo {
        match event {
            Event::Hello { name, .. } if name.as_str() == "panic.example" => panic!("as asked"),
            Event::StartTls(upgrade) => return Todo::StartTls(upgrade),
            Event::Auth { request, ticket, .. } => {
                let is_ann = matches!(&request, AuthRequest::Password { user, password, authorization_id: None }
                    if user == "ann" && password.matches(b"secret"));
                let verdict = if is_ann {
                    AuthOutcome::Accept("ann".to_owned())
                } else {
                    AuthOutcome::Reject
                };
                server.answer_auth(ticket, verdict).unwrap();
            }
            Event::Mail { mail, ticket } => {
                self.open = Mail {
                    from: mail.reverse_path().as_str().to_owned(),
                    ..Mail::default()
                };
                self.odd = false;
                return self.answer("mail", ticket.into_any(), None, server);
            }
            Event::Recipient { index, rcpt, ticket } => {
                let to = rcpt.forward_path().as_str();
                if to.starts_with("no@") {
                    server.reject(ticket, Rejection::NO_SUCH_USER).unwrap();
                } else {
                    self.open.to.push(to.to_owned());
                    self.open.indices.push(index);
                    return self.answer("rcpt", ticket.into_any(), None, server);
                }
            }
            Event::Data { ticket } => return self.answer("data", ticket.into_any(), None, server),
            Event::Body(octets) => return self.body(octets, server),
            Event::EndOfData { recipient, ticket } => {
                let mut mail = self.open.clone();
                mail.with = server.protocol_name();
                if let Some(recipient) = recipient {
                    let place = mail.indices.binary_search(&recipient).unwrap();
                    mail.to = vec![mail.to.swap_remove(place)];
                }
                if mail.to.iter().any(|to| to.starts_with("full@")) {
                    server.reject(ticket, Rejection::MAILBOX_FULL).unwrap();
                } else {
                    return self.answer("verdict", ticket.into_any(), Some(mail), server);
                }
            }
            Event::Reset(why) => self.ledger.change(|state| state.resets.push(why)),
            Event::Closed(why) => {
                self.ledger.change(|state| state.closed.push(why));
                return Todo::Close;
            }
            other => {
                if let Some(ticket) = other.into_ticket() {
                    server.accept(ticket).unwrap();
                }
            }
        }
        Todo::Nothing
    }
}
