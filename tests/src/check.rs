//! Running a story in all ways, and comparing the results.

use std::{fmt::Write as _, time::Duration};

use crate::{
    application::{Answers, Application},
    chop::Chop,
    octets::{escape, unescape},
    pair::Pair,
    seat::{Driver, Seat, Stuck, Writes},
    sender::Sender,
    story::{Action, Role, Story},
};

/// Kinds of events that a story must always list. A story that lists one event of another kind must list all of that kind.
const ALWAYS_TOLD: [&str; 9] = [
    "authenticated",
    "body",
    "reset",
    "closed",
    "stale",
    "finished",
    "not-sent",
    "unsendable",
    "stopped",
];

/// Maximum input of a story that is split at each octet. Longer input is split at the octets of its first and last parts (an
/// eighth of this each), and at each 1009th octet.
const ALL_SPLITS: usize = 4000;

/// Runs the story against its machines: with the input whole, split at each place, and octet by octet, and with each way to
/// answer and to write.
///
/// # Errors
///
/// The first difference between the session and the story.
pub fn check(story: &Story) -> Result<(), String> {
    if story.machines.server {
        let answers = match story.settings.answers {
            Some(answers) => vec![answers],
            None => vec![Answers::Now, Answers::Late, Answers::Reversed],
        };
        for chop in chops(story, Role::Client) {
            let thorough = matches!(chop, Chop::Whole | Chop::Octets);
            for answers in &answers[..if thorough { answers.len() } else { 1 }] {
                for writes in [Writes::First, Writes::Last, Writes::Octets] {
                    if writes != Writes::First && !thorough {
                        continue;
                    }
                    let way = format!("server machine, {chop:?}, answers {answers:?}, writes {writes:?}");
                    let seat = Application::new(&story.settings, *answers);
                    alone(story, Role::Server, &chop, writes, seat, |driver, action| {
                        if let Action::Shutdown(how) = action {
                            driver.seat.server.shutdown(*how);
                        }
                    })
                    .map_err(|fault| report(story, &way, &fault))?;
                }
            }
        }
    }
    if story.machines.client {
        for chop in chops(story, Role::Server) {
            let writes = if matches!(chop, Chop::Octets) {
                Writes::Octets
            } else {
                Writes::First
            };
            let way = format!("client machine, {chop:?}");
            let seat = Sender::new(&story.settings);
            alone(story, Role::Client, &chop, writes, seat, |driver, action| {
                if let Action::Client(action) = action {
                    driver.seat.plan(action);
                }
            })
            .map_err(|fault| report(story, &way, &fault))?;
        }
    }
    if story.machines.pair {
        if story.settings.told {
            told_pair(story).map_err(|fault| report(story, "pair, as told", &fault))?;
            return Ok(());
        }
        for answers in [Answers::Now, Answers::Late, Answers::Reversed] {
            for (way, most) in [("whole", usize::MAX), ("octets", 1)] {
                pair(story, answers, most)
                    .map_err(|fault| report(story, &format!("pair, {way}, answers {answers:?}"), &fault))?;
            }
        }
    }
    Ok(())
}

/// Compares the events of the application of one side with those of the story.
///
/// # Errors
///
/// Describes the difference.
pub fn check_sights(story: &Story, role: Role, log: &[String]) -> Result<(), String> {
    compare_sights(story, role, log).map_err(|fault| report(story, "sights", &fault))
}

/// Returns true if a story must contain this event.
#[must_use]
pub fn is_always_told(sight: &str) -> bool {
    ALWAYS_TOLD.contains(&sight.split(' ').next().unwrap_or_default())
}

/// Returns the report of a difference.
struct Fault {
    line: usize,
    what: String,
}

fn fault(line: usize, what: impl Into<String>) -> Fault {
    Fault {
        line,
        what: what.into(),
    }
}

fn report(story: &Story, way: &str, fault: &Fault) -> String {
    format!("{}:{}: {way}\n{}", story.path.display(), fault.line, fault.what)
}

fn chops(story: &Story, by: Role) -> Vec<Chop> {
    if story.settings.whole {
        return vec![Chop::Whole];
    }
    let input = story.said_by(by);
    let mut chops = vec![
        Chop::Whole,
        Chop::Octets,
        Chop::Sizes(vec![2]),
        Chop::Sizes(vec![3, 1, 7]),
    ];
    for at in 1..input.len() {
        let at_the_edge = at.min(input.len() - at) < ALL_SPLITS / 8;
        if input.len() <= ALL_SPLITS || at_the_edge || at % 1009 == 0 {
            chops.push(Chop::At(at));
        }
    }
    chops
}

/// Runs the story with one machine; the lines of the other side are its input.
fn alone<S: Seat>(
    story: &Story,
    role: Role,
    chop: &Chop,
    writes: Writes,
    seat: S,
    mut act: impl FnMut(&mut Driver<S>, &Action),
) -> Result<(), Fault> {
    let mut driver = Driver::new(seat, writes);
    let mut before = 0;
    let stuck = |line| move |Stuck| fault(line, "the machine goes on and on");
    let mut actions = story.actions.iter().peekable();
    while let Some((line, action)) = actions.next() {
        let line = *line;
        match action {
            Action::Say(by, octets) if *by == role => {
                driver.drive().map_err(stuck(line))?;
                let mut expected = octets.clone();
                while let Some((_, Action::Say(_, more))) =
                    actions.next_if(|(_, action)| matches!(action, Action::Say(by, _) if *by == role))
                {
                    expected.extend_from_slice(more);
                }
                let said = std::mem::take(&mut driver.said);
                if said != expected {
                    return Err(fault(line, difference(&expected, &said)));
                }
                continue;
            }
            Action::Say(_, octets) => {
                let mut flight = octets.clone();
                while let Some((_, Action::Say(_, more))) =
                    actions.next_if(|(_, action)| matches!(action, Action::Say(by, _) if *by != role))
                {
                    flight.extend_from_slice(more);
                }
                let mut pieces = chop.cut(before, &flight);
                if before == 0
                    && driver.said.is_empty()
                    && matches!(story.actions.first(), Some((_, Action::Say(by, _))) if *by != role)
                {
                    driver.prime(&pieces.remove(0));
                }
                before += flight.len();
                driver.receive(pieces);
                if let Some((_, Action::EndOfInput(by))) = actions.peek()
                    && *by != role
                {
                    driver.receive_end();
                    actions.next();
                }
            }
            Action::EndOfInput(by) if *by != role => driver.receive_end(),
            Action::EndOfInput(_) => {}
            Action::Lost(_) => driver.seat.connection_lost(),
            Action::Arrive(..) | Action::Answer(..) | Action::Fail(_) => {
                return Err(fault(
                    line,
                    "only a pair can do this, and the link has to be told",
                ));
            }
            Action::Handshake(done) => {
                if !driver.seat.awaits_tls() {
                    return Err(fault(line, "no handshake is waited for"));
                }
                driver.seat.shake_hands(*done);
            }
            Action::Time(span) => driver.pass(*span).map_err(stuck(line))?,
            other => {
                // Skip the actions of the other side's application.
                if matches!(other, Action::Client(_)) != (role == Role::Client) {
                    continue;
                }
                act(&mut driver, other);
            }
        }
        driver.drive().map_err(stuck(line))?;
        let told = matches!(actions.peek(), Some((_, Action::Say(by, _))) if *by == role);
        // Several actions of an application may precede the output that follows from them.
        let more = matches!(actions.peek(), Some((_, Action::Client(_) | Action::Shutdown(_))));
        if !told && !more && !driver.said.is_empty() {
            return Err(fault(line, difference(b"", &driver.said)));
        }
    }
    driver.drive().map_err(stuck(0))?;
    if !driver.said.is_empty() {
        return Err(fault(0, difference(b"", &driver.said)));
    }
    compare_sights(story, role, driver.seat.log())
}

/// Runs the story with both machines, and compares the whole output of each. The link passes at most this number of octets at
/// once.
fn pair(story: &Story, answers: Answers, most: usize) -> Result<(), Fault> {
    let mut pair = Pair::new(&story.settings, answers);
    for (line, action) in &story.actions {
        match action {
            Action::Client(action) => pair.client.seat.plan(action),
            Action::Say(..) | Action::Handshake(true) => {}
            other => return Err(fault(*line, format!("a pair cannot {other:?}"))),
        }
    }
    pair.talk(most)
        .map_err(|Stuck| fault(0, "the machines go on and on"))?;
    for (role, said) in [
        (Role::Client, &pair.client.said),
        (Role::Server, &pair.server.said),
    ] {
        let expected = story.said_by(role);
        if expected != *said {
            return Err(fault(0, format!("{role:?}\n{}", difference(&expected, said))));
        }
    }
    if pair.client.seat.has_plans() {
        return Err(fault(0, "the client did not get to do all it was to do"));
    }
    compare_pair(story, &pair)
}

/// Runs the story with both machines, step by step; nothing happens beyond the steps of the story.
fn told_pair(story: &Story) -> Result<(), Fault> {
    let mut pair = Pair::new(&story.settings, Answers::Told);
    // Poll both machines once before the first step.
    let begin = (0, Action::Time(Duration::ZERO));
    for (line, action) in [&begin].into_iter().chain(&story.actions) {
        pair.happen(action).map_err(|why| fault(*line, why))?;
    }
    for rest in [pair.client.offers(), pair.server.offers()] {
        if !rest.is_empty() {
            return Err(fault(0, difference(b"", rest)));
        }
    }
    compare_pair(story, &pair)
}

fn compare_pair(story: &Story, pair: &Pair) -> Result<(), Fault> {
    compare_sights(story, Role::Server, pair.server.seat.log())?;
    compare_sights(story, Role::Client, pair.client.seat.log())
}

fn compare_sights(story: &Story, role: Role, log: &[String]) -> Result<(), Fault> {
    let kind = |sight: &str| sight.split(' ').next().unwrap_or_default().to_owned();
    let told: Vec<(usize, String)> = story
        .sights
        .iter()
        .filter(|(_, of, _)| *of == role)
        .map(|(line, _, sight)| {
            // A story may escape any octet; the log has a canonical form.
            let sight = escape(&unescape(sight).unwrap_or_else(|fault| fault.into_bytes()));
            // An empty body has no space after the word.
            let sight = if sight == "body" {
                "body ".to_owned()
            } else {
                sight
            };
            (*line, sight)
        })
        .collect();
    // `no connect` means that no event of this kind occurs.
    let (none, told): (Vec<_>, Vec<_>) = told.into_iter().partition(|(_, sight)| sight.starts_with("no "));
    let none = none.iter().map(|(_, sight)| sight["no ".len()..].to_owned());
    let kinds: Vec<String> = told.iter().map(|(_, sight)| kind(sight)).chain(none).collect();
    let seen: Vec<&String> = log
        .iter()
        .filter(|sight| {
            let kind = kind(sight);
            ALWAYS_TOLD.contains(&kind.as_str()) || kinds.contains(&kind)
        })
        .collect();
    let same = told.len() == seen.len() && told.iter().zip(&seen).all(|((_, told), seen)| told == *seen);
    if same {
        return Ok(());
    }
    let line = told
        .iter()
        .zip(&seen)
        .find(|((_, told), seen)| told != **seen)
        .map_or(0, |((line, _), _)| *line);
    let mut text = format!("the {role:?}'s application was to see\n");
    for (_, told) in &told {
        let _ = writeln!(text, "    {told}");
    }
    text.push_str("but saw\n");
    for seen in seen {
        let _ = writeln!(text, "    {seen}");
    }
    Err(fault(line, text))
}

/// Returns both texts line by line, with the differing lines marked.
fn difference(expected: &[u8], said: &[u8]) -> String {
    let lines = |octets: &[u8]| -> Vec<String> {
        octets
            .split_inclusive(|octet| *octet == b'\n')
            .map(escape)
            .collect()
    };
    let (expected, said) = (lines(expected), lines(said));
    let mut text = String::new();
    for index in 0..expected.len().max(said.len()) {
        match (expected.get(index), said.get(index)) {
            (Some(one), Some(other)) if one == other => {
                let _ = writeln!(text, "      {one}");
            }
            (one, other) => {
                if let Some(one) = one {
                    let _ = writeln!(text, "    - {one}");
                }
                if let Some(other) = other {
                    let _ = writeln!(text, "    + {other}");
                }
            }
        }
    }
    text
}
