use smtp_proto::{
    syntax::{Leniency, parse_command},
    types::{
        AuthIdentity, ByMode, Command, DeliverBy, Hold, HoldInterval, Mail, MailParameters,
        OriginalRecipient, Priority, Rcpt, RcptParameters, ReversePath, Rrvs, SolicitationKeywords,
        Timestamp, Xtext,
    },
};

/// Input: the text after the path of MAIL or RCPT. Property: each parsed parameter occurs once and can be set by the API, and
/// the resulting command parses to the same parameters; the list alone parses as in the command.
pub fn parameters(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        list(text);
    }
    let line = [b"MAIL FROM:<a@b.example> ", data].concat();
    if let Ok(Command::Mail(mail)) = parse_command(&line, &Leniency::STRICT) {
        count(data, mail_words(mail.parameters()));
        let made = Mail::new(mail.reverse_path().clone(), again(mail.parameters()));
        assert_eq!(made, mail);
        round_trip(&Command::Mail(made));
    }
    let line = [b"RCPT TO:<a@b.example> ", data].concat();
    if let Ok(Command::Rcpt(rcpt)) = parse_command(&line, &Leniency::STRICT) {
        count(data, rcpt_words(rcpt.parameters()));
        let made = Rcpt::new(rcpt.forward_path().clone(), rcpt_again(rcpt.parameters()));
        assert_eq!(made, rcpt);
        round_trip(&Command::Rcpt(made));
    }
}

/// A list of parameters parses as after the path of a command, except for the need of SMTPUTF8 and for spaces at the end of
/// the line.
fn list(text: &str) {
    let text = text.trim_end_matches([' ', '\t']);
    let line = format!("MAIL FROM:<a@b.example> SMTPUTF8 {text}");
    let with_smtputf8 = format!("SMTPUTF8 {text}");
    let mail = MailParameters::parse(&with_smtputf8);
    match parse_command(line.as_bytes(), &Leniency::STRICT) {
        Ok(Command::Mail(command)) => {
            assert_eq!(mail.as_ref(), Ok(command.parameters()));
        }
        Ok(_) => {}
        Err(error) => assert!(mail.is_err(), "{text:?}: {error}"),
    }
    let line = format!("RCPT TO:<a@b.example> {text}");
    let rcpt = RcptParameters::parse(text);
    match parse_command(line.as_bytes(), &Leniency::STRICT) {
        Ok(Command::Rcpt(command)) => {
            assert_eq!(rcpt.as_ref(), Ok(command.parameters()));
        }
        Ok(_) => {}
        Err(error) => assert!(rcpt.is_err(), "{text:?}: {error}"),
    }
    for error in [MailParameters::parse(text).err(), rcpt.err()]
        .into_iter()
        .flatten()
    {
        assert!(text.is_char_boundary(error.position()), "{text:?}: {error}");
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
}

fn count(data: &[u8], parameters: usize) {
    let words = data
        .split(|octet| matches!(octet, b' ' | b'\t'))
        .filter(|word| !word.is_empty());
    assert_eq!(words.count(), parameters, "of {}", crate::escape(data));
}

fn mail_words(parameters: &MailParameters<'_>) -> usize {
    [
        parameters.size().is_some(),
        parameters.body().is_some(),
        parameters.ret().is_some(),
        parameters.envelope_id().is_some(),
        parameters.auth().is_some(),
        parameters.hold().is_some(),
        parameters.deliver_by().is_some(),
        parameters.priority().is_some(),
        parameters.solicitation().is_some(),
        parameters.require_tls(),
        parameters.smtputf8(),
        parameters.prdr(),
    ]
    .map(usize::from)
    .iter()
    .sum::<usize>()
        + parameters.others().count()
}

fn rcpt_words(parameters: &RcptParameters<'_>) -> usize {
    usize::from(parameters.notify().is_some())
        + usize::from(parameters.original_recipient().is_some())
        + usize::from(parameters.rrvs().is_some())
        + parameters.others().count()
}

/// The same parameters, made from their values.
fn again<'p>(given: &'p MailParameters<'_>) -> MailParameters<'p> {
    let mut made = MailParameters::default();
    if let Some(size) = given.size() {
        made = made.with_size(size);
    }
    if let Some(body) = given.body() {
        made = made.with_body(body);
    }
    if let Some(ret) = given.ret() {
        made = made.with_ret(ret);
    }
    if let Some(id) = given.envelope_id() {
        let id = Xtext::parse(id.as_str()).expect("an xtext");
        assert!(
            id.decode().bytes().all(|octet| matches!(octet, b' '..=b'~')),
            "{id:?}"
        );
        made = made.with_envelope_id(id).expect("an envelope id");
    }
    if let Some(auth) = given.auth() {
        made = made.with_auth(AuthIdentity::parse(auth.as_str()).expect("an identity"));
        let _ = auth.mailbox();
    }
    if let Some(hold) = given.hold() {
        made = made.with_hold(match hold {
            Hold::For(interval) => {
                Hold::For(HoldInterval::parse(&interval.to_string()).expect("an interval"))
            }
            Hold::Until(time) => Hold::Until(Timestamp::parse(&time.to_string()).expect("a time")),
        });
        let _ = given.release_time(Timestamp::MIN);
    }
    if let Some(by) = given.deliver_by() {
        assert!(by.mode() == ByMode::Notify || by.seconds() > 0, "{by}");
        let same = DeliverBy::new(by.seconds(), by.mode()).expect("a deadline");
        made = made.with_deliver_by(if by.traces() { same.with_trace() } else { same });
    }
    if let Some(priority) = given.priority() {
        made = made.with_priority(Priority::new(priority.get()).expect("a priority"));
    }
    if let Some(classes) = given.solicitation() {
        assert!(classes.iter().all(|class| classes.contains(class)), "{classes}");
        made = made.with_solicitation(SolicitationKeywords::parse(classes.as_str()).expect("classes"));
    }
    if given.require_tls() {
        made = made.with_require_tls();
    }
    if given.smtputf8() {
        made = made.with_smtputf8();
    }
    if given.prdr() {
        made = made.with_prdr();
    }
    for other in given.others() {
        made = made
            .with_other(other.keyword(), other.value())
            .expect("a parameter");
    }
    made
}

fn rcpt_again<'p>(given: &'p RcptParameters<'_>) -> RcptParameters<'p> {
    let mut made = RcptParameters::default();
    if let Some(notify) = given.notify() {
        made = made.with_notify(notify);
    }
    if let Some(original) = given.original_recipient() {
        made =
            made.with_original_recipient(OriginalRecipient::parse(original.as_str()).expect("a recipient"));
    }
    if let Some(rrvs) = given.rrvs() {
        made = made.with_rrvs(Rrvs::parse(&rrvs.to_string()).expect("a time"));
    }
    for other in given.others() {
        made = made
            .with_other(other.keyword(), other.value())
            .expect("a parameter");
    }
    made
}

fn round_trip(command: &Command<'_>) {
    let line = command.to_line();
    let line = line.strip_suffix(b"\r\n").expect("a line");
    assert_eq!(parse_command(line, &Leniency::STRICT).as_ref(), Ok(command));
    if let Command::Mail(mail) = command {
        assert_eq!(
            mail.reverse_path(),
            &ReversePath::parse("a@b.example").expect("a path")
        );
    }
}
