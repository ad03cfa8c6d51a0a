//! The same conversation under many schedules: the replies depend on neither the pieces of the input nor the time of the
//! answers.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use smtp_proto::types::{Mail, Rcpt, Rejection};

use super::harness::{Harness, config};
use crate::{About, Accept, Bytes, Service};

const CONVERSATION: &str = "EHLO client.example\r\n\
    MAIL FROM:<a@client.example>\r\nRCPT TO:<bob@example.org>\r\nRCPT TO:<no@example.org>\r\n\
    RCPT TO:<tim@example.org>\r\nDATA\r\none\r\n..two\r\n.\r\n\
    MAIL FROM:<no@client.example>\r\nRCPT TO:<bob@example.org>\r\nVRFY bob\r\n\
    MAIL FROM:<b@client.example>\r\nRCPT TO:<bob@example.org>\r\nVRFY bob\r\nRSET\r\n\
    MAIL FROM:<c@client.example>\r\nRCPT TO:<bob@example.org>\r\nBDAT 4\r\none\nBDAT 4\r\ntwo\nBDAT 0 LAST\r\n\
    MAIL FROM:<d@client.example>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\nrefused\r\nmore\r\n.\r\n\
    MAIL FROM:<e@client.example>\r\nRCPT TO:<no@example.org>\r\nDATA\r\nNOOP\r\n\
    RCPT TO:<one@example.org>\r\nRCPT TO:<two@example.org>\r\nRCPT TO:<three@example.org>\r\n\
    DATA\r\nlast\r\n.\r\nHELP\r\nQUIT\r\n";

/// Answers each call after some polls.
struct Dilatory {
    dice: AtomicU64,
    most: u64,
}

impl Dilatory {
    fn roll(&self, sides: u64) -> u64 {
        let step = |seed: u64| {
            seed.wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407)
        };
        let _ = self
            .dice
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |seed| Some(step(seed)));
        (self.dice.load(Ordering::Relaxed) >> 33) % sides
    }

    async fn dawdle(&self) {
        let mut polls = self.roll(self.most + 1);
        poll_fn(|_| match polls {
            0 => Poll::Ready(()),
            _ => {
                polls -= 1;
                Poll::Pending
            }
        })
        .await;
    }
}

impl Service for Dilatory {
    type Mail = Vec<u8>;

    async fn connect(&self, _: &About) -> Result<Accept, Rejection> {
        self.dawdle().await;
        Ok(Accept::Yes)
    }

    async fn mail(&self, _: &About, mail: Mail<'static>) -> Result<Vec<u8>, Rejection> {
        self.dawdle().await;
        match mail.reverse_path().as_str() {
            "no@client.example" => Err(Rejection::SENDER_REFUSED),
            _ => Ok(Vec::new()),
        }
    }

    async fn recipient(&self, _: &Vec<u8>, rcpt: &Rcpt<'static>) -> Result<Accept, Rejection> {
        self.dawdle().await;
        match rcpt.forward_path().as_str() {
            "no@example.org" => Err(Rejection::NO_SUCH_USER),
            path => Ok(Accept::text(path)),
        }
    }

    async fn begin(&self, _: &mut Vec<u8>, _: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        self.dawdle().await;
        Ok(Accept::Yes)
    }

    async fn body(&self, mail: &mut Vec<u8>, octets: Bytes) -> Result<(), Rejection> {
        self.dawdle().await;
        mail.extend_from_slice(&octets);
        if mail.starts_with(b"refused") {
            Err(Rejection::POLICY)
        } else {
            Ok(())
        }
    }

    async fn message(&self, mail: &mut Vec<u8>, to: &[Rcpt<'static>]) -> Result<Accept, Rejection> {
        self.dawdle().await;
        let to: Vec<_> = to.iter().map(|rcpt| rcpt.forward_path().as_str()).collect();
        Ok(Accept::text(format!(
            "{:?} for {to:?}",
            String::from_utf8_lossy(mail)
        )))
    }
}

/// Sends the conversation in pieces of at most this length, and returns all replies.
fn replies(seed: u64, most_polls: u64, longest: u64) -> String {
    let service = Arc::new(Dilatory {
        dice: AtomicU64::new(seed),
        most: most_polls,
    });
    let mut client = Harness::new(config(), &service);
    let mut rest = CONVERSATION;
    while !rest.is_empty() {
        let length = 1 + service.roll(longest) as usize;
        let (piece, others) = rest.split_at(length.min(rest.len()));
        client.send(piece);
        rest = others;
    }
    for _ in 0..1000 {
        client.poll();
    }
    client.hang_up();
    assert!(client.is_over(), "seed {seed}");
    client.take_output()
}

#[test]
fn replies_do_not_depend_on_the_schedule() {
    let expected = replies(0, 0, u64::MAX);
    assert!(expected.contains("\"one\\r\\n.two\\r\\n\" for [\"bob@example.org\", \"tim@example.org\"]"));
    assert!(expected.contains("for [\"one@example.org\", \"two@example.org\", \"three@example.org\"]"));
    assert!(expected.ends_with("221 2.0.0 bye\r\n"));
    for seed in 1..=300 {
        assert_eq!(replies(seed, seed % 5, 1 + seed % 90), expected, "seed {seed}");
    }
}
