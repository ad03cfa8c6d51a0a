//! The server machine against its model.

use std::collections::{BTreeSet, HashSet, VecDeque};

use proptest::{collection::vec, prelude::*, sample::select};
use smtp_proto::State;
use smtp_tests::{
    Chop,
    model::{
        Answer, Say, Unit,
        server::{Outcome, Question, Rules, Server, Stage},
    },
};

use crate::served::{Answers, Served, Sight, config, endless_config};

/// A public server that offers everything, the same without TLS and AUTH, and for LMTP; a submission server; a server that
/// offers nothing; and two servers with limits of 0 and 1.
const RULES: [(&str, Rules, Past); 7] = {
    let all = Rules {
        lmtp: false,
        chunking: true,
        etrn: true,
        xclient: true,
        prdr: true,
        starttls: true,
        auth: true,
        tls_required: false,
        auth_required: false,
        recipients: 2,
        size: 30,
    };
    let lmtp = Rules { lmtp: true, ..all };
    let submission = Rules {
        tls_required: true,
        auth_required: true,
        ..all
    };
    let plaintext = Rules {
        starttls: false,
        auth: false,
        ..all
    };
    let plain = Rules {
        chunking: false,
        etrn: false,
        xclient: false,
        prdr: false,
        ..plaintext
    };
    let least = Rules {
        recipients: 1,
        size: 0,
        ..plaintext
    };
    let none = Rules {
        recipients: 0,
        size: 1,
        ..plaintext
    };
    [
        ("all", all, Past::Stations),
        ("plaintext", plaintext, Past::Verb),
        ("lmtp", lmtp, Past::Nothing),
        ("submission", submission, Past::Stations),
        ("plain", plain, Past::Stations),
        ("one recipient, no content", least, Past::Stations),
        ("no recipients", none, Past::Stations),
    ]
};

/// At least so many sequences, states and sayings in the longest sequence there are by these rules.
const LEAST: [(usize, usize, usize); 7] = [
    (65_000, 383, 17),
    (35_500, 97, 8),
    (20_000, 383, 10),
    (13_500, 104, 16),
    (4_000, 70, 9),
    (4_700, 17, 13),
    (490, 7, 4),
];

/// The states of the table.
const STATES: [&str; 10] = [
    "Connected",
    "Greeted",
    "Ready",
    "Mail",
    "Recipients",
    "Data",
    "Chunks",
    "Broken",
    "Refused",
    "Closed",
];

/// States in which no command is read.
const UNREAD: [(&str, &str); 3] = [
    (
        "Connected",
        "what is said before the greeting is answered behind it, in the state that it led to",
    ),
    ("Data", "what comes is text, up to the line of one dot"),
    ("Closed", "the session is over"),
];

/// The commands; the last is not a command.
const VERBS: [&str; 20] = [
    "EHLO", "HELO", "LHLO", "MAIL", "SEND", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "VRFY", "EXPN", "HELP",
    "ETRN", "XCLIENT", "XFORWARD", "QUIT", "STARTTLS", "AUTH", "other",
];

/// A state of the table, and a verb that was read as a command in it.
type Pair = (String, &'static str);

/// The inputs in a state of the model: each unit, with each answer to its questions.
fn sayings(model: &Server) -> Vec<Say> {
    let yes = Say {
        unit: Unit::Connect,
        answer: Answer::Accept,
        verdict: Answer::Accept,
    };
    let mut all = Vec::new();
    let connect = (model.stage() == Stage::New).then_some(Unit::Connect);
    for unit in connect.into_iter().chain(Unit::ALL.iter().copied()) {
        let plain = Say { unit, ..yes };
        all.push(plain);
        let asks = model.clone().hear(plain).asks;
        let verdict = |(question, _): &(Question, Answer)| *question == Question::Verdict;
        for other in [Answer::Refuse, Answer::Close] {
            if asks
                .iter()
                .any(|ask| !verdict(ask) && (ask.0 != Question::Tls || other == Answer::Refuse))
            {
                all.push(Say {
                    answer: other,
                    ..plain
                });
            }
            if asks.iter().any(verdict) {
                all.push(Say {
                    verdict: other,
                    ..plain
                });
            }
        }
    }
    all
}

/// Returns the next input: any input, a faultless input, or a faultless input that changes something.
fn choose(model: &Server, how: u8, pick: usize) -> Say {
    let all = sayings(model);
    let fitting: Vec<Say> = all
        .iter()
        .copied()
        .filter(|say| {
            let mut after = model.clone();
            let outcome = after.hear(*say);
            (how == 1 || after != *model)
                && !outcome.closed
                && outcome
                    .replies
                    .iter()
                    .all(|codes| codes.iter().all(|code| *code < 400))
        })
        .collect();
    let choice = if how > 0 && !fitting.is_empty() {
        fitting
    } else {
        all
    };
    choice[pick % choice.len()]
}

/// Inputs in one piece.
#[derive(Default)]
struct Group {
    says: Vec<Say>,
    octets: String,
    outcome: Outcome,
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Commands arrive one at a time or in groups, in pieces of any size, with late answers to RCPT: the replies are the
    /// same. STARTTLS ends its group and arrives whole, because no input may follow (RFC 3207 section 4.2).
    #[test]
    fn replies_in_long_sessions_agree_with_the_model(
        (_, rules, _) in select(RULES.to_vec()),
        steps in vec((0..3_u8, any::<usize>(), any::<bool>()), 200),
        sizes in vec(1_usize..30, 1..6),
        late in any::<bool>(),
        window in select(vec![None, Some(0), Some(1), Some(2), Some(usize::MAX)]),
    ) {
        let config = window.map_or_else(|| config(rules), |window| endless_config(rules, window));
        let when = if late { Answers::Late } else { Answers::Now };
        let (mut machine, mut model) = (Served::new(&config, when), Server::new(rules));
        let mut group = Group::default();
        let count = steps.len();
        for (step, (how, pick, more)) in steps.into_iter().enumerate() {
            if model.stage() == Stage::Closed {
                (machine, model) = (Served::new(&config, when), Server::new(rules));
            }
            let mut say = choose(&model, how, pick);
            if late && say.unit == Unit::Rcpt && say.answer == Answer::Close {
                // Other open questions would lose their answers.
                say.answer = Answer::Refuse;
            }
            if say.unit == Unit::Lost && !group.says.is_empty() {
                // The loss of input together with the stream is not deterministic.
                say.unit = Unit::End;
            }
            let alone = model.stage() == Stage::New;
            let outcome = model.hear(say);
            group.says.push(say);
            group.octets += &say.unit.octets();
            group.outcome.replies.extend(outcome.replies);
            group.outcome.asks.extend(outcome.asks);
            group.outcome.stored.extend(outcome.stored);
            group.outcome.resets.extend(outcome.resets);
            group.outcome.closed |= outcome.closed;
            let whole = matches!(say.unit, Unit::StartTls | Unit::StartTlsAndMore);
            let last = alone || whole || step + 1 == count || model.stage() == Stage::Closed;
            if more && !last {
                continue;
            }
            let Group { says, octets, outcome } = std::mem::take(&mut group);
            let chop = if whole { Chop::Whole } else { Chop::Sizes(sizes.clone()) };
            if say.unit == Unit::Lost {
                machine.lose();
            }
            let sight = machine.give(chop.cut(0, octets.as_bytes()), say.unit == Unit::End, &outcome.asks);
            prop_assert_eq!(sight.and_then(|sight| sight.judge(&outcome)), Ok(()), "{:?} {:?}", rules, says);
        }
    }
}

/// Passes one input to the machine, and compares the result with the model.
fn hear(machine: &mut Served, say: Say, outcome: &Outcome) -> Result<Sight, String> {
    if say.unit == Unit::Lost {
        machine.lose();
    }
    machine.give(
        [say.unit.octets().into_bytes()],
        say.unit == Unit::End,
        &outcome.asks,
    )
}

/// The extent of the search.
#[derive(Default)]
struct Explored {
    sequences: usize,
    states: HashSet<Server>,
    depth: usize,
    pairs: BTreeSet<Pair>,
}

/// The difference between paths to the same state of the model: the machine may remember more than the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Past {
    Nothing,
    /// The verb of the last command.
    Verb,
    /// The states that were gone through, and whether there was a login.
    Stations,
}

/// A path through the model.
struct Path {
    says: Vec<(Say, Outcome)>,
    led_to: Server,
    /// The difference from other paths to the state.
    trail: BTreeSet<&'static str>,
}

impl Path {
    /// Returns this trail with one more step.
    fn then(&self, say: Say, outcome: Outcome, led_to: Server, past: Past) -> Self {
        let mut says = self.says.clone();
        says.push((say, outcome));
        let mut trail = self.trail.clone();
        match past {
            Past::Nothing => {}
            Past::Verb => trail = say.unit.verb().into_iter().collect(),
            Past::Stations => {
                trail.insert(led_to.state());
                trail.extend(led_to.is_logged_in().then_some("login"));
            }
        }
        Self { says, led_to, trail }
    }
}

/// Runs every sequence of inputs. Of the sequences with the same state and trail, only the shortest continues. So the search
/// ends, and each state receives every input.
fn explore(rules: Rules, past: Past) -> Explored {
    let config = config(rules);
    let mut explored = Explored::default();
    let mut queue: VecDeque<Path> = [Path {
        says: Vec::new(),
        led_to: Server::new(rules),
        trail: BTreeSet::new(),
    }]
    .into();
    let mut seen = HashSet::new();
    while let Some(path) = queue.pop_front() {
        for say in sayings(&path.led_to) {
            let mut machine = Served::new(&config, Answers::Now);
            for (say, outcome) in &path.says {
                hear(&mut machine, *say, outcome).expect("it went well before");
            }
            let state = machine.state();
            let mut model = path.led_to.clone();
            let outcome = model.hear(say);
            let sight = hear(&mut machine, say, &outcome)
                .and_then(|sight| sight.judge(&outcome).map(|()| sight))
                .and_then(|sight| match format!("{:?}", machine.state()) {
                    led_to if led_to == model.state() => Ok(sight),
                    led_to => Err(format!("leads to {led_to} in place of {}", model.state())),
                })
                .unwrap_or_else(|fault| {
                    let path: Vec<Say> = path.says.iter().map(|(say, _)| *say).collect();
                    panic!("{path:?}, then {say:?} in {state:?}: {fault}")
                });
            explored.sequences += 1;
            let stage = path.led_to.stage();
            explored.pairs.extend(pair(state, stage, say.unit, &sight));
            let next = path.then(say, outcome, model, past);
            let model = &next.led_to;
            let new = explored
                .states
                .insert(model.key(|length| length.min(rules.size + 1)));
            let roughly = model.key(|length| usize::from(length > 0) + usize::from(length > rules.size));
            if seen.insert((roughly, next.trail.clone())) && model.stage() != Stage::Closed || new {
                explored.depth = explored.depth.max(next.says.len());
                queue.push_back(next);
            }
        }
    }
    explored
}

/// The commands that were read, and the state: only they are answered.
fn pair(state: State, stage: Stage, unit: Unit, sight: &Sight) -> Option<Pair> {
    let verb = unit.verb()?;
    // The response of an exchange is no command, nor is the line that ends a message.
    let ends = stage == Stage::Text && unit == Unit::Dot;
    if stage == Stage::Exchange || ends {
        return None;
    }
    // The reply to input before the greeting follows the greeting, in the state after it.
    let greeted = state == State::Connected && sight.begins_with_greeting();
    let answered = sight.replies.len() > usize::from(greeted) || sight.asked > 0;
    let state = if greeted { State::Refused } else { state };
    answered.then(|| (format!("{state:?}"), verb))
}

#[test]
fn replies_to_every_sequence_of_inputs_agree_with_the_model() {
    let (mut pairs, mut counts) = (BTreeSet::new(), Vec::new());
    std::thread::scope(|scope| {
        let runs = RULES.map(|(name, rules, past)| (name, scope.spawn(move || explore(rules, past))));
        for (name, run) in runs {
            let explored = run.join().expect("the report is above");
            println!(
                "{name}: {} sequences, {} states, the longest of {} sayings",
                explored.sequences,
                explored.states.len(),
                explored.depth
            );
            counts.push((explored.sequences, explored.states.len(), explored.depth));
            pairs.extend(explored.pairs);
        }
    });
    for (count, least) in counts.into_iter().zip(LEAST) {
        let enough = count.0 >= least.0 && count.1 >= least.1 && count.2 >= least.2;
        assert!(enough, "{count:?} was gone through, and {least:?} is less");
    }
    let missing = print_table(&pairs);
    let unread: BTreeSet<&str> = missing.iter().map(|(state, _)| *state).collect();
    let due: BTreeSet<&str> = UNREAD.iter().map(|(state, _)| *state).collect();
    assert_eq!(unread, due, "states with a command that was not read there");
    for (state, reason) in UNREAD {
        let verbs = missing.iter().filter(|(other, _)| *other == state).count();
        assert_eq!(verbs, VERBS.len(), "{state} read a command, though {reason}");
    }
}

/// Prints in which states which commands were read, and returns those pairs that were not met.
fn print_table(pairs: &BTreeSet<Pair>) -> Vec<(&'static str, &'static str)> {
    let mut missing = Vec::new();
    println!("{:12}{}", "", VERBS.map(|verb| format!("{verb:9}")).concat());
    for state in STATES {
        let mut row = format!("{state:12}");
        for verb in VERBS {
            let read = pairs.contains(&(state.to_owned(), verb));
            row += if read { "read     " } else { "-        " };
            if !read {
                missing.push((state, verb));
            }
        }
        println!("{row}");
    }
    missing
}
