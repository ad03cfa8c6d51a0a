use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

/// A server that gives one reply to each command, and in LMTP to the message one for each accepted recipient.
#[derive(Default)]
struct Server {
    /// The octets received and not parsed yet.
    heard: Vec<u8>,
    /// The unusual replies, command by command.
    odd: VecDeque<&'static str>,
    lmtp: bool,
    content: bool,
    accepted: usize,
    says: Vec<u8>,
}

impl Server {
    fn say(&mut self, usual: &str) -> bool {
        let odd = self.odd.pop_front().unwrap_or_default();
        let text = if odd.is_empty() { usual } else { odd };
        self.says.extend_from_slice(text.replace('|', "\r\n").as_bytes());
        self.says.extend_from_slice(b"\r\n");
        text.starts_with(&usual[..1])
    }

    fn verdict(&mut self) {
        for _ in 0..if self.lmtp { self.accepted } else { 1 } {
            self.say("250 stored");
        }
    }

    fn hear(&mut self, octets: &[u8]) {
        self.heard.extend_from_slice(octets);
        while let Some(end) = self.heard.windows(2).position(|two| two == b"\r\n") {
            let line = String::from_utf8_lossy(&self.heard[..end]).into_owned();
            let mut used = end + 2;
            if self.content {
                if line == "." {
                    self.content = false;
                    self.verdict();
                }
            } else if let Some(bdat) = line.strip_prefix("BDAT ") {
                let (size, last) = bdat.split_once(' ').unwrap_or((bdat, ""));
                used += size.parse::<usize>().unwrap();
                if self.heard.len() < used {
                    return;
                }
                if last.is_empty() {
                    self.say("250 more");
                } else {
                    self.verdict();
                }
            } else if line == "DATA" {
                self.content = self.say("354 go");
            } else {
                let positive = self.say(if line == "QUIT" { "221 bye" } else { "250 ok" });
                if line.starts_with("MAIL") {
                    self.accepted = 0;
                }
                self.accepted += usize::from(positive && line.starts_with("RCPT"));
            }
            self.heard.drain(..used);
        }
    }
}

/// The course of a session: the settings, the unusual replies of the server, and the sizes of the reads.
#[derive(Clone, Debug)]
struct Plot {
    lmtp: bool,
    chunking: bool,
    window: usize,
    chunk: usize,
    /// Chunks are sent ahead of their replies. How many depends on when a reply is read, so such a session is not chopped.
    pipelined_chunks: bool,
    odd: Vec<&'static str>,
}

fn plot() -> impl Strategy<Value = Plot> {
    let odd = select(std::vec![
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "250",
        "251-a|251 b",
        "550 no",
        "450-a|450 b",
        "552 5.2.2 full",
        "503 what?",
        "354 go",
        "421 bye",
        "299 odd",
        "9",
        "250-a|550 b",
    ]);
    (any::<bool>(), any::<bool>(), 1..4_usize, vec(odd, 0..24)).prop_map(|(lmtp, chunking, window, odd)| {
        Plot {
            lmtp,
            chunking,
            window,
            chunk: 3,
            pipelined_chunks: false,
            odd,
        }
    })
}

/// The same with limits at their ends, and with chunks sent ahead.
fn extreme_plot() -> impl Strategy<Value = Plot> {
    let sizes = || select(std::vec![0, 1, 2, 3, 100, usize::MAX]);
    (plot(), sizes(), sizes(), any::<bool>()).prop_map(|(plot, window, chunk, pipelined_chunks)| Plot {
        window,
        chunk,
        pipelined_chunks,
        ..plot
    })
}

/// Plays the plot with the server's output cut into pieces of these sizes (repeated; empty: uncut). Returns the output and
/// the events.
fn play(plot: &Plot, cuts: &[usize]) -> (Vec<String>, String) {
    let mut config = if plot.lmtp { lmtp() } else { config() };
    config.limits.max_unanswered = plot.window;
    config.limits.max_chunk_octets = plot.chunk;
    let extensions = if plot.pipelined_chunks {
        config.chunking = ExtensionUse::IfOffered;
        "CHUNKING|PIPELINING"
    } else if plot.chunking {
        // The number of chunks sent after a refused chunk depends on the time of its reply, so chunks are not pipelined.
        config.chunking = ExtensionUse::IfOffered;
        if plot.lmtp {
            "CHUNKING|PIPELINING"
        } else {
            "CHUNKING"
        }
    } else {
        "PIPELINING"
    };
    let mut session = Session::with(config, extensions);
    let mut server = Server {
        lmtp: plot.lmtp,
        odd: plot.odd.iter().copied().collect(),
        ..Server::default()
    };
    let (mut said, mut content, mut transactions) = (Vec::new(), "", 0);
    let mut cuts = cuts.iter().cycle();
    for _ in 0..10_000 {
        session.written();
        server.hear(&session.wire);
        said.append(&mut session.wire);
        if session.over {
            break;
        }
        if session.permit.is_some() && session.client.stage.name() == stage::Name::Content {
            let (why, rest) = session.pass(content, More::Yes);
            content = rest;
            if why == Left::Nothing {
                session.end();
                continue;
            } else if !session.wire.is_empty() {
                continue;
            }
        }
        if session.client.is_ready() {
            session.permit = None;
            if transactions < 3 {
                transactions += 1;
                content = "one|.two";
                session.deliver(to("b@y c@y b@z"));
            } else {
                session.client.quit().unwrap();
                session.poll_all();
            }
            continue;
        }
        // The server has answered all of its input, so no reply can arrive that the session could wait for.
        assert!(!server.says.is_empty(), "stalled: {plot:?} {:?}", session.events);
        let most = cuts.next().copied().unwrap_or(usize::MAX);
        let piece: Vec<u8> = server.says.drain(..server.says.len().min(most)).collect();
        session.octets(&piece);
    }
    assert!(session.over, "{:?}", session.events);
    (session.events, String::from_utf8(said).unwrap())
}

/// Line ends made true and the last line completed, octet by octet.
fn normalized(message: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    let mut rest = message.iter().copied().peekable();
    while let Some(octet) = rest.next() {
        match octet {
            b'\r' | b'\n' => {
                if octet == b'\r' {
                    rest.next_if_eq(&b'\n');
                }
                lines.extend(b"\r\n");
            }
            other => lines.push(other),
        }
    }
    if !lines.is_empty() && !lines.ends_with(b"\r\n") {
        lines.extend(b"\r\n");
    }
    lines
}

fn unstuffed(wire: &str) -> Option<Vec<u8>> {
    let mut lines = Vec::new();
    let mut rest = wire;
    while let Some((line, more)) = rest.split_once("\r\n") {
        if line == "." {
            return more.is_empty().then_some(lines);
        }
        lines.extend(line.strip_prefix('.').unwrap_or(line).bytes());
        lines.extend(b"\r\n");
        rest = more;
    }
    None
}

fn joined_chunks(wire: &str) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    let mut rest = wire;
    loop {
        let (size, more) = rest.strip_prefix("BDAT ")?.split_once("\r\n")?;
        let (size, last) = size.split_once(' ').unwrap_or((size, ""));
        let (chunk, more) = more.split_at_checked(size.parse().ok()?)?;
        content.extend(chunk.bytes());
        rest = more;
        match last {
            "" => {}
            "LAST" => return rest.is_empty().then_some(content),
            _ => return None,
        }
    }
}

proptest! {
    #[test]
    fn the_session_does_not_depend_on_the_cuts_of_replies(plot in plot(), cuts in vec(1..40_usize, 1..8)) {
        let (events, said) = play(&plot, &[]);
        for cuts in [cuts.as_slice(), &[1]] {
            let (also_events, also_said) = play(&plot, cuts);
            prop_assert_eq!(&events, &also_events);
            // A session that ends at once drops what waits to be written.
            prop_assert!(said.starts_with(&also_said) || also_said.starts_with(&said));
            if events.ends_with(&["Quit 221".into(), "Closed Quit None".into()]) {
                prop_assert_eq!(&said, &also_said);
            }
        }
    }

    #[test]
    fn a_session_does_not_hang(plot in extreme_plot()) {
        play(&plot, &[]);
    }

    #[test]
    fn with_timeouts_of_zero_a_session_ends_at_once(talk in vec(select(std::vec!["220 hi", "250 ok", "354 go", "550 no"]), 0..4)) {
        let mut config = config();
        config.timeouts = Timeouts::all(Duration::ZERO);
        let mut session = Session::new(config);
        for text in talk {
            session.server(text);
        }
        prop_assert!(session.over);
    }

    #[test]
    fn any_replies_end_the_session_once(
        talk in vec(prop_oneof![
            4 => select(std::vec!["220 hi\r\n", "250 ok\r\n", "250-a\r\n", "250 PIPELINING\r\n", "354 go\r\n", "421 bye\r\n", "550 no\r\n", "\r\n"])
                .prop_map(|text| text.as_bytes().to_vec()),
            1 => vec(any::<u8>(), 0..12),
        ], 0..40),
        writes in vec(0..50_usize, 1..8),
        acts in vec(0..12_u8, 1..40),
    ) {
        let mut config = config();
        config.chunking = if acts.len() % 2 == 0 { ExtensionUse::IfOffered } else { ExtensionUse::Never };
        let mut session = Session::new(config);
        for ((octets, write), act) in talk.iter().zip(writes.iter().cycle()).zip(acts.iter().cycle()) {
            session.octets(octets).writes(*write);
            match act {
                0..4 => drop(session.client.deliver(to("b@y c@y"))),
                4 => drop(session.client.noop()),
                5 => drop(session.client.reset()),
                6 => session.now = session.now + Duration::from_secs(100),
                7 if session.permit.is_some() => _ = session.end(),
                8 if session.permit.is_some() => _ = session.pass("a|.", More::Last),
                9 if session.permit.is_some() => _ = session.pass("a|.", More::Yes),
                _ => {}
            }
        }
        session.poll_all().eof();
        prop_assert!(session.over);
        let events = &session.events;
        prop_assert_eq!(events.iter().filter(|event| event.starts_with("Closed")).count(), 1);
    }

    #[test]
    fn a_message_arrives_normalized_however_it_is_sliced(
        slices in vec("[a.\r\n]{0,6}", 0..8),
        chunked in any::<bool>(),
        limit in 1..9_usize,
        foreseen in any::<bool>(),
    ) {
        let mut config = if chunked { chunking() } else { config() };
        config.limits.max_chunk_octets = limit;
        config.limits.max_unanswered = 3;
        let mut session = Session::at_body(config, "CHUNKING|PIPELINING", "b@y");
        let permit = session.permit.take().unwrap();
        let mut wire = Vec::new();
        for (index, slice) in slices.iter().enumerate() {
            let last = foreseen && index + 1 == slices.len();
            let coming = if last { More::Last } else { More::Yes };
            let mut input = slice.as_bytes();
            loop {
                let piece = session.client.body(&permit, &mut input, coming).unwrap();
                wire.extend_from_slice(session.client.output());
                session.client.advance_output(usize::MAX);
                match piece {
                    BodyStep::Write(octets) => wire.extend_from_slice(octets),
                    BodyStep::AwaitReply => _ = session.server("250 more"),
                    BodyStep::NeedInput => break,
                    BodyStep::Abort => panic!("stopped"),
                }
            }
        }
        session.permit = Some(permit);
        session.end();
        loop {
            wire.extend_from_slice(session.client.output());
            session.client.advance_output(usize::MAX);
            if session.transaction().content.unanswered() == 0 {
                break;
            }
            session.server("250 more");
        }
        let wire = String::from_utf8(wire).unwrap();
        let arrived = if chunked { joined_chunks(&wire) } else { unstuffed(&wire) };
        prop_assert_eq!(arrived, Some(normalized(slices.concat().as_bytes())), "{:?}", wire);
    }
}
