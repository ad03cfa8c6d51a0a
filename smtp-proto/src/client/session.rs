//! Facts of a session that outlive its stages, and the checks of requests against them.

use alloc::{boxed::Box, string::String, vec::Vec};

use super::{Config, EightBit, ExtensionUse, RequestError};
use crate::{
    tls::TlsInfo,
    types::{
        Body, ByMode, Envelope, Extensions, Keyword, MailParameters, NoSupportAction, Parameter, Protocol,
        RareMailParameters, RcptParameters, Recipient,
    },
};

/// Facts that the last EHLO, the TLS handshake and AUTH established. STARTTLS replaces them all (RFC 3207 section 4.2).
#[derive(Debug, Default)]
pub(super) struct Session {
    /// The extensions in the last EHLO reply.
    pub(super) extensions: Extensions,
    /// The parameters of TLS; `None` in plaintext.
    pub(super) tls: Option<Box<TlsInfo>>,
    /// The server authenticated the client.
    pub(super) authenticated: bool,
    /// Transactions begun since the last EHLO (RFC 9422 section 4.1 counts them).
    pub(super) transactions: u32,
    /// The recipient domains since the last EHLO, if the server limits them (RFC 9422 section 4.3).
    domains: Vec<String>,
}

/// The command that transfers a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transfer {
    Data,
    Bdat,
}

impl Session {
    /// The facts of a session under TLS, before EHLO.
    pub(super) fn encrypted(info: TlsInfo) -> Self {
        Self {
            tls: Some(Box::new(info)),
            ..Self::default()
        }
    }

    /// Returns true if commands are sent in groups.
    pub(super) fn pipelines(&self, config: &Config) -> bool {
        config.pipelining == ExtensionUse::IfOffered && self.extensions.has(Keyword::Pipelining)
    }

    /// The maximum number of commands without a reply.
    pub(super) fn window(&self, config: &Config) -> usize {
        if self.pipelines(config) {
            config.limits.max_unanswered.max(1)
        } else {
            1
        }
    }

    /// The maximum number of chunks without a reply. In LMTP it is 1: the number of replies to the last chunk is
    /// undefined if an earlier chunk was refused.
    pub(super) fn chunk_window(&self, config: &Config) -> usize {
        match config.protocol {
            Protocol::Smtp => self.window(config),
            Protocol::Lmtp => 1,
        }
    }

    /// Returns the command that transfers the message of this envelope, or the reason against sending it.
    pub(super) fn judge(&self, config: &Config, envelope: &Envelope) -> Result<Transfer, RequestError> {
        let transfer = self.judge_mail(config, envelope.parameters())?;
        if !self.extensions.has(Keyword::SmtpUtf8) && envelope.needs_smtputf8() {
            return Err(RequestError::NotOffered(Keyword::SmtpUtf8));
        }
        for recipient in envelope.recipients() {
            self.judge_rcpt(recipient.parameters())?;
        }
        if envelope.recipients().is_empty() {
            return Err(RequestError::NoRecipients);
        }
        self.judge_counts(envelope.recipients().len(), || envelope.domains())?;
        self.judge_transactions()?;
        Ok(transfer)
    }

    /// Does the same for the part of the envelope that is in MAIL. The limits of the session come last.
    pub(super) fn judge_mail(
        &self,
        config: &Config,
        parameters: &MailParameters<'_>,
    ) -> Result<Transfer, RequestError> {
        match parameters.body() {
            Some(Body::EightBitMime) if config.eight_bit == EightBit::Refuse => {
                self.needs(Keyword::EightBitMime)?;
            }
            Some(Body::BinaryMime) => self
                .needs(Keyword::Chunking)
                .and(self.needs(Keyword::BinaryMime))?,
            _ => {}
        }
        if parameters.prdr() {
            self.needs(Keyword::Prdr)?;
        }
        if parameters.require_tls() {
            self.needs(Keyword::RequireTls)?;
            match &self.tls {
                // In plaintext an attacker can add the offer (RFC 8689 section 4.1).
                None => return Err(RequestError::NotOffered(Keyword::RequireTls)),
                // Without verification, the server may be a man in the middle (RFC 8689 section 4.2.1).
                Some(info) if !info.peer_verified => return Err(RequestError::ServerNotVerified),
                Some(_) => {}
            }
        }
        if let Some(rare) = &parameters.rare {
            self.judge_rare(rare)?;
        }
        self.judge_parameters(parameters.others())?;
        if let (Some(size), Some(limit)) = (parameters.size(), self.extensions.size_limit())
            && size > limit
        {
            return Err(RequestError::TooBig { size, limit });
        }
        let binary = parameters.body() == Some(Body::BinaryMime);
        let offered = config.chunking == ExtensionUse::IfOffered && self.extensions.has(Keyword::Chunking);
        Ok(if binary || offered {
            Transfer::Bdat
        } else {
            Transfer::Data
        })
    }

    /// Does the same for parameters of MAIL that few messages have: those that cannot be omitted, and their bounds.
    #[cold]
    fn judge_rare(&self, rare: &RareMailParameters<'_>) -> Result<(), RequestError> {
        if let Some(hold) = rare.hold {
            self.needs(Keyword::FutureRelease)?;
            if !self.extensions.future_release().allows(hold) {
                return Err(RequestError::HeldTooLong);
            }
            if rare.is_held_beyond_deadline() {
                return Err(RequestError::HeldBeyondDeadline);
            }
        }
        if let Some(by) = rare.deliver_by
            && by.mode() == ByMode::Return
        {
            self.needs(Keyword::DeliverBy)?;
            let least = self.extensions.deliver_by_min();
            if by.is_below(least) {
                return Err(RequestError::DeadlineTooShort(least.unwrap_or_default()));
            }
        }
        Ok(())
    }

    /// Does the same for the parameters of a recipient.
    fn judge_rcpt(&self, parameters: &RcptParameters<'_>) -> Result<(), RequestError> {
        if parameters
            .rrvs()
            .is_some_and(|rrvs| rrvs.action() == NoSupportAction::Reject)
        {
            self.needs(Keyword::Rrvs)?;
        }
        self.judge_parameters(parameters.others())
    }

    /// Returns the reason against a further recipient of an open transaction.
    pub(super) fn judge_recipient(
        &self,
        envelope: &Envelope,
        recipient: &Recipient,
    ) -> Result<(), RequestError> {
        self.judge_rcpt(recipient.parameters())?;
        if !recipient.is_ascii() && !envelope.needs_smtputf8() {
            return Err(RequestError::MailWithoutSmtpUtf8);
        }
        self.judge_counts(envelope.recipients().len() + 1, || {
            let mut all = envelope.clone();
            all.push(recipient.clone());
            all.domains()
        })
    }

    /// Returns the reason against this number of recipients in one transaction, or these domains in one session (RFC
    /// 9422).
    fn judge_counts(
        &self,
        recipients: usize,
        domains: impl FnOnce() -> Vec<String>,
    ) -> Result<(), RequestError> {
        let limits = self.extensions.limits();
        let exceeds = |count: usize, most: u32| u32::try_from(count).map_or(true, |count| count > most);
        if let Some(most) = limits.rcpt_max().filter(|most| exceeds(recipients, most.get())) {
            return Err(RequestError::TooManyRecipients(most.get()));
        }
        let Some(most) = limits.rcpt_domain_max() else {
            return Ok(());
        };
        let domains = domains();
        let new = domains.iter().filter(|domain| !self.domains.contains(domain));
        if exceeds(domains.len(), most.get()) {
            Err(RequestError::TooManyDomains(most.get()))
        } else if exceeds(self.domains.len() + new.count(), most.get()) {
            Err(RequestError::TooManySessionDomains(most.get()))
        } else {
            Ok(())
        }
    }

    /// Counts a transaction with these recipients.
    pub(super) fn count_transaction(&mut self, envelope: &Envelope) {
        self.transactions += 1;
        for recipient in envelope.recipients() {
            self.count_domain(recipient);
        }
    }

    /// Counts the domain of a recipient, if the server limits them.
    pub(super) fn count_domain(&mut self, recipient: &Recipient) {
        if self.extensions.limits().rcpt_domain_max().is_some() {
            let domain = recipient.folded_domain();
            if !self.domains.contains(&domain) {
                self.domains.push(domain);
            }
        }
    }

    /// Replaces the extensions with those of a new EHLO. All counts begin again (RFC 9422 section 3.6).
    pub(super) fn offered(&mut self, extensions: Extensions) {
        self.extensions = extensions;
        self.transactions = 0;
        self.domains.clear();
    }

    /// Returns the reason against a further transaction in this session (RFC 9422).
    pub(super) fn judge_transactions(&self) -> Result<(), RequestError> {
        let most = self.extensions.limits().mail_max();
        match most.filter(|most| self.transactions >= most.get()) {
            Some(most) => Err(RequestError::TooManyTransactions(most.get())),
            None => Ok(()),
        }
    }

    pub(super) fn needs(&self, keyword: Keyword) -> Result<(), RequestError> {
        if self.extensions.has(keyword) {
            Ok(())
        } else {
            Err(RequestError::NotOffered(keyword))
        }
    }

    /// Returns an error if a parameter belongs to no extension that the server offers.
    fn judge_parameters<'p>(
        &self,
        mut parameters: impl Iterator<Item = Parameter<'p>>,
    ) -> Result<(), RequestError> {
        if parameters.all(|parameter| self.offers_parameter(&parameter)) {
            Ok(())
        } else {
            Err(RequestError::ParameterNotOffered)
        }
    }

    fn offers_parameter(&self, parameter: &Parameter<'_>) -> bool {
        let keyword = parameter.keyword();
        // Extensions whose parameters have other names.
        let extension = match keyword.to_ascii_uppercase().as_str() {
            "TRANSID" => "CHECKPOINT",
            _ => keyword,
        };
        self.extensions.offers(extension)
    }
}
