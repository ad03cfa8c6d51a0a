use super::*;
use crate::time::Phase;

fn deadline(session: &Session) -> (Phase, u64) {
    let deadline = session.wait.deadline.unwrap();
    (deadline.phase, deadline.at.since(session.now).as_secs())
}

#[test]
fn each_phase_has_its_own_time() {
    let mut session = Session::new(config());
    assert_eq!(deadline(&session), (Phase::Greeting, 300));
    session.server("220 mx").written();
    assert_eq!(deadline(&session), (Phase::Command, 300));
    session.server("250 mx").deliver(to("b@y")).written();
    assert_eq!(deadline(&session), (Phase::Mail, 300));
    session.server("250").written();
    assert_eq!(deadline(&session), (Phase::Recipient, 300));
    session.server("250").written();
    assert_eq!(deadline(&session), (Phase::DataStart, 120));
    session.server("354");
    assert_eq!(deadline(&session), (Phase::DataBlock, 180));
    session.end().written();
    assert_eq!(deadline(&session), (Phase::DataEnd, 600));
    session.server("250");
    assert_eq!(session.wait.deadline, None);
    session.client.quit().unwrap();
    session.poll_all().written();
    assert_eq!(deadline(&session), (Phase::Quit, 10));
}

#[test]
fn a_deadline_that_passes_ends_the_session() {
    Session::new(config())
        .later(299)
        .reports("")
        .later(1)
        .reports("Closed TimedOut(Greeting) None");
    let mut session = Session::with(config(), "");
    session
        .deliver(to("b@y"))
        .written()
        .later(300)
        .reports("Closed TimedOut(Mail) NotAccepted");
    Session::at_body(config(), "", "b@y")
        .later(180)
        .reports("Closed TimedOut(DataBlock) NotAccepted");
    Session::at_end(config(), "", "b@y")
        .later(600)
        .reports("Closed TimedOut(DataEnd) Unknown");
}

#[test]
fn half_replies_do_not_extend_a_phase() {
    let mut session = Session::with(config(), "");
    session.deliver(to("b@y")).written();
    for _ in 0..29 {
        session.later(10).octets(b"250-still here\r\n").reports("");
    }
    session.later(10).reports("Closed TimedOut(Mail) NotAccepted");
}

#[test]
fn every_reply_of_a_group_starts_the_time_of_the_next() {
    let mut session = Session::with(config(), "PIPELINING");
    session
        .deliver(to("b@y c@y"))
        .written()
        .later(200)
        .server("250")
        .later(200)
        .server("250");
    session.later(200).server("250");
    assert_eq!(deadline(&session), (Phase::DataStart, 120));
}

#[test]
fn every_lmtp_reply_has_its_time() {
    let mut session = Session::at_end(lmtp(), "", "b@y c@y");
    session.later(599).server("250");
    assert_eq!(deadline(&session), (Phase::DataEnd, 600));
}

#[test]
fn every_piece_of_the_message_has_its_time() {
    let mut session = Session::at_body(config(), "", "b@y");
    for _ in 0..10 {
        session.later(170).pass("line|", More::Yes);
    }
    assert_eq!(deadline(&session), (Phase::DataBlock, 180));
}

#[test]
fn a_chunk_that_blocks_the_next_has_the_time_of_data_end() {
    let mut session = Session::at_body(chunking(), "CHUNKING", "b@y");
    session.pass("Hi", More::Yes);
    assert_eq!(deadline(&session), (Phase::DataEnd, 600));
    session
        .written()
        .server("552")
        .reports("Chunk 552, Refused(Chunk)");
}

#[test]
fn a_server_that_does_not_read_times_out() {
    let mut config = config();
    config.timeouts.write = Duration::from_secs(7);
    let mut session = Session::with(config, "PIPELINING");
    session.deliver(to("b@y"));
    assert_eq!(deadline(&session), (Phase::Write, 7));
    // An octet is no progress, a command is.
    session.later(6).writes(1);
    assert_eq!(deadline(&session), (Phase::Write, 1));
    session.writes("AIL FROM:<a@x>|RCPT".len());
    assert_eq!(deadline(&session), (Phase::Write, 7));
    session.later(7).reports("Closed TimedOut(Write) NotAccepted");
}

#[test]
fn polling_late_is_harmless_if_the_reply_has_arrived() {
    let mut session = Session::new(config());
    session.now = Instant::after_origin(Duration::from_secs(10_000));
    session.server("220 mx").reports("Greeting 220");
}

#[test]
fn a_ready_session_reads_without_a_deadline() {
    let mut session = Session::with(config(), "");
    session.later(1_000_000).reports("");
    assert!(session.wait.want_read && !session.wait.want_write && !session.wait.application_pending);
}
