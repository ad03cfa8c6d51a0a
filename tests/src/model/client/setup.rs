//! The beginning of a session (RFC 5321 section 3.1, RFC 3207, RFC 4954), and the restart after XCLIENT.

use super::{Client, Command, Outcome, Proxied, Reply, Report, RequestError, Tls};

/// Facts that are being passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Passing {
    proxied: Proxied,
    /// A command of them was accepted.
    accepted: bool,
}

impl Client {
    /// RFC 5321 section 3.2, RFC 2033 section 4.1.
    pub(super) fn introduce(&mut self, outcome: &mut Outcome) {
        let verb = if self.setting.lmtp {
            Command::Lhlo
        } else {
            Command::Ehlo
        };
        self.send(verb, outcome);
    }

    /// RFC 3207 section 4.
    pub(super) fn secure(&mut self, outcome: &mut Outcome) {
        let offered = self.offered && self.setting.starttls && !self.tls;
        match self.setting.tls {
            Tls::IfOffered | Tls::Required if offered => self.send(Command::StartTls, outcome),
            Tls::Required if !self.tls => self.send(Command::Quit, outcome),
            _ => self.log_in(outcome),
        }
    }

    /// RFC 4954 section 4.
    pub(super) fn log_in(&mut self, outcome: &mut Outcome) {
        match (self.setting.login && !self.client_login, self.offered) {
            (true, true) => self.send(Command::Auth, outcome),
            (true, false) => self.send(Command::Quit, outcome),
            (false, _) => outcome.reports.push(Report::Ready),
        }
    }

    /// Postfix XCLIENT_README: several commands if the line is too short; never inside a transaction.
    pub(super) fn pass(&mut self, proxied: Proxied, outcome: &mut Outcome) {
        if self.closed || !self.offered || !self.setting.xclient {
            let why = if self.closed {
                RequestError::Over
            } else {
                RequestError::NoXclient
            };
            outcome.reports.push(Report::Rejected(why));
            return;
        }
        self.passing = Some(Passing {
            proxied,
            accepted: false,
        });
        if self.spoilt {
            self.send(Command::Rset, outcome);
        } else {
            self.send(Command::Xclient(proxied, 0), outcome);
        }
    }

    /// The RSET before XCLIENT is answered.
    pub(super) fn reset_to_pass(&mut self, positive: bool, outcome: &mut Outcome) {
        match self.passing {
            Some(passing) if positive => self.send(Command::Xclient(passing.proxied, 0), outcome),
            _ => self.passing = None,
        }
    }

    /// Postfix XCLIENT_README: the reply is a greeting, and only TLS remains of the session. So 554 refuses the session.
    /// Choice: after another refusal the client sends EHLO again only if an earlier command was accepted.
    pub(super) fn passed(&mut self, part: usize, reply: Reply, outcome: &mut Outcome) {
        let positive = matches!(reply, Reply::Positive | Reply::Lines);
        let Some(passing) = &mut self.passing else {
            return;
        };
        passing.accepted |= positive;
        let Passing { proxied, accepted } = *passing;
        if positive && part + 1 < proxied.commands() {
            return self.send(Command::Xclient(proxied, part + 1), outcome);
        }
        self.passing = None;
        if reply == Reply::NoService {
            self.send(Command::Quit, outcome);
        } else if accepted {
            // Choice: the login of the proxy is void. The client repeats the login unless its customer has one.
            self.client_login = positive && proxied == Proxied::Login;
            self.offered = false;
            self.introduce(outcome);
        }
    }
}
