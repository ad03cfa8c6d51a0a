//! Inputs that a client may send to a server, in order or not: the alphabet of the sessions.

/// Makes the enum and the list of its values.
macro_rules! units {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// One thing that is said.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "an alphabet")]
        #[expect(missing_docs, reason = "see the octets of each")]
        pub enum Unit {
            /// Nothing: the server is asked whether it greets.
            Connect,
            $($(#[$doc])* $name,)*
        }

        impl Unit {
            /// All but [`Connect`](Self::Connect).
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
    /// A line of text that had to be stuffed.
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
    /// Something that came in clear in one piece with STARTTLS.
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
    /// The client says nothing more.
    End,
    /// The stream breaks.
    Lost,
}

/// The answer of the application to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "what there is")]
pub enum Answer {
    /// Yes; of a TLS handshake: it is done.
    Accept,
    /// No; of a TLS handshake: it failed.
    Refuse,
    /// No, and 421: the session is to end.
    Close,
}

/// An input, and the answers of the application to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "plain data")]
pub struct Say {
    /// The input.
    pub unit: Unit,
    /// The answer of the application, if it is asked.
    pub answer: Answer,
    /// The answer to the complete message; in LMTP for the first recipient, and yes for the others.
    pub verdict: Answer,
}

/// Octets of a chunk: they look like commands, and are none.
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

    /// The octets of a chunk, and how many they are; `None` when this is no chunk.
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

    /// The lines behind the first, where lines are lines.
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

    /// The command that it is, or tries to be; `None` for what is no command line.
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
