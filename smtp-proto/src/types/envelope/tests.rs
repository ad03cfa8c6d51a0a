use super::*;
use crate::types::{Mailbox, Notify};

fn mailbox(text: &str) -> Mailbox<'_> {
    Mailbox::parse(text).unwrap()
}

#[test]
fn recipients_keep_their_order_and_parameters() {
    let parameters = RcptParameters::default().with_notify(Notify::NEVER);
    let envelope = Envelope::new(ReversePath::Null)
        .to(mailbox("a@b"))
        .to_with(mailbox("c@d"), parameters.clone());
    let [first, second] = envelope.recipients() else {
        panic!("two recipients")
    };
    assert_eq!(first.forward_path().as_str(), "a@b");
    assert_eq!(
        (second.forward_path().as_str(), second.parameters()),
        ("c@d", &parameters)
    );
}

#[test]
fn smtputf8_is_needed_by_any_address_or_value() {
    let plain = || Envelope::new(mailbox("a@b")).to(mailbox("c@d"));
    assert!(!plain().needs_smtputf8());
    assert!(plain().to(mailbox("é@d")).needs_smtputf8());
    assert!(Envelope::new(mailbox("a@é")).needs_smtputf8());
    assert!(
        plain()
            .with_parameters(MailParameters::default().with_smtputf8())
            .needs_smtputf8()
    );
    let parameters = MailParameters::default().with_other("X", Some("é")).unwrap();
    assert!(plain().with_parameters(parameters).needs_smtputf8());
    let parameters = RcptParameters::default().with_other("X", Some("é")).unwrap();
    assert!(plain().to_with(mailbox("e@f"), parameters).needs_smtputf8());
}
