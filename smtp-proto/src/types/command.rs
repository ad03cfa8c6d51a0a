//! Commands.

use core::fmt;

use super::{
    Argument, Auth, ClientName, Etrn, ForwardPath, MailParameters, Query, RcptParameters, ReversePath,
    UnknownCommand, Xclient, Xforward,
};

/// A command from the client (RFC 5321 section 4.1).
///
/// [`syntax::parse_command`](crate::syntax::parse_command) parses one; [`Command::to_line`] writes it.
///
/// ```
/// use smtp_proto::types::{Command, Mailbox, MailParameters, Mail};
///
/// let from = Mailbox::parse("ann@example.org")?;
/// let mail = Command::Mail(Mail::new(from, MailParameters::default().with_size(1000)));
/// assert_eq!(mail.to_line(), b"MAIL FROM:<ann@example.org> SIZE=1000\r\n");
/// # Ok::<(), smtp_proto::types::InvalidAddress>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Command<'a> {
    /// `EHLO`: greets and asks for the extensions (RFC 5321 section 4.1.1.1).
    Ehlo(ClientName<'a>),
    /// `HELO`: greets without extensions (RFC 5321 section 4.1.1.1).
    Helo(ClientName<'a>),
    /// `LHLO`: EHLO for LMTP (RFC 2033 section 4.1).
    Lhlo(ClientName<'a>),
    /// `MAIL FROM`, `SEND`, `SOML` or `SAML`: starts a transaction (RFC 5321 section 4.1.1.2).
    Mail(Mail<'a>),
    /// `RCPT TO`: adds a recipient (RFC 5321 section 4.1.1.3).
    Rcpt(Rcpt<'a>),
    /// `DATA`: asks for permission to send the message (RFC 5321 section 4.1.1.4).
    Data,
    /// `BDAT`: a chunk of the message follows (RFC 3030 section 2).
    Bdat(Bdat),
    /// `RSET`: aborts the transaction (RFC 5321 section 4.1.1.5).
    Rset,
    /// `VRFY`: asks about a mailbox (RFC 5321 section 4.1.1.6).
    Vrfy(Query<'a>),
    /// `EXPN`: asks about a mailing list (RFC 5321 section 4.1.1.7).
    Expn(Query<'a>),
    /// `HELP`: asks for help (RFC 5321 section 4.1.1.8).
    Help(Option<Argument<'a>>),
    /// `NOOP`: does nothing. The argument has no meaning (RFC 5321 section 4.1.1.9).
    Noop(Option<Argument<'a>>),
    /// `QUIT`: ends the session (RFC 5321 section 4.1.1.10).
    Quit,
    /// `STARTTLS`: starts TLS (RFC 3207 section 4).
    StartTls,
    /// `AUTH`: starts authentication (RFC 4954 section 4).
    Auth(Auth<'a>),
    /// `XCLIENT`: a proxy passes on the identity of its client (Postfix).
    Xclient(Xclient<'a>),
    /// `XFORWARD`: a content filter passes on the origin of the next message, for logs (Postfix).
    Xforward(Xforward<'a>),
    /// `ETRN`: asks for the delivery of waiting messages (RFC 1985 section 5).
    Etrn(Etrn<'a>),
    /// `TURN`: asks to exchange the roles. Obsolete (RFC 5321 appendix F.1).
    Turn,
    /// `DEBUG`: a historical backdoor command (not standardized). Servers reject it.
    Debug,
    /// A command without its own variant.
    Unknown(UnknownCommand<'a>),
}

impl Command<'_> {
    /// Returns the verb. Returns `None` for [`Command::Unknown`].
    #[must_use]
    pub const fn verb(&self) -> Option<Verb> {
        Some(match self {
            Self::Ehlo(_) => Verb::Ehlo,
            Self::Helo(_) => Verb::Helo,
            Self::Lhlo(_) => Verb::Lhlo,
            Self::Mail(mail) => mail.kind.verb(),
            Self::Rcpt(_) => Verb::Rcpt,
            Self::Data => Verb::Data,
            Self::Bdat(_) => Verb::Bdat,
            Self::Rset => Verb::Rset,
            Self::Vrfy(_) => Verb::Vrfy,
            Self::Expn(_) => Verb::Expn,
            Self::Help(_) => Verb::Help,
            Self::Noop(_) => Verb::Noop,
            Self::Quit => Verb::Quit,
            Self::StartTls => Verb::StartTls,
            Self::Auth(_) => Verb::Auth,
            Self::Xclient(_) => Verb::Xclient,
            Self::Xforward(_) => Verb::Xforward,
            Self::Etrn(_) => Verb::Etrn,
            Self::Turn => Verb::Turn,
            Self::Debug => Verb::Debug,
            Self::Unknown(_) => return None,
        })
    }

    /// Copies a borrowed command, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Command<'static> {
        match self {
            Self::Ehlo(name) => Command::Ehlo(name.into_owned()),
            Self::Helo(name) => Command::Helo(name.into_owned()),
            Self::Lhlo(name) => Command::Lhlo(name.into_owned()),
            Self::Mail(mail) => Command::Mail(mail.into_owned()),
            Self::Rcpt(rcpt) => Command::Rcpt(rcpt.into_owned()),
            Self::Data => Command::Data,
            Self::Bdat(bdat) => Command::Bdat(bdat),
            Self::Rset => Command::Rset,
            Self::Vrfy(query) => Command::Vrfy(query.into_owned()),
            Self::Expn(query) => Command::Expn(query.into_owned()),
            Self::Help(argument) => Command::Help(argument.map(Argument::into_owned)),
            Self::Noop(argument) => Command::Noop(argument.map(Argument::into_owned)),
            Self::Quit => Command::Quit,
            Self::StartTls => Command::StartTls,
            Self::Auth(auth) => Command::Auth(auth.into_owned()),
            Self::Xclient(command) => Command::Xclient(command.into_owned()),
            Self::Xforward(command) => Command::Xforward(command.into_owned()),
            Self::Etrn(etrn) => Command::Etrn(etrn.into_owned()),
            Self::Turn => Command::Turn,
            Self::Debug => Command::Debug,
            Self::Unknown(command) => Command::Unknown(command.into_owned()),
        }
    }
}

/// The verb of a command with its own variant in [`Command`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "UPPERCASE"))]
#[non_exhaustive]
#[expect(missing_docs, reason = "each variant is a verb, and Command documents it")]
pub enum Verb {
    Ehlo,
    Helo,
    Lhlo,
    Mail,
    Send,
    Soml,
    Saml,
    Rcpt,
    Data,
    Bdat,
    Rset,
    Vrfy,
    Expn,
    Help,
    Noop,
    Quit,
    StartTls,
    Auth,
    Xclient,
    Xforward,
    Etrn,
    Turn,
    Debug,
}

impl Verb {
    /// Returns the verb in capitals.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ehlo => "EHLO",
            Self::Helo => "HELO",
            Self::Lhlo => "LHLO",
            Self::Mail => "MAIL",
            Self::Send => "SEND",
            Self::Soml => "SOML",
            Self::Saml => "SAML",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Bdat => "BDAT",
            Self::Rset => "RSET",
            Self::Vrfy => "VRFY",
            Self::Expn => "EXPN",
            Self::Help => "HELP",
            Self::Noop => "NOOP",
            Self::Quit => "QUIT",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Xclient => "XCLIENT",
            Self::Xforward => "XFORWARD",
            Self::Etrn => "ETRN",
            Self::Turn => "TURN",
            Self::Debug => "DEBUG",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The verb that starts the transaction. It selects the destination of the message: a mailbox or a terminal.
///
/// All except MAIL are obsolete (RFC 5321 appendix F.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "RFC 821 has these four")]
pub enum MailKind {
    /// `MAIL`: to the mailbox.
    #[default]
    Mail,
    /// `SEND`: to the terminal.
    Send,
    /// `SOML`: to the terminal or the mailbox.
    Soml,
    /// `SAML`: to the terminal and the mailbox.
    Saml,
}

impl MailKind {
    /// Returns the verb.
    #[must_use]
    pub const fn verb(self) -> Verb {
        match self {
            Self::Mail => Verb::Mail,
            Self::Send => Verb::Send,
            Self::Soml => Verb::Soml,
            Self::Saml => Verb::Saml,
        }
    }
}

/// The command MAIL, which starts a transaction: `"MAIL FROM:" Reverse-path [SP Mail-parameters]` (RFC 5321 section
/// 4.1.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mail<'a> {
    kind: MailKind,
    reverse_path: ReversePath<'a>,
    parameters: MailParameters<'a>,
}

impl<'a> Mail<'a> {
    /// Creates a MAIL command. Adds SMTPUTF8 if the path or a parameter is not ASCII (RFC 6531 section 3.4).
    #[must_use]
    pub fn new(reverse_path: impl Into<ReversePath<'a>>, parameters: MailParameters<'a>) -> Self {
        let reverse_path = reverse_path.into();
        let ascii = reverse_path.is_ascii() && parameters.is_ascii();
        let parameters = if ascii {
            parameters
        } else {
            parameters.with_smtputf8()
        };
        Self {
            kind: MailKind::Mail,
            reverse_path,
            parameters,
        }
    }

    /// Wraps parts that the parser has already checked, with SMTPUTF8 if it is necessary.
    pub(crate) const fn trusted(
        kind: MailKind,
        reverse_path: ReversePath<'a>,
        parameters: MailParameters<'a>,
    ) -> Self {
        Self {
            kind,
            reverse_path,
            parameters,
        }
    }

    /// Returns the verb of the command.
    #[must_use]
    pub const fn kind(&self) -> MailKind {
        self.kind
    }

    /// Returns the sender.
    #[must_use]
    pub const fn reverse_path(&self) -> &ReversePath<'a> {
        &self.reverse_path
    }

    /// Returns the parameters.
    #[must_use]
    pub const fn parameters(&self) -> &MailParameters<'a> {
        &self.parameters
    }

    /// Returns the sender and the parameters.
    #[must_use]
    pub fn into_parts(self) -> (ReversePath<'a>, MailParameters<'a>) {
        (self.reverse_path, self.parameters)
    }

    /// Copies a borrowed command, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Mail<'static> {
        Mail {
            kind: self.kind,
            reverse_path: self.reverse_path.into_owned(),
            parameters: self.parameters.into_owned(),
        }
    }
}

/// The command RCPT, which adds a recipient: `"RCPT TO:" ( "<Postmaster>" / Forward-path ) [SP Rcpt-parameters]` (RFC
/// 5321 section 4.1.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rcpt<'a> {
    forward_path: ForwardPath<'a>,
    parameters: RcptParameters<'a>,
}

impl<'a> Rcpt<'a> {
    /// Creates a RCPT command.
    #[must_use]
    pub fn new(forward_path: impl Into<ForwardPath<'a>>, parameters: RcptParameters<'a>) -> Self {
        Self {
            forward_path: forward_path.into(),
            parameters,
        }
    }

    /// Returns the recipient.
    #[must_use]
    pub const fn forward_path(&self) -> &ForwardPath<'a> {
        &self.forward_path
    }

    /// Returns the parameters.
    #[must_use]
    pub const fn parameters(&self) -> &RcptParameters<'a> {
        &self.parameters
    }

    /// Returns the recipient and the parameters.
    #[must_use]
    pub fn into_parts(self) -> (ForwardPath<'a>, RcptParameters<'a>) {
        (self.forward_path, self.parameters)
    }

    /// Returns true if the command is valid in a transaction without SMTPUTF8 (RFC 6531 section 3.2).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.forward_path.is_ascii() && self.parameters.is_ascii()
    }

    /// Copies a borrowed command, so that it borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Rcpt<'static> {
        Rcpt {
            forward_path: self.forward_path.into_owned(),
            parameters: self.parameters.into_owned(),
        }
    }
}

/// The command BDAT, which a chunk of the message follows: `"BDAT" SP chunk-size [ SP "LAST" ]` (RFC 3030 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "RFC 3030 has these two")]
pub struct Bdat {
    /// The number of octets of the chunk, which follow the command line.
    pub size: u64,
    /// `true` if this is the last chunk of the message.
    pub last: bool,
}
