use super::*;

fn window(most: usize) -> Config {
    let mut config = config();
    config.limits.max_unanswered = most;
    config
}

#[test]
fn without_pipelining_every_command_waits_for_a_reply() {
    let mut session = Session::with(config(), "");
    session.deliver(to("b@y c@y")).sends("MAIL FROM:<a@x>|");
    session.server("250").sends("RCPT TO:<b@y>|");
    session.server("250").sends("RCPT TO:<c@y>|");
    session.server("250").sends("DATA|");
    session
        .server("354")
        .reports("Mail 250, Recipient(0) 250, Recipient(1) 250, Data 354, Body");
}

#[test]
fn the_whole_envelope_is_one_group() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y c@y"))
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|RCPT TO:<c@y>|DATA|");
    session.server("250|250-one|250 two|251|354 go");
    session.reports("Mail 250, Recipient(0) 250, Recipient(1) 251, Data 354, Body");
}

#[test]
fn pipelining_can_be_switched_off() {
    let mut config = config();
    config.pipelining = ExtensionUse::Never;
    Session::with(config, "PIPELINING")
        .deliver(to("b@y"))
        .sends("MAIL FROM:<a@x>|");
}

#[test]
fn at_most_the_window_is_unanswered() {
    let mut session = Session::with(window(2), "PIPELINING");
    session
        .deliver(to("b@y c@y"))
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|");
    session.server("250").sends("RCPT TO:<c@y>|");
    session.server("250|250").sends("DATA|");
    Session::with(window(0), "PIPELINING")
        .deliver(to("b@y"))
        .sends("MAIL FROM:<a@x>|");
}

#[test]
fn a_long_envelope_is_queued_in_bounded_pieces() {
    let recipient = format!("{}@y ", "r".repeat(60));
    let config = window(100_000);
    let mut session = Session::with(config, "PIPELINING");
    session.deliver(to(&recipient.repeat(1000)));
    let mut commands = 0;
    while !session.client.output().is_empty() {
        assert!(session.client.output().len() < 8192);
        commands += session
            .client
            .output()
            .iter()
            .filter(|octet| **octet == b'\n')
            .count();
        session.writes(usize::MAX);
    }
    assert_eq!(commands, 1002);
}

#[test]
fn a_reply_answers_only_a_completely_written_command() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y"))
        .writes("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r".len());
    session.server("250").reports("Mail 250");
    session
        .server("250")
        .reports("Nothing 250, Closed Unsolicited NotAccepted");
}

#[test]
fn an_extra_reply_does_not_answer_the_next_command() {
    let mut session = Session::with(config(), "");
    session.deliver(to("b@y")).written().server("250 ok|250 extra");
    session.reports("Mail 250, Nothing 250, Closed Unsolicited NotAccepted");
}

#[test]
fn a_refused_sender_ends_the_transaction_when_all_is_answered() {
    let mut session = Session::with(config(), "PIPELINING");
    session.deliver(to("b@y c@y")).written().server("550 no|503|503");
    session.reports("Mail 550, Recipient(0) 503, Recipient(1) 503");
    session.server("503").reports("Data 503, Refused(Mail)");
    assert_eq!(session.outcomes(), ["Refused Mail 550", "Refused Mail 550"]);
    session
        .deliver(to("b@y"))
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|RCPT TO:<c@y>|DATA|MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|");
}

#[test]
fn without_pipelining_a_refused_sender_ends_the_transaction() {
    let mut session = Session::with(config(), "");
    session
        .deliver(to("b@y"))
        .written()
        .server("451 later")
        .reports("Mail 451, Refused(Mail)");
    session.sends("MAIL FROM:<a@x>|");
}

#[test]
fn commands_beyond_the_window_are_not_sent_after_a_refused_sender() {
    let mut session = Session::with(window(2), "PIPELINING");
    session
        .deliver(to("b@y c@y"))
        .written()
        .server("550 no|503")
        .reports_last("Refused(Mail)");
    session.sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|");
}

#[test]
fn replies_to_rcpt_do_not_count_after_a_refused_sender() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y"))
        .written()
        .server("550 no|250|354")
        .written();
    session
        .reports("Mail 550, Recipient(0) 250, Data 354")
        .server("250")
        .reports("Message 250, Refused(Mail)");
    assert_eq!(session.outcomes(), ["Refused Mail 550"]);
}

#[test]
fn a_refused_recipient_does_not_affect_the_others() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y c@y d@y"))
        .written()
        .server("250|250|550 no|250|354");
    session.reports_last("Data 354, Body").pass("Hi|", More::Yes);
    session
        .end()
        .written()
        .server("250 ok")
        .reports("Message 250, Accepted");
    assert_eq!(
        session.outcomes(),
        ["Accepted 250", "Refused Recipient(1) 550", "Accepted 250"]
    );
}

#[test]
fn with_every_recipient_refused_data_is_not_sent() {
    let mut session = Session::with(config(), "");
    session
        .deliver(to("b@y c@y"))
        .written()
        .server("250")
        .written()
        .server("550")
        .written()
        .server("450");
    session
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|RCPT TO:<c@y>|")
        .reports_last("Refused(Recipient(1))");
    session
        .deliver(to("b@y"))
        .sends("RSET|")
        .server("250")
        .sends("MAIL FROM:<a@x>|");
}

#[test]
fn with_every_recipient_refused_a_lone_dot_follows_354() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y"))
        .written()
        .server("250|550|354")
        .written();
    assert!(session.permit.is_none());
    session
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|.|")
        .server("554 nobody");
    session.reports_last("Data 354, Message 554, Refused(Recipient(0))");
    assert_eq!(session.outcomes(), ["Refused Recipient(0) 550"]);
    session
        .deliver(to("b@y"))
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|");
}

#[test]
fn with_every_recipient_refused_a_positive_end_accepts_nothing() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y"))
        .written()
        .server("250|550|354")
        .written()
        .server("250 thanks");
    session.reports_last("Message 250, Refused(Recipient(0))");
    assert_eq!(session.outcomes(), ["Refused Recipient(0) 550"]);
}

#[test]
fn with_every_recipient_refused_a_refused_data_changes_nothing() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y"))
        .written()
        .server("250|550|503")
        .reports_last("Data 503, Refused(Recipient(0))");
    session
        .deliver(to("b@y"))
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|RSET|");
}

#[test]
fn after_a_refused_data_the_transaction_is_reset() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y"))
        .written()
        .server("250|250|451 later")
        .reports_last("Refused(Data)");
    assert_eq!(session.outcomes(), ["Refused Data 451"]);
    session.wire.clear();
    session
        .deliver(to("c@y"))
        .sends("RSET|")
        .server("250")
        .sends("MAIL FROM:<a@x>|RCPT TO:<c@y>|DATA|");
}

#[test]
fn a_refused_reset_ends_the_next_transaction_before_it_began() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y"))
        .written()
        .server("250|250|451 later")
        .deliver(to("c@y"))
        .written();
    session
        .server("500 what?")
        .reports_last("Reset 500, Refused(Reset)");
    assert_eq!(session.outcomes(), ["Refused Reset 500"]);
    session.wire.clear();
    session.deliver(to("d@y")).sends("RSET|");
}

#[test]
fn only_354_or_a_refusal_answers_data() {
    let mut session = Session::with(config(), "PIPELINING");
    session.deliver(to("b@y")).written().server("250|250|250 ok");
    session
        .reports_last("Data 250, Closed Unexpected NotAccepted")
        .sends("MAIL FROM:<a@x>|RCPT TO:<b@y>|DATA|");
    assert!(session.permit.is_none());
}

#[test]
fn an_intermediate_reply_does_not_answer_mail_or_rcpt() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y"))
        .written()
        .server("354 go")
        .reports("Mail 354, Closed Unexpected NotAccepted");
    let mut session = Session::with(config(), "PIPELINING");
    session.deliver(to("b@y")).written().server("250|354 go");
    session.reports_last("Recipient(0) 354, Closed Unexpected NotAccepted");
}
