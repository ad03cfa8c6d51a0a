//! The SMTP server: a service that accepts all mail but what the flags refuse.

use std::{sync::Arc, time::SystemTime};

use smtp_driver::{About, Accept, AuthAttempt, Bytes, Service};
use smtp_proto::{
    sasl::{AuthOutcome, AuthRequest},
    server::{Closed, Reset},
    types::{Body, Mail, Rcpt, Rejection},
};
use tokio::task::spawn_blocking;

use crate::{
    flags::{Flags, User},
    message::{Envelope, LineFaults, Message, lines},
    session::{CutMessage, STORED},
    store::Store,
};

/// The service.
#[derive(Debug)]
pub(crate) struct Catcher {
    store: Arc<Store>,
    reject: Vec<String>,
    tempfail: Vec<String>,
    users: Vec<User>,
    /// Bare line ends are made CRLF and counted.
    normalises: bool,
}

/// A transaction.
#[derive(Debug)]
pub(crate) struct Transaction {
    about: About,
    mail: Mail<'static>,
    content: Vec<u8>,
    stored: Option<u64>,
}

impl Catcher {
    pub(crate) fn new(store: Arc<Store>, flags: &Flags, users: Vec<User>) -> Self {
        let lower = |all: &Vec<String>| all.iter().map(|one| one.to_lowercase()).collect();
        Self {
            store,
            reject: lower(&flags.reject),
            tempfail: lower(&flags.tempfail),
            users,
            normalises: !flags.strict,
        }
    }

    /// Refuses an address that the flags name.
    fn check(&self, address: &str, rejection: Rejection) -> Result<(), Rejection> {
        if is_named(&self.reject, address) {
            return Err(rejection);
        }
        if is_named(&self.tempfail, address) {
            return Err(Rejection::MAILBOX_BUSY);
        }
        Ok(())
    }
}

/// Returns true if a list has this address, or `@` and its domain.
fn is_named(list: &[String], address: &str) -> bool {
    let address = address.to_lowercase();
    let domain = address.rfind('@').and_then(|at| address.get(at..));
    list.iter().any(|one| *one == address || Some(&one[..]) == domain)
}

impl Service for Catcher {
    type Mail = Transaction;

    async fn auth(&self, _: &About, attempt: &mut AuthAttempt) -> Result<AuthOutcome, Rejection> {
        let AuthRequest::Password { user, password, .. } = &attempt.request else {
            return Ok(AuthOutcome::Reject);
        };
        let is_user = |known: &User| known.name == *user && known.password == *password;
        let may = self.users.is_empty() || self.users.iter().any(is_user);
        Ok(if may {
            AuthOutcome::Accept(user.clone())
        } else {
            AuthOutcome::Reject
        })
    }

    async fn mail(&self, about: &About, mail: Mail<'static>) -> Result<Transaction, Rejection> {
        self.check(mail.reverse_path().as_str(), Rejection::SENDER_REFUSED)?;
        Ok(Transaction {
            about: about.clone(),
            mail,
            content: Vec::new(),
            stored: None,
        })
    }

    async fn recipient(&self, _: &Transaction, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
        self.check(rcpt.forward_path().as_str(), Rejection::NO_SUCH_USER)?;
        Ok(Accept::Yes)
    }

    async fn body(&self, transaction: &mut Transaction, octets: Bytes) -> Result<(), Rejection> {
        transaction.content.extend_from_slice(&octets);
        Ok(())
    }

    async fn message(
        &self,
        transaction: &mut Transaction,
        to: &[Rcpt<'static>],
    ) -> Result<Accept, Rejection> {
        let content = std::mem::take(&mut transaction.content);
        let envelope = envelope(&transaction.mail, to);
        let (content, faults) = match envelope.body {
            Some(Body::BinaryMime) => (content, LineFaults::default()),
            _ if self.normalises => lines::normalise(content),
            _ => (content, LineFaults::default()),
        };
        let session = self.store.session_of(transaction.about.connected_peer());
        let id = self.store.next_message();
        transaction.stored = Some(id);
        let store = Arc::clone(&self.store);
        let keep = move || {
            store.add(Message::new(
                id,
                session,
                SystemTime::now(),
                envelope,
                content,
                faults,
            ))
        };
        let kept = if self.store.waits() {
            spawn_blocking(keep)
                .await
                .unwrap_or_else(|panicked| Err(panicked.into()))
        } else {
            keep()
        };
        kept.map(|()| Accept::text(format!("{STORED}{id}")))
            .map_err(|_| Rejection::NO_STORAGE)
    }

    fn reset(&self, transaction: Transaction, why: Reset) {
        if let Some(id) = transaction.stored {
            // It was not accepted, and the client will send it again.
            let _ = self.store.delete(id);
        }
        let content = transaction.content;
        if why == Reset::Closed && !content.is_empty() {
            let cut = CutMessage {
                octets: content.len(),
                bare_end: lines::has_bare_end(&content),
            };
            self.store
                .note_cut_message(transaction.about.connected_peer(), cut);
        }
    }

    fn closed(&self, about: &About, why: Closed) {
        self.store.close_session(about.connected_peer(), why.to_string());
    }
}

fn envelope(mail: &Mail<'_>, to: &[Rcpt<'_>]) -> Envelope {
    let parameters = mail.parameters();
    let body = parameters.body().map(|body| format!("BODY={}", body.as_str()));
    let named = [
        parameters.size().map(|size| format!("SIZE={size}")),
        body,
        parameters.smtputf8().then(|| "SMTPUTF8".to_owned()),
        parameters.require_tls().then(|| "REQUIRETLS".to_owned()),
    ];
    Envelope {
        from: mail.reverse_path().as_str().to_owned(),
        to: to
            .iter()
            .map(|rcpt| rcpt.forward_path().as_str().to_owned())
            .collect(),
        parameters: named.into_iter().flatten().collect(),
        body: parameters.body(),
        smtputf8: parameters.smtputf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::is_named;

    #[test]
    fn an_address_or_its_domain_is_named() {
        let list = ["ann@example.org".to_owned(), "@example.net".to_owned()];
        for address in ["ANN@example.org", "any@Example.Net"] {
            assert!(is_named(&list, address), "{address}");
        }
        for address in ["bob@example.org", "any@sub.example.net", "example.net", ""] {
            assert!(!is_named(&list, address), "{address}");
        }
    }
}
