//! Each phase has its time, and late polls do no harm (RFC 5321 section 4.5.3.2).

use super::*;

/// The time of the next poll in seconds, and its phase.
fn due(session: &Session) -> Option<(u64, Phase)> {
    let deadline = session.wait.deadline?;
    Some((deadline.at.since_origin().as_secs(), deadline.phase))
}

fn with_banner(seconds: u64) -> Config {
    let mut config = config();
    config.timeouts.greeting_delay = Duration::from_secs(seconds);
    config
}

#[test]
fn the_greeting_is_delayed() {
    let mut session = Session::fresh(with_banner(5));
    session.poll_all();
    assert_eq!(due(&session), Some((5, Phase::GreetingDelay)));
    assert!(session.wait.want_read && !session.wait.application_pending);
    session.later(4);
    assert_eq!(session.events(), "");
    session.later(1);
    assert_eq!(
        (session.events().as_str(), session.codes().as_str()),
        ("connect", "220")
    );
    assert_eq!(due(&session), Some((305, Phase::Command)));
}

#[test]
fn single_octets_do_not_extend_the_time_of_a_command() {
    let mut session = Session::new();
    session.sends_octets(b"NO");
    session.later(299);
    session.sends_octets(b"OP");
    assert_eq!(due(&session), Some((300, Phase::Command)));
    session.later(1);
    assert_replies(&mut session, "421 4.4.2 timed out, closing\r\n");
    assert_eq!(session.events(), "closed TimedOut(Command)");
}

#[test]
fn each_command_has_its_own_time() {
    let mut session = Session::new();
    for second in [299, 598, 897] {
        session.later(299);
        session.sends("NOOP");
        assert_eq!(due(&session), Some((second + 300, Phase::Command)));
    }
    assert_eq!(session.codes(), "250 250 250");
}

#[test]
fn a_command_received_before_a_late_poll_is_answered() {
    let mut session = Session::new();
    session.now = session.now + Duration::from_secs(1000);
    session.sends("NOOP");
    assert_eq!(session.codes(), "250");
}

#[test]
fn a_message_may_take_long_at_the_minimum_rate() {
    let mut session = Session::in_data(config());
    assert_eq!(due(&session), Some((300, Phase::DataBlock)));
    // 500 octets earn a second.
    session.later(100);
    session.sends_octets(&[b'x'; 5000]);
    assert_eq!(due(&session), Some((310, Phase::DataBlock)));
    for _ in 0..20 {
        session.later(10);
        session.sends_octets(b"x");
    }
    assert_eq!(due(&session), Some((310, Phase::DataBlock)));
    session.later(10);
    assert_eq!(session.codes(), "421");
    assert_eq!(session.events(), "reset Closed, closed TimedOut(DataBlock)");
}

#[test]
fn the_time_of_a_blocked_application_does_not_count_for_the_client() {
    let mut session = Session::in_data(config());
    session.later(200);
    session.sends_octets(b"x");
    // The application writes for 200 seconds, and polls with octets that arrived meanwhile.
    session.later(0);
    session.now = session.now + Duration::from_secs(99);
    session.sends_octets(b"x");
    assert_eq!(due(&session), Some((300, Phase::DataBlock)));
}

#[test]
fn chunks_have_the_time_of_a_message() {
    let mut session = Session::with_recipient(config());
    session.sends_octets(b"BDAT 100\r\nx");
    assert_eq!(due(&session), Some((300, Phase::DataBlock)));
    session.later(300);
    assert_eq!(
        session.events(),
        "message, reset Closed, closed TimedOut(DataBlock)"
    );
}

#[test]
fn small_chunks_do_not_extend_the_time() {
    let mut session = Session::with_recipient(config());
    for _ in 0..3 {
        session.sends_octets(b"BDAT 1\r\nx");
        session.later(100);
    }
    assert_eq!(session.codes(), "250 250 250 421");
    assert_eq!(
        session.events(),
        "message, reset Closed, closed TimedOut(DataBlock)"
    );
}

#[test]
fn each_question_is_refused_when_its_own_time_is_over() {
    let mut session = Session::with(config());
    session.sends("MAIL FROM:<a@client.test>");
    session.clear();
    session.holds = true;
    session.sends("RCPT TO:<b@mx.test>");
    assert!(session.wait.application_pending && session.wait.want_read);
    assert_eq!(due(&session), Some((60, Phase::Application)));
    session.later(40);
    session.sends("RCPT TO:<c@mx.test>");
    session.later(20);
    assert_replies(&mut session, "451 4.3.0 no answer, try again later\r\n");
    assert_eq!(due(&session), Some((100, Phase::Application)));
    let (late, early) = (session.held.pop().unwrap(), session.held.pop().unwrap());
    assert_eq!(session.server.accept(early), Err(StaleTicket));
    session.server.accept(late).unwrap();
    session.poll_all();
    assert_replies(&mut session, "250 2.1.5 recipient ok\r\n");
}

#[test]
fn every_kind_of_question_is_refused_when_its_time_is_over() {
    for (line, reply, state) in [
        (
            "EHLO again.test",
            "451 no answer, try again later\r\n",
            State::Recipients,
        ),
        (
            "RCPT TO:<c@mx.test>",
            "451 4.3.0 no answer, try again later\r\n",
            State::Recipients,
        ),
        (
            "DATA",
            "451 4.3.0 no answer, try again later\r\n",
            State::Recipients,
        ),
        (
            "BDAT 0",
            "451 4.3.0 local error, try again later\r\n",
            State::Broken,
        ),
        (
            "BDAT 0 LAST",
            "451 4.3.0 local error, try again later\r\n",
            State::Ready,
        ),
        (
            "VRFY joe",
            "451 4.3.0 no answer, try again later\r\n",
            State::Recipients,
        ),
        (
            "EXPN list",
            "451 4.3.0 no answer, try again later\r\n",
            State::Recipients,
        ),
        (
            "HELP",
            "451 4.3.0 no answer, try again later\r\n",
            State::Recipients,
        ),
    ] {
        let mut session = Session::with_recipient(config()).holding();
        session.sends(line);
        assert_eq!(due(&session), Some((60, Phase::Application)), "{line}");
        assert!(!session.wait.want_read || line.starts_with("RCPT"), "{line}");
        session.later(60);
        assert_eq!(session.replies(), reply, "{line}");
        assert_eq!(session.server.state(), state, "{line}");
        assert_eq!(
            session.server.accept(session.held.pop().unwrap()),
            Err(StaleTicket)
        );
    }
    let mut session = Session::with(config()).holding();
    session.sends("MAIL FROM:<> SMTPUTF8");
    session.later(300);
    assert_eq!(
        (session.codes().as_str(), session.server.state()),
        ("451", State::Ready)
    );
}

#[test]
fn an_unanswered_message_is_refused_with_451_and_reset() {
    let mut session = Session::in_data(config()).holding();
    session.sends("hi\r\n.");
    session.later(300);
    assert_replies(&mut session, "451 4.3.0 local error, try again later\r\n");
    assert_eq!(session.events(), "verdict, reset Unanswered");
    assert_eq!(
        session.server.accept(session.held.pop().unwrap()),
        Err(StaleTicket)
    );
}

#[test]
fn an_unanswered_connect_sends_a_transient_greeting() {
    let mut session = Session::fresh(config()).holding();
    session.poll_all();
    session.later(300);
    assert_replies(&mut session, "421 no answer, try again later\r\n");
    assert_eq!(session.events(), "connect, closed Rejected");
}

#[test]
fn a_client_that_does_not_read_times_out() {
    let mut session = Session::with_recipient(config());
    session.reads = false;
    session.sends("NOOP");
    assert_eq!(due(&session), Some((300, Phase::Write)));
    session.takes(1);
    session.later(299);
    assert_eq!(due(&session), Some((300, Phase::Write)));
    session.later(1);
    assert_eq!(session.events(), "reset Closed, closed TimedOut(Write)");
    assert_eq!(session.server.output(), b"");
}

#[test]
fn a_client_that_reads_slowly_does_not_time_out() {
    let mut config = config();
    config.limits.max_idle_commands = u32::MAX;
    let mut session = Session::with(config);
    session.reads = false;
    for _ in 0..20 {
        session.sends_octets("NOOP\r\n".repeat(20).as_bytes());
        session.later(100);
        assert!(!session.server.output().is_empty());
        session.takes(270);
    }
    assert_eq!(session.events(), "");
}

#[test]
fn the_last_reply_times_out_if_it_is_not_read() {
    let mut session = Session::new();
    session.reads = false;
    session.sends("QUIT");
    assert_eq!(session.events(), "");
    assert_eq!(due(&session), Some((300, Phase::Write)));
    assert!(session.wait.want_write && !session.wait.want_read);
    session.later(300);
    assert_eq!(session.events(), "closed Quit");
}

#[test]
fn errors_above_the_soft_limit_delay_replies() {
    let mut config = config();
    config.limits.errors = crate::limits::Threshold::new(1, 9);
    config.timeouts.penalty = Duration::from_secs(7);
    let mut session = Session::with(config);
    session.sends("DATA\r\nDATA\r\nNOOP");
    assert_eq!(session.codes(), "");
    assert_eq!(due(&session), Some((7, Phase::Penalty)));
    assert!(!session.wait.want_write && !session.wait.want_read);
    session.later(6);
    assert_eq!(session.codes(), "");
    session.later(1);
    assert_eq!(session.codes(), "503 503 250");
}

#[test]
fn a_delayed_reply_is_sent_while_questions_are_open() {
    let mut config = config();
    config.limits.errors = crate::limits::Threshold::new(0, 9);
    let mut session = Session::with(config);
    session.sends("MAIL FROM:<a@client.test>");
    session.clear();
    session.holds = true;
    session.sends("RCPT TO:<>\r\nRCPT TO:<b@mx.test>");
    assert_eq!(due(&session), Some((1, Phase::Penalty)));
    session.later(1);
    assert_eq!(session.codes(), "501");
    assert_eq!(due(&session), Some((61, Phase::Application)));
}

#[test]
fn a_delayed_reply_does_not_start_the_write_timer() {
    let mut config = config();
    config.limits.errors = crate::limits::Threshold::new(0, 9);
    config.timeouts.penalty = Duration::from_secs(1000);
    let mut session = Session::with(config);
    session.sends("DATA");
    session.later(999);
    assert_eq!(session.events(), "");
    session.later(1);
    assert_eq!(session.codes(), "503");
}

#[test]
fn a_clock_at_the_end_of_time_does_not_overflow() {
    let mut session = Session::in_data(config());
    session.now = Instant::after_origin(Duration::MAX);
    session.sends_octets(b"x");
    session.later(u64::MAX);
    assert!(session.events().ends_with("closed TimedOut(DataBlock)"));
}
