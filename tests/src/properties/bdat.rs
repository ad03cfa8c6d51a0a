use smtp_proto::types::Rejection;

use super::{Choices, server_session::converse};
use crate::{
    answer::{Answer, Question, Rule},
    application::Answers,
    chop::Chop,
    octets::escape,
    seat::Writes,
    settings::Settings,
    wire::codes,
};

/// Content sent in chunks: the server loses no octet and executes no octet as a command. Commands between and after the
/// chunks stay in step, even if the chunks are refused.
///
/// Choices: the recipient is refused; a command between chunks; sizes of chunks, repeated.
pub fn bdat(data: &[u8]) {
    let (mut choices, content) = Choices::of(data);
    let refused = choices.yes();
    let between = choices.one(&["", "NOOP\r\n"]);
    let sizes = choices.sizes();

    let mut settings = Settings::default();
    // There may be as many commands between the chunks as there are chunks.
    settings.server.limits.max_idle_commands = u32::MAX;
    let answer = if refused {
        Answer::Reject(Rejection::NO_SUCH_USER)
    } else {
        Answer::Accept(None)
    };
    settings.rules.push(Rule {
        question: Question::Recipient,
        about: String::new(),
        answer,
    });

    let mut said =
        b"EHLO client.example\r\nMAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<b@example.org>\r\n".to_vec();
    let mut expected = [220, 250, 250, if refused { 550 } else { 250 }]
        .map(Some)
        .to_vec();
    // Which code refuses a chunk is for other tests.
    let chunk_code = if refused { None } else { Some(250) };
    let chunks = Chop::Sizes(sizes).cut(0, content);
    for chunk in &chunks {
        said.extend_from_slice(format!("BDAT {}\r\n", chunk.len()).as_bytes());
        said.extend_from_slice(chunk);
        expected.push(chunk_code);
        said.extend_from_slice(between.as_bytes());
        expected.extend((!between.is_empty()).then_some(Some(250)));
    }
    said.extend_from_slice(b"BDAT 0 LAST\r\nNOOP\r\nQUIT\r\n");
    expected.extend([chunk_code, Some(250), Some(221)]);

    let driver = converse(
        &settings,
        &[said.clone()],
        &Chop::Whole,
        Answers::Now,
        Writes::First,
    );
    let codes = codes(&driver.said).expect("replies");
    assert_eq!(codes.len(), expected.len(), "{}", escape(&driver.said));
    for (code, expected) in codes.iter().zip(&expected) {
        assert!(
            expected.map_or(*code >= 500, |expected| expected == *code),
            "{}",
            escape(&driver.said)
        );
    }
    let stored = if refused { vec![] } else { vec![content.to_vec()] };
    assert!(
        driver
            .seat
            .stored
            .iter()
            .map(|stored| &stored.content)
            .eq(&stored)
    );
    for chop in [Chop::Octets, Chop::Sizes(vec![7, 1, 30])] {
        let other = converse(&settings, &[said.clone()], &chop, Answers::Late, Writes::Octets);
        assert_eq!(
            (&other.said, &other.seat.log),
            (&driver.said, &driver.seat.log),
            "{chop:?}"
        );
    }
}
