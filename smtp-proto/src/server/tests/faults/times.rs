//! Faults of deadlines and of replies that are held back.

use super::*;

/// Lets time pass, and polls at each deadline on the way.
fn pass(session: &mut Session, until: Instant) {
    while let Some(due) = session.wait.deadline.filter(|due| due.at <= until)
        && session.server.state() != State::Closed
    {
        session.now = due.at;
        session.poll_all();
    }
    if session.server.state() != State::Closed {
        session.now = until;
        session.poll_all();
    }
}

/// Lets a whole session happen in pieces of this size, with a pause after each flight.
fn in_pieces(config: Config, flights: &[&[u8]], size: usize, pause: Duration) -> (String, String) {
    let mut session = Session::fresh(config);
    session.poll_all();
    for flight in flights {
        let until = session.now + pause;
        for piece in flight.chunks(size) {
            if session.server.state() == State::Closed {
                break;
            }
            // While replies are held back, the driver does not read.
            while !session.wait.want_read
                && let Some(due) = session.wait.deadline
            {
                session.now = due.at;
                session.poll_all();
            }
            session.sends_octets(piece);
        }
        pass(&mut session, until);
    }
    let replies = session.replies();
    (replies, session.events())
}

#[test]
fn early_octets_are_not_read_while_the_greeting_is_delayed() {
    let mut config = config();
    config.early_talker = EarlyTalker::Tolerate;
    config.timeouts.greeting_delay = Duration::from_secs(5);
    let mut session = Session::fresh(config);
    session.poll_all();
    assert!(session.wait.want_read);
    session.sends("NOOP");
    assert!(!session.wait.want_read, "more would be read than can be used");
    session.later(5);
    assert_eq!(session.codes(), "220 250");
}

#[test]
fn a_burst_extends_the_time_by_at_most_one_wait() {
    let mut session = Session::in_data(config());
    for _ in 0..1000 {
        session.sends_octets(&[b'x'; 10_000]);
    }
    let due = session.wait.deadline.unwrap();
    assert_eq!(due.at.since_origin(), Duration::from_secs(300));
    session.later(299);
    session.sends_octets(b"x");
    let due = session.wait.deadline.unwrap();
    assert_eq!(due.at.since_origin(), Duration::from_secs(300));
}

#[test]
fn dropped_octets_do_not_extend_the_time() {
    let mut config = config();
    config.set_max_message_size(10);
    let mut session = Session::in_data(config);
    session.later(100);
    for _ in 0..100 {
        session.sends_octets(&[b'x'; 10_000]);
    }
    let due = session.wait.deadline.unwrap();
    assert_eq!(due.at.since_origin(), Duration::from_secs(300));
}

#[test]
fn the_session_does_not_depend_on_the_cuts_while_replies_are_delayed() {
    let flights: [&[u8]; 10] = [
        b"HELO l.e\r\n",
        b"MAIL FROM:<>\r\nRCPT TO:<b@or>\r\nBDAT 4\r\nn",
        b"DATA",
        b"x\r\n\r\n\r\n",
        b"CP\r\n\r\n",
        b"J",
        b"Ro\r\n",
        b"E\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"",
    ];
    // At one of these times a deadline passes in one of the two sessions, if they differ.
    for seconds in 25..45 {
        let config = || {
            let mut config = config();
            config.limits.errors = Threshold::new(1, 100);
            config.limits.unknown_commands = Threshold::new(1, 100);
            config
        };
        let pause = Duration::from_secs(seconds);
        let whole = in_pieces(config(), &flights, usize::MAX, pause);
        let octets = in_pieces(config(), &flights, 1, pause);
        assert_eq!(octets, whole, "{seconds}");
    }
}

/// The write deadline stands still while replies are held back: the client cannot read them.
#[test]
fn a_delayed_reply_does_not_miss_a_deadline() {
    let mut config = config();
    config.limits.errors = Threshold::new(0, 100);
    config.timeouts.penalty = Duration::from_secs(10);
    config.timeouts.write = Duration::from_secs(15);
    let mut server = Server::new(config.into());
    let mut now = Instant::ORIGIN;
    let mut input: &[u8] = b"";
    while let Step::Event(event) = server.poll(&mut input, now) {
        server.proceed(event).unwrap();
    }
    // Each fault is read when the penalty for the one before is over, and before its reply is written.
    for _ in 0..4 {
        let mut fault: &[u8] = b"RCPT\r\n";
        let Step::Wait(wait) = server.poll(&mut fault, now) else {
            panic!("a penalty is due")
        };
        assert!(!wait.want_write, "{wait:?}");
        now = wait.deadline.unwrap().at;
        let Step::Wait(wait) = server.poll(&mut fault, now) else {
            panic!("the session goes on")
        };
        assert!(wait.want_write && wait.want_read, "{wait:?}");
    }
}

/// Extreme limits and timeouts: the session ends, or it waits for an event that can still occur.
#[test]
fn extreme_configurations_neither_hang_nor_overflow() {
    let times = [
        Duration::ZERO,
        Duration::from_nanos(1),
        Duration::from_secs(1),
        Duration::MAX,
    ];
    let counts = [0, 1, u32::MAX];
    for (at, time) in times.iter().cycle().take(16).enumerate() {
        for count in counts {
            let mut config = if at % 2 == 0 { config() } else { lmtp() };
            config.early_talker = EarlyTalker::Tolerate;
            let other = times[at / 4 % 4];
            let timeouts = &mut config.timeouts;
            (timeouts.command, timeouts.data, timeouts.write) = (*time, other, *time);
            (timeouts.application, timeouts.message_acceptance) = (other, *time);
            (timeouts.penalty, timeouts.greeting_delay, timeouts.handshake) = (other, *time, other);
            timeouts.min_data_rate = count;
            let limits = &mut config.limits;
            (limits.max_line_octets, limits.max_auth_octets) = (count as usize, count as usize);
            (limits.max_recipients, limits.max_idle_commands) = (count, count);
            limits.max_recipient_overshoot = count;
            limits.max_open_rcpts = count as usize;
            (limits.max_discarded_octets, limits.max_message_octets) = (u64::from(count), u64::from(count));
            limits.errors = Threshold::new(count, count);
            limits.unknown_commands = Threshold::new(0, count);
            let mut session = Session::fresh(config);
            session.poll_all();
            let lines: [&[u8]; 6] = [
                b"EHLO a\r\nLHLO a\r\nNOOP\r\nFROB\r\n",
                b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nBDAT 3\r\nabcDATA\r\n",
                b"RSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n",
                b"hello\r\n.\r\nNOOP\nNOOP\rNOOP\r\n",
                b"QUI",
                b"T\r\n",
            ];
            for line in lines {
                if session.server.state() == State::Closed {
                    break;
                }
                session.sends_octets(line);
                // All deadlines within a year pass.
                for _ in 0..100 {
                    let year = session.now + Duration::from_secs(366 * 86_400);
                    match session.wait.deadline {
                        Some(due) if due.at < year && session.server.state() != State::Closed => {
                            session.now = due.at;
                            session.poll_all();
                        }
                        _ => break,
                    }
                }
                if session.server.state() != State::Closed {
                    let wait = session.wait;
                    assert!(
                        wait.want_read
                            || wait.want_write
                            || wait.application_pending
                            || wait.deadline.is_some(),
                        "{time:?} {count}: {wait:?}"
                    );
                    assert!(
                        !wait.want_read || session.input.len() <= (count as usize).max(16),
                        "{} octets are left",
                        session.input.len()
                    );
                }
            }
        }
    }
}
