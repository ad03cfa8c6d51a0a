use smtp_proto::{
    syntax::{CommandError, Leniency, parse_command},
    types::{Command, Printable},
};

/// A command line. What is parsed is written as a line that means the same, with nothing in it that could end a line;
/// a leniency changes nothing about a line that needs none.
pub fn command(data: &[u8]) {
    let mut lenient = Leniency::STRICT;
    lenient.space_after_colon = true;
    lenient.missing_brackets = true;
    lenient.underscore_in_hello = true;
    lenient.trailing_dot = true;
    lenient.loose_dots = true;

    let strict = check(data, &Leniency::STRICT);
    for leniency in [Leniency::default(), lenient] {
        let result = check(data, &leniency);
        if strict.is_ok() {
            assert_eq!(result, strict, "{leniency:?} changes what needs none");
        }
    }
}

fn check<'a>(data: &'a [u8], leniency: &Leniency) -> Result<Command<'a>, CommandError> {
    let command = match parse_command(data, leniency) {
        Ok(command) => command,
        Err(error) => {
            assert!(
                !error.to_string().contains(|letter| !Printable::allows(letter)),
                "{error}"
            );
            return Err(error);
        }
    };
    let line = command.to_line();
    let text = str::from_utf8(&line).expect("a command is text");
    let text = text.strip_suffix("\r\n").expect("a command is a line");
    assert!(!text.contains(|letter| !Printable::allows(letter)), "{text:?}");
    assert_eq!(
        parse_command(text.as_bytes(), leniency).as_ref(),
        Ok(&command),
        "{text:?} is something else"
    );
    assert_eq!(command.clone().into_owned(), command);
    Ok(command)
}
