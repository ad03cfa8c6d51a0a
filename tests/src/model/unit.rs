//! The inputs of the server's model, in order and out of order.

/// Defines the enum and the list of its values.
macro_rules! units {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One input of a client.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "an alphabet")]
        #[expect(missing_docs, reason = "see the octets of each")]
        pub enum Unit {
            /// No input: the server decides on the greeting.
            Connect,
            $($(#[$doc])* $name,)*
        }

        impl Unit {
            /// All inputs except [`Connect`](Self::Connect).
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

units! {
    Ehlo,
    Helo,
    Lhlo,
    HelloBad,
    Mail,
    MailBinary,
    MailPrdr,
    MailBad,
    MailUnknown,
    MailTooBig,
    Historic,
    Rcpt,
    RcptBad,
    RcptUnknown,
    Data,
    DataBad,
    /// The end of a message.
    Dot,
    /// A line of text with dot-stuffing.
    DotDot,
    Bdat,
    BdatLast,
    BdatNothing,
    BdatEnd,
    BdatHuge,
    BdatHugeLast,
    BdatBad,
    Rset,
    RsetBad,
    Noop,
    Vrfy,
    VrfyBad,
    Expn,
    Help,
    Etrn,
    EtrnBad,
    Xclient,
    XclientBad,
    Xforward,
    Quit,
    QuitBad,
    StartTls,
    StartTlsBad,
    /// Plaintext that arrived together with STARTTLS.
    StartTlsAndMore,
    Auth,
    AuthAlone,
    AuthBad,
    AuthNotBase64,
    AuthUnknown,
    Response,
    Star,
    Unknown,
    Empty,
    Long,
    /// The client closes its half of the stream.
    End,
    /// The stream breaks.
    Lost,
}

/// The answer of the application to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "what there is")]
pub enum Answer {
    /// Acceptance; for a TLS handshake: success.
    Accept,
    /// Rejection; for a TLS handshake: failure.
    Refuse,
    /// Rejection with 421, which ends the session.
    Close,
}

/// An input, and the answers of the application to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Say {
    /// The input.
    pub unit: Unit,
    /// The answer of the application to a question.
    pub answer: Answer,
    /// The answer to the complete message; in LMTP for the first recipient (the others are accepted).
    pub verdict: Answer,
}

/// Octets of a chunk that look like commands.
const CHUNK: &str = "NOOP\r\nRSET\r\n";

impl Unit {
    /// The octets on the wire.
    #[must_use]
    pub fn octets(self) -> String {
        let line = match self {
            Self::Connect | Self::End | Self::Lost => return String::new(),
            Self::Ehlo => "EHLO client.example",
            Self::Helo => "HELO client.example",
            Self::Lhlo => "LHLO client.example",
            Self::HelloBad => "EHLO",
            Self::Mail => "MAIL FROM:<ann@client.example>",
            Self::MailBinary => "MAIL FROM:<ann@client.example> BODY=BINARYMIME",
            Self::MailPrdr => "MAIL FROM:<ann@client.example> PRDR",
            Self::MailBad => "MAIL FROM:<ann@>",
            Self::MailUnknown => "MAIL FROM:<ann@client.example> COLOUR=RED",
            Self::MailTooBig => "MAIL FROM:<ann@client.example> SIZE=1000",
            Self::Historic => "SEND FROM:<ann@client.example>",
            Self::Rcpt => "RCPT TO:<bob@example.org>",
            Self::RcptBad => "RCPT TO:<@>",
            Self::RcptUnknown => "RCPT TO:<bob@example.org> COLOUR=RED",
            Self::Data => "DATA",
            Self::DataBad => "DATA now",
            Self::Dot => ".",
            Self::DotDot => "..",
            Self::Bdat => return format!("BDAT 12\r\n{CHUNK}"),
            Self::BdatLast => return format!("BDAT 12 LAST\r\n{CHUNK}"),
            Self::BdatNothing => "BDAT 0",
            Self::BdatEnd => "BDAT 0 LAST",
            Self::BdatHuge => return format!("BDAT 36\r\n{CHUNK}{CHUNK}{CHUNK}"),
            Self::BdatHugeLast => return format!("BDAT 36 LAST\r\n{CHUNK}{CHUNK}{CHUNK}"),
            Self::BdatBad => "BDAT some",
            Self::Rset => "RSET",
            Self::RsetBad => "RSET now",
            Self::Noop => "NOOP",
            Self::Vrfy => "VRFY bob",
            Self::VrfyBad => "VRFY",
            Self::Expn => "EXPN friends",
            Self::Help => "HELP",
            Self::Etrn => "ETRN @example.org",
            Self::EtrnBad => "ETRN example..org",
            Self::Xclient => "XCLIENT ADDR=192.0.2.1 HELO=a+2Eexample",
            Self::XclientBad => "XCLIENT ADDR=here",
            Self::Xforward => "XFORWARD NAME=a.example",
            Self::Quit => "QUIT",
            Self::QuitBad => "QUIT now",
            Self::StartTls => "STARTTLS",
            Self::StartTlsBad => "STARTTLS now",
            Self::StartTlsAndMore => "STARTTLS\r\nNOOP",
            Self::Auth => "AUTH PLAIN AGFubgBwdw==",
            Self::AuthAlone => "AUTH PLAIN",
            Self::AuthBad => "AUTH",
            Self::AuthNotBase64 => "AUTH PLAIN A===",
            Self::AuthUnknown => "AUTH X-OTHER",
            Self::Response => "AGFubgBwdw==",
            Self::Star => "*",
            Self::Unknown => "XYZZY",
            Self::Empty => "",
            Self::Long => return format!("NOOP {}\r\n", "x".repeat(700)),
        };
        format!("{line}\r\n")
    }

    /// Returns the octets of a chunk and their number. Returns `None` if the input is not a chunk.
    #[must_use]
    pub fn chunk(self) -> Option<(String, bool)> {
        match self {
            Self::BdatNothing => Some((String::new(), false)),
            Self::BdatEnd => Some((String::new(), true)),
            Self::Bdat => Some((CHUNK.to_owned(), false)),
            Self::BdatLast => Some((CHUNK.to_owned(), true)),
            Self::BdatHuge => Some((CHUNK.repeat(3), false)),
            Self::BdatHugeLast => Some((CHUNK.repeat(3), true)),
            _ => None,
        }
    }

    /// Returns the lines after the first, in a state that reads lines.
    #[must_use]
    pub fn behind(self) -> &'static [Self] {
        match self {
            Self::StartTlsAndMore => &[Self::Noop],
            Self::Bdat | Self::BdatLast => &[Self::Noop, Self::Rset],
            Self::BdatHuge | Self::BdatHugeLast => &[
                Self::Noop,
                Self::Rset,
                Self::Noop,
                Self::Rset,
                Self::Noop,
                Self::Rset,
            ],
            _ => &[],
        }
    }

    /// Returns the command, even if it is malformed. Returns `None` if the input is not a command line.
    #[must_use]
    pub const fn verb(self) -> Option<&'static str> {
        Some(match self {
            Self::Connect | Self::End | Self::Lost => return None,
            Self::Ehlo | Self::HelloBad => "EHLO",
            Self::Helo => "HELO",
            Self::Lhlo => "LHLO",
            Self::MailPrdr => "MAIL",
            Self::Mail | Self::MailBinary | Self::MailBad | Self::MailUnknown | Self::MailTooBig => "MAIL",
            Self::Historic => "SEND",
            Self::Rcpt | Self::RcptBad | Self::RcptUnknown => "RCPT",
            Self::Data | Self::DataBad => "DATA",
            Self::Bdat | Self::BdatLast | Self::BdatNothing | Self::BdatEnd => "BDAT",
            Self::BdatHuge | Self::BdatHugeLast | Self::BdatBad => "BDAT",
            Self::Rset | Self::RsetBad => "RSET",
            Self::Noop | Self::Long => "NOOP",
            Self::Vrfy | Self::VrfyBad => "VRFY",
            Self::Expn => "EXPN",
            Self::Help => "HELP",
            Self::Etrn | Self::EtrnBad => "ETRN",
            Self::Xclient | Self::XclientBad => "XCLIENT",
            Self::Xforward => "XFORWARD",
            Self::Quit | Self::QuitBad => "QUIT",
            Self::StartTls | Self::StartTlsBad | Self::StartTlsAndMore => "STARTTLS",
            Self::Auth | Self::AuthAlone | Self::AuthBad | Self::AuthNotBase64 | Self::AuthUnknown => "AUTH",
            Self::Unknown | Self::Empty | Self::Response | Self::Star | Self::Dot | Self::DotDot => "other",
        })
    }

    /// Returns true if a command is malformed: 501 (RFC 5321 section 4.2.2; DATA, RSET, QUIT section 4.3.2; STARTTLS RFC 3207
    /// section 4).
    #[must_use]
    pub const fn is_malformed(self) -> bool {
        matches!(
            self,
            Self::HelloBad
                | Self::MailBad
                | Self::RcptBad
                | Self::DataBad
                | Self::BdatBad
                | Self::RsetBad
                | Self::VrfyBad
                | Self::EtrnBad
                | Self::XclientBad
                | Self::QuitBad
                | Self::StartTlsBad
                | Self::AuthBad
        )
    }
}
