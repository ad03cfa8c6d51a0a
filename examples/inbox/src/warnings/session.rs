//! Warnings about the lines of a session.

use std::{collections::HashSet, net::IpAddr};

use smtp_driver::Side;
use smtp_proto::State;

use super::{
    Level::{Hint, Refused, Warning as Bad},
    Warning,
};
use crate::{
    follow::{Asked, reply_code},
    rfc::rfc,
    session::{Line, Session},
};

/// Longest command line without CRLF that every server takes (RFC 5321 section 4.5.3.1.4).
const MAX_COMMAND: usize = 510;

/// The warnings about a session.
pub(crate) fn of_session(session: &Session) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let lines: Vec<&Line> = session.lines().collect();
    for line in lines.iter().filter(|line| line.side == Side::Client) {
        greeting(&mut warnings, line);
        command(&mut warnings, line);
    }
    order(&mut warnings, &lines);
    security(&mut warnings, &lines);
    end(&mut warnings, session);
    warnings.sort_by_key(|warning| (warning.level, warning.line));
    // The same fault in each RCPT is one.
    let mut titles = HashSet::new();
    warnings.retain(|warning| titles.insert(warning.title.clone()));
    warnings
}

fn argument(line: &Line) -> &str {
    line.text
        .split_once(' ')
        .map_or("", |(_, argument)| argument)
        .trim()
}

fn greeting(warnings: &mut Vec<Warning>, line: &Line) {
    match line.meaning.asked {
        Asked::Ehlo => {}
        Asked::Helo => {
            let detail = "HELO offers no extensions: no STARTTLS, no AUTH, no SIZE, no 8BITMIME. Send EHLO first, and HELO only if it is refused.";
            warnings
                .push(Warning::new(Bad, "HELO instead of EHLO", detail, rfc(5321, "3.2")).at(line.number));
        }
        _ => return,
    }
    let name = argument(line);
    let section = rfc(5321, "4.1.4");
    let literal = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_host = |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '.';
    let warning = if let Some(literal) = literal {
        let address = literal.strip_prefix("IPv6:").unwrap_or(literal);
        if address
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_ipv4() || literal.starts_with("IPv6:"))
        {
            let detail = "Allowed for a host without a name. Servers for incoming mail often refuse it; submission servers do not.";
            Warning::new(
                Hint,
                format!("{name} is an address literal"),
                detail,
                rfc(5321, "4.1.3"),
            )
        } else {
            let detail = "A literal is [192.0.2.1] or [IPv6:2001:db8::1].";
            Warning::new(
                Refused,
                format!("{name} is a malformed address literal"),
                detail,
                rfc(5321, "4.1.3"),
            )
        }
    } else if name.parse::<IpAddr>().is_ok() {
        let detail = "An address stands in brackets: [192.0.2.1]. Better is the name of the host.";
        Warning::new(
            Refused,
            format!("{name} is an address without brackets"),
            detail,
            rfc(5321, "4.1.3"),
        )
    } else if !name.chars().all(is_host) || name.ends_with('.') || name.is_empty() {
        let detail = "The name after EHLO is a domain: letters, digits and hyphens between dots. Postfix refuses others if it is told to.";
        Warning::new(Refused, format!("{name:?} is no domain"), detail, section)
    } else if !name.contains('.') {
        let detail = "The name after EHLO should be fully qualified, such as app.example.org. Servers for incoming mail often refuse others.";
        Warning::new(Refused, format!("{name} is not fully qualified"), detail, section)
    } else {
        return;
    };
    warnings.push(warning.at(line.number));
}

fn command(warnings: &mut Vec<Warning>, line: &Line) {
    let (verb, prefix) = match line.meaning.asked {
        Asked::Mail => ("MAIL", "FROM:"),
        Asked::Rcpt => ("RCPT", "TO:"),
        Asked::Unknown => {
            let detail = "The server knows no such command, and does not show it, because it may be a secret at the wrong place.";
            return warnings
                .push(Warning::new(Bad, "an unknown command", detail, rfc(5321, "4.2.4")).at(line.number));
        }
        Asked::Content | Asked::AuthResponse => return,
        _ => ("", ""),
    };
    if line.text.len() > MAX_COMMAND {
        let detail =
            "A command line has at most 512 octets with CRLF, and more only for parameters of an extension.";
        let title = format!("a command line of {} octets", line.text.len());
        warnings.push(Warning::new(Bad, title, detail, rfc(5321, "4.5.3.1.4")).at(line.number));
    }
    if verb.is_empty() {
        return;
    }
    let argument = argument(line);
    let Some(path) = argument.get(prefix.len()..) else {
        return;
    };
    if path.starts_with(' ') {
        let title = format!("a space after {verb} {prefix}");
        let detail = "The grammar has no space there. Most servers accept it, strict ones reply 501.";
        warnings.push(Warning::new(Refused, title, detail, rfc(5321, "3.3")).at(line.number));
    }
    let path = path.trim();
    if !path.starts_with('<') {
        let title = format!("an address without angle brackets in {verb}");
        let detail = "Write <ann@example.org>. Most servers reply 501 to an address without brackets.";
        warnings.push(Warning::new(Refused, title, detail, rfc(5321, "4.1.2")).at(line.number));
    }
    if path.contains(".>") {
        let detail = "A domain in a path has no dot at its end.";
        warnings.push(
            Warning::new(Refused, "a dot after the domain", detail, rfc(5321, "4.1.2")).at(line.number),
        );
    }
}

/// Commands that came too early or too late.
fn order(warnings: &mut Vec<Warning>, lines: &[&Line]) {
    let mut offers_pipelining = false;
    // The last command, and its line: it has no reply yet.
    let mut open: Option<(Asked, u64)> = None;
    let mut is_greeted = false;
    let mut waited = None;
    let (mut too_early, mut after_barrier) = (None, None);
    for line in lines {
        let asked = line.meaning.asked;
        match line.side {
            Side::Server => {
                is_greeted = true;
                let text = line.text.get(4..).unwrap_or_default();
                offers_pipelining |= asked == Asked::Ehlo && text.trim() == "PIPELINING";
                if line.text.as_bytes().get(3) != Some(&b'-') && open.is_some_and(|(open, _)| open == asked) {
                    open = None;
                }
            }
            Side::Client if !is_greeted => {
                let detail = "A client waits for the greeting. Servers use this to detect junk mailers, and refuse them with 554.";
                let warning =
                    Warning::new(Refused, "a command before the greeting", detail, rfc(5321, "3.1"));
                warnings.push(warning.at(line.number));
                is_greeted = true;
            }
            Side::Client if asked != Asked::Content => {
                match open {
                    Some((
                        Asked::Ehlo
                        | Asked::Helo
                        | Asked::StartTls
                        | Asked::Auth
                        | Asked::Vrfy
                        | Asked::Expn
                        | Asked::Noop,
                        _,
                    )) => {
                        after_barrier = after_barrier.or(Some(line.number));
                    }
                    Some(_) if !offers_pipelining => too_early = too_early.or(Some(line.number)),
                    None if matches!(asked, Asked::Rcpt | Asked::Data) => {
                        waited = waited.or(Some(line.number));
                    }
                    _ => {}
                }
                open = Some((asked, line.number));
            }
            _ => {}
        }
    }
    if let Some(line) = too_early {
        let detail = "A command came before the reply to the one before it, and PIPELINING was not offered. Servers refuse that as a sign of a junk mailer.";
        warnings
            .push(Warning::new(Refused, "pipelining without the offer", detail, rfc(2920, "3.1")).at(line));
    }
    if let Some(line) = after_barrier {
        let detail =
            "EHLO, STARTTLS, AUTH, VRFY, EXPN and NOOP end a group of commands: wait for their reply.";
        warnings
            .push(Warning::new(Refused, "a command that did not wait", detail, rfc(2920, "3.1")).at(line));
    }
    if let Some(line) = waited.filter(|_| offers_pipelining) {
        let detail = "The server offers PIPELINING: MAIL, RCPT and DATA can go in one write, which saves two round trips a message.";
        warnings
            .push(Warning::new(Hint, "each command waited for a reply", detail, rfc(2920, "3.1")).at(line));
    }
}

fn security(warnings: &mut Vec<Warning>, lines: &[&Line]) {
    let (mut is_tls, mut is_offered) = (false, false);
    let (mut mail, mut login) = (None, None);
    for line in lines {
        let text = line.text.get(4..).unwrap_or_default();
        match line.side {
            Side::Driver => is_tls |= line.text.starts_with("TLS ") && !line.text.contains("failed"),
            Side::Server => is_offered |= line.meaning.asked == Asked::Ehlo && text.trim() == "STARTTLS",
            Side::Client if is_tls => {}
            Side::Client if line.meaning.asked == Asked::Auth => login = login.or(Some(line.number)),
            Side::Client if line.meaning.asked == Asked::Mail => mail = mail.or(Some(line.number)),
            Side::Client => {}
        }
    }
    if let Some(line) = login {
        let detail = "Everybody on the way can read the password. Real servers offer AUTH only under TLS, and reply 538 or 504.";
        warnings.push(Warning::new(Refused, "a login without TLS", detail, rfc(4954, "4")).at(line));
    }
    if let (Some(line), true) = (mail, is_offered) {
        let detail = "The server offers STARTTLS. Submission servers refuse mail in plaintext with 530.";
        warnings.push(Warning::new(Refused, "mail without TLS", detail, rfc(8314, "3")).at(line));
    } else if let Some(line) = mail {
        let detail = "This inbox offers no TLS. Start it with --self-signed to see your program use it.";
        warnings.push(Warning::new(Hint, "mail without TLS", detail, rfc(3207, "")).at(line));
    }
}

fn end(warnings: &mut Vec<Warning>, session: &Session) {
    let Some(why) = &session.closed else {
        return;
    };
    let last = session.lines().last().map_or(1, |line| line.number);
    let before_end = session.lines().rev().find(|line| line.side != Side::Driver);
    if let Some(cut) = session.cut_message {
        let title = format!("no end of data after {} octets", cut.octets);
        let detail = if cut.bare_end {
            "The data ends with a dot between bare line ends. Only CRLF . CRLF ends a message: the client waited for a reply, and the server for the end."
        } else {
            "The connection ended before CRLF . CRLF, so nothing was stored."
        };
        warnings.push(Warning::new(Refused, title, detail, rfc(5321, "4.1.1.4")).at(last));
    } else if before_end.is_some_and(|line| line.side == Side::Client && line.meaning.state != State::Data) {
        let detail = "The client closed the connection without waiting for the reply to its last command.";
        warnings
            .push(Warning::new(Bad, "a command without its reply", detail, rfc(5321, "4.1.1.10")).at(last));
    }
    let is_refused = before_end.is_some_and(|line| reply_code(&line.text) == 421);
    if why.contains("without QUIT") && !is_refused {
        let detail =
            "A client ends a session with QUIT and waits for 221. Servers log a lost connection otherwise.";
        warnings.push(Warning::new(Hint, "no QUIT", detail, rfc(5321, "4.1.1.10")).at(last));
    }
}
