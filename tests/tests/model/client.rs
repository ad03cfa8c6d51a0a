//! The client machine against its model.

use std::collections::{HashSet, VecDeque};

use proptest::{collection::vec, prelude::*, sample::select};
use smtp_tests::{
    Chop, Settings,
    model::client::{Chunks, Client, Command, Outcome, Proxied, Reply, Setting, Tls, Turn, Wish},
};

use crate::sending::{Sending, octets, settings, wire};

/// The last reply answers only XCLIENT, where it differs from other refusals.
const REPLIES: [Reply; 9] = [
    Reply::Positive,
    Reply::Lines,
    Reply::Intermediate,
    Reply::Transient,
    Reply::Permanent,
    Reply::Unavailable,
    Reply::Garbage,
    Reply::End,
    Reply::NoService,
];

const WISHES: [Wish; 8] = [
    Wish::Deliver(1),
    Wish::Deliver(2),
    Wish::Noop,
    Wish::Reset,
    Wish::Quit,
    Wish::Xclient(Proxied::Address),
    Wish::Xclient(Proxied::Names),
    Wish::Xclient(Proxied::Login),
];

/// A window that is larger than the number of commands.
const GROUP: usize = 100;

/// At least so many sequences, states and steps in the longest sequence there are.
const LEAST: (usize, usize, usize) = (720_000, 4_777, 17);

/// One step of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Reply(Reply),
    Wish(Wish),
}

/// SMTP and LMTP; pipelining or not; DATA and BDAT; a next message; and each way to TLS and to a login.
fn all_settings() -> Vec<Setting> {
    let mut all = Vec::new();
    let mail = |lmtp, window, chunks| Setting {
        lmtp,
        window,
        chunks,
        starttls: false,
        tls: Tls::Never,
        prdr: false,
        xclient: false,
        login: false,
    };
    for lmtp in [false, true] {
        for chunks in [Chunks::Never, Chunks::IfOffered] {
            all.extend([mail(lmtp, 1, chunks), mail(lmtp, GROUP, chunks)]);
        }
        all.push(mail(lmtp, if lmtp { 3 } else { 2 }, Chunks::Never));
        // The smallest window, a window that the chunks fill, and the largest window. In LMTP each chunk waits.
        let windows: &[usize] = if lmtp {
            &[1, usize::MAX]
        } else {
            &[1, 2, usize::MAX]
        };
        for window in windows {
            all.push(mail(lmtp, *window, Chunks::InParts));
        }
        for turn in [Turn::Own, Turn::Behind] {
            all.push(mail(lmtp, GROUP, Chunks::Binary(turn)));
        }
    }
    for chunks in [Chunks::Never, Chunks::IfOffered] {
        for window in [1, GROUP] {
            all.push(Setting {
                prdr: true,
                ..mail(false, window, chunks)
            });
        }
    }
    for (starttls, tls, login) in [
        (true, Tls::Never, true),
        (true, Tls::IfOffered, false),
        (true, Tls::IfOffered, true),
        (true, Tls::Required, true),
        (false, Tls::Required, false),
    ] {
        all.push(Setting {
            lmtp: false,
            window: GROUP,
            chunks: Chunks::Never,
            starttls,
            tls,
            prdr: false,
            xclient: false,
            login,
        });
    }
    // A failed transaction before XCLIENT, by DATA and by BDAT. The extensions and the login are void after XCLIENT.
    for (chunks, login) in [(Chunks::Never, false), (Chunks::IfOffered, true)] {
        all.push(Setting {
            xclient: true,
            login,
            ..mail(false, GROUP, chunks)
        });
    }
    all
}

/// Returns the replies that are possible now.
fn replies(model: &Client) -> &'static [Reply] {
    let all = REPLIES.len();
    match model.awaited() {
        Some(Command::Xclient(..)) => &REPLIES,
        _ => &REPLIES[..all - 1],
    }
}

/// The wishes of the application when the session is ready.
fn wishes(setting: Setting) -> &'static [Wish] {
    if setting.xclient { &WISHES } else { &WISHES[..5] }
}

/// Returns a reply, usually one that fits the command.
fn reply(fits: bool, pick: usize, model: &Client) -> Reply {
    match (model.awaited(), pick % 10) {
        (Some(Command::Data), 0..9) if fits => Reply::Intermediate,
        (_, 0..9) if fits => Reply::Positive,
        (_, 9) if fits => Reply::Transient,
        _ => replies(model)[pick % replies(model).len()],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Replies arrive one at a time or in groups, up to the number that is due, in pieces of any size.
    #[test]
    fn long_sessions_agree_with_the_model(
        setting in select(all_settings()),
        steps in vec((0..16_u8, any::<usize>(), any::<bool>()), 200),
        sizes in vec(1_usize..30, 1..6),
    ) {
        let settings = settings(setting);
        let chop = Chop::Sizes(sizes);
        let (mut machine, mut model) = (Sending::new(setting, &settings), Client::new(setting));
        let mut group = Group::default();
        for (odd, pick, more) in steps {
            if model.is_closed() {
                (machine, model) = (Sending::new(setting, &settings), Client::new(setting));
            }
            if odd == 8 && group.replies.is_empty() {
                let wish = Wish::Next(pick % 4);
                machine.wish(wish);
                prop_assert_eq!(machine.judge(&model.wish(wish)), Ok(()), "{:?} {:?}", setting, wish);
                group.due = 0;
                continue;
            }
            if model.awaited().is_none() && odd > 0 {
                let wishes = wishes(setting);
                let wish = match wishes[pick % wishes.len()] {
                    Wish::Quit if odd > 1 => Wish::Deliver(1),
                    wish => wish,
                };
                machine.wish(wish);
                prop_assert_eq!(machine.judge(&model.wish(wish)), Ok(()), "{:?} {:?}", setting, wish);
                continue;
            }
            let reply = reply(odd > 0, pick, &model);
            // If the session ends, the output that answers the earlier replies of the group is undefined.
            if !group.outcome.sends.is_empty() && ends(&model, reply) {
                prop_assert_eq!(group.say(&mut machine, &chop), Ok(()), "{:?}", setting);
            }
            if group.due == 0 {
                group.due = model.due();
            }
            group.octets.extend(octets(&model, setting, reply));
            group.replies.push(reply);
            let outcome = model.hear(reply);
            group.outcome.sends.extend(outcome.sends);
            group.outcome.reports.extend(outcome.reports);
            // A server cannot send more replies than the client sent commands.
            if more && group.replies.len() < group.due && reply != Reply::End && !model.is_closed() {
                continue;
            }
            prop_assert_eq!(group.say(&mut machine, &chop), Ok(()), "{:?}", setting);
        }
    }
}

fn ends(model: &Client, reply: Reply) -> bool {
    let mut model = model.clone();
    let _ = model.hear(reply);
    model.is_closed()
}

/// Replies in one group.
#[derive(Default)]
struct Group {
    octets: Vec<u8>,
    replies: Vec<Reply>,
    /// At most so many.
    due: usize,
    outcome: Outcome,
}

impl Group {
    /// Passes the replies to the machine, and compares the result with the model.
    fn say(&mut self, machine: &mut Sending, chop: &Chop) -> Result<(), String> {
        let group = std::mem::take(self);
        if !group.octets.is_empty() {
            machine.hear(chop.cut(0, &group.octets));
        }
        if group.replies.last() == Some(&Reply::End) {
            machine.hear(Vec::new());
        }
        let said = machine.judge(&group.outcome);
        said.map_err(|fault| format!("{:?}: {fault}", group.replies))
    }
}

fn expect(model: &mut Client, step: Step) -> Outcome {
    match step {
        Step::Wish(wish) => model.wish(wish),
        Step::Reply(reply) => model.hear(reply),
    }
}

fn take(machine: &mut Sending, setting: Setting, model: &mut Client, step: Step) -> Outcome {
    match step {
        Step::Wish(wish) => machine.wish(wish),
        Step::Reply(reply) => {
            let said = octets(model, setting, reply);
            machine.hear(if reply == Reply::End {
                Vec::new()
            } else {
                vec![said]
            });
        }
    }
    expect(model, step)
}

/// Repeats this path, but breaks the stream during the output of the last step: after each command, and one octet before its
/// end.
fn broken(settings: &Settings, setting: Setting, path: &[Step], step: Step) -> Result<usize, String> {
    let mut model = Client::new(setting);
    for step in path {
        let _ = expect(&mut model, *step);
    }
    let whole = expect(&mut model, step);
    let mut left = 0;
    let mut cuts = Vec::new();
    for (index, command) in whole.sends.iter().enumerate() {
        left += wire(setting, *command).len();
        cuts.push((left - 1, &whole.sends[index..]));
        cuts.push((left, &whole.sends[index + 1..]));
    }
    for (room, unsent) in &cuts {
        let (mut machine, mut before) = (Sending::new(setting, settings), Client::new(setting));
        for step in path {
            take(&mut machine, setting, &mut before, *step);
        }
        machine.forget();
        machine.leave_room(*room);
        let mut outcome = take(&mut machine, setting, &mut before, step);
        machine.lose();
        outcome.reports.extend(before.lose(unsent).reports);
        machine
            .judge_told(&outcome)
            .map_err(|fault| format!("lost behind {room} octets: {fault}"))?;
    }
    Ok(cuts.len())
}

/// Every sequence of steps, but that only the shortest of those which lead to the same state of the model by the same two
/// steps, to the same commands, is gone on with. Returns the numbers of sequences and of states, and the greatest length.
fn explore(setting: Setting) -> (usize, usize, usize) {
    let settings = settings(setting);
    let (mut sequences, mut depth) = (0, 0);
    let (mut states, mut seen) = (HashSet::new(), HashSet::new());
    let mut queue: VecDeque<Vec<Step>> = [Vec::new()].into();
    while let Some(path) = queue.pop_front() {
        let (mut before, mut came) = (Client::new(setting), None);
        for step in &path {
            came = Some((*step, before.awaited()));
            let _ = expect(&mut before, *step);
        }
        for step in steps(&before, setting) {
            let mut machine = Sending::new(setting, &settings);
            let mut model = Client::new(setting);
            for step in path.iter().chain([&step]) {
                let outcome = take(&mut machine, setting, &mut model, *step);
                machine
                    .judge(&outcome)
                    .unwrap_or_else(|fault| panic!("{setting:?}: {path:?}, then {step:?}: {fault}"));
            }
            sequences += 1;
            if model.is_closed() {
                let outcome = take(&mut machine, setting, &mut model, Step::Wish(Wish::Next(1)));
                machine.judge(&outcome).unwrap_or_else(|fault| {
                    panic!("{setting:?}: {path:?}, {step:?}, then a message: {fault}")
                });
            }
            states.insert(model.clone());
            if seen.insert((model, came, (step, before.awaited()))) {
                let losses = broken(&settings, setting, &path, step);
                sequences +=
                    losses.unwrap_or_else(|fault| panic!("{setting:?}: {path:?}, {step:?}, {fault}"));
                let mut path = path.clone();
                path.push(step);
                depth = depth.max(path.len());
                queue.push_back(path);
            }
        }
    }
    (sequences, states.len(), depth)
}

/// The possible next steps: a reply of the server, or a request of the application. A message after another it may
/// wish at any time.
fn steps(model: &Client, setting: Setting) -> Vec<Step> {
    let mut steps = Vec::new();
    if !model.is_closed() {
        steps.extend(replies(model).iter().copied().map(Step::Reply));
        steps.push(Step::Wish(Wish::Next(1)));
    }
    if model.may_announce() {
        steps.push(Step::Wish(Wish::Next(0)));
    }
    if !model.is_closed() && model.awaited().is_none() {
        steps.extend(wishes(setting).iter().copied().map(Step::Wish));
    }
    steps
}

#[test]
fn every_sequence_of_replies_agrees_with_the_model() {
    let explored = std::thread::scope(|scope| {
        let runs: Vec<_> = all_settings()
            .into_iter()
            .map(|setting| (setting, scope.spawn(move || explore(setting))))
            .collect();
        let mut all = (0, 0, 0);
        for (setting, run) in runs {
            let one = run.join().expect("the report is above");
            println!(
                "{} sequences, {} states, the longest of {} steps: {setting:?}",
                one.0, one.1, one.2
            );
            all = (all.0 + one.0, all.1 + one.1, all.2.max(one.2));
        }
        all
    });
    println!("{explored:?} in all");
    assert!(explored.0 >= LEAST.0 && explored.1 >= LEAST.1 && explored.2 >= LEAST.2);
}
