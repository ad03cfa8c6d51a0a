//! The report as a message.

use alloc::{borrow::Cow, format, string::String, vec::Vec};
use core::iter;

use smtp_proto::{
    trace::Date,
    types::{Body, Envelope, Host, MailParameters, Mailbox, ReversePath},
};

use super::{
    Action, Notice, Returned,
    clean::Charset,
    fields,
    original::{Encoding, Part},
    text,
};

/// The octets that the next hop of a report accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "SMTP has these three")]
pub enum Form {
    /// Only ASCII: for any host.
    #[default]
    SevenBit,
    /// Other octets in the body of the returned message: for a host with 8BITMIME (RFC 6152).
    EightBit,
    /// UTF-8 in all parts: for a host with SMTPUTF8 (RFC 6531, RFC 6533).
    International,
}

/// A delivery status notification: the notices about one message, for its sender (RFC 3464, RFC 6522).
///
/// There is no report for a null reverse-path. If no part of a report needs its form, it gets the next simpler form.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    to: Mailbox<'a>,
    pub(super) reporting: &'a Host<'a>,
    from: Option<&'a Mailbox<'a>>,
    notices: &'a [Notice<'a>],
    pub(super) message: Option<(u64, &'a MailParameters<'a>)>,
    now: u64,
    seed: u64,
    original: Option<Returned<'a>>,
    form: Form,
}

impl<'a> Report<'a> {
    /// Creates a report for the sender of a message. Returns `None` for a null reverse-path (RFC 5321 section 6.1), and if
    /// there are no notices.
    ///
    /// `reporting`: the name of this host. `now`: seconds since 1970. `seed`: a random number, for `Message-ID` and the
    /// boundary of the parts.
    #[must_use]
    pub fn new(
        sender: &'a ReversePath<'a>,
        reporting: &'a Host<'a>,
        notices: &'a [Notice<'a>],
        now: u64,
        seed: u64,
    ) -> Option<Self> {
        let to = sender.mailbox().filter(|_| !notices.is_empty())?;
        Some(Self {
            to,
            reporting,
            from: None,
            notices,
            message: None,
            now,
            seed,
            original: None,
            form: Form::SevenBit,
        })
    }

    /// Sets the address in `From`. Default: `MAILER-DAEMON` at this host.
    #[must_use]
    pub const fn with_from(mut self, from: &'a Mailbox<'a>) -> Self {
        self.from = Some(from);
        self
    }

    /// Adds the time at which the message arrived, in seconds since 1970, and its parameters. The report has fields for ENVID
    /// (RFC 3464 section 2.2), BY (RFC 2852 section 5), and HOLDFOR or HOLDUNTIL (RFC 4865 section 5.1.2). It has the same
    /// MT-PRIORITY (RFC 6710 section 4.6). With REQUIRETLS it returns only the header section (RFC 8689 section 5).
    #[must_use]
    pub const fn with_message(mut self, arrival: u64, parameters: &'a MailParameters<'a>) -> Self {
        self.message = Some((arrival, parameters));
        self
    }

    /// Adds the original message. [`Returned::choose`] decides how much of it is returned.
    #[must_use]
    pub const fn with_original(mut self, original: Returned<'a>) -> Self {
        self.original = Some(original);
        self
    }

    /// Sets the form. Default: [`Form::SevenBit`], which every host accepts.
    #[must_use]
    pub const fn with_form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Returns the envelope of the report: a null reverse-path, without RET, ENVID and NOTIFY (RFC 3461 section 6.1). It has
    /// BODY=8BITMIME and SMTPUTF8 if the report needs them. Add REQUIRETLS if the message had it and the next hop offers it.
    #[must_use]
    pub fn envelope(&self) -> Envelope {
        let usual = MailParameters::default();
        let parameters = match self.layout().form {
            Form::SevenBit => usual,
            Form::EightBit => usual.with_body(Body::EightBitMime),
            Form::International => usual.with_body(Body::EightBitMime).with_smtputf8(),
        };
        let parameters = match self.message.and_then(|(_, message)| message.priority()) {
            Some(priority) => parameters.with_priority(priority),
            None => parameters,
        };
        Envelope::new(ReversePath::Null)
            .with_parameters(parameters)
            .recipient(self.to.as_borrowed())
    }

    /// Returns the octets of the report, in pieces. Pieces of a returned message are slices of it, unless they are encoded.
    /// Lines end with CRLF; there is no dot-stuffing.
    pub fn pieces(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let layout = self.layout();
        let boundary = layout.boundary.clone();
        let (charset, quoted) = (layout.charset(), layout.quoted);
        let encode = move |lines: Vec<u8>| {
            Cow::Owned(if quoted {
                text::quoted_printable(&lines)
            } else {
                lines
            })
        };
        let actions = [
            Action::Failed,
            Action::Delayed,
            Action::Relayed,
            Action::Delivered,
            Action::Expanded,
        ];
        let sections = actions.into_iter().flat_map(move |action| {
            let mut notices = self
                .notices
                .iter()
                .filter(move |notice| notice.action == action)
                .peekable();
            let heading = notices.peek().map(|_| text::heading(action));
            let notices = notices.map(move |notice| text::recipient(notice, Charset::Utf8));
            heading.into_iter().chain(notices)
        });
        let fields = self
            .notices
            .iter()
            .map(move |notice| Cow::Owned(fields::recipient(notice, charset)));
        let status = [layout.status_head().into_bytes(), fields::message(self, charset)];
        let returned = layout.part.map(|part| {
            let head = iter::once(Cow::Owned(layout.part_head(&part).into_bytes()));
            // This CRLF belongs to the boundary (RFC 2046 section 5.1.1).
            head.chain(part.pieces())
                .chain(iter::once(Cow::Borrowed(&b"\r\n"[..])))
        });
        let text = iter::once(text::opening(self))
            .chain(sections)
            .chain(iter::once(text::closing(layout.part.as_ref())))
            .map(encode);
        iter::once(Cow::Owned(self.head(&layout)))
            .chain(text)
            .chain(status.map(Cow::Owned))
            .chain(fields)
            .chain(returned.into_iter().flatten())
            .chain(iter::once_with(move || {
                Cow::Owned(format!("--{boundary}--\r\n").into_bytes())
            }))
    }

    /// The header section of the report, and the head of the first part.
    fn head(&self, layout: &Layout<'_>) -> Vec<u8> {
        let Self { seed, now, .. } = self;
        let reporting = fields::name(self.reporting, Charset::Ascii);
        let from = match self.from {
            Some(from) => format!("{from}"),
            None => format!("MAILER-DAEMON@{reporting}"),
        };
        let boundary = &layout.boundary;
        let (charset, encoding) = match layout.form {
            Form::International => ("utf-8", "8bit"),
            _ if layout.quoted => ("utf-8", "quoted-printable"),
            _ => ("us-ascii", "7bit"),
        };
        // RFC 3834 section 5: a notification is `auto-replied`, and not `auto-generated`.
        let head = format!(
            "Date: {}\r\nFrom: Mail Delivery System <{from}>\r\nTo: <{}>\r\nSubject: {}\r\n\
             Message-ID: <dsn.{now}.{seed:016x}@{reporting}>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type={};\r\n boundary=\"{boundary}\"\r\n\r\n\
             This is a report in MIME format.\r\n\r\n\
             --{boundary}\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n",
            Date(*now),
            self.to,
            text::subject(self.notices),
            layout.report_type(),
        );
        head.into_bytes()
    }

    /// Chooses the form of the report and of its parts.
    fn layout(&self) -> Layout<'a> {
        let utf8 = self.notices.iter().any(Notice::needs_utf8) || !self.reporting.as_str().is_ascii();
        let from_utf8 = self.from.is_some_and(|from| !from.is_ascii());
        // A header can contain an address that is not ASCII only in UTF-8.
        let form = match self.to.is_ascii() && !from_utf8 {
            true => self.form,
            false => Form::International,
        };
        let require_tls = self.message.is_some_and(|(_, message)| message.require_tls());
        let original = match self.original {
            Some(Returned::Full(octets)) if require_tls => Some(Returned::Headers(octets)),
            original => original,
        };
        let part = original.map(|original| original.part(form));
        let international = form == Form::International
            && (utf8
                || from_utf8
                || !self.to.is_ascii()
                || part.is_some_and(|part| part.kind.starts_with("message/global")));
        let eight_bit = part.is_some_and(|part| part.encoding == Encoding::EightBit);
        let form = match (international, eight_bit) {
            (true, _) => Form::International,
            (false, true) => Form::EightBit,
            (false, false) => Form::SevenBit,
        };
        Layout {
            form,
            quoted: utf8 && form != Form::International,
            boundary: boundary(
                self.seed,
                part.map(|part| part.octets).unwrap_or_default(),
                self.notices,
            ),
            part,
        }
    }
}

/// The form of a report.
struct Layout<'a> {
    form: Form,
    /// True if the human-readable part is in quoted-printable.
    quoted: bool,
    boundary: String,
    part: Option<Part<'a>>,
}

impl Layout<'_> {
    /// The characters of the machine-readable part, which is 7bit unless it is international (RFC 3464 section 2.1).
    fn charset(&self) -> Charset {
        match self.form {
            Form::International => Charset::Utf8,
            Form::SevenBit | Form::EightBit => Charset::Ascii,
        }
    }

    /// The parameter `report-type`: the subtype of the machine-readable part (RFC 6522 section 3).
    fn report_type(&self) -> &'static str {
        match self.form {
            Form::International => "global-delivery-status",
            Form::SevenBit | Form::EightBit => "delivery-status",
        }
    }

    fn status_head(&self) -> String {
        let encoding = match self.form {
            Form::International => "8bit",
            Form::SevenBit | Form::EightBit => "7bit",
        };
        format!(
            "--{}\r\nContent-Type: message/{}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n",
            self.boundary,
            self.report_type()
        )
    }

    fn part_head(&self, part: &Part<'_>) -> String {
        format!(
            "--{}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n",
            self.boundary,
            part.kind,
            part.encoding.as_str()
        )
    }
}

/// Returns a boundary that does not occur in the original message (RFC 2046 section 5.1.1) or in a reply, because some
/// readers find a boundary inside a line.
fn boundary(seed: u64, original: &[u8], notices: &[Notice<'_>]) -> String {
    let mut number = seed;
    loop {
        let boundary = format!("=_{number:016x}");
        let octets = boundary.as_bytes();
        let in_original = original.split(|octet| *octet == b'\n').any(|line| {
            line.strip_prefix(b"--")
                .is_some_and(|rest| rest.starts_with(octets))
        });
        let mut replies = notices.iter().filter_map(|notice| notice.reply);
        if !in_original && !replies.any(|reply| reply.windows(octets.len()).any(|part| part == octets)) {
            return boundary;
        }
        // This loop ends, because each position in the message excludes one number.
        number = number.wrapping_add(1);
    }
}
