//! Recipients of the example `server`.

use clap::Args;
use smtp_proto::types::{Etrn, EtrnAnswer, EtrnScope, ForwardPath, Rejection};

/// The recipients that are accepted.
#[derive(Clone, Debug, Default, Args)]
#[non_exhaustive]
pub struct PolicyFlags {
    /// Accept mail for this domain (repeatable) [default: every domain]
    #[arg(long, value_name = "NAME")]
    pub domain: Vec<String>,
    /// Reject this recipient with 550 5.1.1 (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    pub reject: Vec<String>,
}

impl PolicyFlags {
    /// Checks a recipient for a client with this identity.
    ///
    /// # Errors
    ///
    /// The rejection for the recipient.
    pub fn check(&self, recipient: &ForwardPath<'_>, identity: Option<&str>) -> Result<(), Rejection> {
        let is_local = self.is_local(recipient);
        if recipient.is_postmaster() && is_local {
            return Ok(());
        }
        let Some(mailbox) = recipient.mailbox() else {
            return Ok(());
        };
        // A local part with the name of another host requests relaying: user%host, host!user, "user@host".
        let names_host = !self.domain.is_empty() && mailbox.local_part().contains(['%', '!', '@']);
        if identity.is_none() && (names_host || !is_local) {
            return Err(Rejection::RELAY_DENIED);
        }
        let is_rejected = |address: &String| {
            ForwardPath::parse(address).is_ok_and(|path| path.mailbox() == Some(mailbox.as_borrowed()))
        };
        if self.reject.iter().any(is_rejected) {
            return Err(Rejection::NO_SUCH_USER);
        }
        Ok(())
    }

    /// Answers ETRN for a domain of this server. No messages wait, because all are stored.
    ///
    /// # Errors
    ///
    /// The rejection for other domains, and for queue names.
    pub fn start_queue(&self, etrn: &Etrn<'_>) -> Result<EtrnAnswer, Rejection> {
        let is_own = self
            .domain
            .iter()
            .any(|own| own.eq_ignore_ascii_case(etrn.name()));
        match etrn.scope() {
            EtrnScope::Domain | EtrnScope::Subdomains if is_own => Ok(EtrnAnswer::NoMessages),
            _ => Err(Rejection::NODE_NOT_ALLOWED),
        }
    }

    fn is_local(&self, recipient: &ForwardPath<'_>) -> bool {
        let is_own = |domain: &str| self.domain.iter().any(|own| own.eq_ignore_ascii_case(domain));
        self.domain.is_empty() || recipient.mailbox().is_none_or(|mailbox| is_own(mailbox.domain()))
    }
}
