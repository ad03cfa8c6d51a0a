//! AUTH of a server.

use smtp_proto::server::{Auth, Closed};

use super::{
    Adapter,
    peer::Peer,
    stage::{Stage, deliver, pair},
};

/// `ann` and her password, as PLAIN has them.
const RIGHT: &str = "AUTH PLAIN AGFubgBzZWNyZXQ=";
const WRONG: &str = "AUTH PLAIN AGFubgB3cm9uZw==";

fn submission<A: Adapter>(implicit: bool) -> Stage {
    Stage::with::<A>(|plan| {
        plan.config.auth = Auth::Required;
        if implicit {
            plan.begin_with_tls();
        }
    })
}

fn under_tls(stage: &Stage) -> Peer {
    let mut peer = stage.ready();
    peer.ask("STARTTLS", "220");
    let mut peer = peer.start_tls(&pair().client);
    peer.ask("EHLO client.example", "250");
    peer
}

/// STARTTLS, a login in two steps, a message.
pub fn login_under_starttls<A: Adapter>() {
    let stage = submission::<A>(false);
    let mut peer = under_tls(&stage);
    peer.ask("MAIL FROM:<ann@client.example>", "530");
    peer.ask("AUTH PLAIN", "334");
    peer.ask("AGFubgBzZWNyZXQ=", "235");
    deliver(&mut peer);
    assert_eq!(stage.taken()[0].with, "ESMTPSA");
    peer.ask("QUIT", "221");
    stage.close(peer);
}

/// TLS from the first octet, a login, a message.
pub fn login_over_tls<A: Adapter>() {
    let stage = submission::<A>(true);
    let mut peer = Peer::connect(stage.address).start_tls(&pair().client);
    peer.expect("220 ");
    peer.ask("EHLO client.example", "250");
    peer.ask(RIGHT, "235");
    deliver(&mut peer);
    assert_eq!(stage.taken()[0].with, "ESMTPSA");
    peer.ask("QUIT", "221");
    stage.close(peer);
}

/// A wrong password is refused, and a right one after it is accepted.
pub fn wrong_password<A: Adapter>() {
    let stage = submission::<A>(false);
    let mut peer = under_tls(&stage);
    peer.ask(WRONG, "535");
    peer.ask("MAIL FROM:<ann@client.example>", "530");
    peer.ask("AUTH PLAIN", "334");
    peer.ask("*", "501");
    peer.ask(RIGHT, "235");
    deliver(&mut peer);
    assert_eq!(stage.taken().len(), 1);
    stage.close(peer);
}

/// The server requests no password in plaintext.
pub fn no_login_in_plaintext<A: Adapter>() {
    let stage = submission::<A>(false);
    let mut peer = stage.greeted();
    let offers = peer.ask("EHLO client.example", "250");
    assert!(!offers.iter().any(|line| line.contains("AUTH")), "{offers:?}");
    peer.ask(RIGHT, "5");
    peer.ask("MAIL FROM:<ann@client.example>", "530");
    peer.ask("QUIT", "221");
    stage.close(peer);
}

/// A client that guesses passwords is disconnected.
pub fn too_many_failed_logins<A: Adapter>() {
    let stage = submission::<A>(false);
    let mut peer = under_tls(&stage);
    let mut refused = 0;
    loop {
        peer.say(format!("{WRONG}\r\n"));
        let reply = peer.reply();
        if reply[0].starts_with("421 ") {
            break;
        }
        assert!(reply[0].starts_with("535 "), "{reply:?}");
        refused += 1;
        assert!(refused < 100, "it may guess for ever");
    }
    assert_eq!(peer.rest(), "");
    assert_eq!(stage.ledger.ending(), Closed::TooManyFailedLogins);
    stage.close(peer);
}
