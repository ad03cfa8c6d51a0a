//! Random sessions, the same in each run.

use std::{ops::Range, thread};

use crate::scenarios::{Adapter, peer::Peer, stage::Stage};

/// The sessions that are gone through, half of them by each scenario.
const ENDED: Range<u64> = 0..1000;
const BROKEN: Range<u64> = 1000..2000;

/// The number at a time.
const CLIENTS: u64 = 8;

/// The parts of sessions, in an order that makes sense.
const LINES: [&str; 26] = [
    "EHLO client.example\r\n",
    "AUTH PLAIN AGFubgBzZWNyZXQ=\r\n",
    "VRFY bob\r\n",
    "MAIL FROM:<ann@client.example> SIZE=100 BODY=8BITMIME\r\n",
    "RCPT TO:<bob@mx.example>\r\n",
    "RCPT TO:<no@mx.example>\r\n",
    "DATA\r\n",
    "Subject: x\r\n\r\n..dots\r\nHello\r\n",
    ".\r\n",
    "NOOP x\r\n",
    "MAIL FROM:<> RET=HDRS\r\n",
    "RCPT TO:<Postmaster>\r\n",
    "RSET\r\n",
    "MAIL FROM:<ann@client.example>\r\n",
    "RCPT TO:<\"b o b\"@[127.0.0.1]> NOTIFY=NEVER\r\n",
    "BDAT 7\r\nHello\r\n",
    "BDAT 9\r\n\r\n.\r\nQUIT",
    "BDAT 0 LAST\r\n",
    "HELP\r\n",
    "HELO client.example\r\n",
    "MAIL FROM:<full-mail@client.example>\r\n",
    "RCPT TO:<full@mx.example>\r\n",
    "BDAT 2 LAST\r\nHi",
    "STARTTLS\r\n",
    "EHLO \0\r\n",
    "QUIT\r\n",
];

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % most.max(1) as u64) as usize
    }

    fn octet(&mut self) -> u8 {
        // Special octets are more frequent than others.
        match self.below(3) {
            0 => b"\r\n.\0 -:<>"[self.below(9)],
            1 => b"A0=Z"[self.below(4)],
            _ => self.below(256) as u8,
        }
    }

    /// The input of a client: octets, lines in any order, or a whole session that was damaged in places or nowhere.
    fn session(&mut self) -> Vec<u8> {
        match self.below(4) {
            0 => (0..self.below(2000)).map(|_| self.octet()).collect(),
            1 => {
                let lines = (0..self.below(40)).map(|_| LINES[self.below(LINES.len())]);
                lines.collect::<String>().into_bytes()
            }
            _ => {
                let mut said = LINES.concat().into_bytes();
                for _ in 0..self.below(6) {
                    self.damage(&mut said);
                }
                said
            }
        }
    }

    fn damage(&mut self, said: &mut Vec<u8>) {
        let at = self.below(said.len());
        let to = said.len().min(at + self.below(40));
        match self.below(5) {
            0 => said.truncate(at),
            1 => drop(said.drain(at..to)),
            2 => said.insert(at, self.octet()),
            3 => {
                let twice = said[at..to].to_vec();
                said.splice(at..at, twice);
            }
            _ => {
                if let Some(octet) = said.get_mut(at) {
                    *octet ^= 1 << self.below(8);
                }
            }
        }
    }

    /// Sends the octets in pieces, even if the peer does not read.
    fn say(&mut self, said: &[u8], peer: &mut Peer) {
        let mut rest = said;
        while !rest.is_empty() {
            let most = if self.below(4) == 0 { 3 } else { 700 };
            let (piece, behind) = rest.split_at((1 + self.below(most)).min(rest.len()));
            rest = behind;
            if peer.try_say(piece).is_err() {
                break;
            }
        }
    }
}

/// Runs these sessions, several at a time, and returns the sum of their results. Prints the seed of a failed session.
fn each(seeds: Range<u64>, session: impl Fn(&mut Chance) -> usize + Sync) -> usize {
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (seeds, session) = (seeds.clone(), &session);
                scope.spawn(move || {
                    let own = seeds.filter(|seed| seed % CLIENTS == client);
                    own.map(|seed| {
                        let _named = Named(seed);
                        session(&mut Chance(seed))
                    })
                    .sum::<usize>()
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    })
}

/// Names the session that fails.
struct Named(u64);

impl Drop for Named {
    #[expect(clippy::print_stderr, reason = "part of the report of a failed test")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("that was session {}", self.0);
        }
    }
}

/// Clients that read all replies: the stored messages are the acknowledged ones.
pub fn ended<A: Adapter>() {
    let stage = Stage::open::<A>();
    let address = stage.address;
    let acknowledged = each(ENDED, |chance| {
        let mut peer = Peer::connect(address);
        let said = chance.session();
        chance.say(&said, &mut peer);
        peer.finish();
        peer.rest().matches("250 2.6.0").count()
    });
    drop(stage.ledger.wait_until(|state| state.closed.len() >= 1000));
    let stored = stage.taken();
    assert!(acknowledged > 100, "there is nothing to be seen");
    assert_eq!(stored.len(), acknowledged);
    assert!(stored.iter().all(|mail| !mail.to.is_empty()));
    stage.serves();
    assert_eq!(stage.ledger.state().closed.len(), 1001);
    stage.close(());
}

/// Clients that break the connection at some place: each session ends once, and only whole messages are stored.
pub fn broken<A: Adapter>() {
    let stage = Stage::open::<A>();
    let address = stage.address;
    each(BROKEN, |chance| {
        let mut peer = Peer::connect(address);
        peer.expect("220 ");
        let said = chance.session();
        let heard_of = chance.below(said.len() + 1);
        chance.say(&said[..heard_of], &mut peer);
        peer.leave(chance.below(2) == 0);
        0
    });
    drop(stage.ledger.wait_until(|state| state.closed.len() >= 1000));
    assert!(stage.taken().iter().all(|mail| !mail.to.is_empty()));
    stage.serves();
    assert_eq!(stage.ledger.state().closed.len(), 1001);
    stage.close(());
}
