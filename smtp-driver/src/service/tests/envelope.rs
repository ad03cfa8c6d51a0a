//! Questions before the message data.

use std::{sync::Arc, time::Duration};

use smtp_proto::{
    data::BareLineEndings,
    types::{Code, EnhancedCode, ForwardPath, Mail, Rcpt, Rejection, Reply, Text},
};

use super::harness::{Harness, Scripted, config};
use crate::{About, Accept, Bytes, Service};

const MAIL: &str = "MAIL FROM:<a@client.example>\r\n";

fn rcpt(name: &str) -> String {
    format!("RCPT TO:<{name}@example.org>\r\n")
}

#[test]
fn a_message_is_accepted() {
    let service = Scripted::new();
    let mut client = Harness::new(config(), &service);
    assert!(client.take_output().starts_with("220 "));
    client.send("EHLO client.example\r\n");
    client.take_output();
    client.send(MAIL);
    client.send(&rcpt("bob"));
    client.send("DATA\r\n");
    client.send("one\r\n..two\r\n.\r\nQUIT\r\n");
    assert_eq!(
        client.take_output(),
        "250 2.1.0 sender ok\r\n250 2.1.5 bob\r\n354 end with <CRLF>.<CRLF>\r\n250 2.6.0 stored 11 octets\r\n221 2.0.0 bye\r\n"
    );
    client.hang_up();
    assert!(client.is_over());
    let log = service.take_log();
    assert_eq!(
        log.iter().filter(|call| *call != "body").collect::<Vec<_>>(),
        [
            "connect",
            "mail ESMTP a@client.example",
            "bob",
            "begin bob",
            "message bob",
            "closed Quit"
        ]
    );
}

/// The machine makes some octets itself: they are not in the input.
#[test]
fn octets_that_are_not_in_the_input_reach_the_service() {
    for (line_endings, content, stored) in [
        (BareLineEndings::Keep, "a\r\n.\rb\r\n", 7),
        (BareLineEndings::Keep, "a\r\n.\r\rb\r\n", 8),
        (BareLineEndings::Normalize, "a\nb\rc\r\n", 9),
        (BareLineEndings::Normalize, "a\r\n.\rb\r\n", 8),
    ] {
        let mut config = config();
        config.line_endings = line_endings;
        let service = Scripted::new();
        let mut client = Harness::greeted(config, &service);
        client.send(&format!("{MAIL}{}DATA\r\n", rcpt("bob")));
        client.take_output();
        client.send(&format!("{content}.\r\n"));
        let expected = format!("250 2.6.0 stored {stored} octets\r\n");
        assert_eq!(client.take_output(), expected, "{line_endings:?}: {content:?}");
    }
}

#[test]
fn pipelined_recipients_are_asked_side_by_side_and_answered_in_order() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    let names: Vec<_> = (0..10).map(|number| format!("user{number}")).collect();
    names.iter().for_each(|name| service.hold(name));
    service.reject("user3");
    service.take_log();
    let group: String = names.iter().map(|name| rcpt(name)).collect();
    client.send(&format!("{MAIL}{group}DATA\r\n"));
    assert_eq!(service.take_log()[1..], names);
    assert_eq!(client.take_output(), "250 2.1.0 sender ok\r\n");

    for name in names.iter().rev() {
        assert_eq!(client.take_output(), "");
        service.release(name);
        client.poll();
    }
    let replies = client.take_output();
    let replies: Vec<_> = replies.lines().collect();
    for (number, reply) in replies.iter().take(10).enumerate() {
        if number == 3 {
            assert_eq!(*reply, "550 5.7.1 refused by policy");
        } else {
            assert_eq!(*reply, format!("250 2.1.5 user{number}"));
        }
    }
    assert_eq!(replies[10], "354 end with <CRLF>.<CRLF>");
    assert_eq!(
        service.take_log(),
        ["begin user0,user1,user2,user4,user5,user6,user7,user8,user9"]
    );
}

#[test]
fn a_recipient_without_an_answer_in_time_is_refused_with_451() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    service.hold("slow");
    client.send(&format!("{MAIL}{}{}", rcpt("slow"), rcpt("bob")));
    assert_eq!(client.take_output(), "250 2.1.0 sender ok\r\n");
    client.advance(Duration::from_secs(59));
    assert_eq!(client.take_output(), "");
    client.advance(Duration::from_secs(1));
    assert_eq!(
        client.take_output(),
        "451 4.3.0 no answer, try again later\r\n250 2.1.5 bob\r\n"
    );

    // The transaction continues, and a late answer has no effect.
    service.take_log();
    service.release("slow");
    client.send("DATA\r\n");
    assert_eq!(client.take_output(), "354 end with <CRLF>.<CRLF>\r\n");
    assert_eq!(service.take_log().last().unwrap(), "begin bob");
}

#[test]
fn a_future_is_dropped_after_its_deadline() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    service.hold("slow");
    client.send(&format!("{MAIL}{}{}", rcpt("slow"), rcpt("bob")));
    service.take_log();
    client.advance(Duration::from_secs(60));
    assert_eq!(service.take_log(), ["slow dropped"]);
}

#[test]
fn unanswered_recipients_do_not_pile_up() {
    let service = Scripted::new();
    let mut config = config();
    config.limits.max_open_rcpts = 2;
    let mut client = Harness::greeted(config, &service);
    let names: Vec<_> = (0..6).map(|number| format!("user{number}")).collect();
    names.iter().for_each(|name| service.hold(name));
    let group: String = names.iter().map(|name| rcpt(name)).collect();
    client.send(&format!("{MAIL}{group}"));
    for _ in 0..3 {
        client.advance(Duration::from_secs(60));
    }
    let log = service.take_log();
    let dropped = log.iter().filter(|line| line.ends_with("dropped")).count();
    assert_eq!(dropped, 6, "{log:?}");
    assert_eq!(client.take_output().matches("451 ").count(), 6);
}

#[test]
fn a_sender_without_an_answer_in_time_is_refused_with_451() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    service.hold("mail ESMTP a@client.example");
    client.send(MAIL);
    client.advance(Duration::from_secs(60));
    assert_eq!(client.take_output(), "451 4.3.0 no answer, try again later\r\n");
    assert_eq!(
        service.take_log().last().unwrap(),
        "mail ESMTP a@client.example dropped"
    );
    service.release("mail ESMTP a@client.example");
    client.send(&format!("{MAIL}{}", rcpt("bob")));
    assert_eq!(client.take_output(), "250 2.1.0 sender ok\r\n250 2.1.5 bob\r\n");
}

/// The machine asks the next question as soon as it has answered the one before it.
#[test]
fn a_question_outside_the_transaction_follows_an_unanswered_question() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    service.hold("mail ESMTP a@client.example");
    client.send(&format!("{MAIL}VRFY bob\r\n"));
    client.advance(Duration::from_secs(60));
    let unanswered = "451 4.3.0 no answer, try again later\r\n";
    let verified = "252 2.1.5 cannot verify, will try to deliver\r\n";
    assert_eq!(client.take_output(), [unanswered, verified].concat());

    service.release("mail ESMTP a@client.example");
    service.hold("slow");
    client.send(&format!("{MAIL}{}VRFY bob\r\n{}", rcpt("slow"), rcpt("bob")));
    client.advance(Duration::from_secs(60));
    let accepted = [
        "250 2.1.0 sender ok\r\n",
        unanswered,
        verified,
        "250 2.1.5 bob\r\n",
    ];
    assert_eq!(client.take_output(), accepted.concat());
    assert_eq!(
        service
            .take_log()
            .iter()
            .filter(|line| line.ends_with("dropped"))
            .count(),
        2
    );
}

#[test]
fn a_rejected_data_leaves_the_transaction_open() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    service.reject("begin bob");
    client.send(&format!("{MAIL}{}DATA\r\n", rcpt("bob")));
    assert_eq!(
        client.take_output(),
        "250 2.1.0 sender ok\r\n250 2.1.5 bob\r\n550 5.7.1 refused by policy\r\n"
    );
    client.send(&format!("{}DATA\r\n", rcpt("tim")));
    assert!(client.take_output().ends_with("354 end with <CRLF>.<CRLF>\r\n"));
    assert_eq!(service.take_log().last().unwrap(), "begin bob,tim");
}

#[test]
fn a_reset_while_recipients_are_open_returns_the_mail_state() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    service.hold("bob");
    client.send(&format!("{MAIL}{}", rcpt("bob")));
    service.take_log();
    client.begin(crate::shutdown::Stage::Now);
    assert_eq!(
        service.take_log(),
        ["bob dropped", "reset 0 Closed", "closed Shutdown"]
    );
    assert!(client.take_output().contains("421 4.3.2 closing for shutdown"));
}

#[test]
fn the_client_resets() {
    let service = Scripted::new();
    let mut client = Harness::greeted(config(), &service);
    client.send(&format!("{MAIL}{}", rcpt("bob")));
    client.send("RSET\r\n");
    assert_eq!(service.take_log().last().unwrap(), "reset 0 Rset");
}

/// A proxy to a next hop that is known by heart.
struct Proxy;

fn relayed(code: u16, status: (u8, u16, u16), text: &'static str) -> Result<Accept, Rejection> {
    let status = EnhancedCode::new(status.0, status.1, status.2);
    let reply = Reply::new(Code::new(code).unwrap(), status, &Text::from_static(text));
    Ok(Accept::Relay(reply.unwrap()))
}

impl Service for Proxy {
    type Mail = ();

    async fn mail(&self, _: &About, _: Mail<'static>) -> Result<(), Rejection> {
        Ok(())
    }

    async fn recipient(&self, (): &(), rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
        match rcpt.forward_path().as_str() {
            "yes@example.org" => relayed(250, (2, 1, 5), "Ok"),
            "no@example.org" => relayed(550, (5, 1, 1), "User unknown"),
            _ => Ok(Accept::Forward(ForwardPath::parse("tim@example.net").unwrap())),
        }
    }

    async fn body(&self, (): &mut (), _: Bytes) -> Result<(), Rejection> {
        Ok(())
    }

    async fn message(&self, (): &mut (), to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        let to: Vec<_> = to.iter().map(|rcpt| rcpt.forward_path().as_str()).collect();
        assert_eq!(to, ["yes@example.org", "tim@example.org"]);
        relayed(250, (2, 0, 0), "Ok: queued as 7")
    }
}

#[test]
fn replies_of_a_next_hop_are_passed_on() {
    let mut client = Harness::greeted(config(), &Arc::new(Proxy));
    client.send(&format!(
        "{MAIL}{}{}{}DATA\r\n",
        rcpt("yes"),
        rcpt("no"),
        rcpt("tim")
    ));
    client.send(".\r\n");
    assert_eq!(
        client.take_output(),
        "250 2.1.0 sender ok\r\n250 2.1.5 Ok\r\n550 5.1.1 User unknown\r\n\
        251 2.1.5 not local, will forward to <tim@example.net>\r\n354 end with <CRLF>.<CRLF>\r\n\
        250 2.0.0 Ok: queued as 7\r\n"
    );
}
