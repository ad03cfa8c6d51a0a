//! Facts of a session that outlive its phases.

use alloc::{boxed::Box, collections::BTreeSet, string::String};

use super::{
    config::{Config, HeloParameters, Tls},
    question::Hello,
    xclient::Passed,
};
use crate::{
    limits::ServerLimits,
    sasl::Mechanism,
    tls::TlsInfo,
    types::{Command, Extensions, ForwardPath, Keyword, Protocol, Verb},
};

/// The facts known of the client, and the offer to it.
#[derive(Debug, Default)]
pub(super) struct SessionInfo {
    /// The extensions of this session, once they differ from the configuration.
    pub(super) extensions: Option<Box<Extensions>>,
    /// The last accepted EHLO, HELO or LHLO.
    pub(super) hello: Option<Box<Hello>>,
    /// The session is under TLS.
    pub(super) tls: Option<Box<TlsInfo>>,
    /// The client has authenticated.
    pub(super) login: Option<Login>,
    /// The facts that a proxy passed on.
    pub(super) passed: Option<Box<Passed>>,
    /// The AUTH parameter of MAIL is trusted.
    pub(super) trusts_originators: bool,
    /// MAIL commands in order, accepted or not.
    mails: u32,
    /// The domains of all recipients so far, in lower case, if they are limited.
    domains: BTreeSet<Box<str>>,
}

/// The authenticated identity, and the mechanism.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) identity: Box<str>,
    /// `None` if the login was granted with XCLIENT.
    pub(super) mechanism: Option<Mechanism>,
}

impl Login {
    pub(super) fn new(identity: String, mechanism: Mechanism) -> Self {
        Self {
            identity: identity.into_boxed_str(),
            mechanism: Some(mechanism),
        }
    }

    /// A login at the proxy.
    pub(super) fn granted(identity: String) -> Self {
        Self {
            identity: identity.into_boxed_str(),
            mechanism: None,
        }
    }
}

impl SessionInfo {
    /// The same session under TLS, without the facts from plaintext (RFC 3207 section 4.2). The application's changes
    /// of the extensions stay, and so do accepted facts from a proxy.
    pub(super) fn under_tls(self, info: TlsInfo) -> Self {
        Self {
            extensions: self.extensions,
            tls: Some(Box::new(info)),
            passed: self.passed,
            ..Self::default()
        }
    }

    /// The session of another client, which a proxy named. TLS and the application's changes of the extensions stay.
    pub(super) fn of_client(self, passed: Passed) -> Self {
        Self {
            extensions: self.extensions,
            tls: self.tls,
            passed: Some(Box::new(passed)),
            ..Self::default()
        }
    }

    /// The extensions of this session.
    pub(super) fn extensions<'s>(&'s self, config: &'s Config) -> &'s Extensions {
        self.extensions.as_deref().unwrap_or(&config.extensions)
    }

    /// Returns `true` if an extension is offered now: STARTTLS only in plaintext, REQUIRETLS only under TLS (RFC 3207
    /// section 4.2, RFC 8689 section 2), PRDR only in SMTP.
    pub(super) fn offers(&self, config: &Config, keyword: Keyword) -> bool {
        self.extensions(config).has(keyword)
            && match keyword {
                Keyword::StartTls => self.tls.is_none(),
                Keyword::RequireTls => self.tls.is_some(),
                // LMTP always has a reply for each recipient.
                Keyword::Prdr => config.protocol == Protocol::Smtp,
                _ => true,
            }
    }

    /// Returns `true` if the parameters of an extension may be used. After HELO no extension was offered (RFC 5321
    /// section 2.2.1), but the commands of extensions are accepted nevertheless.
    pub(super) fn takes_parameters(&self, config: &Config, keyword: Keyword) -> bool {
        let is_forgiven = config.helo_parameters == HeloParameters::AcceptSizeAndBody
            && matches!(
                keyword,
                Keyword::Size | Keyword::EightBitMime | Keyword::BinaryMime | Keyword::Chunking
            );
        (self.verb() != Some(Verb::Helo) || is_forgiven) && self.offers(config, keyword)
    }

    /// The largest message of this session, in octets.
    pub(super) fn max_message_octets(&self, config: &Config) -> u64 {
        let limit = config.limits.max_message_octets;
        self.extensions(config)
            .size_limit()
            .map_or(limit, |offered| offered.min(limit))
    }

    /// Returns `true` if a command requires TLS first (RFC 3207 section 4: 530 to all but NOOP, EHLO, STARTTLS and
    /// QUIT).
    pub(super) fn needs_tls(&self, config: &Config, command: &Command<'_>) -> bool {
        if config.tls == Tls::Optional || self.tls.is_some() {
            return false;
        }
        !matches!(
            command,
            Command::Noop(_) | Command::Ehlo(_) | Command::Lhlo(_) | Command::StartTls | Command::Quit
        )
    }

    /// Counts a MAIL command. Returns `false` if it exceeds the limit (RFC 9422 section 4.1).
    pub(super) fn count_mail(&mut self, limits: &ServerLimits) -> bool {
        self.mails = self.mails.saturating_add(1);
        limits
            .max_transactions
            .is_none_or(|most| self.mails <= most.get())
    }

    /// Counts the domain of a recipient, accepted or not. Returns `false` if it exceeds the limit (RFC 9422 section
    /// 4.3).
    pub(super) fn count_domain(&mut self, limits: &ServerLimits, path: &ForwardPath<'_>) -> bool {
        let Some(most) = limits.max_recipient_domains else {
            return true;
        };
        let domain = path.as_str().rsplit_once('@').map_or("", |(_, domain)| domain);
        let domain = domain.to_ascii_lowercase().into_boxed_str();
        if self.domains.contains(&domain) {
            return true;
        }
        let has_room = u32::try_from(self.domains.len()).is_ok_and(|count| count < most.get());
        if has_room {
            self.domains.insert(domain);
        }
        has_room
    }

    /// The verb of the last accepted EHLO, HELO or LHLO.
    pub(super) fn verb(&self) -> Option<Verb> {
        self.hello.as_ref().map(|hello| hello.verb)
    }
}
